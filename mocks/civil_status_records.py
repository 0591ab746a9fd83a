"""Dossiers of the simulated civil-status system: what is in the XML, what is wrong with it, what a registration looks like."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from lgsp.errors import InvalidMessage
from lgsp.model import Data
from lgsp.xml import parse_xml
from lgsp_mocks.world import Place, World

FIRST_DAY = "2022-11-01"
JOINT_SAMPLE = "G22.99.99-221101-9902"
STATES = {1: "Đã tiếp nhận, chờ xử lý", 2: "Cần bổ sung", 3: "Đủ điều kiện giải quyết", 4: "Đã hoàn thành đăng ký"}
MANDATORY = {
    "KS": ("nksHoTen", "nksGioiTinh", "nksNgaySinh"),
    "KT": ("nktHoTen", "nktNgayChet"),
    "KH": ("chongHoTen", "voHoTen"),
    "XN": ("nxnHoTen", "nxnTinhTrangHonNhan"),
}
KEPT = ("loaiDangKy", "ghiChu", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksDanToc", "nksQuocTich", "meHoTen", "chaHoTen",
        "nktHoTen", "nktNgaySinh", "nktNgayChet", "chongHoTen", "voHoTen", "nxnHoTen", "nxnTinhTrangHonNhan")  # fmt: skip
INNER_DATE = re.compile(r"(?:(?:([0-9]{2})[./])?([0-9]{2})[./])?([0-9]{4})")
PDF = "JVBERi0xLjQKJeKAkyBt4bqrdQolJUVPRgo="
"""A few bytes that say that they are a sample."""


def standing(world: World) -> dict[str, Any]:
    """The dossiers that are there from the seed, by their codes; never written."""
    cast = tuple(world.actor(name) for name in ("mother-hoa", "father-binh", "deceased"))
    return _standing(*sample_unit(world), *(each.full_name.upper() for each in cast), world.actor("child-an").cccd)


@lru_cache(maxsize=8)
def _standing(agency: str, unit: int, mother: str, father: str, deceased: str, child: str) -> dict[str, Any]:
    birth = {
        "nksHoTen": "BÙI MẪU AN",
        "nksGioiTinh": "1",
        "nksNgaySinh": "20.10.2022",
        "nksDanToc": "06",
        "nksQuocTich": "VN",
        "meHoTen": mother,
        "chaHoTen": father,
    }
    rows = (
        (f"{agency}-221101-9901", "KS", 4, birth),
        (JOINT_SAMPLE, "LTKS", 4, birth | {"maHoSoMCDT": f"{agency}-221101-9902"}),
        (f"{agency}-221101-9903", "KS", 2, birth),
        (f"{agency}-221101-9904", "KS", 3, birth),
        (
            f"{agency}-221101-9905",
            "KT",
            4,
            {"nktHoTen": deceased, "nktNgayChet": "24.12.2021"},
        ),
    )
    return {
        code: dossier_of(
            899_901 + n, code, module, unit, state, fields, datetime.fromisoformat(f"{FIRST_DAY}T08:00:00")
        )
        | ({"soDinhDanh": child} if module == "LTKS" else {})
        for n, (code, module, state, fields) in enumerate(rows)
    }


def sample_unit(world: World) -> tuple[str, int]:
    """(agency code, unit code) of the office where the sample dossiers lie."""
    return world.office.code, int(world.office.unit_code or 0)


def dossier_of(id_: int, code: str, module: str, unit: int, state: int, fields: Data, now: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        "maHoSo": code,
        "module": module,
        "maDonVi": unit,
        "trangThai": state,
        "fields": fields,
        "capNhat": now.date().isoformat(),
        "luc": f"{now:%Y%m%d%H%M%S}",
    }


def record_of(world: World, dossier: dict[str, Any]) -> Data:
    unit, number = world.unit(str(dossier["maDonVi"])), dossier["id"] % 1000
    year = dossier["capNhat"][:4]
    record: Data = {
        "id": dossier["id"],
        "maDonVi": dossier["maDonVi"],
        "module": dossier["module"],
        "maHoSo": dossier["maHoSo"],
        "so": f"{number}/{year}",
        "quyenSo": f"01/{year}",
        "trangSo": str(number % 200 + 1),
        "ngayDangKy": f"{date.fromisoformat(dossier['capNhat']):%d.%m.%Y}",
        "noiDangKy": unit.name if unit else "",
        "nguoiKy": "Người Ký Mẫu",
        "chucVuNguoiKy": "Chủ tịch",
    }
    if dossier.get("soDinhDanh"):
        record["soDinhDanh"] = dossier["soDinhDanh"]
    return record | {name: text for name, text in dossier["fields"].items() if name in KEPT}


def outcome_of(world: World, dossier: dict[str, Any]) -> Data:
    outcome: Data = {
        "maDonVi": dossier["maDonVi"],
        "maTinh": world.places[world.province.code].codes.get("moj", ""),
        "module": dossier["module"],
        "maHoSoLT": dossier["maHoSo"],
        "maHoSoMCDT": dossier["fields"].get("maHoSoMCDT"),
        "trangThai": dossier["trangThai"],
        "thoiGianThucHien": dossier["luc"],
        "nguoiXuLy": "Cán bộ Mẫu",
        "chucDanh": "Công chức tư pháp - hộ tịch",
        "noiDungXuLy": STATES[dossier["trangThai"]],
    }
    if dossier["trangThai"] == 4:
        record, unit = record_of(world, dossier), world.unit(str(dossier["maDonVi"]))
        place = world.places.get(unit.place) if unit else None
        outcome["ketQuaXuLy"] = {
            "soDinhDanh": dossier.get("soDinhDanh"),
            "ngayDangKy": record["ngayDangKy"],
            "ndkksMaTinh": outcome["maTinh"],
            "ndkksMaHuyen": _district_of(world, place) if place else None,
            "ndkksMaXa": place.code if place and place.level == "commune" else None,
            **{name: record[name] for name in ("nksHoTen", "nksGioiTinh", "nksNgaySinh") if name in record},
            "soDangKy": record["so"],
            "quyenSo": record["quyenSo"],
            "trangSo": record["trangSo"],
            "giayKhaiSinh": PDF,
            "maGiayToKetQua": f"MAU.{dossier['id']}",
        }
    return outcome


def _district_of(world: World, place: Place) -> str | None:
    """None since there are no districts any more."""
    district = place if place.level == "district" else world.places[place.parent]
    return district.code if district.level == "district" else None


def commune_of(world: World, fields: Data, place: str) -> str:
    """Where the newborn lives: the mother's address in the dossier, her residence, the unit's commune or its first one."""
    mother = world.person(fields.get("meSoDDCN", ""))
    known = (
        fields.get("meNoiCuTru/maXa", ""),
        mother.residence.commune if mother else "",
        fields.get("nksNoiSinhDVHC", ""),
        place,
    )
    found = next((code for code in known if code in world.places and world.places[code].level == "commune"), None)
    return found or (world.communes(place) or world.communes())[0].code


# Field checks: the only place where the ministry names fields


def read_record(text: str, module: str, modules: tuple[str, ...], today: date) -> tuple[Data, list[str]]:
    """The record inside `data`, nested members as `name/part`, and what is wrong with it in the ministry's words."""
    if module not in modules:
        return {}, ["module không hợp lệ"]
    if text.lstrip().startswith("&lt;"):  # some senders escape the XML once more; the ministry reads both
        text = html.unescape(text)
    try:
        root = parse_xml(text.encode())
    except InvalidMessage:
        return {}, ["data không đúng định dạng XML"]
    found = next((child for child in root if child.tag == "hoso"), None)
    if root.tag != "hotich" or found is None:
        return {}, ["data không đúng cấu trúc hotich/hoso"]
    fields: Data = {}
    for element in found:
        name = str(element.tag)
        fields |= (
            {f"{name}/{part.tag!s}": part.text or "" for part in element}
            if len(element)
            else {name: element.text or ""}
        )
    return fields, _faults(fields, module.removeprefix("LT"), today)


