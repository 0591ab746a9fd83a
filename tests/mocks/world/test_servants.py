"""Civil servants are arithmetic: the same number, the same person, of the agency that keeps the record."""

from __future__ import annotations

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.servants import STAFF, number_of, servant


def test_a_number_means_the_same_servant_in_every_run() -> None:
    first, again = (servant(World(Province.load("dien-bien"), 3, 2_000), "H18.05", number_of(7)) for _ in range(2))
    assert first == again
    assert first is not None
    assert 27 <= 2022 - first.person.birth.year <= 59
    assert first.joined - first.person.birth.year >= 23


def test_old_and_new_agency_codes_mean_the_same() -> None:
    world = World(Province.load("hoa-binh"), 1, 400)
    assert servant(world, "000.00.05.H28", "CB990001") == servant(world, "H28.05", "CB990001")


def test_nobody_where_there_is_no_post() -> None:
    world = World(Province.load("hoa-binh"), 1, 400)
    for code, number in (
        ("H28.05", number_of(STAFF[2] + 1)),
        ("G09", "CB990001"),
        ("H28.05", "990001"),
        ("X", "CB990001"),
    ):
        assert servant(world, code, number) is None
