"""mocks/business_registration_records.py: one company, two generations, the same facts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lgsp.identifiers import parse_personal_number
from lgsp.runtime import HANOI
from lgsp_mocks.business_registration_records import (
    certificate,
    cooperative,
    enterprise,
    enterprise_of_the_first,
    full_row,
    household,
    longer_row,
    row,
)
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.registrations import NEW, dossiers, household_business

DAY = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 2_000)


def test_members_hold_the_whole_capital(world: World) -> None:
    for business in world.businesses():
        if enterprise(world, business.mst):
            members = enterprise_of_the_first(world, business.mst, business)["Member"]
            assert sum(each["RATIO_PERCENT"] for each in members) == 100
            assert sum(each["AMOUNT"] for each in members) == business.capital


def test_people_are_the_worlds(world: World) -> None:
    company = world.company("company-active")
    shop = household_business(world, 2)  # serial 1 has no check digit
    assert shop is not None
    papers = (
        certificate(world, company.mst, company)["DaiDienPhapLuat"],
        cooperative(world, world.company("cooperative"))["DaiDienPhapLuat"],
        household(world, shop)["ChuHoKinhDoanh"],
    )
    for paper in papers:
        (person,) = paper[0]["ThongTinCaNhan"]
        known = world.person(person["SoGiayChungThuc"])
        assert known is not None
        assert known.full_name.upper() == person["HoVaTen"]
        assert parse_personal_number(known.cccd)


def test_a_dossier_is_finished_in_its_time(world: World) -> None:
    for found in dossiers(world, DAY.date()):
        assert row(found, DAY)["PROCESS_STATUS"] == "Đang xử lý"
        later = full_row(found, DAY + timedelta(days=10))
        assert later["PROCESSED_DATE"] == later["REGISTRATION_DATE"]
        assert (later["PROCESSED_DATE"] is None) == (found.kind == NEW)
        assert longer_row(found, DAY).items() <= full_row(found, DAY).items()
        assert row(found, DAY).items() <= longer_row(found, DAY).items()
