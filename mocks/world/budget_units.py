"""Budget units: every agency of the province has a code, so have a project in each district and one unit that was closed.

Where there are no districts, the first communes have a project each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lgsp_mocks.world.model import Address, Agency
from lgsp_mocks.world.people import mix
from lgsp_mocks.world.world import World

UNIT, OTHER, PREPARED, UNDER_WAY = "1", "2", "3", "4"
"""Đơn vị dự toán, đơn vị khác, dự án giai đoạn chuẩn bị đầu tư, dự án giai đoạn thực hiện."""
CLASSES = {UNIT: "1", OTHER: "3", PREPARED: "7", UNDER_WAY: "7"}
"""First digit of the code; the two behind it are 99 for everything invented here."""
PROVINCE, DISTRICT, COMMUNE = "2", "3", "4"
DISTRICT_CHAPTER, COMMUNE_CHAPTER = "605", "805"
CLOSED = "1999901"
_PROJECTS = 10
CLOSED_ON = date(2021, 12, 31)


@dataclass(frozen=True, slots=True)
class BudgetUnit:
    """`level`: 1 central, 2 province, 3 district, 4 commune. `closed` None while it is open."""

    code: str
    name: str
    kind: str
    chapter: str
    level: str
    parent: str | None
    treasury: str
    decision: str
    decided: date
    address: Address
    closed: date | None = None


def new_code(kind: str, n: int) -> str:
    """The n-th code that is given while the simulator runs."""
    return f"{CLASSES[kind]}99{5_000 + n:04d}"


def budget_units(world: World) -> Iterator[BudgetUnit]:
    """Agencies from the top down, then the projects, then the closed one."""
    top, districts = world.province.agency, world.districts()
    mine = [each for key, each in world.agencies.items() if key == each.code and each.code.split(".")[0] == top]
    codes = {agency.code: f"199{i:04d}" for i, agency in enumerate(mine, 1)}
    treasuries = {"": "9901"} | {place.code: f"99{i:02d}" for i, place in enumerate(districts, 2)}
    for i, agency in enumerate(mine, 1):
        place = world.places.get(agency.place)
        level = (
            PROVINCE
            if place is None or place.level == "province"
            else DISTRICT
            if place.level == "district"
            else COMMUNE
        )
        district = place.parent if place and level == COMMUNE else agency.place if level == DISTRICT else ""
        yield BudgetUnit(
            code=codes[agency.code],
            name=agency.name,
            kind=UNIT,
            chapter=_chapter(agency, level),
            level=level,
            parent=codes.get(agency.parent),
            treasury=treasuries.get(district, treasuries[""]),
            decision=f"{9_900 + i}/QĐ-UBND",
            decided=date(2016, 1, 4) + timedelta(days=mix(world.seed, i, 81) % 1_800),
            address=_seat(world, agency),
        )
    for i, place in enumerate(districts or world.communes()[:_PROJECTS], 1):
        seat = world.address((world.communes(place.code) or (place,))[0].code, f"Lô mẫu {i}")
        name = f"Dự án mẫu {i}: cấp nước sinh hoạt {place.name}"
        kind = PREPARED if i == 1 else UNDER_WAY
        yield BudgetUnit(
            f"799{i:04d}", name, kind, *((DISTRICT_CHAPTER, DISTRICT) if districts else (COMMUNE_CHAPTER, COMMUNE)), None,
            treasuries.get(place.code, treasuries[""]), f"{8_900 + i}/QĐ-UBND", date(2021, 3, 1) + timedelta(days=i), seat,
        )  # fmt: skip
    seat = world.address(world.communes()[0].code, "Khu hành chính mẫu")
    yield BudgetUnit(
        CLOSED, "Trạm Khuyến nông mẫu", UNIT, "412", PROVINCE, codes[top], treasuries[""], "8801/QĐ-UBND", date(2016, 2, 1), seat,
        CLOSED_ON,
    )  # fmt: skip


def budget_unit(world: World, code: str) -> BudgetUnit | None:
    return next((unit for unit in budget_units(world) if unit.code == code), None)


def _chapter(agency: Agency, level: str) -> str:
    """4xx for the province, 6xx for districts, 8xx for communes; which department has which is invented."""
    if level == PROVINCE:
        return f"4{agency.code.partition('.')[2] or '00':0>2}"
    return DISTRICT_CHAPTER if level == DISTRICT else COMMUNE_CHAPTER


def _seat(world: World, agency: Agency) -> Address:
    """A commune's own place, a district's first commune, the province's first for all others."""
    place = world.places.get(agency.place)
    if place is None or place.level == "province":
        commune = world.communes()[0]
    else:
        commune = place if place.level == "commune" else world.communes(place.code)[0]
    return world.address(commune.code, "Khu hành chính mẫu")
