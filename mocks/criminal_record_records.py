"""Dossiers of the simulated criminal-record systems: what stands ready, what is wrong with a new one, what comes out of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from lgsp.model import Data
from lgsp_mocks.world import World
from lgsp_mocks.world.model import Person

FIRST_DAY = date(2022, 11, 1)
DEPARTMENT = "03"
"""Sở Tư pháp below the province's agency code."""
APPOINTMENT = "99000017"
NATIONS = {"VN": (4001, "Việt Nam"), "LA": (4002, "Lào"), "CN": (4003, "Trung Quốc"), "US": (4004, "Hoa Kỳ")}
PEOPLES = ("Kinh", "Tày", "Thái", "Hoa", "Khơ-me", "Mường", "Nùng", "Mông", "Dao")
AGENCIES = ((4601, "Công an tỉnh (mẫu)"), (4602, "Toà án nhân dân tỉnh (mẫu)"), (4603, "Sở Nội vụ (mẫu)"))
STATES = {3: "STP đã tiếp nhận", 4: "Đang xử lý", 5: "Đã có phiếu"}
SECOND = {3: "2", 4: "4", 5: "9"}
"""The same dossier in the ten states of the second generation."""
PDF = "JVBERi0xLjQKJeKAkyBt4bqrdQolJUVPRgo="
"""A few bytes that say that they are a sample."""
DAY = re.compile(r"(?:(?:([0-9]{2})/)?([0-9]{2})/)?([0-9]{4})")
FIRST_MANDATORY = ("fullName", "genderId", "birthDateStr", "nationalityId", "idTypeId", "identifyNo", "phone", "declareDate",
                   "declareTypeId", "requestQty", "objectRequestId", "formType")  # fmt: skip
SECOND_MANDATORY = ("loaiPhieu", "soLuongCap", "nycHoTen", "nycGioiTinh", "nycNgaySinh", "nycLoaiGiayTo", "nycSoGiayTo")


def secret_id(name: str) -> str:
    """The "encrypted" id of a dossier: opaque, with the letters of base64."""
    return base64.b64encode(hashlib.sha256(f"mau:{name}".encode()).digest()[:18]).decode()


def standing(world: World) -> dict[str, Any]:
    """Dossiers of the one-stop desk and of the counter that are there from the seed, by their number; never written."""
    agency, old = agency_of(world), world.actor("old-cmnd")
    rows = (
        (f"{agency}-221101-9901", world.actor("father-binh"), 5),
        (f"{agency}-221101-9902", world.actor("mother-hoa"), 4),
        (f"{agency}-221101-9903", world.actor("owner"), 3),
        (f"{agency}-221101-9904", world.actor("divorced"), 5),
    )
    found = {code: dossier_of(code, person.cccd, "1", FIRST_DAY, state) for code, person, state in rows}
    counter = dossier_of(APPOINTMENT, old.cmnd or old.cccd, "1", FIRST_DAY, 4)
    return found | {APPOINTMENT: counter | {"motCua": False}}


def agency_of(world: World) -> str:
    return f"{world.province.agency}.{DEPARTMENT}"


def dossier_of(code: str, paper: str, kind: str, day: date, state: int) -> dict[str, Any]:
    issued = day + timedelta(days=8) if state == 5 else None
    return {
        "id": secret_id(code),
        "so": code,
        "giayTo": paper,
        "loaiPhieu": kind,
        "trangThai": state,
        "motCua": True,
        "pheDuyet": f"{issued - timedelta(days=1):%d/%m/%Y}" if issued else None,
        "cap": f"{issued:%d/%m/%Y}" if issued else None,
    }


def waiting(world: World) -> dict[str, tuple[Data, list[Data], Data | None]]:
    """The pull queues: dossier, residence rows and mandator, by id. Online ones have a declarationCode."""
    rows: dict[str, tuple[Data, list[Data], Data | None]] = {}
    for code, role in (("99001", "moved-commune"), ("99002", "month-only"), ("99003", "year-only")):
        person = world.actor(role)
        form = _form(world, person) | {
            "declarationId": secret_id(code),
            "declarationCode": code,
            "declarationPortalID": secret_id(f"portal-{code}"),
            "giveProfileType": 0,
        }
        mandator = None
        if role == "year-only":
            form["declareTypeId"] = 3845
            mandator = _mandator(world, world.actor("officer")) | {"declarationId": form["declarationId"]}
        rows[form["declarationId"]] = (form, _stays(world, person, form["declarationId"]), mandator)
    old = world.actor("old-cmnd")
    form = _form(world, old) | {
        "declarationId": secret_id(APPOINTMENT),
        "appointmentNo": APPOINTMENT,
        "receiveDate": f"{FIRST_DAY:%d/%m/%Y}",
        "appointmentDate": f"{FIRST_DAY + timedelta(days=14):%d/%m/%Y}",
        "decStatusId": 4,
        "decStatusName": STATES[4],
    }
    rows[form["declarationId"]] = (form, _stays(world, old, form["declarationId"]), None)
    return rows


