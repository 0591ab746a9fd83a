"""A value that a JSON Schema admits, for what has no shape of its own: examples and defaults first, else the smallest thing."""

from __future__ import annotations

from typing import Any

from lgsp.contract.pattern_text import text_for

_PREFIX = "#/components/schemas/"
_DEEP = 6
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


def json_sample(schema: Any, components: dict[str, Any], depth: int = 0) -> Any:
    """Visibly invented where nothing is prescribed; what its own rules refuse all the same, the validator says."""
    if not isinstance(schema, dict):
        return "MAU"
    reference = schema.get("$ref")
    if isinstance(reference, str) and depth <= _DEEP:
        return json_sample(components.get(reference.removeprefix(_PREFIX)), components, depth + 1)
    for word in ("const", "default", "example"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        if isinstance(schema.get(word), list) and schema[word]:
            return schema[word][0]
    for word in ("oneOf", "anyOf"):
        if isinstance(schema.get(word), list) and schema[word] and "properties" not in schema:
            return json_sample(schema[word][0], components, depth + 1)
    return _of_kind(schema, components, depth)


def _of_kind(schema: dict[str, Any], components: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else kind
    parts = [each for each in schema.get("allOf", ()) if isinstance(each, dict)]
    if kind == "object" or "properties" in schema or parts:
        found: dict[str, Any] = {}
        for part in parts:
            inner = json_sample(part, components, depth + 1)
            found |= inner if isinstance(inner, dict) else {}
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        if schema.get("minProperties") and more is not False:
            found["mau"] = json_sample(more, components, depth + 1)
        return found | {name: json_sample(known.get(name), components, depth + 1)
                        for name in schema.get("required", ()) if depth <= _DEEP}  # fmt: skip
    match kind:
        case "array":
            return [json_sample(schema.get("items"), components, depth + 1)] * int(schema.get("minItems", 0))
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
