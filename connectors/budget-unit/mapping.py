"""Budget units: a SOAP service of the ministry whose two-digit code says everything, and one code that means success twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import LgspError
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
)

DONE, NOT_FOUND, PAPERS, RECEIVED_BEFORE = "00", "01", "02", "03"
STATES = {"1": "Đã tiếp nhận", "2": "Yêu cầu bổ sung", "3": "Đã cấp mã số", "4": "Từ chối"}
UNIT = ("maDvqhns", "tenDvqhns", "loaiHinh", "maChuong", "maCap", "maDvqhnsCha", "maKbnn", "soQuyetDinh", "trangThai")
FIELDS = ("maDvqhns", "tenDvqhns", "maChuong", "maCap", "maDvqhnsCha", "maKbnn", "soQuyetDinh", "ngayQuyetDinh")
ADDRESS = ("maTinh", "maHuyen", "maXa", "chiTiet")


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """Codes that the ministry counts with are numbers there."""
    match operation:
        case "guiHoSo":
            unit = _numbers(data["thongTinDonVi"], "maCap")
            return _numbers(data, "truongHop") | {"thongTinDonVi": unit}
        case "danhSachThayDoi":
            return {"maTinh": ctx.values.get("maTinh", "")} | data
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """The ministry's answer in clean types. Raises the leaf of its code."""
    code, said = text_of(data["maKetQua"]), text_of(data.get("moTaKetQua"))
    if operation == "guiHoSo" and (code == DONE or (code == RECEIVED_BEFORE and already_received(said))):
        received = {"maHoSo": ctx.request.get("maHoSo"), "soHoSoMsns": text_of(data.get("soHoSoMsns"))}
        return filled(received | {"daTiepNhanTruoc": code == RECEIVED_BEFORE, "moTa": said})
    if code != DONE:
        raise _refused(code, said, ctx)
    match operation:
        case "trangThaiHoSo":
            state = text_of(data.get("trangThai"))
            return filled({
                "maHoSo": ctx.request.get("maHoSo"),
                "soHoSoMsns": text_of(data.get("soHoSoMsns")),
                "trangThai": state,
                "tenTrangThai": STATES.get(state),
                "maDvqhns": text_of(data.get("maDvqhns")),
                "hanBoSung": _date(data.get("hanBoSung")),
                "lyDo": text_of(data.get("lyDo")),
            })  # fmt: skip
        case "danhSachThayDoi":
            return {"thayDoi": [_change(row) for row in listed(data.get("thayDoi"))]}
    unit = data.get("donVi")
    if not unit:
        raise refusal(NOT_FOUND, said, not_found=(NOT_FOUND,))
    return _unit(unit)


def _numbers(data: Data, name: str) -> Data:
    return data | ({name: int(data[name])} if name in data else {})


def _refused(code: str, said: str, ctx: Context) -> LgspError:
    """The ministry names fields in its text, without saying where they stand in the dossier."""
    names = {name: f"/thongTinDonVi/{name}" for name in FIELDS} | pointers(_visible(ctx.request))
    if code == PAPERS:
        errors: tuple[FieldError, ...] = (FieldError("/fileDinhKem", "required"),)
    elif "vượt quá" in said.casefold() and "ngày" in said.casefold():
        errors = (FieldError("/denNgay", "maximum"),)
    else:
        errors = field_errors(said, names)
    return refusal(code, said, not_found=(NOT_FOUND,), errors=errors)


def _visible(request: Data) -> Data:
    """Without the files: the ministry never names what is inside them."""
    return {name: value for name, value in request.items() if name != "fileDinhKem"}


def _unit(row: Mapping[str, Any]) -> Data:
    address = row.get("diaChi") or {}
    return filled({
        **{name: text_of(row.get(name)) for name in UNIT},
        "ngayQuyetDinh": _date(row.get("ngayQuyetDinh")),
        "diaChi": {name: text_of(address.get(name)) for name in ADDRESS},
        "ngayDong": _date(row.get("ngayDong")),
    })  # fmt: skip


def _change(row: Mapping[str, Any]) -> Data:
    texts = {name: text_of(row.get(name)) for name in ("maDvqhns", "tenDvqhns", "loaiThayDoi", "maTinh")}
    return filled(texts | {"ngayThayDoi": _date(row.get("ngayThayDoi"))})


def _date(value: object) -> str | None:
    """An xs:date may carry a zone behind its ten characters."""
    return read_date(text_of(value)[:10], "yyyy-MM-dd")
