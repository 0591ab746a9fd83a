"""mocks/criminal_record_examples.py: every province and era has its examples; what they give is proved with the connector."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lgsp_mocks.criminal_record_examples import examples, outcomes
from lgsp_mocks.world import Province, World


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien", "phu-tho-2025"])
@pytest.mark.parametrize("era", ["2022-2024", "2025"])
def test_every_operation_has_one_that_succeeds(name: str, era: str) -> None:
    told = examples(World(replace(Province.load(name), era=era), 1, 100))
    assert {each.operation for each in told if each.expect == "ok"} == {each.operation for each in told}
    appointments = [each for each in told if each.operation == "traTrangThaiHs" and each.request["infoType"] == "1"]
    assert bool(appointments) is (era == "2022-2024")


def test_the_book_speaks_of_the_cast() -> None:
    world = World(Province.load("hoa-binh"), 1, 100)
    assert set(outcomes(world)) <= set(world.cast)
