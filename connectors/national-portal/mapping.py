"""National portal: many services on one path, yyyyMMddHHmmss, numbers as text and JSON inside a string, behind clean types.

Three dialects: `mapi` (error_code "0" or "00"), the store of papers (errorCode) and EMC (success).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    json_text,
    listed,
    pointers,
    read_moment,
    refusal,
    text_of,
    write_moment,
)

_STAMP = "yyyyMMddHHmmss"
_OK = ("0", "00")
"""Two generations of public clients test for one each."""
_BROKEN = ("-1",)
_NOT_FOUND = ("2",)
_NOT_ADMITTED = ("3",)
_MOMENTS = frozenset({
    "NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc",
    "NgayHenTraMoi", "ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh", "NgayNop",
})  # fmt: skip
_WHOLE = frozenset({"THOIGIANGIAIQUYET", "SOTIEN"})
_PUSHES = {
    "DongBoHoSoMC": "MaHoSo",
    "CapNhatTienDoHoSoMC": "MaHoSo",
    "DongBoHoiDap": "HOIDAPID",
    "TrackingMCDT": "MaHoSo",
}
"""Operation -> what names the record that it brings."""
_ONE_OF = ("TraCuuHoSo", "LayThuTuc", "TraCuuTechID")
_NAMED = ("MaHoSo", "MaTTHC", "MaDoiTuong", "TrangThaiHoSo", "TrangThai", "Status", "CodeTTHC", "MADONVI", "MaLinhVuc")
"""Members that a refusal may name beside those that the caller sent."""
_NUMBERS = ("HOIDAPID", "TRALOIID")


def ask(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "TrackingMCDT":
        return _event(data, ctx)
    if operation == "GetDanhSachKetQua":
        owner = data["SoDinhDanhChuSoHuu"]
        wanted = [{"SoKyHieu": "", **each} for each in data.get("DanhSachDanhMucKetQua", [])]
        return {
            "providerurl": ctx.values["providerurl"],
            "SoDinhDanhNguoiYeuCau": owner,
            **data,
            "DanhSachDanhMucKetQua": wanted,
        }
    head: Data = {"service": operation, "madonvi": ctx.values["madonvi"]}
    match operation:
        case "DongBoHoSoMC":
            dossier = {name: value for name, value in data.items() if name != "isUpdating"}
            return head | {"isUpdating": str(bool(data.get("isUpdating"))), "data": [_written(dossier)]}
        case "CapNhatTienDoHoSoMC":
            return head | {"data": [_written(data)]}
        case "DongBoHoiDap":
            return head | {"data": [{n: int(v) if n in _NUMBERS else v for n, v in data.items()}]}
        case "TraCuuHoSo":
            return head | {"MaHoSo": data["MaHoSo"]}
        case "TraCuuTechID":
            return head | {"provider": "wso2is", "mstorcmnd": data["mstorcmnd"]}
        case "LayThuTuc":
            return head | {"MaTTHC": data["MaTTHC"]}
    return head  # whole catalogues; LayDanhSachHoiDap is narrowed in its answer


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "GetDanhSachKetQua":
        return _papers(data)
    if operation in _PUSHES:
        return _taken(operation, data, ctx)
    if text_of(data["error_code"]) not in _OK:
        raise _refused(data["error_code"], data.get("message"), ctx)
    rows = [row for each in listed(data.get("result")) if isinstance(each, Mapping) and (row := _read(each))]
    if operation == "TraCuuHoSo":
        rows = [row for row in rows if _as_asked(row, ctx.request)]
    elif operation == "LayDanhSachHoiDap":
        narrow = {name: ctx.request[name] for name in ("HOIDAPID", "MALINHVUC") if name in ctx.request}
        rows = [row for row in rows if all(row.get(name) == wanted for name, wanted in narrow.items())]
    if not rows and (operation in _ONE_OF or "HOIDAPID" in ctx.request):
        raise RecordNotFound
    return rows[0] if operation in _ONE_OF else {"result": rows} if rows else {}


def _event(data: Data, ctx: Context) -> Data:
    sent: Data = {"SiteId": ctx.values["SiteId"], **data}
    for name in ("IsFromDVCQG", "IsDVCBC"):
        if name in data:
            sent[name] = str(int(data[name]))
    if "User" in data:
        user = data["User"]
        local = user["ID_local"]
        location = user.get("LOCATION", ctx.values["LOCATION"])
        told = {"ID_local": local, "ID_QG": user.get("ID_QG", local), "TYPE": user["TYPE"], "LOCATION": location}
        sent["User"] = json_text(told)
    return sent


def _written(value: Any, path: str = "", name: str = "") -> Any:
    """A dossier as the portal has it: moments as stamps, numbers and yes or no as text, to any depth."""
    if isinstance(value, Mapping):
        return {key: _written(each, f"{path}/{key}", key) for key, each in value.items()}
    if isinstance(value, list):
        return [_written(each, f"{path}/{n}", name) for n, each in enumerate(value)]
    if name in _MOMENTS:
        try:
            return write_moment(value, _STAMP)
        except InvalidMessage as wrong:
            raise InvalidMessage(errors=(FieldError(path, "date-time"),)) from wrong
    return str(value)


def _read(row: Mapping[str, Any]) -> Data:
    """A record in clean types; what says nothing is left out."""
    return filled({name: _leaf(name, value) for name, value in row.items()})


def _leaf(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _read(value)
    if isinstance(value, list):
        return [kept for each in value if (kept := _leaf(name, each))]
    if name in _MOMENTS:
        return read_moment(value, _STAMP)
    return _whole(value) if name in _WHOLE else text_of(value)


def _whole(value: Any) -> int | None:
    """The portal's clients read amounts as decimal numbers."""
    try:
        number = Decimal(text_of(value) or "x")
        return int(number) if number.is_finite() and abs(number) < 10**15 else None
    except InvalidOperation:
        return None


