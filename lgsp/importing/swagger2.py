"""Swagger 2.0 as OpenAPI 3.0: older exports have nothing else. A rewriting of the same statements; nothing is added or guessed.

By the two specifications: `definitions` become `components/schemas`, a `body` or `formData` parameter becomes the request body,
a response's `schema` becomes its content. Addresses and security schemes are left out: neither binds the bus.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
_OF_SCHEMA = (
    "type", "format", "items", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "enum", "multipleOf",
)  # fmt: skip
_PLACES = (
    ("#/definitions/", "#/components/schemas/"),
    ("#/parameters/", "#/components/parameters/"),
    ("#/responses/", "#/components/responses/"),
)
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
Table = Mapping[str, Any]


def is_swagger(document: Any) -> bool:
    return isinstance(document, dict) and str(document.get("swagger", "")).startswith("2.")


def converted(document: Table) -> dict[str, Any]:
    """The same API as OpenAPI 3.0.3. What it cannot read it leaves as it is: the reader of contracts will say so."""
    shared = _table(document.get("parameters"))
    consumes, produces = _media(document.get("consumes")), _media(document.get("produces"))
    paths = {
        path: {
            method: _operation(_table(item), _table(given), shared, consumes, produces)
            for method, given in _table(item).items()
            if method in _METHODS
        }
        for path, item in _table(document.get("paths")).items()
    }
    components = {"schemas": {name: _schema(each) for name, each in _table(document.get("definitions")).items()}}
    responses = {name: _response(_table(each), produces) for name, each in _table(document.get("responses")).items()}
    info = {"title": "API", "version": "1.0.0", **_table(document.get("info"))}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {**components, "responses": responses}}


def _operation(item: Table, given: Table, shared: Table, consumes: list[str], produces: list[str]) -> dict[str, Any]:
    asked = [_resolved(each, shared) for each in (*_tables(item.get("parameters")), *_tables(given.get("parameters")))]
    consumes, produces = _media(given.get("consumes")) or consumes, _media(given.get("produces")) or produces
    kept = {name: given[name] for name in ("operationId", "summary", "description", "deprecated") if name in given}
    parameters = [_parameter(each) for each in asked if each.get("in") in ("query", "path", "header")]
    body = _body([each for each in asked if each.get("in") in ("body", "formData")], consumes)
    responses = {
        str(code): {"$ref": _ref(each["$ref"])} if "$ref" in each else _response(each, produces)
        for code, each in _table(given.get("responses")).items()
        if isinstance(each, dict)
    }
    return {
        **kept,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": responses or {"200": {"description": "OK"}},
    }


def _parameter(each: Table) -> dict[str, Any]:
    kept = {name: each[name] for name in ("name", "in", "description", "required") if name in each}
    if each.get("in") == "path":
        kept["required"] = True
    if each.get("type") == "array" and each.get("in") == "query":
        kept |= {"style": "form", "explode": each.get("collectionFormat") == "multi"}
    return {**kept, "schema": _schema({name: each[name] for name in _OF_SCHEMA if name in each} or {"type": "string"})}


def _body(asked: list[Table], consumes: list[str]) -> dict[str, Any]:
    whole = next((each for each in asked if each.get("in") == "body"), None)
    if whole is not None:
        content = {media: {"schema": _schema(whole.get("schema", {}))} for media in consumes or [_JSON]}
        return {"required": bool(whole.get("required")), "content": content}
    if not asked:
        return {}
    files = any(each.get("type") == "file" for each in asked)
    properties = {str(each.get("name")): _parameter(each)["schema"] for each in asked}
    required = [str(each.get("name")) for each in asked if each.get("required")]
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return {"required": bool(required), "content": {_MULTIPART if files else _FORM: {"schema": schema}}}


def _response(given: Table, produces: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": str(given.get("description") or "OK")}
    if "schema" in given:
        examples = _table(given.get("examples"))
        found["content"] = {
            media: {
                "schema": _schema(given["schema"]),
                **({"example": examples[media]} if media in examples else {}),
            }
            for media in produces or [_JSON]
        }
    return found


def _schema(given: Any) -> Any:
    if isinstance(given, list):
        return [_schema(each) for each in given]
    if not isinstance(given, dict):
        return given
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "$ref" and isinstance(value, str):
            found[name] = _ref(value)
        elif name == "type" and value == "file":
            found |= {"type": "string", "format": "binary"}
        elif name == "discriminator" and isinstance(value, str):
            found[name] = {"propertyName": value}
        elif name == "x-nullable":
            found["nullable"] = bool(value)
        elif name in ("example", "default", "enum"):
            found[name] = value
        else:
            found[name] = _schema(value)
    return found


def _ref(written: Any) -> str:
    text = str(written)
    for before, after in _PLACES:
        text = text.replace(before, after)
    return text


def _resolved(each: Table, shared: Table) -> Table:
    said = each.get("$ref")
    if isinstance(said, str) and said.startswith("#/parameters/"):
        return _table(shared.get(said.removeprefix("#/parameters/")))
    return each


def _media(value: Any) -> list[str]:
    """One form of a message is enough, and JSON where it is among them: both sides have agreed on each."""
    named = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    return [_JSON] if _JSON in named else named[:1]


def _table(value: Any) -> Table:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> Iterator[Table]:
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
