"""mocks/world/registrations.py: household businesses and dossiers are arithmetic, and numbers lead back to them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.business import check_digit
from lgsp_mocks.world.registrations import (
    COOPERATIVE,
    NEW,
    dossier,
    dossiers,
    household_business,
    household_businesses,
    household_by,
)

DAY = date(2022, 11, 16)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 2_000)


def test_household_businesses_have_codes_of_the_reserved_serials(world: World) -> None:
    found = [each for n in range(1, household_businesses(world) + 1) if (each := household_business(world, n))]
    assert len(found) > household_businesses(world) * 0.8
    for each in found:
        assert each.mst.startswith("5499")
        assert check_digit(each.mst[:9]) == each.mst[9]
        assert household_by(world, each.mst) == each
        assert household_by(world, each.owner.cccd) == each
        assert world.business(each.mst) is None
    assert len({each.mst for each in found}) == len(found)


@pytest.mark.parametrize(
    "code", ["", "5499500010", "5499000017", "5699500027", "5499999999", "017085990001", "abc", "54995abcde"]
)
def test_strangers_are_not_found(world: World, code: str) -> None:
    assert household_by(world, code) is None
    assert household_business(world, 0) is None
    assert household_business(world, household_businesses(world) + 1) is None


def test_dossiers_of_a_day(world: World) -> None:
    found = dossiers(world, DAY)
    assert 3 <= len(found) <= 8
    assert found == dossiers(World(Province.load("hoa-binh"), 1, 2_000), DAY)
    assert [each.minute for each in found] == sorted(each.minute for each in found)
    for each in found:
        assert dossier(world, each.number) == each
        assert each.due > each.received
        assert each.done.weekday() < 5
        assert (each.business is None) == (each.kind == NEW)
    assert dossiers(world, date(2022, 11, 19)) == ()
    assert dossiers(world, date(1999, 11, 16)) == ()


def test_dossiers_fit_the_companies_that_they_are_about(world: World) -> None:
    year = [each for n in range(365) for each in dossiers(world, date(2022, 1, 1) + timedelta(days=n))]
    about = {(each.kind, each.business.status) for each in year if each.business}
    assert about == {
        ("đăng ký thay đổi", "active"),
        ("hoạt động trở lại", "active"),
        ("tạm ngừng", "suspended"),
        ("giải thể", "closed"),
    }
    assert not any(each.business and each.business.kind == COOPERATIVE for each in year)


@pytest.mark.parametrize("number", [0, 1, 9922111699, 9922131600, 99221116000])
def test_no_such_dossier(world: World, number: int) -> None:
    assert dossier(world, number) is None
