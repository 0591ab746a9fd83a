"""The national population database: who a person is, to whoever names number and name alike. Two channels, one register.

A name that does not fit gives an empty collection and never says so; the deceased are no longer shared. An officer whose
code begins with CHUAGAN has not been entered (`2`), a procedure that is none lies outside the purpose (`3`).
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers, SoapFault
from lgsp_mocks.world import Address, Person, World

ANSWERED, ASKED = "http://www.mic.gov.vn/dancu/1.0", "http://dancuquocgia.bca"
REFUSALS = {
    "1": "AuthHash không hợp lệ",
    "2": "Cán bộ chưa được gán mã khai thác",
    "3": "Yêu cầu ngoài mục đích đã đăng ký",
    "4": "Thông tin yêu cầu không hợp lệ",
}
NOT_ENTERED = "CHUAGAN"
PROCEDURE = re.compile(r"[0-9]\.[0-9]{6}(\..+)?")
OFFICERS_COUNTED = 1_000


# SOAP


def TraCuuThongTinCongDan(ask: Ask) -> Data:
    _checked(ask)
    person = _found(ask)
    return {"CongDan": [citizen(ask.world, person)]} if person else {}


def XacMinhThongTinNhanThan(ask: Ask) -> Data:
    _checked(ask)
    known = _found(ask) is not None
    return {
        "@soCongDan": str(int(known)),
        "@ghiChu": "Thông tin trùng khớp" if known else "Không tìm thấy thông tin",
        "@thoiDiemDuLieu": f"{ask.now:%Y%m%d}000000",  # the register's copy of last night: asked twice, answered alike
        "@id": _collection_id(ask.data),
    }


def _collection_id(data: Data) -> str:
    """Names what was asked, not the call: the same question has the same id."""
    asked = "|".join(str(data.get(name, "")) for name in ("SoDinhDanh", "SoCMND", "HoVaTen"))
    return sha256(asked.encode()).hexdigest()[:26].upper()


def _checked(ask: Ask) -> None:
    if code := _refused(ask):
        raise _fault(code)


def _fault(code: str) -> SoapFault:
    detail = f'<LoiTraCuu xmlns="{ASKED}"><MaLoi>{code}</MaLoi><MoTa>{REFUSALS[code]}</MoTa></LoiTraCuu>'
    return SoapFault("Client", REFUSALS[code], detail)


# The REST façade


def ChiaSeThongTinCongDan(ask: Ask) -> Data:
    secret = f"{ask.secrets.get('authKeyName', '')}:{ask.secrets.get('authKeyPass', '')}"
    if ask.data["AuthHash"] != base64.b64encode(secret.encode()).decode():
        return _no("1")
    if code := _refused(ask):
        return _no(code)
    person = _found(ask)
    found = {"CongDan": citizen(ask.world, person)} if person else {}
    return {"error_code": 0, "message": _xml("CongdanCollection", {"@xmlns": ANSWERED, **found})}


def _no(code: str) -> Data:
    return {"error_code": int(code), "message": REFUSALS[code]}


def _xml(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"<{name}>{html.escape(str(value), quote=False)}</{name}>"
    attributes = "".join(f' {key[1:]}="{html.escape(str(text))}"' for key, text in value.items() if key[0] == "@")
    return f"<{name}{attributes}>{''.join(_xml(key, child) for key, child in value.items() if key[0] != '@')}</{name}>"


# The register


def _refused(ask: Ask) -> str | None:
    """The code of a refusal; every question is counted by officer, as the rules for this database ask."""
    officer = ask.data["MaCanBo"]
    if officer.startswith(NOT_ENTERED):
        return "2"
    if not PROCEDURE.fullmatch(ask.data["MaDVC"]) or ask.data["MaTichHop"] != "037":
        return "3"
    if not ask.data.get("SoDinhDanh") and not ask.data.get("SoCMND"):
        return "4"
    counts = ask.state.setdefault("luotTraCuu", {})
    if officer in counts or len(counts) < OFFICERS_COUNTED:
        counts[officer] = counts.get(officer, 0) + 1
    return None


def _found(ask: Ask) -> Person | None:
    number, old = ask.data.get("SoDinhDanh"), ask.data.get("SoCMND")
    person = ask.world.person(number) if number else ask.world.by_cmnd(old or "")
    if person is None or person.died or _folded(person.full_name) != _written(ask.data["HoVaTen"]):
        return None
    born = ask.data.get("NgayThangNamSinh") or {}
    text = born.get("NgayThangNam") or born.get("Nam") or ""
    return person if _day(person).startswith(text) else None


def _day(person: Person) -> str:
    return person.birth.isoformat().replace("-", "")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).upper()


def _written(name: str) -> str:
    """As it was sent: the register compares with capitals and does not make any."""
    return unicodedata.normalize("NFC", name)


def citizen(world: World, person: Person) -> Data:
    """`CongDan` in the order of the schema; `Ten` carries the full name."""
    head = world.head_of(person.household)
    day = _day(person)
    birth: Data = {"Nam": day[:4]}
    if person.birth_precision == "day":
        birth["NgayThangNam"] = day
    record: Data = {"SoDinhDanh": person.cccd}
    if person.cmnd:
        record["SoCMND"] = person.cmnd
    record["HoVaTen"] = _given(Ho=person.ho.upper(), ChuDem=person.chu_dem.upper(), Ten=person.full_name.upper())
    record["GioiTinh"] = person.gender
    record["DanToc"] = person.ethnicity
    record["TonGiao"] = person.religion
    record["TinhTrangHonNhan"] = person.marital
    if person.blood:
        record["NhomMau"] = person.blood
    record["NgayThangNamSinh"] = birth
    record["NoiDangKyKhaiSinh"] = _address(person.birth_place)
    record["QueQuan"] = _address(person.home_town)
    record["ThuongTru"] = record["NoiOHienTai"] = _address(person.residence)
    record["QuocTich"] = person.nationality
    for name, cccd in (("Cha", person.father), ("Me", person.mother), ("VoChong", person.spouse)):
        if cccd and (found := world.person(cccd)):
            record[name] = _relative(found)
    if head:
        record["ChuHo"] = {
            "QuanHe": person.relation,
            "SoDinhDanh": head.cccd,
            "HoVaTen": head.full_name.upper(),
        }
    record["SoSoHoKhau"] = person.household
    return record


def _address(address: Address) -> Data:
    return _given(
        MaTinhThanh=address.province,
        MaQuanHuyen=address.district,
        MaPhuongXa=address.commune,
        ChiTiet=address.detail,
        QuocGia="VN",
    )


def _given(**fields: str) -> Data:
    """Those that are not empty; nearly always all of them."""
    return fields if all(fields.values()) else {name: text for name, text in fields.items() if text}


def _relative(person: Person) -> Data:
    return {"HoVaTen": person.full_name.upper(), "QuocTich": person.nationality, "SoDinhDanh": person.cccd}


# Faults and examples


def business_error(ask: Ask) -> Data:
    if ask.backend == "dancu-rest":
        return _no("3")
    raise _fault("3")


def duplicate(ask: Ask) -> Data:
    """Nothing is pushed here, so nothing can come twice."""
    return business_error(ask)


HANDLERS: Handlers = {
    "dancu-soap": {
        "TraCuuThongTinCongDan": TraCuuThongTinCongDan,
        "XacMinhThongTinNhanThan": XacMinhThongTinNhanThan,
    },
    "dancu-rest": {"ChiaSeThongTinCongDan": ChiaSeThongTinCongDan},
}


def examples(world: World) -> list[Example]:
    mother, old, year_only = (world.actor(role) for role in ("mother-hoa", "old-cmnd", "year-only"))
    decomposed, first = world.actor("nfd-name"), world.nth(0)
    by_number: Data = {"SoDinhDanh": mother.cccd, "HoVaTen": mother.full_name}
    only_year: Data = {"SoDinhDanh": year_only.cccd, "HoVaTen": year_only.full_name, "NgayThangNamSinh": "1948"}
    stranger = by_number | {"HoVaTen": "Không Phải Tên Này"}
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("traCuuThongTinCongDan", by_number | {"NgayThangNamSinh": mother.birth_text}, "ok", "mother of the sample family"),
        ("traCuuThongTinCongDan", {"SoCMND": old.cmnd, "HoVaTen": old.full_name}, "ok", "by the old nine digits"),
        ("traCuuThongTinCongDan", {"SoDinhDanh": first.cccd, "HoVaTen": first.full_name}, "ok", "anybody"),
        ("traCuuThongTinCongDan", stranger, "record-not-found", "another name: an empty collection"),
        ("xacMinhThongTinNhanThan", by_number, "ok", "yes"),
        ("xacMinhThongTinNhanThan", stranger, "ok", "no, which is an answer"),
        ("chiaSeThongTinCongDan", by_number, "ok", "the same by the REST façade"),
        ("chiaSeThongTinCongDan", only_year, "ok", "only the year of birth is known"),
        ("chiaSeThongTinCongDan", {"SoDinhDanh": decomposed.cccd, "HoVaTen": decomposed.full_name}, "ok", "a name kept in NFD"),
        ("chiaSeThongTinCongDan", stranger, "record-not-found", "another name"),
    )  # fmt: skip
    headers = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Officer": "H28-CB-MAU"}
    refused = Example("chiaSeThongTinCongDan", by_number, "provider-fault", headers | {"X-LGSP-Officer": f"{NOT_ENTERED}-01"},
                      "an officer whom the ministry has not entered")  # fmt: skip
    return [
        *(Example(operation, request, expect, headers, note) for operation, request, expect, note in asked),
        refused,
    ]
