"""Social insurance: digits for dates with a flag that says how many of them count, refusals as two digits without a word."""

from __future__ import annotations

from collections.abc import Mapping

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, RecordNotFound
from lgsp.mapping import Context, Data, FieldError, filled, listed, read_date, refusal, text_of, write_date

FINE = ("", "00")
NOT_FOUND = ("01",)
BROKEN = ("99",)
"""A system error inside HTTP 200: technical, so it counts against health."""
MEANINGS = {
    "01": "Không tìm thấy",
    "02": "Trùng nhiều kết quả",
    "03": "Dữ liệu không đúng định dạng",
    "04": "Không có quyền tra cứu tỉnh này",
    "99": "Lỗi hệ thống",
}
"""The guide prints no list: codes and words are our reconstruction (DOMAIN.md §5.4)."""
ABOUT = {"03": ("format", ("hoTen", "ngaySinh", "maSoBhxh")), "04": ("enum", ("maTinh", "maTinhKs"))}
UNKNOWN_CARD = "050"
VALID_CARD = "000"
DIGITS = {10: "0", 4: "1", 7: "2"}
"""Length of a (partial) ISO date -> loaiNgaySinh: whole, year, year and month."""


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    """Raises `InvalidMessage` where a card is to be verified and neither card nor person is named."""
    if operation == "xacThucThongTinBhyt":
        if not {"maThe", "soCccd"} & data.keys():
            raise InvalidMessage(errors=(FieldError("/maThe", "required"),))
        return data | {"ngaySinh": _digits(data["ngaySinh"])}
    asked = dict(data)
    if "ngaySinh" in data:
        digits = _digits(data["ngaySinh"])
        asked["ngaySinh"] = digits + "0101"[len(digits) - 4 :]
        asked["loaiNgaySinh"] = DIGITS[len(data["ngaySinh"])]
    if "isKs" in data:
        asked["isKs"] = "1" if data["isKs"] else "0"
    return asked


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """Raises `RecordNotFound`, `ProviderFault`, and `BadAnswer` for the ministry's own system error."""
    if operation == "getTraCuuThongTinHgd":
        return _members(data.get("result"), ctx)
    _admit(data, ctx)
    if operation == "xacThucThongTinBhyt":
        return _card(data)
    if operation == "getMaSoBhxhTheoTieuChi":
        if not (number := text_of(data.get("maSoBhxh"))):
            raise RecordNotFound
        return filled({"maSoBhxh": number, "trangThai": text_of(data.get("trangThai"))})
    if not text_of(data.get("hoTen")):
        raise RecordNotFound
    plain = ("hoTen", "soSoCu", "gioiTinh", "maTinhKs", "maHuyenKs", "maXaKs", "trangThai")
    return filled({name: text_of(data.get(name)) for name in plain} | {"ngaySinh": _birth(data)})


def _digits(iso: str) -> str:
    try:
        return write_date(iso, "yyyyMMdd")
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError("/ngaySinh", "date"),)) from wrong


def _birth(row: Mapping[str, object]) -> str | None:
    """As precise as the flag says; what is filled up behind it (01, 00) says nothing."""
    digits, kind = text_of(row.get("ngaySinh")), text_of(row.get("loaiNgaySinh"))
    return read_date(digits[: {"1": 4, "2": 6}.get(kind, 8)], "yyyyMMdd")


def _members(result: object, ctx: Context) -> Data:
    if isinstance(result, Mapping):
        _admit(result, ctx)
    plain = ("maSo", "hoTen", "gioiTinh", "maHo", "diaChi", "trangThai")
    found = []
    for row in listed(result):
        if isinstance(row, Mapping) and row.get("maSo"):
            member = {name: text_of(row.get(name)) for name in plain} | {"ngaySinh": _birth(row)}
            member["maHo"] = member["maHo"] or text_of(row.get("maHoGiaDinh"))
            found.append(filled(member))
    if not found:
        raise RecordNotFound
    return {"thanhVien": found}


def _card(data: Mapping[str, object]) -> Data:
    """A card that does not fit its holder is an answer: that is what was asked. One that nobody has is not."""
    result, note = text_of(data.get("maKetQua")), text_of(data.get("ghiChu"))
    if not result:
        raise BadAnswer
    if result == UNKNOWN_CARD:
        raise RecordNotFound(provider=(result, note))
    dates = {name: read_date(data.get(name), "yyyyMMdd") for name in ("gtTheTu", "gtTheDen")}
    plain = {name: text_of(data.get(name)) for name in ("maThe", "maDkbd", "ghiChu")}
    return filled({"maKetQua": result} | plain | dates) | {"hopLe": result == VALID_CARD}


def _admit(data: Mapping[str, object], ctx: Context) -> None:
    """Raises for `errorCode`, or for `maLoi` of the postal agents' variant, unless it says that all is well."""
    code = text_of(data.get("errorCode")) or text_of(data.get("maLoi"))
    if code in FINE:
        return
    raise _refused(code, text_of(data.get("moTaLoi")) or MEANINGS.get(code, ""), ctx)


def _refused(code: str, words: str, ctx: Context) -> LgspError:
    if code in BROKEN:
        return BadAnswer(provider=(code, words))
    rule, names = ABOUT.get(code, ("", ()))
    errors = [FieldError(f"/{name}", rule) for name in names if name in ctx.request]
    return refusal(code, words, not_found=NOT_FOUND, errors=errors[:1])
