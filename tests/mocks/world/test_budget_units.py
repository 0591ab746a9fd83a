"""mocks/world/budget_units.py: every agency of the province has one code, and the awkward ones are there."""

from __future__ import annotations

import pytest

from lgsp.identifiers import is_budget_unit, is_chapter
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.budget_units import CLOSED, budget_unit, budget_units, new_code


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_every_agency_has_one(name: str) -> None:
    world = World(Province.load(name), 1, 100)
    units = list(budget_units(world))
    assert len({unit.code for unit in units}) == len(units)
    mine = {
        agency.name
        for key, agency in world.agencies.items()
        if agency.code.startswith(world.province.agency) and key == agency.code
    }
    assert {unit.name for unit in units} >= mine
    codes = {unit.code for unit in units}
    for unit in units:
        assert is_budget_unit(unit.code)
        assert unit.code[1:3] == "99"
        assert is_chapter(unit.chapter), unit
        assert unit.chapter[0] == {"2": "4", "3": "6", "4": "8"}[unit.level]
        assert unit.parent is None or unit.parent in codes
        assert unit.address.province == world.province.code
    assert {unit.kind for unit in units} == {"1", "3", "4"}
    assert [unit.code for unit in units if unit.closed] == [CLOSED]


def test_by_code() -> None:
    world = World(Province.load("hoa-binh"), 1, 100)
    top = budget_unit(world, "1990001")
    assert top is not None
    assert (top.name, top.parent) == ("UBND tỉnh Hoà Bình", None)
    assert budget_unit(world, "1990000") is None
    assert new_code("1", 1) == "1995001"
    assert budget_unit(world, new_code("1", 1)) is None
