"""A value that a JSON Schema admits, for what has no shape of its own: examples and defaults first, else the smallest thing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lgsp.contract.pattern_text import text_for

_PREFIX = "#/components/schemas/"
_DEEP = 6
_NAMES: dict[type, frozenset[str]] = {
    str: frozenset({"string"}),
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
    type(None): frozenset({"null"}),
}
"""What JSON Schema calls the types of JSON."""
TEXTS = {
    "date": "2024-01-02",
    "date-time": "2024-01-02T03:04:05+07:00",
    "time": "03:04:05+07:00",
    "duration": "P1D",
    "email": "mau@mau.invalid",
    "idn-email": "mau@mau.invalid",
    "hostname": "mau.invalid",
    "idn-hostname": "mau.invalid",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "urn:mau",
    "uri-reference": "urn:mau",
    "iri": "urn:mau",
    "iri-reference": "urn:mau",
    "uri-template": "urn:mau",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/mau",
    "relative-json-pointer": "0/mau",
    "regex": "mau",
    "byte": "bWF1",
    "decimal": "1.5",
}
"""Visibly invented, by format."""


def json_sample(schema: Any, components: dict[str, Any], depth: int = 0, *, examples: bool = True) -> Any:
    """Visibly invented where nothing is prescribed; what its own rules refuse all the same, the validator says."""
    inner = partial(json_sample, components=components, depth=depth + 1, examples=examples)
    if not isinstance(schema, dict):
        return "MAU"
    reference = schema.get("$ref")
    if isinstance(reference, str) and depth <= _DEEP:
        return inner(components.get(reference.removeprefix(_PREFIX)))
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    offered = [schema[word] for word in ("default", "example") if word in schema] if examples else []
    offered += schema["examples"] if examples and isinstance(schema.get("examples"), list) else []
    if fitting := [value for value in offered if _of_its_type(value, schema.get("type"))]:
        return fitting[0]
    for word in ("oneOf", "anyOf"):
        if isinstance(schema.get(word), list) and schema[word] and "properties" not in schema:
            return inner(schema[word][0])
    return _of_kind(schema, inner, deep=depth > _DEEP)


def _of_its_type(value: Any, kinds: Any) -> bool:
    """An object written down as the text of it is none."""
    named = {each for each in (kinds if isinstance(kinds, list) else [kinds]) if each}
    return not named or bool(named & _NAMES.get(type(value), frozenset()))


def _of_kind(schema: dict[str, Any], sample: Callable[[Any], Any], *, deep: bool) -> Any:
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else kind
    parts = [each for each in schema.get("allOf", ()) if isinstance(each, dict)]
    if kind == "object" or "properties" in schema or parts:
        found: dict[str, Any] = {}
        for part in parts:
            inner = sample(part)
            found |= inner if isinstance(inner, dict) else {}
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        if schema.get("minProperties") and more is not False:
            found["mau"] = sample(more)
        return found | {name: sample(known.get(name)) for name in schema.get("required", ()) if not deep}
    match kind:
        case "array":
            return [sample(schema.get("items"))] * int(schema.get("minItems", 0))
        case "integer" | "number":
            return schema.get("minimum", schema.get("maximum", 1))
        case "boolean":
            return True
        case "null":
            return None
    pattern, least = schema.get("pattern"), int(schema.get("minLength", 0))
    text = (text_for(pattern, least) if isinstance(pattern, str) else None) or TEXTS.get(
        schema.get("format", ""), "MAU"
    )
    return text.ljust(least, "x")[: schema.get("maxLength")]
