"""mocks/world/legal.py: the same seed, the same documents; numbers that no real document has."""

from __future__ import annotations

import re
from datetime import date

import pytest

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.legal import COUNT, FIRST_ITEM, KINDS, by_item, documents


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_documents_are_a_function_of_the_seed(province: str) -> None:
    one, other, third = (list(documents(World(Province.load(province), seed, 200))) for seed in (1, 1, 2))
    assert one == other
    assert one != third
    assert len(one) == COUNT
    assert len({each.key for each in one}) == COUNT
    for each in one:
        assert re.fullmatch(r"99[0-9]{3}/20[0-9]{2}/(QĐ-UBND|NĐ-CP|TT-[A-Z]+)", each.number)
        assert each.kind in KINDS
        assert each.effective is not None
        assert each.issued <= each.effective
        assert date(2015, 1, 1) <= each.issued <= date(2022, 11, 16)


def test_relations_lead_to_documents() -> None:
    world = World(Province.load("hoa-binh"), 1, 200)
    for each in documents(world):
        assert all(by_item(world, item) for item, _ in each.relations)
    assert by_item(world, FIRST_ITEM + COUNT) is None
    assert by_item(world, 1) is None
