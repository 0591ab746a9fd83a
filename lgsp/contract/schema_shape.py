"""JSON Schema to shape: what XML needs to know of a message that an OpenAPI document describes.

The JSON Schema stays the validator; the shape only has to carry every value exactly. What XML could carry only with loss
becomes `Json` with the reason: in XML it is a text that holds the value as JSON.
"""

from __future__ import annotations

import re
from typing import Any

from lgsp.contract.json_sample import TEXTS, json_sample
from lgsp.contract.patterns import to_xsd
from lgsp.contract.shape import (
    UNBOUNDED,
    Element,
    Facets,
    Group,
    Json,
    Listing,
    Named,
    Record,
    Scalar,
    Shape,
)

_PREFIX = "#/components/schemas/"
_NAME_START = re.compile(r"[A-Za-z_\u00c0-\u024f\u1e00-\u1eff]")
_NAME_CHAR = re.compile(r"[A-Za-z0-9._\-\u00b7\u00c0-\u024f\u1e00-\u1eff]")
_FORMATS = {
    "date": "date",
    "date-time": "dateTime",
    "byte": "base64Binary",
    "decimal": "decimal",
}
_INTEGERS = {"int32": "int", "int64": "long"}
_BRANCHES = "x-lgsp-branches"
_OBJECT_WORDS = frozenset({"properties", "required", "additionalProperties", "patternProperties"})

CIRCLE = "a circle of references"
Schema = dict[str, Any]


def xml_name(name: str) -> str:
    """The name as an XML name; characters that XML has no place for as `_xHHHH_` (the convention of SQL/XML, ISO 9075-14)."""
    out = []
    for position, char in enumerate(name):
        allowed = _NAME_START if position == 0 else _NAME_CHAR
        if allowed.match(char) and not (char == "_" and re.match(r"_x[0-9A-F]{4}_", name[position:])):
            out.append(char)
        else:
            out.append(f"_x{ord(char):04X}_")
    return "".join(out) or "_x0000_"


