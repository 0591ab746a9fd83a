"""Business registration as the ministry answers it: the register of enterprises in its two generations.

Enterprises and cooperatives are the world's businesses, household businesses and dossiers come from `world/registrations`.
`csdldkdn` shouts English keys, forgets the leading zeros of places and refuses in words alone; `dkkd` wraps everything in
lists and answers null for what it does not have. Dates are dd/MM/yyyy in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from lgsp.model import Data
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
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World
from lgsp_mocks.world.registrations import (
    COOPERATIVE,
    Dossier,
    dossier,
    dossiers,
    household_business,
    household_businesses,
    household_by,
)

SPAN = timedelta(days=5)
DAY = "%d/%m/%Y"
SAMPLE_DAY = date(2022, 11, 16)
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

# csdldkdn


def chiTietDoanhNghiep(ask: Ask) -> Data:
    found = enterprise(ask.world, ask.data["msdn"])
    if found is None:
        return refuse("Không tìm thấy doanh nghiệp")
    code, business = found
    done = {"DataCount": 1, "Status": "1", "Message": "success"}
    return enterprise_of_the_first(ask.world, code, business) | done


def danhSachHoSoTrongNgay(ask: Ask) -> Data:
    minutes = {name: _minute(ask.data[name]) for name in ("from_ts", "to_ts")}
    if faults := [f"{name} không đúng định dạng HH:mm" for name, minute in minutes.items() if minute is None]:
        return refuse("; ".join(faults))
    first, last = (minute or 0 for minute in minutes.values())
    today = [each for each in dossiers(ask.world, ask.now.date()) if first <= each.minute <= last]
    return _page(ask, today, row)


def danhSachHoSo(ask: Ask) -> Data:
    days = {name: _day(ask.data[name]) for name in ("from_date", "to_date")}
    if faults := [f"{name} không đúng định dạng dd/MM/yyyy" for name, day in days.items() if day is None]:
        return refuse("; ".join(faults))
    first, last = (day or ask.now.date() for day in days.values())
    if first > last:
        return refuse("from_date không được sau ngày kết thúc")
    if last - first > SPAN:
        return refuse("Khoảng thời gian từ from_date đến to_date không được vượt quá 5 ngày")
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return _page(ask, [each for day in span if day <= ask.now.date() for each in dossiers(ask.world, day)], longer_row)


def tinhTrangHoSo(ask: Ask) -> Data:
    number = ask.data["in_journal_no"]
    if not re.fullmatch(r"[0-9]{1,15}", number):
        return refuse("in_journal_no không đúng định dạng")
    found = dossier(ask.world, int(number))
    if found is None or found.received > ask.now.date():
        return refuse("Hồ sơ không tồn tại")
    return _listed([full_row(found, ask.now)], 1)


def refuse(message: str) -> Data:
    """All that this generation says of a refusal."""
    return {"MainInformation": None, "DataCount": 0, "Status": "0", "Message": message}


def _page(ask: Ask, found: Sequence[Dossier], write: Callable[[Dossier, datetime], Data]) -> Data:
    offset, limit = ask.data.get("offset", 0), ask.data.get("limit", 100)
    if offset < 0 or limit < 1:
        return refuse("offset, limit không hợp lệ")
    return _listed([write(each, ask.now) for each in found[offset : offset + limit]], len(found))


def _listed(rows: list[Data], count: int) -> Data:
    return {"MainInformation": rows, "DataCount": count, "Status": "1", "Message": "success"}


def _minute(text: str) -> int | None:
    found = CLOCK.fullmatch(text)
    return int(found[1]) * 60 + int(found[2]) if found else None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, DAY).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


# dkkd


def chiTietDoanhNghiepV2(ask: Ask) -> Data:
    found = enterprise(ask.world, ask.data["msdn"])
    if found is None:
        return {"GetEntCert": None}
    code, business = found
    return {"GetEntCert": [certificate(ask.world, code, business)]}


def chiTietHoKinhDoanh(ask: Ask) -> Data:
    found = household_by(ask.world, ask.data["mst"])
    return {"HHCert": [household(ask.world, found)] if found else None}


def chiTietHopTacXa(ask: Ask) -> Data:
    business = ask.world.business(ask.data["mst"])
    if business is None or business.kind != COOPERATIVE or ask.data["mst"] != business.mst:
        return {"CoopCert": None}
    return {"CoopCert": [cooperative(ask.world, business)]}


def business_error(ask: Ask) -> Data:
    if ask.backend == "csdldkdn":
        return refuse("Yêu cầu bị từ chối theo quy chế khai thác")
    ((name, _),) = HANDLERS["dkkd"][ask.operation](ask).items()
    return {name: None}


def duplicate(ask: Ask) -> Data:
    """Nothing is pushed here, so nothing can come twice."""
    return business_error(ask)


HANDLERS: Handlers = {
    "csdldkdn": {
        "chiTietDoanhNghiep": chiTietDoanhNghiep,
        "danhSachHoSoTrongNgay": danhSachHoSoTrongNgay,
        "danhSachHoSo": danhSachHoSo,
        "tinhTrangHoSo": tinhTrangHoSo,
    },
    "dkkd": {
        "chiTietDoanhNghiep": chiTietDoanhNghiepV2,
        "chiTietHoKinhDoanh": chiTietHoKinhDoanh,
        "chiTietHopTacXa": chiTietHopTacXa,
    },
}


def examples(world: World) -> list[Example]:
    active, suspended, closed = (world.company(f"company-{name}").mst for name in ("active", "suspended", "closed"))
    branch, coop = world.company("company-branches").branches[0], world.company("cooperative").mst
    numbers = range(1, household_businesses(world) + 1)
    shop = next(found for n in numbers if (found := household_business(world, n)))
    days = {"from_date": "2022-11-14", "to_date": "2022-11-18"}
    number = str(dossiers(world, SAMPLE_DAY)[0].number)
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("chiTietDoanhNghiep", {"msdn": active}, "ok", "in operation"),
        ("chiTietDoanhNghiep", {"msdn": suspended}, "ok", "suspended"),
        ("chiTietDoanhNghiep", {"msdn": closed}, "ok", "closed"),
        ("chiTietDoanhNghiep", {"msdn": branch}, "ok", "a branch, with the hyphen"),
        ("chiTietDoanhNghiep", {"msdn": "5499999999"}, "record-not-found", "nobody's code"),
        ("chiTietDoanhNghiep", {"msdn": coop}, "record-not-found", "a cooperative is no enterprise"),
        ("danhSachHoSoTrongNgay", {"from_ts": "07:30", "to_ts": "16:30"}, "ok", "today"),
        ("danhSachHoSo", days, "ok", "a working week"),
        ("danhSachHoSo", days | {"offset": 2, "limit": 3}, "ok", "a page of it"),
        ("danhSachHoSo", days | {"to_date": "2022-11-20"}, "provider-fault", "more than five days apart"),
        ("tinhTrangHoSo", {"in_journal_no": number}, "ok", "a dossier of that week"),
        ("tinhTrangHoSo", {"in_journal_no": "9900010100"}, "record-not-found", "nobody's dossier"),
        ("chiTietHoKinhDoanh", {"mst": shop.mst}, "ok", "by its tax code"),
        ("chiTietHoKinhDoanh", {"mst": shop.owner.cccd}, "ok", "by its owner's number, as since 2025"),
        ("chiTietHoKinhDoanh", {"mst": active}, "record-not-found", "a company is no household business"),
        ("chiTietHopTacXa", {"mst": coop}, "ok", "a cooperative"),
        ("chiTietHopTacXa", {"mst": active}, "record-not-found", "a company is no cooperative"),
    )  # fmt: skip
    headers = {"X-LGSP-Purpose": "2.001199"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]
