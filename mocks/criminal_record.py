"""Criminal records as three dialects tell them: the ministry's first software (`v1`), its second (`v2`), and VNeID's desk.

The two generations hold the same dossiers. One that was received is worked on after a day of the ministry's time and has
its certificate after three to twelve. What stands ready from the seed: four dossiers of the one-stop desk (…-9901 and
-9904 have their certificate, the latter with an invented sentence, -9902 is worked on, -9903 received), one of the
counter (appointment 99000017), three that citizens handed in online, and three that came from VNeID (-9921 to -9923).
Both queues forget nothing: what is not marked as fetched comes again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from lgsp.model import Data
from lgsp_mocks.criminal_record_examples import examples, outcomes
from lgsp_mocks.criminal_record_records import (
    SECOND,
    STATES,
    agency_of,
    catalogue,
    dossier_of,
    first_faults,
    is_day,
    result_of,
    second_faults,
    secret_id,
    standing,
    waiting,
)
from lgsp_mocks.handler import Ask, Handlers
from lgsp_mocks.world import World

DAY = 86_400.0
ONLINE, COUNTER = "1", "2"
"""infoType of traHoSo."""
MARK_COUNTER, MARK_STATE, MARK_ONLINE = "1", "2", "3"
"""infoType of danhDauHsThanhCong: not the same numbers."""
WITHOUT_DESK, WITH_DESK = "1", "2"
"""infoType of traTrangThaiHs and traDsTrangThaiHs."""
FINAL = ("3", "7", "8", "10")
ORDER = ("1", "2", "6", "5", "4", "9", "10")
"""How VNeID lets a dossier move: onwards only; refused, withdrawn and stopped end it."""

# The first generation


def nhanHoSoDangKy(ask: Ask) -> Data:
    code, form = ask.data["idReceivedDec"], ask.data.get("declarationWSForm") or ask.data.get("declarationForm")
    if code in _dossiers(ask):
        return duplicate(ask)
    if not form:
        return _no("declarationWSForm bắt buộc")
    faults = first_faults(ask.world, form)
    faults += [f"{name} không đúng định dạng" for name in ("dateReceivedDec", "datePromissoryDec")
               if ask.data.get(name) and not is_day(ask.data[name])]  # fmt: skip
    stays = ask.data.get("residenceWSForm") or ask.data.get("residenceForm") or []
    faults += [f"{name} bắt buộc" for stay in stays for name in ("fromDateStr", "toDateStr", "residencePlace")
               if not stay.get(name)]  # fmt: skip
    if faults:
        return _no("; ".join(dict.fromkeys(faults)))
    _take(ask, code, str(form["identifyNo"]), str(form["formType"]))
    return {"STATUS": 1, "DESCRIPTION": "", "ID": secret_id(code)}


def traTrangThaiHs(ask: Ask) -> Data:
    kind = ask.data["infoType"]
    if kind not in (WITHOUT_DESK, WITH_DESK):
        return _no("infoType không có trong danh mục")
    dossier = _dossiers(ask).get(ask.data["idReceivedDec"])
    if dossier is None or dossier["motCua"] != (kind == WITH_DESK):
        return _no("Không tìm thấy hồ sơ")
    if kind == WITHOUT_DESK and ask.data.get("identifyNo") != dossier["giayTo"]:
        return _no("Không tìm thấy hồ sơ có số giấy tờ này")
    return {"STATUS": 1, "DESCRIPTION": ""} | _state(dossier)


def traHoSo(ask: Ask) -> Data:
    kind = ask.data["infoType"]
    if kind not in (ONLINE, COUNTER):
        return {"STATUS": 0, "DESCRIPTION": "infoType không có trong danh mục"}
    name = "declarationCode" if kind == ONLINE else "appointmentNo"
    fetched = ask.state.get("daLay", [])
    left = [row for key, row in waiting(ask.world).items() if name in row[0] and key not in fetched]
    return {
        "declarationTraHoSoForm": [form for form, _, _ in left],
        "residenceWSForm": [stay for _, stays, _ in left for stay in stays],
        "mandatorWSForm": [mandator for _, _, mandator in left if mandator],
    }


def danhDauHsThanhCong(ask: Ask) -> Data:
    """Marks once for all; what was marked before is marked still, and has no second effect."""
    kind, ids = ask.data["infoType"], [each for each in ask.data["declarationId"].split(";") if each]
    if kind not in (MARK_COUNTER, MARK_STATE, MARK_ONLINE) or not ids:
        return _no("infoType hoặc declarationId không hợp lệ")
    dossiers = {dossier["id"]: dossier for dossier in _dossiers(ask).values()}
    name = {MARK_COUNTER: "appointmentNo", MARK_ONLINE: "declarationCode"}.get(kind)
    known = {key for key, row in waiting(ask.world).items() if name in row[0]} if name else set(dossiers)
    if not known.issuperset(ids):
        return _no("Không tìm thấy hồ sơ cần đánh dấu")
    for each in ids:
        if kind == MARK_STATE:
            told = ask.state.setdefault("trangThaiDaLay", {})
            listed = ask.state.get("trangThaiDaTra", {}).get(each, dossiers[each]["trangThai"])
            if told.get(each) != listed:
                told[each] = listed
                ask.effect(f"{MARK_STATE}:{each}:{listed}")
        elif each not in (fetched := ask.state.setdefault("daLay", [])):
            fetched.append(each)
            ask.effect(f"{kind}:{each}")
    return {"STATUS": 1, "DESCRIPTION": ""}


def traDsTrangThaiHs(ask: Ask) -> Data:
    kind = ask.data["infoType"]
    if kind not in (WITHOUT_DESK, WITH_DESK):
        return _no("infoType không có trong danh mục")
    fetched, shown, rows = ask.state.get("trangThaiDaLay", {}), ask.state.setdefault("trangThaiDaTra", {}), []
    for dossier in _dossiers(ask).values():
        if dossier["motCua"] != (kind == WITH_DESK) or fetched.get(dossier["id"]) == dossier["trangThai"]:
            continue
        shown[dossier["id"]] = dossier["trangThai"]  # a mark is about what was shown, not about what came after
        number = {"RECEIVE_NO": dossier["so"]} if dossier["motCua"] else {"APPOINTMENT_NO": dossier["so"]}
        rows.append(
            {"DECLARATION_ID": dossier["id"], "APPOINTMENT_NO": None, "RECEIVE_NO": None} | number | _state(dossier)
        )
    return {"STATUS": 1, "DESCRIPTION": "", "LISTCONTENT": rows}


def traDanhMuc(ask: Ask) -> Data:
    return {"result": catalogue(ask.world, ask.data["infoType"])}


# The second generation


def nhanHoSoLLTP(ask: Ask) -> Data:
    if refused := _stranger(ask):
        return refused
    code, form = ask.data["maHoSoMCDT"], ask.data["toKhai"]
    if code in _dossiers(ask):
        return duplicate(ask)
    faults = second_faults(form) + ([] if is_day(ask.data["ngayTiepNhan"]) else ["ngayTiepNhan không đúng định dạng"])
    if faults:
        return {"status": "0", "statusDescription": "; ".join(faults)}
    _take(ask, code, str(form["nycSoGiayTo"]), str(form["loaiPhieu"]))
    return {"status": "1", "statusDescription": "Gửi thông tin thành công"}


def traTrangThaiLLTP(ask: Ask) -> Data:
    if refused := _stranger(ask):
        return {"status": 0, "statusDescription": refused["statusDescription"], "value": None}
    dossier = _dossiers(ask).get(ask.data["maHoSoMCDT"])
    if dossier is None or not dossier["motCua"]:
        return {"status": 1, "statusDescription": "Không tìm thấy dữ liệu", "value": []}
    row = {"maHoSoMCDT": dossier["so"], "trangThaiXuLy": SECOND[dossier["trangThai"]], "ketQuaXuLy": None}
    if dossier["trangThai"] == 5:
        row["ketQuaXuLy"] = result_of(ask.world, dossier)
    return {"status": 1, "statusDescription": "Thành công", "value": [row]}


# VNeID


def traKetQuaHoSoLLTP(ask: Ask) -> Data:
    code, state = ask.data["maHoSoMCDT"], ask.data["trangThaiXuLy"]
    before = ask.state.get("vneid", {}).get(code) or _from_vneid(ask.world).get(code)
    if before is None:
        return _told("01", "Không tìm thấy hồ sơ")
    if before == state:
        return _told("00", "Thành công")
    onwards = state in ORDER and ORDER.index(state) > ORDER.index(before) if before in ORDER else False
    if before in FINAL or not (onwards or state in FINAL):
        return duplicate(ask)
    ask.state.setdefault("vneid", {})[code] = state
    ask.effect(f"{code}:{state}")
    return _told("00", "Thành công")


def _from_vneid(world: World) -> dict[str, str]:
    agency = agency_of(world)
    return {f"{agency}-221101-9921": "2", f"{agency}-221101-9922": "4", f"{agency}-221101-9923": "10"}


# Later


def xuLy(ask: Ask) -> Data:
    """A day after receipt: somebody works on it."""
    return _move(ask, 4)


def capPhieu(ask: Ask) -> Data:
    """Three to twelve days after receipt: the certificate is there."""
    return _move(ask, 5)


def _move(ask: Ask, state: int) -> Data:
    dossier = ask.state.get("hoSo", {}).get(ask.data["so"])
    if dossier and dossier["trangThai"] < state:
        dossier["trangThai"] = state
        if state == 5:
            dossier |= {"pheDuyet": f"{ask.now - timedelta(days=1):%d/%m/%Y}", "cap": f"{ask.now:%d/%m/%Y}"}
    return {}


# Refusals


def business_error(ask: Ask) -> Data:
    match ask.backend, ask.operation:
        case "vneid", _:
            return _told("01", f"Không thể cập nhật lên trạng thái {ask.data.get('trangThaiXuLy', '')}")
        case "v2", "traTrangThaiHs":
            return {"status": 0, "statusDescription": "maTinh không có trong danh mục", "value": None}
        case "v2", _:
            return {"status": "0", "statusDescription": "nycNgaySinh không đúng định dạng; nycHoTen bắt buộc"}
        case _, "traDanhMuc":
            return {"result": []}
        case _, "nhanHoSoDangKy":
            return _no("birthDateStr không đúng định dạng; fullName bắt buộc")
    return _no("infoType không có trong danh mục")


def duplicate(ask: Ask) -> Data:
    """The only sign is the wording; clients read it as success. VNeID says that the state cannot be reached."""
    if ask.backend == "vneid":
        return business_error(ask)
    if ask.operation != "nhanHoSoDangKy":
        return business_error(ask)
    if ask.backend == "v2":
        said = f"Hồ sơ {ask.data['maHoSoMCDT']} đã được tiếp nhận, không thể cập nhật thông tin"
        return {"status": "0", "statusDescription": said}
    return _no(f"Hồ sơ {ask.data['idReceivedDec']} đã được tiếp nhận")


def _no(said: str) -> Data:
    return {"STATUS": 0, "DESCRIPTION": said}


def _told(code: str, said: str) -> Data:
    return {"statusCode": code, "statusDescription": said, "errorDetail": "" if code == "00" else said}


def _stranger(ask: Ask) -> Data | None:
    if ask.data["authKey"] != ask.secrets["authKey"]:
        return {"status": "0", "statusDescription": "authKey không hợp lệ"}
    return None


# Dossiers


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return standing(ask.world) | mine


def _take(ask: Ask, code: str, paper: str, kind: str) -> None:
    ask.state.setdefault("hoSo", {})[code] = dossier_of(code, paper, kind, ask.now.date(), 3)
    ask.effect(code)
    days = 3 + hashlib.sha256(code.encode()).digest()[0] % 10
    ask.later(DAY, "xuLy", so=code)
    ask.later(days * DAY, "capPhieu", so=code)


def _state(dossier: dict[str, Any]) -> Data:
    state = dossier["trangThai"]
    return {
        "DEC_STATUS_ID": state,
        "DEC_STATUS_NAME": STATES[state],
        "APPROVE_DATE": dossier["pheDuyet"],
        "ISSUE_DATE": dossier["cap"],
    }


__all__ = ["HANDLERS", "business_error", "capPhieu", "duplicate", "examples", "outcomes", "xuLy"]

HANDLERS: Handlers = {
    "v1": {
        "nhanHoSoDangKy": nhanHoSoDangKy,
        "traTrangThaiHs": traTrangThaiHs,
        "traHoSo": traHoSo,
        "danhDauHsThanhCong": danhDauHsThanhCong,
        "traDsTrangThaiHs": traDsTrangThaiHs,
        "traDanhMuc": traDanhMuc,
    },
    "v2": {"nhanHoSoDangKy": nhanHoSoLLTP, "traTrangThaiHs": traTrangThaiLLTP},
    "vneid": {"traKetQuaHoSoLLTP": traKetQuaHoSoLLTP},
}