class Shapes:
    """The shapes of one contract. `table` fills as components are reached; elements stand in `namespace`."""

    def __init__(self, components: dict[str, Schema], namespace: str) -> None:
        self.table: dict[str, Record] = {}
        self._components = components
        self._namespace = namespace
        self._open: set[str] = set()

    def tag(self, name: str) -> str:
        return f"{{{self._namespace}}}{xml_name(name)}"

    def element(self, name: str, schema: Any, *, required: bool) -> Element:
        """A field: arrays become repeated elements, nullable ones nillable."""
        schema, nullable = self._settled(schema)
        if _kind(schema) == "array":
            if nullable:
                shape: Shape = self._json("a list that may be null", schema)
                return Element(self.tag(name), name, shape, 1 if required else 0)
            items, null_items = self._settled(schema.get("items", True))
            most = schema.get("maxItems", UNBOUNDED)
            # a list of at most one is a list in JSON all the same
            return Element(
                self.tag(name),
                name,
                self._item(items),
                int(schema.get("minItems", 0)) if required else 0,
                max(int(most), 2),
                null_items,
                empty_list=required and not schema.get("minItems"),
            )
        return Element(self.tag(name), name, self.shape(schema), 1 if required else 0, 1, nullable)

    def _item(self, items: Any) -> Shape:
        """What one item of a list is; a list again becomes child elements called `item`."""
        if _kind(items) != "array":
            return self.shape(items)
        return Listing(self.element("item", items, required=True))

    def shape(self, schema: Any) -> Shape:
        """Never raises: what XML cannot carry is `Json`."""
        if isinstance(schema, bool) or not schema:
            return Json("a schema without a type", "MAU", "MAU")
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._component(reference.removeprefix(_PREFIX), schema)
        schema, _ = self._settled(schema)
        if isinstance(schema, dict) and "$ref" in schema:
            return self.shape(schema)
        kind = _kind(schema)
        if kind == "object":
            return self._record(schema)
        if kind == "array":
            return Listing(self.element("item", schema, required=True))
        if kind in ("string", "integer", "number", "boolean"):
            return _scalar(kind, schema)
        return self._json(f"a value of {kind}" if kind else "a schema without a type", schema)

    def _json(self, why: str, schema: Schema) -> Json:
        samples = (json_sample(schema, self._components, examples=each) for each in (True, False))
        return Json(why, *samples)

    def _component(self, name: str, schema: Schema) -> Shape:
        target = self._components.get(name, {})
        beside = {key: value for key, value in schema.items() if key in _OBJECT_WORDS}
        if beside:  # 3.1 lets words stand beside a reference
            return self.shape({"allOf": [{"$ref": _PREFIX + name}, beside]})
        if name in self.table or name in self._open:
            return Named(name)
        merged, _ = self._settled(target)
        if _kind(merged) != "object":
            if name in self._open:
                return Json(CIRCLE)
            self._open.add(name)
            try:
                return self.shape(merged)
            finally:
                self._open.discard(name)
        if (why := self._open_ended(merged)) is not None:
            return why
        self._open.add(name)
        self.table[name] = self._fields(merged)
        self._open.discard(name)
        return Named(name)

    def _open_ended(self, schema: Schema) -> Json | None:
        """Why an object is none whose names the contract fixes."""
        more, properties = schema.get("additionalProperties"), schema.get("properties", {})
        why = ""
        if schema.get("patternProperties") or (more not in (None, False) and more != {"not": {}}):
            why = "an object with names that the contract does not fix (additionalProperties)"
        elif more is None and "properties" not in schema:
            why = "an object without properties"
        elif len(set(map(xml_name, properties))) < len(properties):
            why = "two names that are one name in XML"
        return self._json(why, schema) if why else None

    def _record(self, schema: Schema) -> Record | Json:
        return self._open_ended(schema) or self._fields(schema)

    def _fields(self, schema: Schema) -> Record:
        required, properties = schema.get("required", ()), _described(schema)
        parts = tuple(self.element(name, each, required=name in required) for name, each in properties.items())
        return Record(Group("sequence", parts), title=str(schema.get("title", "")), branches=schema.get(_BRANCHES, ()))

    def _settled(self, schema: Any) -> tuple[Any, bool]:
        """The schema without null, with allOf and alternatives of objects merged; and whether it may be null."""
        if not isinstance(schema, dict):
            return schema, False
        nullable = False
        for _ in range(32):
            kinds = schema.get("type")
            if isinstance(kinds, list) and "null" in kinds:
                others = [kind for kind in kinds if kind != "null"]
                schema, nullable = {**schema, "type": others[0] if len(others) == 1 else others}, True
            elif isinstance(kinds, list) and len(kinds) == 1:
                schema = {**schema, "type": kinds[0]}
            elif "allOf" in schema:
                schema = self.merged([{k: v for k, v in schema.items() if k != "allOf"}, *schema["allOf"]])
            elif found := next((word for word in ("oneOf", "anyOf") if word in schema), None):
                branches = [branch for branch in schema[found] if branch != {"type": "null"}]
                nullable = nullable or len(branches) < len(schema[found])
                rest = {key: value for key, value in schema.items() if key != found}
                schema = self._alternatives(rest, branches)
            elif "$ref" in schema and not _OBJECT_WORDS & schema.keys() and not self._is_record(schema["$ref"]):
                target = self._components.get(schema["$ref"].removeprefix(_PREFIX), {})
                schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
            elif "$ref" in schema and self._nullable_component(schema["$ref"]):
                return schema, True
            else:
                break
        return schema, nullable

    def _is_record(self, reference: str) -> bool:
        target = self._components.get(reference.removeprefix(_PREFIX), {})
        merged = target if not {"allOf", "oneOf", "anyOf", "$ref"} & target.keys() else None
        if merged is None:
            return "allOf" in target or _OBJECT_WORDS & target.keys() != set()
        return _kind(merged) == "object" or (isinstance(merged.get("type"), list) and "object" in merged["type"])

    def _nullable_component(self, reference: str) -> bool:
        kinds = self._components.get(reference.removeprefix(_PREFIX), {}).get("type")
        return isinstance(kinds, list) and "null" in kinds

    def _alternatives(self, rest: Schema, branches: list[Any]) -> Schema:
        if len(branches) == 1:
            return self.merged([rest, branches[0]]) if rest.keys() & _OBJECT_WORDS else {**rest, **_dict(branches[0])}
        settled = [self._settled(self._opened(branch))[0] for branch in branches]
        kinds = {_kind(each) for each in settled}
        if kinds == {"object"}:
            return self._united(rest, settled)
        if kinds <= {None} and rest.keys() & _OBJECT_WORDS:  # anyOf with nothing but `required`: rules, not shapes
            return rest
        if len(kinds) == 1 and kinds <= {"string", "integer", "number", "boolean"}:
            formats = {each.get("format") for each in settled}
            return {"type": kinds.pop(), **({"format": formats.pop()} if len(formats) == 1 else {})}
        return {"type": sorted(str(kind) for kind in kinds)}

    def _united(self, rest: Schema, branches: list[Schema]) -> Schema:
        """Alternatives of objects as one object in which everything may be absent: the JSON Schema still tells which is which."""
        properties: Schema = dict(rest.get("properties", {}))
        closed = True
        for branch in branches:
            closed = closed and branch.get("additionalProperties") in (None, False)
            for name, each in _described(branch).items():
                if name not in properties or properties[name] == each:
                    properties[name] = each
                else:
                    properties[name] = self._alternatives({}, [properties[name], each])
        every = set.intersection(*(set(branch.get("required", ())) for branch in branches)) | set(
            rest.get("required", ())
        )
        own = tuple(rest.get("properties", {}))
        return {
            "type": "object",
            "properties": properties,
            "required": sorted(every),
            "additionalProperties": not closed,
            _BRANCHES: tuple((*own, *_described(branch)) for branch in branches),
        }

    def _opened(self, schema: Any) -> Any:
        """A reference to an object replaced by the object, one step."""
        for _ in range(32):
            if not (isinstance(schema, dict) and "$ref" in schema):
                break
            target = self._components.get(schema["$ref"].removeprefix(_PREFIX), {})
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **rest} if not rest.keys() & _OBJECT_WORDS else {"allOf": [target, rest]}
        return schema

    def merged(self, parts: list[Any]) -> Schema:
        """One schema that has everything the parts have; an object where any part is one."""
        out: Schema = {}
        properties: Schema = {}
        required: dict[str, None] = {}
        for written in parts:
            part = self._settled(self._opened(written))[0]
            if not isinstance(part, dict):
                continue
            for name, each in part.get("properties", {}).items():
                old = properties.get(name)
                properties[name] = each if old is None or old == each else {"allOf": [old, each]}
            required |= dict.fromkeys(part.get("required", ()))
            if part.get("additionalProperties") not in (None, False):
                out["additionalProperties"] = part["additionalProperties"]
            out |= {key: value for key, value in part.items() if key not in _OBJECT_WORDS}
        if properties:
            out |= {"type": "object", "properties": properties}
        if required:
            out["required"] = list(required)
        return out


