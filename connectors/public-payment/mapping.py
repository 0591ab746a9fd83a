"""Public service payment: JSON inside a JSON string and plain SHA-256 checksums behind clean types.

The portal's platform (`dvcqg`) signs with `MaXacThuc`, lower-case hex SHA-256 of the values joined by "|" with the secret
last; PayGov (`paygov`) with a `checksum` of values joined by nothing, secret first. Neither is an HMAC: the formulas are
the ministries' own (DOMAIN.md §5.8) and kept as they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, Unauthenticated
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    Received,
    filled,
    json_data,
    json_text,
    listed,
    read_moment,
    refusal,
    text_of,
    write_date,
    write_moment,
)

_MOMENT = "yyyyMMddHHmmss"
_DEFAULTS = {
    "LoaiHinhThanhToan": "PAY",
    "MaKenhThanhToan": "1",
    "MaThietBi": "1",
    "NgonNgu": "vi-VN",
    "MaTienTe": "VND",
    "MaNganHang": "PAYMENT",
}
_SIGNED = {
    "INIT": (
        "LoaiBanTin|PhienBan|MaDoiTac|MaThamChieu|SoTien|LoaiHinhThanhToan|MaKenhThanhToan|MaThietBi|NgonNgu|MaTienTe"
        "|MaNganHang|ThongTinGiaoDich|ThoiGianGD|Ip"
    ),
    "CONFIRM": (
        "LoaiBanTin|MaLoi|MaDoiTac|MaThamChieu|SoTien|MaTienTe|MaGiaoDich|MaNganHang|ThoiGianGD|ThongTinGiaoDich"
    ),
    "QUERY": "LoaiBanTin|PhienBan|MaDoiTac|MaThamChieu|ThoiGianGD",
    "GET_BILL": "LoaiBanTin|PhienBan|MaDoiTac|MaThamChieu|ThoiGianGD",
    "reply": "MaLoi|MoTaLoi|MaDoiTac|MaThamChieu|ThoiGianGD",  # reconstruction: after the sourced ones
}
_NOT_FOUND = ("1",)
_NOT_ADMITTED = ("-1",)
"""Meaning of the platform's codes, our reconstruction: -1 checksum or partner, 1 no such transaction, 2 refused."""
_PROMISED = {"INIT": "UrlThanhToan", "QUERY": "TrangThaiGD", "GET_BILL": "UrlBienLai"}
"""Without which a yes is no answer."""
_CREATE = "amount|orderId|orderInfo|requestCode|returnUrl|ipnUrl"
_RECEIPT = (
    "payerId|payerName|payerAddress|payerDistrict|payerProvince|docCode|procedureName|paids|otherInfo|decisionDate"
)
_RETURNED = "partnerCode|amount|orderId|orderInfo|requestCode|transactionCode|payDate|errorCode|checksum"
_REPLIES = {"unauthenticated": ("97", "Sai mã xác thực"), "record-not-found": ("01", "Không tìm thấy giao dịch")}


