"""Why a message is not valid is told from a part of it, and never something that is true of the part only."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from lgsp.contract.validating import JsonValidator
from lgsp.model import FieldError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "list": {"type": "array", "minItems": 1, "maxItems": 50_000, "items": {"$ref": "#/$defs/item"}},
        "text": {"type": "string", "maxLength": 5000, "pattern": "^[a-z]*$"},
        "day": {"type": "string", "format": "date"},
    },
    "required": ["text"],
    "additionalProperties": False,
    "$defs": {"item": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}},
}
GOOD = {"id": 1}


@pytest.fixture(scope="module")
def validator() -> JsonValidator:
    return JsonValidator(SCHEMA)


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"text": "a", "list": [GOOD] * 40_000}, ()),
        ({"text": "a" * 5000}, ()),
        ({"text": "a" * 5001}, (("/text", "maxLength 5000"),)),
        ({"text": "a" * 3000 + "1"}, (("/text", "pattern"),)),
        ({"text": "a", "list": [GOOD] * 9_000 + [{"id": "x"}]}, (("/list/9000/id", "type:integer"),)),
        ({"text": "a", "list": [GOOD] * 40_000 + [{"id": "x"}]}, (("", "invalid"),)),
        ({"text": "a", "list": [GOOD] * 60_000}, (("", "invalid"),)),
        ({"list": [GOOD] * 10_000, "text": 5}, (("/text", "type:string"),)),
        ({"list": [GOOD] * 10_000}, (("/text", "required"),)),
        ({"text": "a", "list": {"a": 1}}, (("/list", "type:array"),)),
        ({"text": "a", "list": [GOOD, {}] + [GOOD] * 5000}, (("/list/1/id", "required"),)),
        ({"text": "a" * 2000, "day": "x" * 2000}, (("/day", "type:date"),)),
        ({"text": "a", "n" * 5000: 1}, (("/" + "n" * 100 + "…", "unknown field"),)),
    ],
)
def test_what_is_told_of_a_large_message(
    validator: JsonValidator, data: dict[str, Any], errors: tuple[tuple[str, str], ...]
) -> None:
    assert validator.errors(data) == tuple(FieldError(path, rule) for path, rule in errors)


@pytest.mark.parametrize(
    "data",
    [
        {"text": "a", "list": [0] * 400_000},
        {"text": "a", "list": [[]] * 400_000},
        {f"k{number}": 1 for number in range(100_000)},
        {"text": "1" * 5_000_000},
        {"text": "a", "list": {f"k{number}": number for number in range(100_000)}},
    ],
    ids=["zeros", "lists", "keys", "text", "object"],
)
def test_a_flood_of_breaches_is_told_in_a_few_lines_and_a_little_memory(
    validator: JsonValidator, data: dict[str, Any]
) -> None:
    tracemalloc.start()
    try:
        found = validator.errors(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 1 <= len(found) <= 60
    assert peak < 20_000_000
