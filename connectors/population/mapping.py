"""Population: who asks and what for goes into every request; names in capitals, dates in two shapes, XML inside JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from lgsp.errors import InvalidMessage, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    filled,
    listed,
    read_date,
    read_moment,
    refusal,
    text_of,
    texts,
    write_date,
    xml_data,
)

OVER_REST = "chiaSeThongTinCongDan"
VERIFIED = "xacMinhThongTinNhanThan"
KEY_REFUSED = ("1",)
"""The province's AuthHash is wrong: nobody who calls can mend it."""
RELATIVES = ("Cha", "Me", "VoChong", "NguoiDaiDien", "ChuHo")
SIMPLE = ("GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau")
ADDRESSES = ("NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai")


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """`MaDVC` is the caller's purpose, `MaCanBo` the officer; both fall back to the installation's own."""
    who: Data = {
        "MaYeuCau": ctx.new_id(),
        "MaDVC": ctx.purpose or ctx.values.get("MaDVC", ""),
        "MaTichHop": ctx.values.get("MaTichHop", "037"),
        "MaCanBo": ctx.officer or ctx.values.get("MaCanBo", ""),
    }
    person: Data = {name: data[name] for name in ("SoDinhDanh", "SoCMND") if name in data}
    person["HoVaTen"] = text_of(data["HoVaTen"]).upper()
    if born := data.get("NgayThangNamSinh"):
        day = _day(text_of(born))
        person["NgayThangNamSinh"] = {"Nam" if len(day) == 4 else "NgayThangNam": day}
    if operation != OVER_REST:
        return who | person
    key = f"{ctx.secrets.get('authKeyName', '')}:{ctx.secrets.get('authKeyPass', '')}"
    wrapper = {name: ctx.secrets.get(name, "") for name in ("accessToken", "lgspAccessToken")}
    return wrapper | {"AuthHash": base64.b64encode(key.encode()).decode()} | who | person


def answer(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    """An empty collection is `RecordNotFound`: the ministry never says which member did not fit."""
    if operation == OVER_REST:
        code, message = text_of(data["error_code"]), text_of(data.get("message"))
        if code != "0":
            raise refusal(code, message, not_admitted_codes=KEY_REFUSED)
        data = xml_data(message, lists=["CongDan"]) if message else {}
    if operation == VERIFIED:
        return _verified(data)
    people = [_person(each) for each in listed(data.get("CongDan")) if isinstance(each, Mapping)]
    if not people:
        raise RecordNotFound
    return {"CongDan": people}


def _day(iso: str) -> str:
    try:
        return write_date(iso, "yyyyMMdd")
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError("/NgayThangNamSinh", "date"),)) from wrong


def _verified(data: Data) -> Data:
    return filled({
        "soCongDan": int(text_of(data.get("@soCongDan")) == "1"),
        "ghiChu": text_of(data.get("@ghiChu")),
        "thoiDiemDuLieu": read_moment(data.get("@thoiDiemDuLieu"), "yyyyMMddHHmmss", "yyyy-MM-ddTHH:mm:ss"),
        "id": text_of(data.get("@id")),
    })  # fmt: skip


def _person(row: Mapping[str, object]) -> Data:
    """In the order of the public contract."""
    leaves, name, born = texts(row), texts(row.get("HoVaTen")), texts(row.get("NgayThangNamSinh"))
    family, middle, full = name.get("Ho", ""), name.get("ChuDem", ""), name.get("Ten", "")
    person = {
        "SoDinhDanh": leaves.get("SoDinhDanh"),
        "SoCMND": leaves.get("SoCMND"),
        "HoVaTen": full,
        "Ho": family,
        "ChuDem": middle,
        "Ten": _given(full, family, middle),
        **{each: leaves.get(each) for each in SIMPLE},
        "NgayThangNamSinh": read_date(born.get("NgayThangNam"), "yyyyMMdd") or read_date(born.get("Nam"), "yyyyMMdd"),
        **{each: texts(row[each]) for each in ADDRESSES if each in row},
        "QuocTich": leaves.get("QuocTich"),
        **{each: texts(row[each]) for each in RELATIVES if each in row},
        "SoSoHoKhau": leaves.get("SoSoHoKhau"),
    }
    return {name: value for name, value in person.items() if value}


def _given(full: str, family: str, middle: str) -> str:
    """`Ten` carries the full name: the given name is what is left of it."""
    known = " ".join(filter(None, (family, middle)))
    return full.removeprefix(known).strip() if full.casefold().startswith(known.casefold()) else ""
