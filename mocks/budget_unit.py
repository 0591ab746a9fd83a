"""Budget unit codes as the Ministry of Finance might answer: a reconstruction, asked by SOAP 1.1 with a UsernameToken.

A dossier is looked at after a day of the ministry's time: with a decision in it a code is given (or a unit changed), without
one it is sent back for ten working days and refused when they have passed. Sent again in that time it is received anew. Four
dossiers of 2022-11-01 stand ready (`…-221101-9911` to `-9914`): granted, sent back, refused, received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import Address, World
from lgsp_mocks.world.budget_units import (
    CLOSED,
    CLOSED_ON,
    OTHER,
    PREPARED,
    PROVINCE,
    UNDER_WAY,
    UNIT,
    BudgetUnit,
    budget_unit,
    budget_units,
    new_code,
)

DAY = 86_400.0
SPAN = timedelta(days=31)
WINDOW = 10
"""Working days for supplements [sourced]."""
NOT_FOUND, PAPERS, BEFORE, INVALID = "01", "02", "03", "04"
RECEIVED, SENT_BACK, GRANTED, REFUSED = 1, 2, 3, 4
NEEDED = {1: "QDTL", 2: "QDTL", 3: "QDDT", 4: "QDDT", 5: "VBTD", 6: "QDDT"}
"""Case -> the paper without which nothing is received."""
KINDS = {1: UNIT, 2: OTHER, 3: PREPARED, 4: UNDER_WAY}
"""Cases that bring a new code."""
CHANGED, MOVED_ON = 5, 6
NEW, ALTERED, SHUT, NEXT_STAGE = 1, 2, 3, 4
MISSING = "Thiếu số quyết định thành lập hoặc quyết định đầu tư"
STANDING_DAY = date(2022, 11, 1)


def traCuuDonVi(ask: Ask) -> Data:
    found = _unit(ask, ask.data["maDvqhns"])
    return {"maKetQua": "00", "donVi": document(found)} if found else refuse(NOT_FOUND, "Không tìm thấy đơn vị")


def guiHoSo(ask: Ask) -> Data:
    code, case, unit = ask.data["maHoSo"], ask.data["truongHop"], ask.data["thongTinDonVi"]
    known = _dossiers(ask).get(code)
    if known and known["trangThai"] != SENT_BACK:
        return duplicate(ask)
    if faults := _faults(ask, case, unit):
        return refuse(INVALID, "; ".join(faults))
    if not any(paper["loaiGiayTo"] == NEEDED[case] for paper in ask.data.get("fileDinhKem", ())):
        return refuse(PAPERS, f"Thiếu giấy tờ: {NEEDED[case]}")
    dossiers = ask.state.setdefault("hoSo", {})
    again = known["lan"] + 1 if known else 1
    number = known["so"] if known else f"MSNS-{ask.now:%y}-{990_001 + len(dossiers)}"
    dossiers[code] = {"so": number, "truongHop": case, "trangThai": RECEIVED, "donVi": unit, "lan": again}
    ask.effect(code if again == 1 else f"{code}#{again}")
    ask.later(DAY, "xemXet", maHoSo=code, lan=again)
    return {"maKetQua": "00", "moTaKetQua": "Tiếp nhận thành công", "soHoSoMsns": number}


def trangThaiHoSo(ask: Ask) -> Data:
    found = _dossiers(ask).get(ask.data["maHoSo"])
    if found is None:
        return refuse(NOT_FOUND, "Hồ sơ không tồn tại")
    more = {name: found[name] for name in ("maDvqhns", "hanBoSung", "lyDo") if found.get(name)}
    return {"maKetQua": "00", "soHoSoMsns": found["so"], "trangThai": found["trangThai"], **more}


def danhSachThayDoi(ask: Ask) -> Data:
    first, last = (date.fromisoformat(ask.data[name][:10]) for name in ("tuNgay", "denNgay"))
    if first > last:
        return refuse(INVALID, "tuNgay không được sau denNgay")
    if last - first > SPAN:
        return refuse(INVALID, "Khoảng thời gian không được vượt quá 31 ngày")
    if ask.data["maTinh"] != ask.world.province.code:
        return refuse(INVALID, "maTinh không có trong danh mục")
    rows = [*_seeded(ask.world), *ask.state.get("thayDoi", ())]
    found = [row for row in rows if first.isoformat() <= row["ngayThayDoi"] <= last.isoformat()]
    return {"maKetQua": "00", "thayDoi": sorted(found, key=lambda row: row["ngayThayDoi"])}


# What happens while the ministry works


def xemXet(ask: Ask) -> Data:
    """The dossier is looked at."""
    found = _waiting(ask, RECEIVED)
    if found is None:
        return {}
    if not found["donVi"].get("soQuyetDinh"):
        found |= {"trangThai": SENT_BACK, "hanBoSung": _working(ask.now.date(), WINDOW).isoformat(), "lyDo": MISSING}
        ask.later(DAY * 14, "hetHan", **ask.data)
        return {}
    code = _settle(ask, found)
    found |= {"trangThai": GRANTED, "maDvqhns": code}
    return {}


def hetHan(ask: Ask) -> Data:
    """Nobody has supplemented."""
    if found := _waiting(ask, SENT_BACK):
        found |= {"trangThai": REFUSED, "lyDo": "Quá hạn bổ sung hồ sơ"}
    return {}


def _waiting(ask: Ask, state: int) -> dict[str, Any] | None:
    """The dossier, where it still is in this state since it was sent for this time."""
    found: dict[str, Any] | None = ask.state.get("hoSo", {}).get(ask.data["maHoSo"])
    return found if found and found["trangThai"] == state and found["lan"] == ask.data["lan"] else None


def _settle(ask: Ask, dossier: Mapping[str, Any]) -> str:
    """A new unit, or a changed one; the feed tells it."""
    case, told = dossier["truongHop"], dossier["donVi"]
    units = ask.state.setdefault("donVi", {})
    kind, change = KINDS.get(case), NEW
    code = new_code(kind, len(units) + 1) if kind else told["maDvqhns"]
    if kind is None:
        known = _unit(ask, code)
        kind = UNDER_WAY if case == MOVED_ON else known.kind if known else UNIT
        change = NEXT_STAGE if case == MOVED_ON else ALTERED
        told = {**(_told(known) if known else {}), **told}
    units[code] = {**told, "loaiHinh": kind, "ngayQuyetDinh": told.get("ngayQuyetDinh") or ask.now.date().isoformat()}
    row = {
        "maDvqhns": code,
        "tenDvqhns": told["tenDvqhns"],
        "loaiThayDoi": change,
        "ngayThayDoi": ask.now.date().isoformat(),
    }
    ask.state.setdefault("thayDoi", []).append(row | {"maTinh": ask.world.province.code})
    return code


# The register


def document(unit: BudgetUnit) -> Data:
    """`donVi` in the order of the schema."""
    seat = unit.address
    places = {"maTinh": seat.province, "maHuyen": seat.district, "maXa": seat.commune, "chiTiet": seat.detail}
    found: Data = {
        "maDvqhns": unit.code,
        "tenDvqhns": unit.name,
        "loaiHinh": int(unit.kind),
        "maChuong": unit.chapter,
        "maCap": int(unit.level),
        "maDvqhnsCha": unit.parent,
        "maKbnn": unit.treasury,
        "soQuyetDinh": unit.decision,
        "ngayQuyetDinh": unit.decided.isoformat(),
        "diaChi": {name: text for name, text in places.items() if text},
        "trangThai": 2 if unit.closed else 1,
        "ngayDong": unit.closed.isoformat() if unit.closed else None,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _unit(ask: Ask, code: str) -> BudgetUnit | None:
    """What dossiers have made of it goes before the seed."""
    mine, known = ask.state.get("donVi", {}).get(code), budget_unit(ask.world, code)
    if mine is None:
        return known
    base = known or BudgetUnit(code, "", UNIT, "", PROVINCE, None, "", "", STANDING_DAY, Address("", "", "", "", ""))
    address = mine.get("diaChi") or {}
    province, district, commune, detail = (address.get(name, "") for name in ("maTinh", "maHuyen", "maXa", "chiTiet"))
    seat = Address(province, district, commune, detail, "")
    return replace(
        base,
        name=mine["tenDvqhns"],
        kind=mine["loaiHinh"],
        chapter=mine.get("maChuong") or base.chapter,
        level=str(mine.get("maCap") or base.level),
        parent=mine.get("maDvqhnsCha") or base.parent,
        treasury=mine.get("maKbnn") or base.treasury,
        decision=mine.get("soQuyetDinh", ""),
        decided=date.fromisoformat(mine["ngayQuyetDinh"][:10]),
        address=seat if address else base.address,
    )


def _told(unit: BudgetUnit) -> Data:
    """A unit as a dossier would tell of it."""
    return {name: value for name, value in document(unit).items() if name not in ("trangThai", "ngayDong", "loaiHinh")}


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return standing(ask.world) | mine


def standing(world: World) -> dict[str, Any]:
    """The dossiers that are there from the seed, by their codes; never written."""
    agency, office = f"{world.province.agency}.06", finance_office(world).code
    unit = {"tenDvqhns": "Đơn vị mẫu", "soQuyetDinh": "9911/QĐ-UBND"}
    rows: tuple[dict[str, Any], ...] = (
        {"truongHop": CHANGED, "trangThai": GRANTED, "maDvqhns": office},
        {
            "truongHop": 1,
            "trangThai": SENT_BACK,
            "hanBoSung": _working(STANDING_DAY, WINDOW).isoformat(),
            "lyDo": MISSING,
        },
        {"truongHop": 4, "trangThai": REFUSED, "lyDo": "Dự án đã được cấp mã số"},
        {"truongHop": 2, "trangThai": RECEIVED},
    )
    return {
        f"{agency}-221101-{9911 + i}": {"so": f"MSNS-22-{980_001 + i}", "donVi": unit, "lan": 1, **row}
        for i, row in enumerate(rows)
    }


def finance_office(world: World) -> BudgetUnit:
    """The department of finance, which receives the dossiers."""
    name = world.agencies[f"{world.province.agency}.06"].name
    return next(unit for unit in budget_units(world) if unit.name == name)


def _seeded(world: World) -> list[Data]:
    """The feed of what the seed has: codes given, one unit changed, one closed."""
    office = finance_office(world)
    told = [(unit, NEW, unit.decided) for unit in budget_units(world)]
    told += [(office, ALTERED, STANDING_DAY + timedelta(days=1))]
    told += [(unit, SHUT, CLOSED_ON) for unit in budget_units(world) if unit.code == CLOSED]
    return [
        {
            "maDvqhns": unit.code,
            "tenDvqhns": unit.name,
            "loaiThayDoi": change,
            "ngayThayDoi": day.isoformat(),
            "maTinh": world.province.code,
        }
        for unit, change, day in told
    ]


def _faults(ask: Ask, case: int, unit: Data) -> list[str]:
    """What is wrong with the fields, in the ministry's words."""
    faults = []
    if case not in NEEDED:
        faults.append("truongHop không có trong danh mục")
    if not unit["tenDvqhns"].strip():
        faults.append("tenDvqhns bắt buộc")
    if case in (CHANGED, MOVED_ON):
        known = _unit(ask, unit.get("maDvqhns", ""))
        if known is None or (case == MOVED_ON and known.kind != PREPARED):
            faults.append("maDvqhns không tồn tại" if unit.get("maDvqhns") else "maDvqhns bắt buộc")
    parent = unit.get("maDvqhnsCha")
    if parent and _unit(ask, parent) is None:
        faults.append("maDvqhnsCha không tồn tại")
    if unit.get("maChuong") and not re.fullmatch(r"[468][0-9]{2}", unit["maChuong"]):
        faults.append("maChuong không có trong danh mục")
    return faults