def _faults(fields: Data, module: str, today: date) -> list[str]:
    needed = MANDATORY.get(module, ("nycHoTen",))
    faults = [f"{name} bắt buộc" for name in needed if not fields.get(name)]
    unknown_parent = {"1": ("me", "cha"), "2": ("cha",), "3": ("me",)}.get(fields.get("nksLoaiKhaiSinh", ""), ())
    faults += [f"{who}HoTen bắt buộc" for who in unknown_parent if module == "KS" and not fields.get(f"{who}HoTen")]
    for name, check, words in CHECKS:
        faults += [
            f"{each} {words}" for each, text in fields.items() if re.fullmatch(name, each) and text and not check(text)
        ]
    born = day_of(fields.get("nksNgaySinh", ""))
    if born and born > today:
        faults.append("nksNgaySinh không được sau ngày hiện tại")
    return faults


def day_of(text: str) -> date | None:
    """What may stand in the XML: dd.MM.yyyy or dd/MM/yyyy, or only the year, or month and year."""
    found = INNER_DATE.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2] or 1), int(found[1] or 1)) if found else None
    except ValueError:
        return None


CHECKS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (r"(ngay\w*|\w*Ngay(?!SinhBangChu)\w*)", day_of, "không đúng định dạng"),
    (r"\w+GioiTinh", lambda text: text in ("1", "2", "3"), "không có trong danh mục"),
    (r"\w+DanToc", lambda text: re.fullmatch(r"[0-9]{2}", text) and "01" <= text <= "56", "không có trong danh mục"),
    (r"\w+SoDDCN", lambda text: re.fullmatch(r"[0-9]{12}", text), "không đúng định dạng"),
    (r"maGCS", lambda text: re.fullmatch(r"[0-9]{5}\.GCS\.[0-9]{3,5}\.[0-9]{2}", text), "không đúng định dạng"),
    (r"maGBT", lambda text: re.fullmatch(r"[0-9]{5}\.GBT\.[0-9]{3,5}\.[0-9]{2}", text), "không đúng định dạng"),
)
