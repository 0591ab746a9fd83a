"""What the simulated business register says of one enterprise, household, cooperative or dossier, in its two generations."""

from __future__ import annotations

from datetime import datetime, timedelta

from lgsp.model import Data
from lgsp_mocks.world import Address, Business, Person, World
from lgsp_mocks.world.registrations import COOPERATIVE, Dossier, HouseholdBusiness

DAY = "%d/%m/%Y"
STATUSES = {"active": "1", "suspended": "2", "closed": "3", "revoked": "4"}
WORDS = {
    "1": "NNT đang hoạt động",
    "2": "NNT tạm ngừng kinh doanh",
    "3": "NNT đã giải thể",
    "4": "NNT bị thu hồi giấy chứng nhận",
}
TYPES = {
    "Công ty TNHH một thành viên": "TNHH1TV",
    "Công ty TNHH hai thành viên trở lên": "TNHH2TV",
    "Công ty cổ phần": "CP",
    "Doanh nghiệp tư nhân": "DNTN",
}
SHARED = ("TNHH2TV", "CP")
"""Types with more than one member."""


def enterprise(world: World, code: str) -> tuple[str, Business] | None:
    """The code that is answered and the company behind it: head office or branch. A cooperative is no enterprise."""
    business = world.business(code)
    if business is None or business.kind == COOPERATIVE:
        return None
    known = {business.mst: business.mst} | {branch.replace("-", ""): branch for branch in business.branches}
    answered = known.get(code.replace("-", ""))
    return (answered, business) if answered else None


# csdldkdn


def enterprise_of_the_first(world: World, code: str, business: Business) -> Data:
    """Everything but the outcome. `code` may be a branch's."""
    owner, branch = _person(world, business.owner), code != business.mst
    first, changes, last = _history(business)
    kind = "CN" if branch else TYPES[business.kind]
    name = _name(business, code).upper()
    return {
        "MainInformation": {
            "ENTERPRISE_ID": int(business.mst[2:9]),
            "ENTERPRISE_GDT_CODE": code,
            "IMP_BUSINESS_CODE": None,
            "ENTERPRISE_TYPE_ID": kind,
            "ENTERPRISE_TYPE_NAME": "Chi nhánh" if branch else business.kind,
            "NAME": name,
            "SHORT_NAME": business.short_name,
            "NAME_F": business.foreign_name,
            "FOUNDING_DATE": first,
            "LAST_AMEND_DATE": last,
            "NUMBER_CHANGES": changes,
            "ENTERPRISE_STATUS": STATUSES[business.status],
            "LEGAL_NAMES": ";".join(person.full_name.upper() for person in _leaders(world, business)),
            "CAPITAL_AMOUNT": float(business.capital),
        },
        "HOAdress": _house(world, business.address),
        "BusinessActivity": [{"CODE": business.industry, "NAME": business.industry_name, "IS_MAIN": "Y"},
                             {"CODE": "8299", "NAME": "Dịch vụ hỗ trợ kinh doanh khác", "IS_MAIN": "N"}],
        "Member": [
            {
                "MEMBER_NAME": person.full_name.upper(),
                "AMOUNT": business.capital * ratio / 100,
                "RATIO_PERCENT": ratio,
                "COUNTRY": "Việt Nam",
            }
            for person, ratio in _members(world, business, owner, shared=kind in SHARED)
        ],
        "Representatives": [{"FULL_NAME": owner.full_name.upper()}],
    }  # fmt: skip


def row(found: Dossier, now: datetime) -> Data:
    done = _finished(found, now)
    return {
        "IN_JOURNAL_NO": found.number,
        "DOCUMENT_TYPE": found.kind,
        "ENTERPRISE_GDT_CODE": found.business.mst if found.business else None,
        "NAME": found.name,
        "SITE_ID": int(found.contact.residence.province),
        "PROCESS_STATUS": "Đã chấp thuận" if done else "Đang xử lý",
        "PROCESSED_DATE": done,
    }


def longer_row(found: Dossier, now: datetime) -> Data:
    return row(found, now) | {
        "ENTERPRISE_CODE": found.business.mst[2:9] if found.business else None,
        "RECEIPT_DATE": f"{found.received:{DAY}}",
        "PLAN_DATE": f"{found.due:{DAY}}",
    }


def _finished(found: Dossier, now: datetime) -> str | None:
    """A new enterprise keeps waiting: this province founds no company while somebody looks."""
    return f"{found.done:{DAY}}" if found.business and found.done <= now.date() else None


def full_row(found: Dossier, now: datetime) -> Data:
    """With everything that only the state of one dossier shows."""
    contact = found.contact
    return longer_row(found, now) | {
        "ENTERPRISE_TYPE_ID": TYPES[found.business.kind] if found.business else "TNHH1TV",
        "REGISTRATION_DATE": _finished(found, now),
        "SUPPLEMENT_DATE": None,
        "SUBMISSION_TYPE": "Qua mạng" if found.online else "Trực tiếp",
        "CONTACT_FULL_NAME": contact.full_name.upper(),
        "CONTACT_ADDRESS": contact.residence.text,
        "CONTACT_ID_NO": contact.cccd,
        "CONTACT_PHONE": contact.phone,
        "CONTACT_EMAIL": found.business.email if found.business else "moi@mau.example",
    }


def _house(world: World, address: Address) -> Data:
    return {
        "CityID": _number(address.province),
        "CityName": _place(world, address.province),
        "DistrictID": _number(address.district),
        "DistrictName": _place(world, address.district),
        "WardID": _number(address.commune),
        "WardName": _place(world, address.commune),
        "StreetNumber": address.detail,
        "AddressFullText": address.text,
    }


