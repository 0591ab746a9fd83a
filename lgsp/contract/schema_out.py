"""Shape to JSON Schema 2020-12: the OpenAPI half of a WSDL-born contract. It documents; the XSD validates."""

from __future__ import annotations

import re
from typing import Any

from lgsp.contract.patterns import to_json
from lgsp.contract.shape import (
    NIL_KEY,
    RAW_KEY,
    TEXT_KEY,
    TYPE_KEY,
    UNBOUNDED,
    Element,
    Group,
    Items,
    Json,
    Listing,
    Named,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    split,
)
from lgsp.contract.text import read_number

Schema = dict[str, Any]
_FORMATS = {"date": "date", "decimal": "decimal", "base64Binary": "byte"}
_INTEGER_FORMATS = {"int": "int32", "long": "int64"}
_RAW: Schema = {
    "description": "text, or any XML",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "required": [RAW_KEY],
            "properties": {RAW_KEY: {"type": "string"}},
            "additionalProperties": False,
        },
    ],
}


class SchemaWriter:
    """Schemas of one contract. `components` fills as named shapes are reached."""

    def __init__(self, table: Table) -> None:
        self.components: dict[str, Schema] = {}
        self._table = table
        self._names: dict[str, str] = {}
        self._pending: list[str] = []

    def top(self, shape: Shape) -> Schema:
        """The schema of a message with its fields at the top."""
        if isinstance(shape, Raw):
            either = {TEXT_KEY: {"type": "string"}, RAW_KEY: {"type": "string"}}
            return {"type": "object", "properties": either, "maxProperties": 1}
        schema = self._record(self._table[shape.key]) if isinstance(shape, Named) else self.schema(shape)
        while self._pending:  # no recursion: types refer to types a thousand deep
            key = self._pending.pop()
            self.components[self._names[key]] = self._record(self._table[key])
        return schema

    def schema(self, shape: Shape) -> Schema:
        match shape:
            case Scalar():
                return scalar_schema(shape)
            case Items(item=item, facets=facets):
                limits = {"minItems": facets.min_length, "maxItems": facets.max_length}
                return {
                    "type": "array",
                    "items": scalar_schema(item),
                    **{k: v for k, v in limits.items() if v is not None},
                }
            case Named(key=key):
                return {"$ref": f"#/components/schemas/{self._component(key)}"}
            case Record():
                return self._record(shape)
            case Listing(item=item):
                return self._several(item)
            case Raw():
                return dict(_RAW)
            case Json():
                return {}

    def _component(self, key: str) -> str:
        if key not in self._names:
            base = re.sub(r"[^A-Za-z0-9._-]", "_", split(key.removeprefix("element "))[1]) or "Type"
            name, number = base, 1
            while name in self.components:
                number += 1
                name = f"{base}{number}"
            self._names[key] = name
            self.components[name] = {}
            self._pending.append(key)
        return self._names[key]

    def _record(self, record: Record) -> Schema:
        subtypes = record.subtypes
        properties: Schema = {}
        required: list[str] = []
        for attribute in record.attributes:
            properties[attribute.name] = self.schema(attribute.shape)
            if attribute.default is not None and isinstance(attribute.shape, Scalar):
                properties[attribute.name]["default"] = attribute.default
            required += [attribute.name] if attribute.required else []
        if record.text is not None:
            properties[TEXT_KEY] = self.schema(record.text)
        alternatives: list[Schema] = []
        if record.content is not None:
            self._group(record.content, properties, required, alternatives, must=True)
        schema: Schema = {"type": "object", "properties": properties}
        if subtypes:
            properties[TYPE_KEY] = {"type": "string", "enum": list(subtypes)}
            for key, _ in subtypes.values():  # a derived record has fields of its own: the schema stays open for them
                self._component(key)
        if required:
            schema["required"] = list(dict.fromkeys(required))
        if alternatives:
            schema["allOf"] = alternatives
        if not record.any_attribute and not subtypes:
            schema["additionalProperties"] = False
            properties.setdefault(NIL_KEY, {"type": "boolean"}) if record.attributes else None
        return schema

    def _group(
        self, group: Group, properties: Schema, required: list[str], alternatives: list[Schema], *, must: bool
    ) -> None:
        if group.name is not None:
            inner: Schema = {}
            needed: list[str] = []
            self._group(_once(group), inner, needed, [], must=True)
            item: Schema = {"type": "object", "properties": inner, "additionalProperties": False}
            if needed:
                item["required"] = needed
            if group.kind == "choice":
                item |= {"minProperties": 1}
            properties[group.name] = {"type": "array", "items": item, **_limits(group.least if must else 0, group.most)}
            if must and group.least:
                required.append(group.name)
            return
        must = must and group.least > 0
        for part in group.parts:
            if isinstance(part, Group):
                self._group(part, properties, required, alternatives, must=must and group.kind != "choice")
                continue
            assert part.name is not None
            if part.name not in properties:
                properties[part.name] = self._field(part)
            if must and group.kind != "choice" and part.least:
                required.append(part.name)
        if group.kind == "choice" and must and all(_needed(part) for part in group.parts):
            alternatives.append(
                {"anyOf": [{"required": [name]} for part in group.parts for name in [_lead(part)] if name]}
            )

    def _field(self, part: Element | Wild) -> Schema:
        if isinstance(part, Wild):
            return {"type": "array", "items": {"type": "string", "description": "one XML element"}}
        if part.repeated:
            return {**self._several(part)}
        return self._one(part)

    def _several(self, element: Element) -> Schema:
        return {"type": "array", "items": self._one(element), **_limits(element.least, element.most)}

    def _one(self, element: Element) -> Schema:
        schema = self.schema(element.shape)
        if element.default is not None:
            schema = {**schema, "default": element.default}
        if not element.nillable:
            return schema
        if isinstance(schema.get("type"), str) and "enum" not in schema:
            return {**schema, "type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}


def _once(group: Group) -> Group:
    return Group(group.kind, group.parts)


def _lead(part: Any) -> str | None:
    """A name that stands in the data wherever the branch does."""
    if isinstance(part, Group) and part.name is None:
        return next((_lead(each) for each in part.parts if _needed(each)), None) if part.kind != "choice" else None
    return part.name if isinstance(part.name, str) else None


def _needed(part: Any) -> bool:
    """Whether the branch certainly puts a field that `_lead` can name into the data."""
    return part.least > 0 and _lead(part) is not None


def _limits(least: int, most: int) -> Schema:
    found: Schema = {"minItems": least} if least else {}
    if most < UNBOUNDED:
        found["maxItems"] = most
    return found


def scalar_schema(shape: Scalar) -> Schema:
    """Facets as far as JSON Schema has a word for them."""
    facets = shape.facets
    schema: Schema = {"type": shape.kind}
    if shape.kind == "integer":
        if shape.base in _INTEGER_FORMATS:
            schema["format"] = _INTEGER_FORMATS[shape.base]
        if shape.big:
            schema |= {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
        for word, value in (("minimum", facets.minimum), ("maximum", facets.maximum)):
            if value is not None and not shape.big and value.strip().lstrip("+-").isdigit():
                schema[word] = int(value)
    elif shape.kind == "number":
        schema = {"type": ["number", "string"], "description": "INF, -INF and NaN as text"}
        for word, value in (("minimum", facets.minimum), ("maximum", facets.maximum)):
            number = read_number(value) if value is not None else None
            if isinstance(number, float):
                schema[word] = number
    elif shape.kind == "string":
        if shape.base in _FORMATS:
            schema["format"] = _FORMATS[shape.base]
        elif shape.base not in ("string", "anySimpleType", "token", "normalizedString"):
            schema["description"] = f"xsd:{shape.base}"
        if shape.base not in ("base64Binary", "hexBinary", "QName"):
            limits = {"minLength": facets.min_length, "maxLength": facets.max_length}
            schema |= {word: value for word, value in limits.items() if value is not None}
        patterns = [to_json("|".join(group)) for group in facets.patterns]
        known = [pattern for pattern in patterns if pattern is not None]
        if len(known) == 1:
            schema["pattern"] = known[0]
        elif known:
            schema["allOf"] = [{"pattern": pattern} for pattern in known]
    if facets.enum is not None:
        values = [_enumerated(shape, value) for value in facets.enum]
        if all(value is not None for value in values):
            schema["enum"] = values
    return schema


def _enumerated(shape: Scalar, value: str) -> Any:
    if shape.kind == "string":
        return value
    try:
        return int(value) if shape.kind == "integer" else float(value)
    except ValueError:
        return None
