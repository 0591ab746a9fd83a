"""Parcels are arithmetic: the same sheet and number, the same land."""

from __future__ import annotations

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.parcels import NUMBERS, SHEETS, parcel


def test_a_number_means_the_same_parcel_in_every_run() -> None:
    first, again = (parcel(World(Province.load("hoa-binh"), 3, 2_000), "04789", "7", "12") for _ in range(2))
    assert first == again
    assert first is not None
    assert first.area >= 40
    assert first.certificate.startswith("XX 99")


def test_land_of_a_couple_is_both_ones() -> None:
    world = World(Province.load("hoa-binh"), 1, 2_000)
    couples = [found for n in range(1, 50) if (found := parcel(world, "04789", "1", str(n))) and len(found.owners) == 2]
    assert couples
    assert all(found.owners[1].spouse == found.owners[0].cccd for found in couples)


def test_no_land_beyond_the_map() -> None:
    world = World(Province.load("hoa-binh"), 1, 400)
    for place in (
        ("99999", "1", "1"),
        ("148", "1", "1"),
        ("04789", str(SHEETS + 1), "1"),
        ("04789", "1", str(NUMBERS + 1)),
        ("04789", "x", "1"),
    ):
        assert parcel(world, *place) is None
