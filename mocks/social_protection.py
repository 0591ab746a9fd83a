"""Social protection: dossiers taken, decided after some days, given back with names whose case has drifted.

A dossier that was taken is decided after two days of the ministry's time. Two of 2022-11-01 stand ready: `…-9931`
decided, `…-9932` under way. Places are the ministry's own: districts have ids of their own (`codes/btxh.csv` of the
province; a province without that file goes by GSO codes), provinces and communes lose their leading zero.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from lgsp.errors import LgspError
from lgsp.model import Data
from lgsp.xml import parse_xml
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.social_protection_records import (
    DECIDED,
    GENDERS,
    RECEIVED,
    decision_of,
    drifted,
    home_of,
    id_of,
    standing,
)
from lgsp_mocks.world import World

DAY = 86_400.0
OK, NO_KEY, WRONG, NOT_FOUND = 0, 1, 2, 3
DATES = ("NgayThangNamSinh", "CMND_NgayCap")
MOMENTS = ("NgayTiepNhan", "NgayHenTra", "SubmitedDate")
STEP_MOMENTS = ("ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh")
_DATE = re.compile(r"(?:(?:([0-9]{2})/)?([0-9]{2})/)?([0-9]{4})")
_MOMENT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")


def push(ask: Ask) -> Data:
    if refused := _key(ask):
        return refused
    code, dossiers = ask.data["MaHoSo"], _dossiers(ask)
    if code in dossiers:
        return duplicate(ask)
    if faults := _faults(ask.world, ask.data):
        return _said(WRONG, "; ".join(faults))
    kept = {name: text for name, text in ask.data.items() if name != "AcceptKey"}
    ask.state.setdefault("hoSo", {})[code] = kept | {"capNhat": ask.now.date().isoformat()}
    ask.effect(code)
    ask.later(2 * DAY, "decide", MaHoSo=code)
    return _said(OK, "Tiếp nhận thành công")


def pull(ask: Ask) -> Data:
    if _key(ask):
        return {"result": {"message": "AcceptKey không hợp lệ", "error_code": NO_KEY, "data": None}}
    sent, world = ask.data, ask.world
    since = _day(sent["from"])
    faults = _place_faults(world, sent, ("",))
    if since is None:
        faults.append("from không đúng định dạng dd/MM/yyyy")
    if faults or since is None:
        return {"result": {"message": "; ".join(faults), "error_code": WRONG, "data": None}}
    rows = [
        drifted(dossier, ask.secrets["AcceptKey"])
        for dossier in _dossiers(ask).values()
        if dossier["capNhat"] >= since.isoformat()
        and all(not sent.get(name) or dossier.get(name) == sent[name] for name in ("MaTinh", "MaHuyen", "MaXa"))
    ]
    return {"result": {"message": "Thành công", "error_code": OK, "data": rows}}


def report(ask: Ask) -> Data:
    if refused := _key(ask):
        return refused
    step, code = ask.data, ask.data["MaHoSo"]
    if code not in _dossiers(ask):
        return _said(NOT_FOUND, f"Hồ sơ {code} không tồn tại")
    faults = [f"{name} không đúng định dạng" for name in STEP_MOMENTS if step.get(name) and not _moment(step[name])]
    faults += [f"{name} bắt buộc" for name in ("NguoiXuLy", "ThoiDiemXuLy", "StatusId") if not step.get(name)]
    if faults:
        return _said(WRONG, "; ".join(faults))
    steps = ask.state.setdefault("tienTrinh", {}).setdefault(code, [])
    known = {name: text for name, text in step.items() if name != "AcceptKey"}
    if known not in steps:
        steps.append(known)
        ask.effect(f"{code}:{step['ThoiDiemXuLy']}:{step['StatusId']}")
    return _said(OK, "Cập nhật thành công")


def decide(ask: Ask) -> Data:
    """Two days after receipt: the committee has decided."""
    dossier = ask.state.get("hoSo", {}).get(ask.data["MaHoSo"])
    if dossier is not None and dossier.get("StatusId") != DECIDED:
        dossier |= decision_of(ask.world, len(ask.state["hoSo"]) + 1, ask.now)
    return {}


def business_error(ask: Ask) -> Data:
    words = "NgayThangNamSinh không đúng định dạng; MaXa không có trong danh mục"
    if ask.operation == "LayKetQua":
        return {"result": {"message": words, "error_code": WRONG, "data": None}}
    return _said(WRONG, words)


def duplicate(ask: Ask) -> Data:
    """The ministry's only sign is its wording; clients read it as success."""
    if ask.operation != "DongBoDVC":
        return business_error(ask)
    return _said(WRONG, f"Hồ sơ {ask.data.get('MaHoSo', '')} đã được tiếp nhận")


HANDLERS: Handlers = {"btxh": {"DongBoDVC": push, "LayKetQua": pull, "XuLyHoSo": report}}


