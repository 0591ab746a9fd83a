"""What differs between two answers: by field path and kind, through lists, and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from lgsp.pipeline.shadow import Tally, differences


@pytest.mark.parametrize(
    ("real", "other", "expected"),
    [
        ({}, {}, set()),
        ({"a": 1}, {"a": 1}, set()),
        ({"a": 1}, {"a": 2}, {("a", "changed")}),
        ({"a": 1}, {"a": "1"}, {("a", "changed")}),
        ({"a": 1}, {"a": True}, {("a", "changed")}),
        ({"a": 1}, {}, {("a", "missing")}),
        ({}, {"a": {"b": 1}}, {("a", "extra")}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "d": 3}}, {("a.b", "changed"), ("a.c", "missing"), ("a.d", "extra")}),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, {("a[].b", "changed")}),
        ({"a": [1, 2]}, {"a": [1]}, {("a[]", "count")}),
        ({"a": [1]}, {"a": {"b": 1}}, {("a", "changed")}),
        ({"a": None}, {}, {("a", "missing")}),
    ],
)
def test_by_field_path(real: Any, other: Any, expected: set[tuple[str, str]]) -> None:
    assert set(differences(real, other)) == expected


def test_a_tally_counts_and_is_bounded() -> None:
    tally = Tally()
    tally.found(set())
    tally.found({("a.b", "changed"), ("c", "extra")})
    tally.found({("a.b", "changed")})
    assert (tally.same, tally.differs) == (1, 2)
    assert tally.as_dict()["fields"] == {"a.b": {"changed": 2}, "c": {"extra": 1}}
    tally.found({(f"x{n}", "changed") for n in range(1000)})
    assert len(tally.fields) == 300
    assert Tally(**tally.as_dict()) == tally
