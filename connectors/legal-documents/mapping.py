"""Legal documents: dates dd/MM/yyyy, codes as numbers and errors inside the answer, behind clean types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    listed,
    pointers,
    read_date,
    refusal,
    text_of,
    write_date,
)

_DAY = "dd/MM/yyyy"
_DAYS = ("ngayBanHanh", "ngayHieuLuc", "ngayHetHieuLuc", "tuNgayBanHanh", "denNgayBanHanh")
_NOT_FOUND, _BROKEN = ("01",), ("99",)
_ABOUT = {"02": "soKyHieu", "04": "maCoQuanBanHanh"}
"""Code of a refusal -> the member that it is about, where the text names none."""
_PAGE = {"trang": 1, "soDong": 20}


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    asked: Data = {name: _day(name, value) if name in _DAYS else value for name, value in data.items()}
    if operation == "timKiem":
        if "tinhTrangHieuLuc" in data:
            asked["tinhTrangHieuLuc"] = int(data["tinhTrangHieuLuc"])
        return _PAGE | asked
    if operation == "capNhatVanBanDiaPhuong":
        return {"tenVanBan": data["soKyHieu"]} | asked
    return asked


def answer(operation: str, data: Data, ctx: Context) -> Data:
    told = text_of(data.get("moTaLoi"))
    if operation == "capNhatVanBanDiaPhuong":
        before = data["status"] != 1 and already_received(told)
        if data["status"] == 1 or before:
            number = ctx.request.get("soKyHieu")
            return filled({"itemId": data.get("itemId"), "soKyHieu": number, "daTiepNhanTruoc": before})
    if data["status"] != 1:
        code = text_of(data.get("maLoi"))
        if code in _BROKEN:  # a technical fault inside the answer
            raise BadAnswer(provider=(code, told))
        errors = field_errors(told, {name: f"/{name}" for name in _DAYS} | pointers(ctx.request))
        if not errors and _ABOUT.get(code) in ctx.request:
            errors = (FieldError(f"/{_ABOUT[code]}", "refused"),)
        raise refusal(code, told, not_found=_NOT_FOUND, errors=errors)
    match operation:
        case "chiTiet":
            if not isinstance(data.get("vanBan"), Mapping):
                raise BadAnswer
            return _document(data["vanBan"])
        case "vanBanLienQuan":
            return filled({"vanBan": [filled(each) for each in listed(data.get("vanBan"))]})
    rows = [_document(each) for each in listed(data.get("danhSach"))]
    if not rows and "soKyHieu" in ctx.request:
        raise RecordNotFound
    return {"tongSo": data.get("tongSo", len(rows))} | filled({"danhSach": rows})


def _day(name: str, iso: Any) -> str:
    try:
        return write_date(text_of(iso), _DAY)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(f"/{name}", "date"),)) from wrong


def _document(row: Mapping[str, Any]) -> Data:
    days = {name: _whole_day(row[name]) for name in _DAYS if name in row}
    state = text_of(row.get("tinhTrangHieuLuc"))
    return filled({**row, **days, "tinhTrangHieuLuc": state})


def _whole_day(text: object) -> str | None:
    """A day or nothing: an old document of which only the year is known says it in its number."""
    found = read_date(text, _DAY)
    return found if found and len(found) == 10 else None
