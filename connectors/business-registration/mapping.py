"""Business registration: two generations of one register, brought under the names of the second.

The first answers upper-case English keys, place ids as numbers and one text for every refusal; the second answers lists of
one thing, and null for what it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lgsp.errors import InvalidMessage, LgspError, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    field_errors,
    filled,
    listed,
    read_date,
    refusal,
    text_of,
    write_date,
)

FIRST = "csdldkdn"
DAY = "dd/MM/yyyy"
PAGE = 100
STATES = {
    "1": "NNT đang hoạt động",
    "2": "NNT tạm ngừng kinh doanh",
    "3": "NNT đã giải thể",
    "4": "NNT bị thu hồi giấy chứng nhận",
}
"""The first generation sends only the code."""
NOT_FOUND = ("không tìm thấy", "không tồn tại", "not found")
ASKED = {
    name: f"/{name}"
    for name in ("msdn", "from_ts", "to_ts", "from_date", "to_date", "offset", "limit", "in_journal_no")
}
CERTIFICATES = {"chiTietDoanhNghiep": "GetEntCert", "chiTietHoKinhDoanh": "HHCert", "chiTietHopTacXa": "CoopCert"}
PERSON = (
    "HoVaTen",
    "MaLoaiGiayToChungThuc",
    "LoaiGiayToChungThuc",
    "SoGiayChungThuc",
    "NoiCap",
    "MaQuocTich",
    "QuocTich",
)
DOSSIER = {
    "SoHoSo": "IN_JOURNAL_NO", "LoaiHoSo": "DOCUMENT_TYPE", "MaSoDoanhNghiep": "ENTERPRISE_GDT_CODE",
    "MaDoanhNghiep": "ENTERPRISE_CODE", "TenDoanhNghiep": "NAME", "MaLoaiHinhDN": "ENTERPRISE_TYPE_ID",
    "MaNoiXuLy": "SITE_ID", "TinhTrangXuLy": "PROCESS_STATUS", "NgayXuLy": "PROCESSED_DATE", "NgayNhan": "RECEIPT_DATE",
    "NgayHen": "PLAN_DATE", "NgayDangKy": "REGISTRATION_DATE", "NgayBoSung": "SUPPLEMENT_DATE",
    "HinhThucNop": "SUBMISSION_TYPE",
}  # fmt: skip
CONTACT = {"HoVaTen": "CONTACT_FULL_NAME", "DiaChi": "CONTACT_ADDRESS", "SoGiayTo": "CONTACT_ID_NO", "DienThoai": "CONTACT_PHONE",
           "Email": "CONTACT_EMAIL"}  # fmt: skip
Row = Mapping[str, Any]


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    """Codes go without the hyphen; a page is what the caller says, or the first hundred."""
    match operation:
        case "chiTietDoanhNghiep":
            return {"msdn": data["msdn"].replace("-", "")}
        case "chiTietHoKinhDoanh" | "chiTietHopTacXa":
            return {"mst": data["mst"].replace("-", "")}
        case "danhSachHoSo":
            days = {name: _day(data[name], name) for name in ("from_date", "to_date")}
            return days | {"offset": data.get("offset", 0), "limit": data.get("limit", PAGE)}
        case "danhSachHoSoTrongNgay":
            return {"offset": 0, "limit": PAGE} | data
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """The register's answer under one set of names. Raises the leaf of a refusal, `RecordNotFound` for nothing."""
    if ctx.backend != FIRST:
        certificate = _only(data.get(CERTIFICATES[operation]))
        if not certificate:
            raise RecordNotFound
        return SECOND[operation](certificate, ctx)
    if text_of(data["Status"]) != "1":
        raise _refused(text_of(data.get("Message")))
    found = data.get("MainInformation")
    if operation.startswith("danhSach"):
        rows = [_dossier(row) for row in listed(found)]
        counted = data.get("DataCount")
        return {"HoSo": rows, "TongSo": len(rows) if counted is None else counted}
    if not found:
        raise RecordNotFound(provider=("1", text_of(data.get("Message"))))
    return _dossier(_only(found)) if operation == "tinhTrangHoSo" else _enterprise_of_the_first(data, ctx)


def _day(iso: str, name: str) -> str:
    try:
        return write_date(iso, DAY)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(f"/{name}", "date"),)) from wrong


