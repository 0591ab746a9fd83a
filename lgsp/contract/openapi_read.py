"""OpenAPI 3.0 and 3.1 to a contract: each operation's input and output as one object, wherever its fields travel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgsp.contract.bundle import Bundle
from lgsp.contract.codec import JsonBorn
from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.model import Codec, Contract, Http, Operation, Parameter, Soap
from lgsp.contract.references import reached
from lgsp.contract.schema_shape import CIRCLE, Shapes, xml_name
from lgsp.contract.shape import Element, Json, Named, Record, Shape, example_of, walk
from lgsp.contract.sources import digest, version_of
from lgsp.contract.validating import schema_problem
from lgsp.model import Data, Text

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
_JSON = "application/json"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_OTHERS = (*_FORMS, "application/xml", "text/xml", "application/octet-stream")
Schema = dict[str, Any]


@dataclass(slots=True)
class _Side:
    """An input or an output on its way to a codec."""

    schema: Schema
    media: str = ""
    field: str | None = None
    example: Any = None


def read_openapi(path: Path, *, name: str, xml: bool) -> Contract:
    """`xml` says that the contract must have an XML half. Raises `ContractError` with every finding."""
    bundle = Bundle(path)
    if not isinstance(bundle.document, dict) or not re.match(r"3\.[01]\.", str(bundle.document.get("openapi", ""))):
        raise ContractError(Finding(path.name, 1, "openapi", "must be an OpenAPI document of version 3.0 or 3.1"))
    return _Reader(bundle, name, xml=xml).contract()


_NO_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a description of parameters may not speak of, by the word of OpenAPI itself: they are ignored."""
_UNSPOKEN = "that the bus speaks"
"""Ends the reasons for which one operation is left out, and not the whole document refused."""


