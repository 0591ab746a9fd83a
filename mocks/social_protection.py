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
from lgsp_mocks.world import Person, Place, World

DAY = 86_400.0
OK, NO_KEY, WRONG, NOT_FOUND = 0, 1, 2, 3
GENDERS = {"1": "1034", "2": "1035"}
POLICE = "1047"
DATES = ("NgayThangNamSinh", "CMND_NgayCap")
MOMENTS = ("NgayTiepNhan", "NgayHenTra", "SubmitedDate")
STEP_MOMENTS = ("ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh")
_DATE = re.compile(r"(?:(?:([0-9]{2})/)?([0-9]{2})/)?([0-9]{4})")
_MOMENT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
RECEIVED, DECIDED = "2", "10"


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
        _drifted(dossier, ask.secrets["AcceptKey"])
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
        dossier |= _decision(ask.world, len(ask.state["hoSo"]) + 1, ask.now)
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
    office, person = _office(world), world.actor("year-only")
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
        **_home(world, home.commune, ""),
        **_home(world, home.commune, "HKTT_"),
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
    office = _office(world)
    return {
        "year-only": f"dossier {office}-221101-9931: decided",
        "old-cmnd": f"dossier {office}-221101-9932: under way",
    }


# Dossiers


def _office(world: World) -> str:
    districts = world.districts()
    return f"{world.province.agency}.{districts[0].code}" if districts else f"{world.province.agency}.12"


def _home(world: World, commune: str, prefix: str) -> Data:
    """Public place members of a commune; the district only where the ministry has an id for it."""
    place = world.places[commune]
    district = world.places.get(place.parent)
    found = {f"{prefix}MaTinh": world.province.code, f"{prefix}MaXa": commune}
    if district is not None and "btxh" in district.codes:
        found[f"{prefix}MaHuyen"] = district.code
    return found


def _id(place: Place) -> str:
    """What the ministry calls a place."""
    return place.codes.get("btxh", place.code).lstrip("0")


def _standing(world: World) -> dict[str, Any]:
    """The dossiers that are there from the seed; never written."""
    office = _office(world)
    at = datetime.fromisoformat("2022-11-08T10:00:00")
    decided = _row(world, f"{office}-221101-9931", world.actor("year-only")) | _decision(world, 1, at)
    running = _row(world, f"{office}-221101-9932", world.actor("old-cmnd"))
    return {each["MaHoSo"]: each for each in (decided, running)}


def _row(world: World, code: str, person: Person) -> Data:
    commune = world.places[person.residence.commune]
    district = world.places.get(commune.parent)
    row: Data = {
        "LoaiDuLieu": "100",
        "MaHoSo": code,
        "MaTTHC": "1.001776",
        "TenTTHC": "Thực hiện trợ cấp xã hội hằng tháng",
        "KenhThucHien": "1",
        "LoaiDoiTuong": "1",
        "HoVaTen": person.full_name,
        "NgayThangNamSinh": "/".join(reversed(person.birth_text.split("-"))),
        "GioiTinhId": GENDERS[person.gender],
        "DanTocId": person.ethnicity.lstrip("0"),
        "CMND": person.cmnd or person.cccd,
        "CMND_NgayCap": "10/05/2021",
        "CMND_NoiCap": POLICE,
        "SoDienThoai": person.phone,
        "NgayTiepNhan": "01/11/2022 08:00:00",
        "NgayHenTra": "22/11/2022 17:00:00",
        "DonViXuLy": "Phòng Lao động - Thương binh và Xã hội",
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "0",
        "LoaiDinhDanh": "2" if person.cmnd else "1",
        "SoDinhDanh": person.cmnd or person.cccd,
        "MaCSDL": "1",
        "StatusId": RECEIVED,
        "UrlDetail": "",
        "SubmitedDate": "01/11/2022 08:00:00",
        "CertificateExtentData": _papers(f"to-khai-{code[-4:]}.pdf", ""),
        "capNhat": "2022-11-01",
    }
    for prefix in ("", "HKTT_", "NOHT_"):
        row |= {
            f"{prefix}MaTinh": world.province.code.lstrip("0"),
            f"{prefix}MaHuyen": _id(district) if district and district.level == "district" else "",
            f"{prefix}MaXa": _id(commune),
        }
        if prefix:
            row |= {f"{prefix}MaThon": "", f"{prefix}ChiTiet": person.residence.detail}
    return row


def _decision(world: World, n: int, now: datetime) -> Data:
    number = f"{9_900 + n}/QĐ-UBND"
    return {
        "LoaiKetQua": "1",
        "SoQuyetDinh": number,
        "NgayBanHanh": now.strftime("%d/%m/%Y"),
        "CoQuanBanHanh": f"UBND tỉnh {world.province.title}",
        "TrichYeu": "Về việc trợ cấp xã hội hằng tháng (mẫu)",
        "NgayKetThucXuLy_ThucTe": now.strftime("%d/%m/%Y %H:%M:%S"),
        "StatusId": DECIDED,
        "CertificateExtentData": _papers("to-khai-mau.pdf", f"quyet-dinh-{9_900 + n}.pdf"),
        "capNhat": now.date().isoformat(),
    }


def _papers(handed_in: str, result: str) -> str:
    """ExtentData as this ministry writes it, with its two ways to spell DanhSach."""
    paper = (
        f"<TaiLieuNop><TepDinhKemId>1</TepDinhKemId><TenTepDinhKem>{handed_in}</TenTepDinhKem><IsDeleted>0</IsDeleted>"
        f"<DuongDanTaiTepTin>https://btxh.example/tep/{handed_in}</DuongDanTaiTepTin><DuocSoHoa>1</DuocSoHoa>"
        "<DuocTaiSuDung>0</DuocTaiSuDung><DuocLayTuKhoDMQG>0</DuocLayTuKhoDMQG><MaKetQuaThayThe /></TaiLieuNop>"
    )
    decision = (
        f"<GiayToKetQua><TenGiayTo>{result}</TenGiayTo><MaThanhPhanHoSo>0</MaThanhPhanHoSo><GiayToId>1</GiayToId>"
        f"<DuongDanTepTinKetQua>https://btxh.example/tep/{result}</DuongDanTepTinKetQua>"
        "<MaGiayToKetQua>1.001776</MaGiayToKetQua></GiayToKetQua>"
    )
    return (
        f"<ExtentData><DanhsachTaiLieuNop>{paper}</DanhsachTaiLieuNop>"
        f"<DanhSachGiayToKetQua>{decision if result else ''}</DanhSachGiayToKetQua></ExtentData>"
    )


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return _standing(ask.world) | mine


def _drifted(dossier: Data, key: str) -> Data:
    """As the ministry's serializer names the members; it gives even the key back."""
    named = {"AcceptKey": key} | {name: text for name, text in dossier.items() if name != "capNhat"}
    return {drift(name): text for name, text in named.items()}


def drift(name: str) -> str:
    """`CMND_NgayCap` -> `cmnD_NgayCap`: leading capitals are lowered up to the one before what is no capital."""
    letters = list(name)
    for i, letter in enumerate(letters):
        if not letter.isupper() or (i > 0 and i + 1 < len(letters) and not letters[i + 1].isupper()):
            break
        letters[i] = letter.lower()
    return "".join(letters)


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
    known = {level: {_id(p) for p in world.places.values() if p.level == level} for level in levels.values()}
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