def _form(world: World, person: Person) -> Data:
    commune = place_id(world, person.residence.commune)
    origin = person.birth_place
    return {
        "fullName": person.full_name,
        "genderId": 1 if person.gender == "1" else 0,
        "birthDateStr": birth_of(person),
        "birthPlace": ", ".join(
            str(place_id(world, code)) for code in (origin.commune, origin.district, origin.province)
        ),
        "nationalityId": NATIONS["VN"][0],
        "ethnicId": 4100 + int(person.ethnicity),
        "residence": person.residence.text,
        "reRegionId": commune,
        "idTypeId": 1 if person.cmnd else 3,
        "identifyNo": person.cmnd or person.cccd,
        "phone": person.phone,
        "ministryJusticeId": 9917,
        "declareDate": f"{FIRST_DAY:%d/%m/%Y}",
        "declareTypeId": 3846,
        "requestQty": 1,
        "requestQtyAdd": 0,
        "objectRequestId": 72,
        "formType": 1,
        "isBanPosition": 0,
        "delivery": 1,
        "deliveryAddress": person.residence.detail,
        "deliveryDistrict": place_id(world, person.residence.district),
        "purpose": "Bổ túc hồ sơ (mẫu)",
    }


def _stays(world: World, person: Person, dossier: str) -> list[Data]:
    """The guide's trap: residencePlace is words on the way there and an id on the way back."""
    home = place_id(world, person.residence.commune)
    row = {"declarationId": dossier, "fromDateStr": "01/01/2010", "toDateStr": f"{FIRST_DAY:%d/%m/%Y}"}
    return [row | {"residencePlace": home, "jobName": "Nông dân"}]


def _mandator(world: World, person: Person) -> Data:
    return {
        "fullName": person.full_name,
        "genderId": 1 if person.gender == "1" else 0,
        "birthDateStr": birth_of(person),
        "residence": person.residence.text,
        "regionId": place_id(world, person.residence.commune),
        "idTypeId": 3,
        "identifyNo": person.cccd,
        "mandatorRelation": "Con (mẫu)",
        "mandatorDate": f"{FIRST_DAY:%d/%m/%Y}",
    }


def birth_of(person: Person) -> str:
    shape = {"day": "%d/%m/%Y", "month": "%m/%Y", "year": "%Y"}[person.birth_precision]
    return person.birth.strftime(shape)


def place_id(world: World, gso: str) -> int | None:
    place = world.places.get(gso)
    return int(place.codes["lltp"]) if place and "lltp" in place.codes else None


def catalogue(world: World, kind: str) -> list[Data]:
    """traDanhMuc: the fourth meaning of infoType. An unknown one is empty."""
    match kind:
        case "1":
            rows = [(int(place.codes["lltp"]), place.name) for place in world.places.values() if "lltp" in place.codes]
        case "2":
            rows = list(NATIONS.values())
        case "3":
            rows = [(4101 + n, name) for n, name in enumerate(PEOPLES)]
        case "4":
            rows = list(AGENCIES)
        case "5":
            rows = [(9900 + int(world.province.code), f"Sở Tư pháp tỉnh {world.province.title}")]
        case _:
            rows = []
    return [{"ID": code, "NAME": name} for code, name in rows]