class _Reader:
    def __init__(self, bundle: Bundle, name: str, *, xml: bool) -> None:
        self._bundle, self._name, self._xml = bundle, name, xml
        self._file = bundle.root.name
        self._version = version_of(bundle.root)
        self.namespace = f"urn:lgsp:{name}:{self._version}"
        self._shapes = Shapes(bundle.components, self.namespace)
        self._looked_at: set[str] = set()

    def contract(self) -> Contract:
        operations: dict[str, Operation] = {}
        left_out: dict[str, Finding] = {}
        found = self._bundle.findings
        for pointer, path, method, item, shared in self._items():
            known = len(found)
            operation = self._operation(pointer, path, method, item, shared)
            if found[known:] and all(each.text.endswith(_UNSPOKEN) for each in found[known:]):
                first = found[known]
                left_out[operation.name] = replace(first, text=f"{operation.name} is left out: {first.text}")
                del found[known:]
                continue
            if operation.name in operations:
                self._bundle.finding(self._file, pointer, "operationId", f"{operation.name} stands twice")
            operations[operation.name] = operation
        if not operations:
            found += left_out.values()
            self._bundle.finding(self._file, "/paths", "paths", "has no operation")
        if self._bundle.findings:
            raise ContractError(*self._bundle.findings)
        info = self._bundle.document.get("info", {})
        return Contract(
            name=self._name,
            version=self._version,
            born="openapi",
            title=_title(info.get("x-title-vi"), info.get("title", self._name)),
            namespace=self.namespace,
            operations=operations,
            by_root={operation.input.root: operation for operation in operations.values()},
            files=dict(self._bundle.files),
            sha256=digest(self._bundle.files),
            left_out=left_out,
        )

    def _items(self) -> Iterator[tuple[str, str, str, Schema, list[Any]]]:
        for path, written in self._bundle.document.get("paths", {}).items():
            pointer = "/paths/" + path.replace("~", "~0").replace("/", "~1")
            item, _, _ = self._bundle.plain(written, self._file, pointer)
            for method in _METHODS:
                if isinstance(item, dict) and isinstance(item.get(method), dict):
                    yield f"{pointer}/{method}", path, method, item[method], item.get("parameters", [])

    def _operation(self, pointer: str, path: str, method: str, item: Schema, shared: list[Any]) -> Operation:
        name = str(item.get("operationId") or method + re.sub(r"[^A-Za-z0-9]+", "_", path).rstrip("_"))
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        if "?" in path:
            self._bundle.finding(self._file, pointer, path, f"a path with a question in it is none {_UNSPOKEN}")
        parameters = self._parameters([*shared, *item.get("parameters", [])], pointer)
        body = self._body(item, pointer)
        ask = self._input(parameters, body, pointer)
        answer, faults = self._responses(item, pointer)
        root = f"{{{self.namespace}}}{xml_name(name)}"
        return Operation(
            name=name,
            input=self._codec(root, ask.schema, pointer, lenient=False),
            output=self._codec(root + "Response", answer.schema, pointer, lenient=True),
            faults={
                code: self._codec(f"{root}Fault{code}", each.schema, pointer, lenient=True)
                for code, each in faults.items()
            },
            soap=Soap(action=f"{self.namespace}/{name}", versions=frozenset({"1.1", "1.2"})),
            http=Http(
                method=method.upper(),
                path=path,
                parameters=tuple(parameters),
                consumes=ask.media,
                body_field=ask.field,
                produces=answer.media or _JSON,
                answer_field=answer.field,
            ),
            title=_title(item.get("x-title-vi"), str(item.get("summary") or name)),
            origin=str(item.get("x-lgsp-origin", "")),
            request_example=ask.example if isinstance(ask.example, dict) else None,
            answer_example=answer.example if isinstance(answer.example, dict) else None,
        )

    def _codec(self, root: str, schema: Schema, pointer: str, *, lenient: bool) -> Codec:
        defined = reached(schema, self._bundle.components)
        new = {name: each for name, each in defined.items() if name not in self._looked_at}
        self._looked_at |= new.keys()
        if (problem := schema_problem({**schema, "$defs": new})) is not None:
            self._bundle.finding(self._file, pointer, root.rpartition("}")[2], f"is no JSON Schema: {problem}")
        shape = self._shapes.shape(schema)
        if isinstance(shape, Named):  # generators and adapters look for fields at the top
            shape = self._shapes.table[shape.key]
        if self._xml:
            self._expressible(shape, pointer, root)
        element = Element(root, root.rpartition("}")[2], shape)
        return JsonBorn(element, self._shapes.table, _always(schema), self._bundle.components, lenient=lenient)

    def _expressible(self, shape: Shape, pointer: str, root: str) -> None:
        """Everything has an XML form but what has no end."""
        local = root.rpartition("}")[2]
        for each in (shape, *walk(shape, self._shapes.table)):
            record = self._shapes.table[each.key] if isinstance(each, Named) else each
            for field in record.elements() if isinstance(record, Record) else ():
                if isinstance(field.shape, Json) and field.shape.why == CIRCLE:
                    where = f"{each.key}.{field.name}" if isinstance(each, Named) else f"{local}.{field.name}"
                    self._bundle.finding(self._file, pointer, where, f"{CIRCLE} has no end: name its fields")

    def _parameters(self, written: list[Any], pointer: str) -> list[Parameter]:
        found: dict[tuple[str, str], Parameter] = {}
        for index, each in enumerate(written):
            parameter, file, at = self._bundle.plain(each, self._file, f"{pointer}/parameters/{index}")
            place, name = parameter.get("in"), str(parameter.get("name"))
            if place == "header" and name.lower() in _NO_PARAMETERS:
                continue
            if place not in ("path", "query", "header"):
                self._bundle.finding(file, at, f"in: {place}", f"the parameter {name} is in no place {_UNSPOKEN}")
                continue
            schema = parameter.get("schema")
            if schema is None and isinstance(parameter.get("content"), dict):
                self._bundle.finding(file, at, "content", f"the parameter {name} must have a schema of its own")
            if parameter.get("style") not in (None, "simple", "form"):
                self._bundle.finding(
                    file, at, f"style: {parameter['style']}", f"the parameter {name} is in no style {_UNSPOKEN}"
                )
            normal = self._top(self._bundle.schema(schema or {"type": "string"}, file, f"{at}/schema"))
            if isinstance(normal.get("items"), dict):  # its text is read by its type, which must stand here
                normal = {**normal, "items": self._top(normal["items"])}
            if "example" in parameter:
                normal = {**normal, "examples": [parameter["example"]]}
            required = bool(parameter.get("required")) or place == "path"
            found[place, name] = Parameter(name, place, required, name, normal)
        return list(found.values())

    def _body(self, item: Schema, pointer: str) -> _Side | None:
        if "requestBody" not in item:
            return None
        body, file, at = self._bundle.plain(item["requestBody"], self._file, f"{pointer}/requestBody")
        return self._content(body.get("content", {}), file, f"{at}/content", "body")

    def _content(self, content: Schema, file: str, pointer: str, field: str) -> _Side | None:
        """The media type that we speak; of several the first of JSON, form, multipart, XML, text."""
        by_type = {kind.partition(";")[0].strip().lower(): kind for kind in content}
        json_kinds = [kind for kind in by_type if kind == _JSON or kind.endswith("+json") or kind == "*/*"]
        others = [kind for kind in by_type if kind in _OTHERS or kind.startswith("text/")]
        ranked = [*sorted(json_kinds, key=len), *sorted(others, key=lambda kind: kind.startswith("text/plain"))]
        chosen = ranked[0] if ranked else None
        if chosen is None:
            if content:
                self._bundle.finding(file, pointer, ", ".join(content), f"no media type {_UNSPOKEN}")
            return None
        media = content[by_type[chosen]]
        at = f"{pointer}/{by_type[chosen].replace('/', '~1')}"
        schema = self._bundle.schema(media.get("schema", {}), file, f"{at}/schema")
        side = _Side(schema, _JSON if chosen == "*/*" else chosen, example=_example(media, schema))
        settled = self._shapes.shape(schema)
        if not isinstance(settled, Record | Named):
            side.field = field
            side.example = None if side.example is None else {field: side.example}
        return side

    def _input(self, parameters: list[Parameter], body: _Side | None, pointer: str) -> _Side:
        if body is None:
            outside = _outside(parameters)
            return _Side(outside, example=_sampled(outside))
        if body.field is not None:
            names = {parameter.name for parameter in parameters}
            while body.field in names:
                body.field += "_"
            schema = _outside(parameters)
            schema["properties"][body.field] = body.schema
            schema["required"] = [*schema.get("required", []), body.field]
            return _Side(schema, body.media, body.field, self._joined(schema, body.example))
        if not parameters:
            return _Side(self._top(body.schema), body.media, None, body.example)
        fields = self._top(body.schema)
        if "properties" not in fields:  # alternatives: they stand beside the parameters as one field
            body.field, example = "body", body.example
            body.example = None if example is None else {"body": example}
            return self._input(parameters, body, pointer)
        taken = fields.get("properties", {})
        for index, parameter in enumerate(parameters):
            if parameter.name in taken:
                renamed = f"{parameter.place}_{parameter.name}"
                parameters[index] = Parameter(
                    parameter.name, parameter.place, parameter.required, renamed, parameter.schema
                )
        outside = _outside(parameters)
        schema = {
            **fields,
            "properties": {**outside["properties"], **taken},
            "required": [*outside.get("required", []), *fields.get("required", [])],
        }
        return _Side(schema, body.media, None, self._joined(schema, body.example))

    def _top(self, schema: Schema) -> Schema:
        """The body's own fields at the top, its reference opened."""
        seen = 0
        while isinstance(schema.get("$ref"), str) and seen < 16:
            target = self._bundle.components[schema["$ref"].rpartition("/")[2]]
            schema, seen = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}, seen + 1
        if "allOf" in schema and "properties" not in schema:
            # the rules stay as they are written; the fields are named once more where adapters look for them
            merged = self._shapes.merged(schema["allOf"])
            schema = {**schema, "type": "object", "properties": merged.get("properties", {})}
        return schema

    def _joined(self, schema: Schema, example: Any) -> Any:
        found = {**_examples(schema), **(example if isinstance(example, dict) else {})}
        return found if found.keys() >= set(schema.get("required", ())) else None

    def _responses(self, item: Schema, pointer: str) -> tuple[_Side, dict[str, _Side]]:
        answer: _Side | None = None
        faults: dict[str, _Side] = {}
        responses = {str(code): value for code, value in item.get("responses", {}).items()}
        good = sorted(code for code in responses if code.startswith("2")) or (
            ["default"] if "default" in responses else []
        )
        for code, written in responses.items():
            response, file, at = self._bundle.plain(written, self._file, f"{pointer}/responses/{code}")
            side = self._content(response.get("content", {}), file, f"{at}/content", "result")
            if good and code == good[0]:
                answer = side
            elif side is not None and side.field is None and re.fullmatch(r"[345][0-9X]{2}|default", code):
                side.schema = self._top(side.schema)
                faults[code] = side
        if answer is None:
            return _Side({"type": "object", "properties": {}}), faults
        if answer.field is not None:
            schema = {"type": "object", "properties": {answer.field: answer.schema}, "required": [answer.field]}
            return _Side(schema, answer.media, answer.field, answer.example), faults
        return _Side(self._top(answer.schema), answer.media, None, answer.example), faults


def _always(schema: Schema) -> Callable[[], Schema]:
    return lambda: schema


def _outside(parameters: list[Parameter]) -> Schema:
    schema: Schema = {"type": "object", "properties": {each.field: dict(each.schema) for each in parameters}}
    if required := [each.field for each in parameters if each.required]:
        schema["required"] = required
    return schema


def _sampled(schema: Schema) -> Data | None:
    """An example put together from the fields' own examples."""
    found = _examples(schema)
    return found if found.keys() >= set(schema.get("required", ())) else None


def _examples(schema: Schema) -> Data:
    examples = {name: example_of(each) for name, each in schema.get("properties", {}).items()}
    return {name: value for name, value in examples.items() if value is not None}


def _example(media: Schema, schema: Schema) -> Any:
    found = example_of({key: value for key, value in media.items() if key == "example"})
    if found is None and isinstance(media.get("examples"), dict):
        found = next((each.get("value") for each in media["examples"].values() if isinstance(each, dict)), None)
    return found if found is not None else example_of(schema)


def _title(vi: Any, en: str) -> Text:
    return Text(str(vi or en), str(en))