def examples(world: World) -> list[Example]:
    office, person = world.office.code, world.actor("year-only")
    home = person.residence
    sent: Data = {
        "MaHoSo": f"{office}-221116-9931",
        "MaTTHC": "1.001776",
        "TenTTHC": "Thực hiện trợ cấp xã hội hằng tháng",
        "HoVaTen": person.full_name,
        "NgayThangNamSinh": person.birth_text,
        "GioiTinhId": person.gender,
        "DanTocId": person.ethnicity,
        "CMND": person.cccd,
        "CMND_NgayCap": "2021-05-10",
        "CMND_NoiCap": "00",
        **home_of(world, home.commune, ""),
        **home_of(world, home.commune, "HKTT_"),
        "HKTT_ChiTiet": home.detail,
        "SoDienThoai": person.phone,
        "NgayTiepNhan": "2022-11-16T08:00:00+07:00",
        "NgayHenTra": "2022-12-07T17:00:00+07:00",
        "DonViXuLy": "Phòng Lao động - Thương binh và Xã hội",
        "TaiKhoanDuocXacThucVoiVNeID": True,
        "LoaiDinhDanh": "1",
        "SoDinhDanh": person.cccd,
        "StatusId": RECEIVED,
        "DanhSachTaiLieuNop": [
            {
                "TenTepDinhKem": "to-khai-mau.pdf",
                "DuongDanTaiTepTin": "https://motcua.example/tep/to-khai-mau.pdf",
                "DuocSoHoa": True,
                "DuocTaiSuDung": "0",
            }
        ],
    }
    place, since = {"MaTinh": world.province.code}, {"from": "2022-11-01"}
    done, running, nobody = (f"{office}-221101-9931", f"{office}-221101-9932", f"{office}-000101-0000")
    step = {
        "MaHoSo": running,
        "TaiKhoanXuLy": "canbo.mau",
        "NguoiXuLy": "Cán bộ Mẫu",
        "ChucDanh": "Chuyên viên",
        "ThoiDiemXuLy": "2022-11-02T09:30:00+07:00",
        "DonViXuLy": "Phòng Lao động - Thương binh và Xã hội",
        "NoiDungXuLy": "Thẩm định hồ sơ",
        "StatusId": "3",
        "NgayBatDau": "2022-11-02T09:30:00+07:00",
        "NgayKetThucTheoQuyDinh": "2022-11-04T17:00:00+07:00",
    }
    return [
        Example("DongBoDVC", sent, note="only the year of birth is known; asked again it was received before"),
        Example("DongBoDVC", sent | {"MaHoSo": done}, note="is there: received before"),
        Example(
            "DongBoDVC",
            sent | {"MaHoSo": f"{office}-221116-9939", "MaXa": "99999"},
            "provider-fault",
            note="a commune that the ministry does not have",
        ),
        Example("DongBoDVC", sent | {"GioiTinhId": "9"}, "invalid-message"),
        Example("LayKetQua", place | since),
        Example("LayKetQua", place | since | {"MaHoSo": done}),
        Example("LayKetQua", place | since | {"MaHoSo": nobody}, "record-not-found"),
        Example("LayKetQua", {"MaTinh": "00"} | since, "provider-fault", note="no province"),
        Example("XuLyHoSo", step),
        Example("XuLyHoSo", step | {"MaHoSo": nobody}, "record-not-found"),
    ]


def outcomes(world: World) -> dict[str, str]:
    office = world.office.code
    return {
        "year-only": f"dossier {office}-221101-9931: decided",
        "old-cmnd": f"dossier {office}-221101-9932: under way",
    }


# Dossiers


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return standing(ask.world) | mine


# What is wrong with a message


def _key(ask: Ask) -> Data | None:
    return None if ask.data["AcceptKey"] == ask.secrets["AcceptKey"] else _said(NO_KEY, "AcceptKey không hợp lệ")


def _faults(world: World, sent: Data) -> list[str]:
    faults = [f"{name} bắt buộc" for name in ("HoVaTen", "MaTTHC", "NgayTiepNhan") if not sent.get(name)]
    faults += [f"{name} không đúng định dạng" for name in DATES if sent.get(name) and not _day(sent[name])]
    faults += [f"{name} không đúng định dạng" for name in MOMENTS if sent.get(name) and not _moment(sent[name])]
    if sent.get("GioiTinhId") and sent["GioiTinhId"] not in GENDERS.values():
        faults.append("GioiTinhId không có trong danh mục")
    if sent.get("DanTocId") and not re.fullmatch("[1-9][0-9]?", sent["DanTocId"]):
        faults.append("DanTocId không có trong danh mục")
    faults += _place_faults(world, sent, ("", "HKTT_", "NOHT_"))
    if sent.get("CertificateExtentData"):
        try:
            root = parse_xml(sent["CertificateExtentData"].encode())
        except LgspError:
            faults.append("CertificateExtentData không đúng định dạng XML")
        else:
            if root.tag != "ExtentData":
                faults.append("CertificateExtentData không đúng định dạng")
    return faults


def _place_faults(world: World, sent: Data, prefixes: tuple[str, ...]) -> list[str]:
    levels = {"MaTinh": "province", "MaHuyen": "district", "MaXa": "commune"}
    known = {level: {id_of(p) for p in world.places.values() if p.level == level} for level in levels.values()}
    return [
        f"{prefix}{part} không có trong danh mục"
        for prefix in prefixes
        for part, level in levels.items()
        if sent.get(f"{prefix}{part}") and sent[f"{prefix}{part}"] not in known[level]
    ]


def _day(text: str) -> date | None:
    """dd/MM/yyyy, MM/yyyy or yyyy."""
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2] or 1), int(found[1] or 1)) if found else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    try:
        day, month, year, hour, minute, second = (int(part) for part in found.groups()) if found else (0,) * 6
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  local time, as sent
    except ValueError:
        return None


def _said(code: int, message: str) -> Data:
    """Where dossiers are pushed the code is a string."""
    return {"error_code": str(code), "message": message}
