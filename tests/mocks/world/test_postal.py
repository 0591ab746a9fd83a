"""mocks/world/postal.py: codes both ways, postcodes that are nobody else's, one household in a hundred without."""

from __future__ import annotations

import pytest

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.postal import ALPHABET, SIDE, Ground


@pytest.fixture(scope="module", params=["hoa-binh", "dien-bien", "phu-tho-2025"])
def ground(request: pytest.FixtureRequest) -> Ground:
    return Ground(World(Province.load(request.param), 1, 6_000))


def test_every_place_has_a_postcode_of_its_own(ground: Ground) -> None:
    codes = ground.postcodes
    assert codes.keys() == ground.world.places.keys()
    assert len(set(codes.values())) == len(codes)
    prefix = ground.world.province.post_prefix
    assert all(len(code) == 5 and code.isdigit() and code.startswith(prefix) for code in codes.values())


def test_a_code_leads_back_to_its_household_and_to_its_point(ground: Ground) -> None:
    without = total = 0
    for person in ground.world.people():
        if person.relation != "Chủ hộ":
            continue
        total += 1
        code = ground.code_at(person.residence, person.household)
        if code is None:
            without += 1
            continue
        assert len(code) == 12
        assert set(code[5:]) <= set(ALPHABET)
        if total % 10 == 0:
            household = ground.household_of(code)
            assert household is not None
            assert household.id == person.household
            point = ground.point_of(code)
            assert ground.code_near(point.lat, point.lng) == code
    assert 0.005 < without / total < 0.02, "99 % of households have one"


def test_a_cell_where_nobody_lives(ground: Ground) -> None:
    commune = ground.world.communes()[0].code
    assert ground.household_of(ground.office_of(commune)) is None
    assert ground.household_of("000002222222") is None
    assert ground.code_of("0000000000") is None


def test_a_point_far_away_has_no_code(ground: Ground) -> None:
    assert ground.code_near(10.0, 107.0) is None


def test_seven_letters_are_enough() -> None:
    assert SIDE * SIDE <= len(ALPHABET) ** 7 < (SIDE + 1) * (SIDE + 1)