def _number(code: str) -> int | None:
    return int(code) if code else None


# dkkd


def certificate(world: World, code: str, business: Business) -> Data:
    """`GetEntCert`, one row. `code` may be a branch's."""
    branch = code != business.mst
    codes = {
        "MaNoiBo": business.mst[2:9],
        "MaSoDoanhNghiep": code,
        "SoGCNDKKD": code,
        "MaLoaiHinhDN": "CN" if branch else TYPES[business.kind],
        "LoaiHinhDN": "Chi nhánh" if branch else business.kind,
    }
    return codes | _named(business, code) | _common(world, business)


def household(world: World, found: HouseholdBusiness) -> Data:
    """`HHCert`, one row: both languages."""
    return {
        "MaNoiBo": found.mst[2:9],
        "MaSoHKD": found.mst,
        "MaSoDangKyHKD": found.registration,
        "NAME": found.name,
        "FOUNDING_DATE": f"{found.founded:{DAY}}",
        "LAST_AMEND_DATE": None,
        "NUMBER_CHANGES": 0,
        "CAPITAL_AMOUNT": float(found.capital),
        "TinhTrangPhapLy": [_state("1")],
        "ChuHoKinhDoanh": [{"ThongTinCaNhan": [_citizen(found.owner)]}],
        "DiaChiTruSo": [{"DiaChi": [_address(world, found.owner.residence)]}],
        "NganhNgheKinhDoanh": [{"MaNganh": found.trade, "TenNganh": found.trade_name, "LaNganhChinh": 1}],
    }


def cooperative(world: World, business: Business) -> Data:
    """`CoopCert`, one row."""
    codes = {"MaNoiBo": business.mst[2:9], "MaSoHTX": business.mst}
    return codes | _named(business, business.mst) | {"VonDieuLe": float(business.capital)} | _common(world, business)


def _named(business: Business, code: str) -> Data:
    first, changes, last = _history(business)
    return {
        "TenTiengViet": _name(business, code).upper(),
        "TenNuocNgoai": business.foreign_name,
        "TenVietTat": business.short_name,
        "NgayDangKyLanDau": first,
        "NgayDangKyThayDoi": last,
        "SoLanDangKyThayDoi": changes,
    }


def _common(world: World, business: Business) -> Data:
    state = _state(STATUSES[business.status])
    if business.status == "suspended":
        state |= {
            "NgayBatDauTamNgung": "01/06/2022",
            "NgayKetThucTamNgung": "31/05/2023",
            "LyDoTamNgung": "Khó khăn tài chính (mẫu)",
        }
    return {
        "TinhTrangPhapLy": [state],
        "DaiDienPhapLuat": [{"ThongTinCaNhan": [_citizen(person)]} for person in _leaders(world, business)],
        "DiaChiTruSo": [{"DiaChi": [_address(world, business.address)]}],
        "NganhNgheKinhDoanh": [{"MaNganh": business.industry, "TenNganh": business.industry_name, "LaNganhChinh": 1},
                               {"MaNganh": "8299", "TenNganh": "Dịch vụ hỗ trợ kinh doanh khác", "LaNganhChinh": 0}],
    }  # fmt: skip


def _state(code: str) -> Data:
    nothing = dict.fromkeys(("NgayBatDauTamNgung", "NgayKetThucTamNgung", "LyDoTamNgung"))
    return {"TinhTrangPhapLy": WORDS[code], "MaTinhTrangPhapLy": code, **nothing}


def _citizen(person: Person) -> Data:
    return {
        "HoVaTen": person.full_name.upper(),
        "LoaiGiayToChungThuc": "Thẻ căn cước công dân",
        "MaLoaiGiayToChungThuc": "3",
        "SoGiayChungThuc": person.cccd,
        "NgayCap": "10/10/2021",
        "NoiCap": "Cục Cảnh sát QLHC về TTXH",
        "QuocTich": "Việt Nam",
        "MaQuocTich": person.nationality,
    }


def _address(world: World, address: Address) -> Data:
    places = {"Xa": address.commune, "Huyen": address.district, "Tinh": address.province}
    codes = {f"Ma{level}": code or None for level, code in places.items()}
    names = {f"Ten{level}": _place(world, code) for level, code in places.items()}
    return {"SoNhaDuongPho": address.detail, **codes, **names}


# Both


def _name(business: Business, code: str) -> str:
    return business.name if code == business.mst else f"Chi nhánh {int(code[-3:])} - {business.name}"


def _history(business: Business) -> tuple[str, int, str | None]:
    """First registration, number of changes, the last of them."""
    changes = int(business.mst[2:9]) % 4
    last = business.founded + timedelta(days=400 * changes)
    return f"{business.founded:{DAY}}", changes, f"{last:{DAY}}" if changes else None


def _leaders(world: World, business: Business) -> list[Person]:
    """Legal representatives: the owner, in a shared company also a second one where there is one."""
    owner = _person(world, business.owner)
    second = world.person(owner.spouse or "") if TYPES.get(business.kind) in SHARED else None
    return [owner, second] if second else [owner]


def _members(world: World, business: Business, owner: Person, *, shared: bool) -> list[tuple[Person, float]]:
    if not shared:
        return [(owner, 100.0)]
    return [(owner, 62.5), (world.nth(int(business.mst[2:9]) % world.size), 37.5)]


def _person(world: World, cccd: str) -> Person:
    found = world.person(cccd)
    assert found is not None
    return found


def _place(world: World, code: str) -> str | None:
    return world.places[code].name if code else None