def _described(schema: Schema) -> Schema:
    """The fields by name. One that is demanded and described nowhere may be anything."""
    properties: Schema = schema.get("properties", {})
    return properties | {name: True for name in schema.get("required", ()) if name not in properties}


def _dict(schema: Any) -> Schema:
    return schema if isinstance(schema, dict) else {}


def _kind(schema: Any) -> str | None:
    """The one type of a schema; told from its words where it does not say."""
    if not isinstance(schema, dict):
        return None
    kind = schema.get("type")
    if isinstance(kind, list):
        return kind[0] if len(kind) == 1 else " or ".join(map(str, kind))
    if isinstance(kind, str):
        return kind
    if schema.keys() & {"properties", "additionalProperties"}:
        return "object"
    if "items" in schema:
        return "array"
    values = schema["enum"] if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else []
    kinds = {_VALUE_KINDS.get(type(value)) for value in values if value is not None}
    if len(kinds) == 1:
        return kinds.pop()
    return "string" if not kinds and schema.keys() & {"pattern", "format", "maxLength", "minLength"} else None


_VALUE_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number"}


def _scalar(kind: str, schema: Schema) -> Scalar:
    values = (
        schema["enum"] if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else None
    )
    match kind:
        case "boolean":
            return Scalar("boolean", "boolean")
        case "integer":
            base = _INTEGERS.get(schema.get("format", ""), "integer")
            limits = (schema.get("minimum"), schema.get("maximum"))
            if base == "integer" and all(isinstance(limit, int) and abs(limit) < 1 << 31 for limit in limits):
                base = "int"
            return Scalar(base, "integer", _number_facets(schema, values))
        case "number":
            return Scalar("double", "number", _number_facets(schema, values))
    base = _FORMATS.get(schema.get("format", ""), "string")
    if schema.get("contentEncoding") == "base64":
        base = "base64Binary"
    pattern = to_xsd(schema["pattern"]) if isinstance(schema.get("pattern"), str) else None
    text = base == "string"
    facets = Facets(
        min_length=schema.get("minLength") if text else None,
        max_length=schema.get("maxLength") if text else None,
        patterns=((pattern,),) if pattern is not None and text else (),
        enum=tuple(str(value) for value in values if value is not None) if values is not None and text else None,
    )
    specimen = TEXTS.get(schema.get("format", ""), "") if text else ""
    return Scalar(base, "string", facets, "preserve" if text else "collapse", specimen=specimen)


def _number_facets(schema: Schema, values: list[Any] | None) -> Facets:
    def limit(word: str) -> str | None:
        value = schema.get(word)
        return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    low, high = limit("minimum"), limit("maximum")
    return Facets(
        minimum=low,
        maximum=high,
        above=limit("exclusiveMinimum") if low is None else None,
        below=limit("exclusiveMaximum") if high is None else None,
        enum=tuple(repr(value) for value in values if value is not None) if values is not None else None,
    )