def _as_asked(row: Data, request: Data) -> bool:
    """Is the dossier in this state, has it been through this step? Only asked where the caller says so."""
    state, at = request.get("TrangThai"), request.get("ThoiDiemXuLy")
    if at is None:
        return state is None or row.get("MaTrangThai") == state
    moment = read_moment(write_moment(at, _STAMP), _STAMP)
    steps = listed(row.get("QuaTrinhXuLy"))
    return any(s.get("ThoiDiemXuLy") == moment and state in (None, s.get("TrangThai")) for s in steps)


def _papers(data: Data) -> Data:
    if text_of(data["errorCode"]) not in _OK:
        raise refusal(data["errorCode"], data.get("message"), not_found=_NOT_FOUND, not_admitted_codes=_NOT_ADMITTED)
    result = data.get("result")
    papers = listed(result.get("DanhSachGiayToKetQua")) if isinstance(result, Mapping) else []
    rows = [row for each in papers if isinstance(each, Mapping) and (row := _read(each))]
    if not rows:
        raise RecordNotFound
    return {"DanhSachGiayToKetQua": rows} | filled({"signature": text_of(data.get("signature"))})


def _taken(operation: str, data: Data, ctx: Context) -> Data:
    """A push is done when the portal says so, and also when it says that it had the record before."""
    message = text_of(data.get("message"))
    done = data["success"] is True if operation == "TrackingMCDT" else text_of(data["error_code"]) in _OK
    before = not done and already_received(message)
    if not done and not before:
        raise _refused(data.get("error_code", "false"), message, ctx)
    key = _PUSHES[operation]
    return filled({key: ctx.request.get(key), "daTiepNhanTruoc": before, "message": message})


def _refused(code: object, message: object, ctx: Context) -> LgspError:
    if text_of(code) in _BROKEN:  # a technical fault inside HTTP 200
        return BadAnswer(provider=(text_of(code), text_of(message)))
    names = {each: f"/{each}" for each in (*_MOMENTS, *_NAMED)} | pointers(ctx.request)
    errors = field_errors(message, names)
    return refusal(code, message, not_found=_NOT_FOUND, not_admitted_codes=_NOT_ADMITTED, errors=errors)
