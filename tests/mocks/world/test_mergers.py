"""A merger: people stay where they are, codes do not; what closed is known as closed; a restart keeps it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.directories import records
from lgsp_mocks.world.postal import Ground

DAY = date(2022, 12, 1)
NOW = datetime(2022, 12, 1, 8, tzinfo=HANOI)


def merged() -> tuple[World, World]:
    """Before and after."""
    before, after = (World(Province.load("hoa-binh"), 3, 4_000) for _ in range(2))
    after.merge(["04792", "04789"], "99901", "Phường Thái Tân (mẫu)", DAY)
    return before, after


def test_people_stay_and_their_code_changes() -> None:
    before, after = merged()
    moved = 0
    for was, now in zip(before.people(), after.people(), strict=True):
        assert (was.cccd, was.household, was.residence.detail) == (now.cccd, now.household, now.residence.detail)
        if was.residence.commune in ("04789", "04792"):
            moved += 1
            assert now.residence.commune == "99901"
            assert "Thái Tân" in now.residence.text
        else:
            assert was.residence == now.residence
    assert moved > 10
    assert "04789" not in after.places
    assert len(after.communes()) == len(before.communes()) - 1
    assert after.places["99901"].parent == "148"


def test_what_lies_elsewhere_keeps_its_place_on_the_ground() -> None:
    before, after = merged()
    one, two = Ground(before), Ground(after)
    for person in before.people(0, 400):
        if person.residence.commune not in ("04789", "04792"):
            assert one.code_of(person.household) == two.code_of(person.household)
    heir = next(p for p in after.people() if p.residence.commune == "99901" and two.code_of(p.household))
    code = two.code_of(heir.household)
    assert code
    found = two.household_of(code)
    assert found
    assert found.id == heir.household


def test_offices_follow() -> None:
    _, after = merged()
    heir, closed = after.agency("H28.148.02"), after.agency("H28.148.01")
    assert heir
    assert closed
    assert (heir.active, heir.place, heir.name) == (True, "99901", "UBND Phường Thái Tân (mẫu)")
    assert not closed.active
    assert after.company("company-active").address.commune in after.places


def test_the_catalogue_says_what_closed_and_when() -> None:
    _, after = merged()
    rows = {row["MaXa"]: row for row in records(after, "donvihanhchinhcap3", NOW)}
    assert rows["04789"]["HieuLucDen"] == rows["04792"]["HieuLucDen"] == "01/12/2022"
    assert rows["99901"]["HieuLucDen"] is None


def test_a_restart_keeps_it_and_a_reset_forgets_it() -> None:
    _, after = merged()
    again = World(Province.load("hoa-binh"), 3, 4_000)
    again.restore(after.state)
    assert again.nth(17) == after.nth(17)
    assert "99901" in again.places
    again.restore()
    assert "04789" in again.places
    assert "99901" not in again.places


def test_a_second_merger_and_what_cannot_be() -> None:
    _, after = merged()
    after.merge(["99901", "04795"], "99902", "Phường Thái Tân Thịnh (mẫu)", date(2023, 1, 1))
    assert after.address("04789").commune == "99902"
    heir = after.agency("H28.148.02")
    assert heir
    assert heir.place == "99902"
    with pytest.raises(KeyError):
        after.merge(["04789"], "99903", "Xã Mẫu", DAY)
    with pytest.raises(ValueError, match="taken"):
        after.merge(["04798"], "99902", "Xã Mẫu", DAY)


# Two eras: the province before 2025-07-01, and the one that it became a part of


def eras() -> tuple[World, World]:
    return World(Province.load("hoa-binh"), 3, 4_000), World(Province.load("phu-tho-2025"), 3, 4_000)


def test_the_same_people_under_the_codes_of_today() -> None:
    before, after = eras()
    for was, now in zip(before.people(), after.people(), strict=True):
        assert (was.cccd, was.full_name, was.household, was.insurance_no) == (
            now.cccd,
            now.full_name,
            now.household,
            now.insurance_no,
        )
        assert now.residence.commune == after.successors[was.residence.commune]
        assert (now.residence.province, now.residence.district) == ("25", "")
        assert "Huyện" not in now.residence.text
    assert {each.mst for each in before.businesses()} == {each.mst for each in after.businesses()}
    child = after.add_person(full_name="Bùi Mẫu Sơ", birth=date(2025, 7, 2), gender="1", commune="04795")
    assert child.cccd.startswith("025"), "numbers of today begin with the province of today"
    assert after.person(child.cccd) == child


def test_communes_are_the_offices_below_the_province() -> None:
    before, after = eras()
    assert (before.office.code, before.office.level) == ("H28.148", 2)
    assert (after.office.level, after.office.parent, after.office.old_code) == (3, "H44", "")
    assert after.office.unit_code, "the Ministry of Justice has a unit for each"
    communes = [each for each in after.agencies.values() if each.level == 3]
    assert len({each.code for each in communes}) == len(communes) == 148
    assert not after.districts()
    for code in ("H28", "000.00.00.H28", "H62"):
        closed = after.agency(code)
        assert closed is not None
        assert not closed.active
    assert after.agency("H28.148") is None


def test_the_catalogues_say_what_closed_and_what_took_its_place() -> None:
    _, after = eras()
    rows = {row["MaXa"]: row for row in records(after, "donvihanhchinhcap3", NOW)}
    assert len(rows) == 479, "148 of today; 331 of before whose code nobody has any more"
    assert (rows["04789"]["HieuLucDen"], rows["04789"]["MaThayThe"]) == ("30/06/2025", "04828")
    assert (rows["04795"]["TenXa"], rows["04795"]["HieuLucTu"], rows["04795"]["HieuLucDen"]) == (
        "Phường Hòa Bình",
        "01/07/2025",
        None,
    )
    assert all((row["HieuLucDen"] is None) is (row["MaThayThe"] is None) for row in rows.values())
    districts = records(after, "donvihanhchinhcap2", NOW)
    assert {"148", "159"} < {row["MaHuyen"] for row in districts}
    assert {row["HieuLucDen"] for row in districts} == {"30/06/2025"}
    provinces = {row["MaTinh"]: row for row in records(after, "donvihanhchinhcap1", NOW)}
    assert sum(row["HieuLucDen"] is None for row in provinces.values()) == 34
    assert len(provinces) == 63
    assert (provinces["17"]["HieuLucDen"], provinces["25"]["HieuLucDen"]) == ("30/06/2025", None)
    assert provinces["24"]["TenTinh"] == "Tỉnh Bắc Ninh", "a code that went to another name"