def _working(day: date, days: int) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


# Faults and examples


def refuse(code: str, message: str) -> Data:
    return {"maKetQua": code, "moTaKetQua": message}


def business_error(ask: Ask) -> Data:  # noqa: ARG001  every ministry has this function
    return refuse(INVALID, "Dữ liệu không hợp lệ")


def duplicate(ask: Ask) -> Data:
    code = ask.data.get("maHoSo", "")
    answer = refuse(BEFORE, f"Hồ sơ {code} đã được tiếp nhận")
    known = _dossiers(ask).get(code)
    return answer | ({"soHoSoMsns": known["so"]} if known and ask.operation == "guiHoSo" else {})


HANDLERS: Handlers = {
    "dvqhns": {
        "traCuuDonVi": traCuuDonVi,
        "guiHoSo": guiHoSo,
        "trangThaiHoSo": trangThaiHoSo,
        "danhSachThayDoi": danhSachThayDoi,
    },
}
PDF = "JVBERi0xLjQKJeKAkyBt4bqrdQolJUVPRgo="
"""A few bytes that say that they are a sample."""


def examples(world: World) -> list[Example]:
    top, office = f"{world.province.agency}.06", finance_office(world)
    seat, officer = office.address, world.actor("officer")
    unit: Data = {
        "tenDvqhns": "Trung tâm Mẫu",
        "maChuong": "405",
        "maCap": "2",
        "maDvqhnsCha": office.code,
        "soQuyetDinh": "9907/QĐ-UBND",
        "ngayQuyetDinh": "2022-11-01",
        "diaChi": {"maTinh": seat.province, "maXa": seat.commune, "chiTiet": "Số 1 đường Mẫu"},
    }
    sent: Data = {
        "maHoSo": f"{top}-221116-9915",
        "truongHop": "1",
        "thongTinDonVi": unit,
        "nguoiDaiDien": {"hoTen": officer.full_name, "chucVu": "Giám đốc", "soDinhDanh": officer.cccd},
        "fileDinhKem": [{"loaiGiayTo": "QDTL", "tenTep": "quyet-dinh-mau.pdf", "noiDung": PDF}],
    }
    orphan = {"maHoSo": f"{top}-221116-9917", "thongTinDonVi": unit | {"maDvqhnsCha": "0000000"}}
    november = {"tuNgay": "2022-11-01", "denNgay": "2022-11-30"}
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("traCuuDonVi", {"maDvqhns": office.code}, "ok", "the department of finance"),
        ("traCuuDonVi", {"maDvqhns": "7990002"}, "ok", "a project under way"),
        ("traCuuDonVi", {"maDvqhns": CLOSED}, "ok", "a closed unit"),
        ("traCuuDonVi", {"maDvqhns": "0000000"}, "record-not-found", "nobody's code"),
        ("guiHoSo", sent, "ok", "a new unit; asked again it was received before"),
        ("guiHoSo", {**sent, "maHoSo": f"{top}-221116-9916", "fileDinhKem": []}, "provider-fault", "the decision is missing"),
        ("guiHoSo", sent | orphan, "provider-fault", "a parent that does not exist"),
        ("trangThaiHoSo", {"maHoSo": f"{top}-221101-9911"}, "ok", "granted"),
        ("trangThaiHoSo", {"maHoSo": f"{top}-221101-9912"}, "ok", "sent back for supplements"),
        ("trangThaiHoSo", {"maHoSo": f"{top}-221101-9913"}, "ok", "refused"),
        ("trangThaiHoSo", {"maHoSo": f"{top}-221101-9914"}, "ok", "received"),
        ("trangThaiHoSo", {"maHoSo": f"{top}-000101-0000"}, "record-not-found", "nobody's dossier"),
        ("danhSachThayDoi", november | {"maTinh": world.province.code}, "ok", "the changes of a month"),
        ("danhSachThayDoi", november | {"denNgay": "2022-12-31"}, "provider-fault", "more than 31 days apart"),
    )  # fmt: skip
    headers = {"X-LGSP-Purpose": "2.002206"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]
