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