def _refused(message: str) -> LgspError:
    """One text is all that the first generation says of a refusal."""
    said = message.casefold()
    if any(words in said for words in NOT_FOUND):
        return RecordNotFound(provider=("0", message))
    errors = (
        (FieldError("/to_date", "maximum"),) if "vượt quá" in said and "ngày" in said else field_errors(message, ASKED)
    )
    return refusal("0", message, errors=errors)


# The first generation


def _enterprise_of_the_first(data: Row, ctx: Context) -> Data:
    main, house = data["MainInformation"], data.get("HOAdress") or {}
    state = text_of(main.get("ENTERPRISE_STATUS"))
    return filled({
        "MaNoiBo": text_of(main.get("ENTERPRISE_ID")),
        "MaSoDoanhNghiep": text_of(main.get("ENTERPRISE_GDT_CODE")),
        "SoGCNDKKD": text_of(main.get("IMP_BUSINESS_CODE")),
        "MaLoaiHinhDN": text_of(main.get("ENTERPRISE_TYPE_ID")),
        "LoaiHinhDN": text_of(main.get("ENTERPRISE_TYPE_NAME")),
        "TenTiengViet": text_of(main.get("NAME")),
        "TenVietTat": text_of(main.get("SHORT_NAME")),
        "TenNuocNgoai": text_of(main.get("NAME_F")),
        "NgayDangKyLanDau": _date(main.get("FOUNDING_DATE")),
        "NgayDangKyThayDoi": _date(main.get("LAST_AMEND_DATE")),
        "SoLanDangKyThayDoi": main.get("NUMBER_CHANGES"),
        "TinhTrangPhapLy": [{"MaTinhTrangPhapLy": state, "TinhTrangPhapLy": STATES.get(state)}] if state else [],
        "VonDieuLe": _money(main.get("CAPITAL_AMOUNT")),
        "DaiDienPhapLuat": _names(data),
        "DiaChiTruSo": {
            "MaTinh": _place(house.get("CityID"), 2, ctx),
            "TenTinh": text_of(house.get("CityName")),
            "MaHuyen": _place(house.get("DistrictID"), 3, ctx),
            "TenHuyen": text_of(house.get("DistrictName")),
            "MaXa": _place(house.get("WardID"), 5, ctx),
            "TenXa": text_of(house.get("WardName")),
            "ChiTiet": text_of(house.get("StreetNumber")),
            "DiaChiDayDu": text_of(house.get("AddressFullText")),
        },
        "NganhNgheKinhDoanh": [
            {"MaNganh": text_of(row.get("CODE")), "TenNganh": text_of(row.get("NAME")), "LaNganhChinh": row.get("IS_MAIN") == "Y"}
            for row in listed(data.get("BusinessActivity"))
        ],
        "ThanhVien": [
            {
                "TenThanhVien": text_of(row.get("MEMBER_NAME")),
                "SoVonGop": _money(row.get("AMOUNT")),
                "TyLe": row.get("RATIO_PERCENT"),
                "QuocGia": text_of(row.get("COUNTRY")),
            }
            for row in listed(data.get("Member"))
        ],
    })  # fmt: skip


def _names(data: Row) -> list[Data]:
    """Representatives stand in a joined text and, in some answers, in a list: each name once."""
    joined = text_of(data["MainInformation"].get("LEGAL_NAMES")).split(";")
    names = [*joined, *(text_of(row.get("FULL_NAME")) for row in listed(data.get("Representatives")))]
    return [{"HoVaTen": name} for name in dict.fromkeys(name.strip() for name in names) if name]


def _dossier(row: Row) -> Data:
    found = {
        ours: _date(row.get(key)) if ours.startswith("Ngay") else text_of(row.get(key)) for ours, key in DOSSIER.items()
    }
    return filled(found | {"NguoiLienHe": {ours: text_of(row.get(key)) for ours, key in CONTACT.items()}})


# The second generation


def _enterprise(row: Row, ctx: Context) -> Data:
    codes = ("MaNoiBo", "MaSoDoanhNghiep", "SoGCNDKKD", "MaLoaiHinhDN", "LoaiHinhDN")
    return filled({name: text_of(row.get(name)) for name in codes} | _named(row) | _common(row, ctx))


