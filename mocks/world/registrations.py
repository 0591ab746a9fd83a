"""What the business register knows beyond the world's companies: household businesses, and dossiers day by day.

Both are arithmetic: household n and the dossiers of a day are made when somebody asks, from the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from lgsp_mocks.world.business import check_digit
from lgsp_mocks.world.model import Business, Person
from lgsp_mocks.world.people import mix
from lgsp_mocks.world.world import World

COOPERATIVE = "Hợp tác xã"
HOUSEHOLD_SERIAL = 9_950_000
"""Tax codes of household businesses start behind this serial, inside the reserved 99xxxxx."""
OWNERS_APART = 8
"""Every eighth person owns one, and is the head of a household."""
TRADES = (("4711", "Bán lẻ hàng hoá tổng hợp"), ("5610", "Nhà hàng và dịch vụ ăn uống"), ("1410", "May trang phục"))
CHANGES = ("đăng ký thay đổi", "hoạt động trở lại")
OF_STATUS = {"suspended": "tạm ngừng", "closed": "giải thể"}
NEW = "đăng ký mới"
OPENED = (7, 30)
"""Dossiers come in from half past seven on."""


@dataclass(frozen=True, slots=True)
class HouseholdBusiness:
    """`registration` is the number of its certificate, apart from its tax code."""

    n: int
    mst: str
    registration: str
    name: str
    owner: Person
    founded: date
    capital: int
    trade: str
    trade_name: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """`business` None: a new one, whose code is not given yet."""

    number: int
    kind: str
    business: Business | None
    name: str
    contact: Person
    received: date
    minute: int
    """Of the day it was received on."""
    due: date
    done: date
    """When it is finished, also where that lies ahead."""
    online: bool


def household_businesses(world: World) -> int:
    """How many numbers there are; a few of them stand for a serial that is never issued."""
    return max(8, world.size // 50)


def household_business(world: World, n: int) -> HouseholdBusiness | None:
    """None beyond their number, and where the serial has no check digit."""
    body = f"{world.province.tax_prefix}{HOUSEHOLD_SERIAL + n}"
    digit = check_digit(body) if 0 < n <= household_businesses(world) else None
    if digit is None:
        return None
    bits, owner = mix(world.seed, n, 71), world.nth(n * OWNERS_APART % world.size)
    trade, trade_name = TRADES[bits % len(TRADES)]
    return HouseholdBusiness(
        n=n,
        mst=body + digit,
        registration=f"{world.province.code}A8{950_000 + n:06d}",
        name=f"HỘ KINH DOANH MẪU {owner.ten or owner.ho} {n}".upper(),
        owner=owner,
        founded=date(2008, 1, 2) + timedelta(days=(bits >> 8) % 5_000),
        capital=20_000_000 + (bits >> 24) % 40 * 5_000_000,
        trade=trade,
        trade_name=trade_name,
    )


def household_by(world: World, code: str) -> HouseholdBusiness | None:
    """By ten digits, or by its owner's personal number, as since 2025-07-01."""
    prefix = world.province.tax_prefix
    if len(code) == 12:
        owner = world.person(code)
        n = owner.n // OWNERS_APART if owner and owner.n > 0 and owner.n % OWNERS_APART == 0 else 0
    else:
        n = int(code[2:9]) - HOUSEHOLD_SERIAL if code.startswith(prefix) and code[:10].isdecimal() else 0
    found = household_business(world, n)
    return found if found and code in (found.mst, found.owner.cccd) else None


def dossiers(world: World, day: date) -> tuple[Dossier, ...]:
    """What came in on one day, in order; nothing at the weekend."""
    if day.weekday() > 4 or not 2000 <= day.year < 2100:
        return ()
    count = 3 + mix(world.seed, day.toordinal(), 72) % 6
    return tuple(_dossier(world, day, i, count) for i in range(count))


def dossier(world: World, number: int) -> Dossier | None:
    """By its journal number `99yymmddnn`."""
    text = str(number)
    try:
        day = date(2000 + int(text[2:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
    return next((each for each in dossiers(world, day) if each.number == number), None)


def _dossier(world: World, day: date, i: int, count: int) -> Dossier:
    bits = mix(world.seed, day.toordinal() * 16 + i, 73)
    number = int(f"99{day:%y%m%d}{i:02d}")
    companies = [each for each in world.businesses() if each.kind != COOPERATIVE]
    company = companies[bits % len(companies)]
    owner = world.person(company.owner)
    assert owner is not None
    new = (bits >> 20) % 4 == 0
    return Dossier(
        number=number,
        kind=NEW if new else OF_STATUS.get(company.status, CHANGES[(bits >> 24) % 2]),
        business=None if new else company,
        name=f"CÔNG TY TNHH GIẢ ĐỊNH MỚI {number}" if new else company.name,
        contact=owner,
        received=day,
        minute=OPENED[0] * 60 + OPENED[1] + i * 540 // count + (bits >> 28) % (540 // count),
        due=_working(day, 3),
        done=_working(day, 1 + (bits >> 40) % 3),
        online=(bits >> 44) % 3 > 0,
    )


def _working(day: date, days: int) -> date:
    """So many working days on."""
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