def result_of(world: World, dossier: Mapping[str, Any]) -> Data:
    """A certificate. One of the cast has an invented sentence; all others have none."""
    convicted = dossier["giayTo"] == world.actor("divorced").cccd
    issued = dossier["cap"] or ""
    result: Data = {
        "soPhieuLLTP": f"{dossier['so'][-4:]}/STP-LLTP",
        "ngayCapPhieu": issued,
        "loaiPhieu": dossier["loaiPhieu"],
        "nguoiLapPhieu": "Người Lập Mẫu",
        "nguoiKy": "Người Ký Mẫu",
        "chucVu": "Giám đốc",
        "tinhTrangAnTich": "1" if convicted else "0",
        "tenTinhTrangAnTich": "Có án tích" if convicted else "Không có án tích",
        "thongTinCDNCV": "0",
        "tenThongTinCDNCV": "Không bị cấm đảm nhiệm chức vụ",
        "thongTinAn": [],
        "dsCDNCV": [],
        "phieuLLTP": PDF,
        "quyetDinhThuHoi": "",
    }
    if convicted:
        result["thongTinAn"] = [
            {
                "soBanAn": "99/2015/HSST-MẪU",
                "ngayBanAn": "15/06/2015",
                "toaDaTuyen": "9901",
                "tenToaDaTuyen": "Toà án nhân dân mẫu",
                "dsToiDanh": [{"toiDanh": "9901", "tenToiDanh": "Tội danh giả định"}],
                "dsHinhPhatChinh": [{"maHinhPhat": "1", "tenHinhPhat": "Cảnh cáo (mẫu)", "ghiChu": ""}],
                "dsHinhPhatBoSung": [],
                "ngayChapHanh": "2016",
            }
        ]
    return result


# What is wrong with a dossier: the only place where the ministry names fields


def first_faults(world: World, form: Data) -> list[str]:
    faults = [f"{name} bắt buộc" for name in FIRST_MANDATORY if form.get(name) in (None, "")]
    faults += _faults(form, _FIRST_CHECKS)
    known = {place.codes.get("lltp") for place in world.places.values()}
    for name in ("reRegionId", "rtRegionId", "regionRequestId", "deliveryDistrict"):
        if form.get(name) not in (None, "") and str(form[name]) not in known:
            faults.append(f"{name} không có trong danh mục")
    return faults


def second_faults(form: Data) -> list[str]:
    faults = [f"{name} bắt buộc" for name in SECOND_MANDATORY if form.get(name) in (None, "")]
    return faults + _faults(form, _SECOND_CHECKS)


def _faults(form: Data, checks: tuple[tuple[str, Callable[[str], object], str], ...]) -> list[str]:
    return [
        f"{name} {words}"
        for pattern, fits, words in checks
        for name, value in form.items()
        if re.fullmatch(pattern, name) and value not in (None, "") and not isinstance(value, dict | list)
        if not fits(str(value))
    ]


def is_day(text: str) -> bool:
    """DD/MM/YYYY, MM/YYYY or YYYY."""
    found = DAY.fullmatch(text)
    try:
        return found is not None and bool(date(int(found[3]), int(found[2] or 1), int(found[1] or 1)))
    except ValueError:
        return False


def _one_of(*codes: str) -> Callable[[str], object]:
    return lambda text: text in codes


_FIRST_CHECKS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (r"\w+(DateStr|Date|Dob)", is_day, "không đúng định dạng"),
    (r"genderId", _one_of("0", "1"), "không có trong danh mục"),
    (r"idTypeId", _one_of("0", "1", "2", "3"), "không có trong danh mục"),
    (r"nationalityId", _one_of(*(str(number) for number, _ in NATIONS.values())), "không có trong danh mục"),
    (r"ethnicId", lambda text: text.isdecimal() and 4101 <= int(text) <= 4154, "không có trong danh mục"),
    (r"declareTypeId", _one_of("3844", "3845", "3846", "3847"), "không có trong danh mục"),
    (r"objectRequestId", _one_of("71", "72", "73", "74"), "không có trong danh mục"),
    (r"formType", _one_of("1", "2"), "không có trong danh mục"),
    (r"email", lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text), "không đúng định dạng"),
)
_SECOND_CHECKS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (r"(\w+NgaySinh|\w+NgayCapGiayTo|ngayHenTra)", is_day, "không đúng định dạng"),
    (r"\w+GioiTinh", _one_of("1", "2"), "không có trong danh mục"),
    (
        r"(nyc|nuq)DanToc",
        lambda text: re.fullmatch(r"[0-9]{2}", text) and "01" <= text <= "56",
        "không có trong danh mục",
    ),
    (r"loaiPhieu", _one_of("1", "2"), "không có trong danh mục"),
    (r"nycEmail", lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text), "không đúng định dạng"),
)
