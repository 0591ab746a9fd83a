"""mocks/world/procedures.py: procedures are found with and without a province's suffix."""

from __future__ import annotations

import pytest

from lgsp_mocks.world.procedures import FIELDS, PROCEDURES, procedure


@pytest.mark.parametrize("code", ["1.001193", "1.001193.H28", "1.001193.000.00.00.H18"])
def test_with_and_without_a_suffix(code: str) -> None:
    found = procedure(code)
    assert found is not None
    assert found.code == "1.001193"


def test_unknown_codes_and_known_fields() -> None:
    assert procedure("9.999999") is None
    assert procedure("") is None
    assert {each.field for each in PROCEDURES.values()} == FIELDS.keys()
    assert all(each.owner == FIELDS[each.field][1] for each in PROCEDURES.values())