def _household(row: Row, ctx: Context) -> Data:
    """The certificate that mixes both languages."""
    codes = {name: text_of(row.get(name)) for name in ("MaNoiBo", "MaSoHKD", "MaSoDangKyHKD")}
    english: Data = {
        "TenHKD": text_of(row.get("NAME")),
        "NgayDangKyLanDau": _date(row.get("FOUNDING_DATE")),
        "NgayDangKyThayDoi": _date(row.get("LAST_AMEND_DATE")),
        "SoLanDangKyThayDoi": row.get("NUMBER_CHANGES"),
        "VonKinhDoanh": _money(row.get("CAPITAL_AMOUNT")),
    }
    return filled(codes | english | _common(row, ctx) | {"ChuHoKinhDoanh": _people(row.get("ChuHoKinhDoanh"))})


def _cooperative(row: Row, ctx: Context) -> Data:
    codes = {name: text_of(row.get(name)) for name in ("MaNoiBo", "MaSoHTX")}
    return filled(codes | _named(row) | {"VonDieuLe": _money(row.get("VonDieuLe"))} | _common(row, ctx))


SECOND: Mapping[str, Callable[[Row, Context], Data]] = {
    "chiTietDoanhNghiep": _enterprise,
    "chiTietHoKinhDoanh": _household,
    "chiTietHopTacXa": _cooperative,
}


def _named(row: Row) -> Data:
    return {
        **{name: text_of(row.get(name)) for name in ("TenTiengViet", "TenVietTat", "TenNuocNgoai")},
        "NgayDangKyLanDau": _date(row.get("NgayDangKyLanDau")),
        "NgayDangKyThayDoi": _date(row.get("NgayDangKyThayDoi")),
        "SoLanDangKyThayDoi": row.get("SoLanDangKyThayDoi"),
    }


def _common(row: Row, ctx: Context) -> Data:
    house = _only(_only(row.get("DiaChiTruSo")).get("DiaChi"))
    words = {name: text_of(house.get(key)) for name, key in (("TenTinh", "TenTinh"), ("TenHuyen", "TenHuyen"), ("TenXa", "TenXa"),
                                                             ("ChiTiet", "SoNhaDuongPho"))}  # fmt: skip
    whole = ", ".join(words[name] for name in ("ChiTiet", "TenXa", "TenHuyen", "TenTinh") if words[name])
    return {
        "TinhTrangPhapLy": [_state(each) for each in listed(row.get("TinhTrangPhapLy"))],
        "DaiDienPhapLuat": _people(row.get("DaiDienPhapLuat")),
        "DiaChiTruSo": words | {
            "MaTinh": _place(house.get("MaTinh"), 2, ctx),
            "MaHuyen": _place(house.get("MaHuyen"), 3, ctx),
            "MaXa": _place(house.get("MaXa"), 5, ctx),
            "DiaChiDayDu": whole,
        },
        "NganhNgheKinhDoanh": [
            {
                "MaNganh": text_of(each.get("MaNganh")),
                "TenNganh": text_of(each.get("TenNganh")),
                "LaNganhChinh": each.get("LaNganhChinh") == 1,
            }
            for each in listed(row.get("NganhNgheKinhDoanh"))
        ],
    }  # fmt: skip


def _state(row: Row) -> Data:
    return {
        **{name: text_of(row.get(name)) for name in ("MaTinhTrangPhapLy", "TinhTrangPhapLy", "LyDoTamNgung")},
        **{name: _date(row.get(name)) for name in ("NgayBatDauTamNgung", "NgayKetThucTamNgung")},
    }


def _people(value: object) -> list[Data]:
    """A list of objects that each hold a list of one person."""
    rows = [person for holder in listed(value) for person in listed(holder.get("ThongTinCaNhan"))]
    return [{name: text_of(row.get(name)) for name in PERSON} | {"NgayCap": _date(row.get("NgayCap"))} for row in rows]


# Leaves


def _only(value: object) -> Row:
    """What a list of one holds; {} for nothing."""
    first = next(iter(listed(value)), None)
    return first if isinstance(first, Mapping) else {}


def _date(value: object) -> str | None:
    """A whole date or none: the register keeps no others."""
    found = read_date(value, DAY)
    return found if found and len(found) == len("2015-01-21") else None


def _money(value: float | None) -> int | None:
    return None if value is None else round(value)


def _place(value: object, length: int, ctx: Context) -> str | None:
    """Numbers have lost their leading zeros."""
    code = text_of(value)
    return ctx.places.ours(code, length) if code else None
