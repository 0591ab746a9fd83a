"""Land registry: PascalCase JSON, moments without an offset, money as floating point, success inside `status`."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, RecordNotFound, Unauthenticated
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    Received,
    already_received,
    field_errors,
    filled,
    listed,
    pointers,
    read_date,
    refusal,
    text_of,
    write_moment,
)

MOMENT = "yyyy-MM-ddTHH:mm:ss"
"""Local time, as the ministry's serializer writes a moment that it knows no zone of."""
_MOMENTS = ("NgayTiepNhan", "NgayHenTra")
NOT_FOUND = ("404",)
NOT_ADMITTED = ("401", "403")
ACCEPTED = 1
_IS_THERE = "đã tồn tại"
NOTICE = ("HoSoId", "Nguon", "MaSoThue", "SoQuyetDinh", "TenTieuMuc", "HoTen", "DuongDanTBT")
VOUCHER = (
    "HoSoId", "Nguon", "MaSoThue", "NoiDungThanhToan", "MaThongBaoThue", "BienLai", "SoCMTNguoiNopTien", "HoTenNguoiNopTien",
)  # fmt: skip
TAXES = ("HoVaChu", "LoaiThue", "SoThongBaoThue", "DuongDanTBT")
_REPLIES = {
    "unauthenticated": "Mã xác thực không hợp lệ",
    "record-not-found": "Hồ sơ không tồn tại",
    "invalid-message": "Thông tin thông báo thuế không hợp lệ",
}


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  the bus hands it to every mapping
    """Raises `InvalidMessage` where a moment is none."""
    if operation in ("ThongBaoThue", "ChungTuThue"):
        return {"HoSoId": data["SoBienNhan"]}
    if operation == "traCuuThuaDat":
        return data
    sent: Data = {"LaQuyTrinhCapTinh": True} | data
    for name in _MOMENTS:
        if name in sent:
            sent[name] = _written(sent[name], f"/{name}")
    return sent


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """`data` and `status`; a refusal raises its leaf, and a dossier that is there already is success."""
    status: Mapping[str, Any] = data.get("status") or {}
    said, found = text_of(status.get("message")), data.get("data")
    if operation == "TiepNhanHoSo":
        fine = found == ACCEPTED and status.get("success") is not False
        before = not fine and (already_received(said) or _IS_THERE in said.casefold())
        if not fine and not before:
            raise _refused(status, said, ctx)
        taken = {"SoBienNhan": ctx.request.get("SoBienNhan"), "daTiepNhanTruoc": before, "moTa": said}
        return filled(taken | {"thoiGian": _moment(status.get("time"))})
    if status.get("success") is not True:
        raise _refused(status, said, ctx)
    if operation == "traCuuThuaDat":
        return _parcel(found, ctx)
    if not isinstance(found, list):
        raise BadAnswer
    rows = [row for row in found if isinstance(row, Mapping)]
    return {operation: [_notice(row) if operation == "ThongBaoThue" else _voucher(row) for row in rows]}


def receive(operation: str, data: Data, ctx: Context) -> Received:  # noqa: ARG001  one inbound operation
    """The tax of a dossier. Raises `Unauthenticated` unless CodeGet is the province's."""
    expected, given = ctx.secrets.get("codeGet", ""), text_of(data.get("CodeGet"))
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unauthenticated
    notices = [filled({name: text_of(each.get(name)) for name in TAXES}) for each in data["DanhSachThongBaoThue"]]
    if not notices:
        raise InvalidMessage(errors=(FieldError("/DanhSachThongBaoThue", "minItems"),))
    at = _moment(data["NgayCoKetQuaThue"])
    if at is None:
        raise InvalidMessage(errors=(FieldError("/NgayCoKetQuaThue", "date-time"),))
    event = {name: text_of(data.get(name)) for name in ("SoBienNhan", "NguoiXuLy", "GhiChu")}
    numbers = sorted(each.get("SoThongBaoThue", "") for each in notices)
    return Received(
        consumer=None,  # the system that handed in this SoBienNhan
        key=":".join([event["SoBienNhan"], at, *numbers]),
        data=filled(event | {"NgayCoKetQuaThue": at, "DanhSachThongBaoThue": notices}),
        reply={"Result": ACCEPTED, "Message": ""},
    )


def refuse(operation: str, data: Data, error: LgspError, ctx: Context) -> Data:  # noqa: ARG001  as the bus calls it
    """Any Result but 1 makes the ministry call again."""
    return {"Result": 0, "Message": _REPLIES.get(error.code, "Có lỗi xảy ra khi xử lý")}


def _refused(status: Mapping[str, Any], said: str, ctx: Context) -> LgspError:
    errors = field_errors(said, pointers(ctx.request))
    code = text_of(status.get("code")) or "0"
    return refusal(code, said, not_found=NOT_FOUND, not_admitted_codes=NOT_ADMITTED, errors=errors)


def _parcel(found: Any, ctx: Context) -> Data:
    if found is None:
        raise RecordNotFound(provider=("404", ""))
    if not isinstance(found, Mapping):
        raise BadAnswer
    asked = {name: ctx.request.get(name) for name in ("MaXa", "SoHieuBanDo", "SoThuTuThua")}
    owners = [
        {name: text_of(owner.get(name)) for name in ("HoTen", "SoGiayTo")}
        for owner in listed(found.get("ChuSuDung"))
        if isinstance(owner, Mapping)
    ]
    parcel = {"DienTich": _decimal(found.get("DienTich")), "ChuSuDung": owners}
    return filled(asked | parcel | {name: text_of(found.get(name)) for name in ("MucDichSuDung", "SoPhatHanhGCN")})


def _notice(row: Mapping[str, Any]) -> Data:
    notice = {name: text_of(row.get(name)) for name in NOTICE}
    day = read_date(text_of(row.get("NgayQuyetDinh")).partition("T")[0], "yyyy-MM-dd", "dd/MM/yyyy")
    return filled(notice | {"SoTien": _money(row.get("SoTien")), "NgayQuyetDinh": day})


def _voucher(row: Mapping[str, Any]) -> Data:
    voucher: Data = {name: text_of(row.get(name)) for name in VOUCHER}
    voucher |= {"SoTien": _money(row.get("SoTien")), "ThoiGianThanhToan": _moment(row.get("ThoiGianThanhToan"))}
    return filled(voucher | {"TrangThaiThanhToan": row.get("TrangThaiThanhToan")})


def _written(moment: str, path: str) -> str:
    try:
        return write_moment(moment, MOMENT)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(path, "date-time"),)) from wrong


def _moment(text: object) -> str | None:
    """RFC 3339; what comes without an offset is Viet Nam's time."""
    try:
        at = datetime.fromisoformat(text_of(text))
        return write_moment(at.replace(microsecond=0), MOMENT) + "+07:00"
    except (ValueError, InvalidMessage):
        return None


def _money(value: object) -> int | None:
    """VND has no fraction; the ministry's floating point shows one."""
    return round(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _decimal(value: object) -> str:
    """Square metres; some offices write a comma."""
    return text_of(value).replace(",", ".")