def ask(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "INIT":
        return _init(data, ctx)
    if operation in ("QUERY", "GET_BILL"):
        head = {
            "LoaiBanTin": operation,
            "PhienBan": ctx.values["PhienBan"],
            "MaDoiTac": ctx.values["MaDoiTac"],
            "MaThamChieu": data["MaThamChieu"],
            "ThoiGianGD": write_moment(data.get("ThoiGianGD") or ctx.now, _MOMENT),
        }
        return head | {"MaXacThuc": _authentic(operation, head, ctx)}
    if operation == "CheckSumUrlReturn":
        query = text_of(data["urlReturn"]).rpartition("?")[2].partition("#")[0]
        returned = dict(parse_qsl(query, keep_blank_values=True))
        if "checksum" not in returned:
            raise InvalidMessage(errors=(FieldError("/urlReturn", "checksum"),))
        return {name: returned[name] for name in _RETURNED.split("|") if name in returned}
    if operation == "taoThanhToan":
        return _paygov(data, _CREATE, ctx)
    return _paygov(_receipt(data), _RECEIPT, ctx)


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "taoThanhToan":
        _paygov_said_yes(data, "data" in data)
        return filled({"orderId": ctx.request.get("orderId"), "url": (data.get("data") or {}).get("url")})
    if operation == "CheckSumUrlReturn":
        _paygov_said_yes(data, data.get("error_code") == "SUCCESSFUL")
        returned = dict(parse_qsl(text_of(ctx.request.get("urlReturn")).rpartition("?")[2], keep_blank_values=True))
        names = ("orderId", "requestCode", "transactionCode")
        kept = {name: returned.get(name) for name in names} | {"amount": _amount(returned.get("amount"))}
        return filled({"error_code": data["error_code"]} | kept)
    if operation == "layBienLai":
        _paygov_said_yes(data, bool(data.get("transactionReceipt")))
        return {"transactionReceipt": data["transactionReceipt"]}
    return _portal_answer(operation, data, ctx)


def receive(operation: str, data: Data, ctx: Context) -> Received:
    """CONFIRM. Raises `Unauthenticated` unless MaXacThuc is right; a payment that failed is acknowledged as well."""
    expected = _authentic(operation, data, ctx)
    if not hmac.compare_digest(expected.encode(), text_of(data.get("MaXacThuc")).encode()):
        raise Unauthenticated
    if data["MaDoiTac"] != ctx.values["MaDoiTac"]:
        raise InvalidMessage(errors=(FieldError("/MaDoiTac", "const"),))
    at = read_moment(data["ThoiGianGD"], _MOMENT)
    if at is None:
        raise InvalidMessage(errors=(FieldError("/ThoiGianGD", "date-time"),))
    names = ("MaThamChieu", "MaLoi", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang")
    event = {name: data.get(name) for name in names}
    event |= {"ThoiGianGD": at, "ThongTinGiaoDich": data.get("ThongTinGiaoDich")}
    event["TrangThaiGD"] = "1" if data["MaLoi"] == "00" else "4"
    return Received(
        consumer=None,  # the system that asked INIT with this MaThamChieu
        key=f"{data['MaThamChieu']}:{data.get('MaGiaoDich', '')}",
        data=filled(event),
        reply=_reply("00", "Thành công", data, ctx),
    )


def refuse(operation: str, data: Data, error: LgspError, ctx: Context) -> Data:  # noqa: ARG001  one inbound operation
    """What the platform reads where its call cannot be taken: any MaLoi but "00" makes it call again."""
    return _reply(*_REPLIES.get(error.code, ("99", "Chưa xử lý được")), data, ctx)


def _init(data: Data, ctx: Context) -> Data:
    head = {
        "LoaiBanTin": "INIT",
        "PhienBan": ctx.values["PhienBan"],
        "MaDoiTac": ctx.values["MaDoiTac"],
        "MaThamChieu": data["MaThamChieu"],
        "SoTien": str(data["SoTien"]),
        **{name: data.get(name, usual) for name, usual in _DEFAULTS.items()},
        "ThongTinGiaoDich": text_of(data["ThongTinGiaoDich"]),
        "ThoiGianGD": write_moment(data.get("ThoiGianGD") or ctx.now, _MOMENT),
        "Ip": data.get("Ip", ctx.values["Ip"]),
    }
    return head | {"MaXacThuc": _authentic("INIT", head, ctx), "ThongTinBienLai": _bill(data["ThongTinBienLai"])}


def _bill(public: Data) -> Data:
    bill: Data = {"MaDichVu": "2"} | public
    if "NgayQD" in bill:
        bill["NgayQD"] = write_date(bill["NgayQD"], "yyyyMMdd") + "000000"
    if "ThoiGianViPham" in bill:
        bill["ThoiGianViPham"] = write_moment(bill["ThoiGianViPham"], _MOMENT)
    for name in ("PhiLePhi", "DSKhoanNop"):
        if name in bill:
            bill[name] = [item | {"SoTien": str(item["SoTien"])} for item in listed(bill[name])]
    return bill


def _portal_answer(operation: str, data: Data, ctx: Context) -> Data:
    code, message = text_of(data.get("error_code")), data.get("message", "")
    if code != "0":
        raise refusal(code, message, not_found=_NOT_FOUND, not_admitted_codes=_NOT_ADMITTED, errors=_sum(message))
    told = json_data(message)
    if not isinstance(told, dict) or not told.get(_PROMISED[operation]):
        raise BadAnswer
    reference = ctx.request.get("MaThamChieu")
    if operation == "GET_BILL":
        return filled({"MaThamChieu": reference, "UrlBienLai": told["UrlBienLai"]})
    at = read_moment(told.get("ThoiGianGD"), _MOMENT)
    if operation == "INIT":
        return filled({"MaThamChieu": reference, "UrlThanhToan": told.get("UrlThanhToan"), "ThoiGianGD": at})
    state = {
        "MaThamChieu": reference,
        "TrangThaiGD": text_of(told.get("TrangThaiGD")),
        "SoTien": _amount(told.get("SoTien")),
        **{name: told.get(name) for name in ("MaTienTe", "MaGiaoDich", "MaNganHang", "ThongTinGiaoDich")},
        "ThoiGianGD": at,
    }
    return filled(state)


def _sum(message: object) -> Iterable[FieldError]:
    return (FieldError("/ThongTinBienLai/PhiLePhi", "sum"),) if "phí, lệ phí" in text_of(message).casefold() else ()


def _paygov_said_yes(data: Mapping[str, object], fine: bool) -> None:  # noqa: FBT001  read at the call
    code = text_of(data.get("error_code"))
    if fine and code in ("", "SUCCESSFUL"):
        return
    if code in ("", "SUCCESSFUL"):  # a yes without what it promises
        raise BadAnswer
    raise refusal(code, data.get("message"), not_found=("NOT_FOUND",), not_admitted_codes=("INVALID_PARTNER",))


def _receipt(data: Data) -> Data:
    unit = {name: data[name] for name in ("beneficiaryUnitCode", "beneficiaryUnitName")}
    plain = {name: text_of(data.get(name)) for name in _RECEIPT.split("|")[:7]}
    return plain | {
        "payerName": _without_accents(plain["payerName"]),
        "paids": _base64(listed(data["paids"])),
        "otherInfo": _base64(unit),
        "decisionDate": write_date(data["decisionDate"], "dd-MM-yyyy"),
    }


def _paygov(data: Data, signed: str, ctx: Context) -> Data:
    head = {"partnerCode": ctx.values["partnerCode"], "accessKey": ctx.secrets["accessKey"]}
    values = [text_of(data.get(name)) for name in signed.split("|")]
    sent = data | {name: text_of(value) for name, value in data.items() if isinstance(value, str)}
    return head | sent | {"checksum": _sha256(ctx.secrets["secretKey"], *head.values(), *values)}


def _authentic(kind: str, data: Mapping[str, object], ctx: Context) -> str:
    return _sha256(
        "|".join([*(text_of(data.get(name)) for name in _SIGNED[kind].split("|")), ctx.secrets["maXacThuc"]])
    )


def _reply(code: str, text: str, data: Data, ctx: Context) -> Data:
    reply: Data = {
        "MaLoi": code,
        "MoTaLoi": text,
        "MaDoiTac": ctx.values["MaDoiTac"],
        "MaThamChieu": text_of(data.get("MaThamChieu")),
        "ThoiGianGD": text_of(data.get("ThoiGianGD")),
    }
    return reply | {"MaXacThuc": _authentic("reply", reply, ctx)}


def _sha256(*values: str) -> str:
    return hashlib.sha256("".join(values).encode()).hexdigest()


def _base64(value: object) -> str:
    return base64.b64encode(json_text(value).encode()).decode()


def _without_accents(name: str) -> str:
    loose = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in loose if not unicodedata.combining(letter))


def _amount(value: object) -> int | None:
    digits = text_of(value)
    return int(digits) if digits.isdecimal() and digits.isascii() else None
