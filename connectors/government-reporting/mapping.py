"""Government reporting: English members and numbers on the ministry's side, Vietnamese names and strings on ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lgsp.errors import BadAnswer, RecordNotFound
from lgsp.mapping import Context, Data, FieldError, already_received, filled, listed, read_moment, refusal, text_of

_INDICATOR = {
    "maChiTieu": "indicatorCode",
    "loaiSoLieu": "dataTypeId",
    "giaTri": "value",
    "donViTinh": "unit",
    "ghiChu": "note",
}
"""Our name -> theirs."""
_REPORT = ("maBaoCao", "tenBaoCao", "kyBaoCao", "loaiKy")
_SUBMITTED = "1"
_BROKEN = ("99",)
_ABOUT = {"01": ("/ky", "refused"), "03": ("/ky", "refused"), "04": ("/maBaoCao", "enum"), "05": ("/maCoQuan", "enum")}
"""Code of a refusal -> member and rule; 02 names its indicators in the text."""
_MOMENTS = ("yyyy-MM-ddTHH:mm:ss+07:00", "yyyy-MM-ddTHH:mm:ss")


def ask(operation: str, data: Data, ctx: Context) -> Data:
    office = data.get("maCoQuan") or ctx.values["officeCode"]
    if operation == "reports":
        return {"period": data["ky"], "officeCode": office}
    if operation == "indicators":
        return {"officeCode": office, "indicatorCode": data["maChiTieu"], "dataTypeId": int(data["loaiSoLieu"])}
    rows = [_theirs(row) for row in data["chiTieu"]]
    sent: Data = {"maBaoCao": data["maBaoCao"], "officeCode": office, "ky": data["ky"]}
    return sent | {"indicators": {"indicator": rows}, "nguoiKy": data["nguoiKy"]}


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "submit":
        return _submitted(data, ctx)
    if operation == "indicators":
        figures = [{"ky": row.get("period"), "giaTri": text_of(row.get("value"))} for row in listed(data.get("data"))]
        if not figures:
            raise RecordNotFound
        return filled({"maChiTieu": ctx.request.get("maChiTieu"), "donViTinh": data.get("unit"), "soLieu": figures})
    reports = [_report(row) for row in listed(data.get("report"))]
    one = ctx.request.get("maBaoCao")
    if one is not None:
        reports = [row for row in reports if row.get("maBaoCao") == one]
    if ctx.request.get("daNop"):
        reports = [row for row in reports if row["trangThai"] == _SUBMITTED]
    if one is not None and not reports:
        raise RecordNotFound
    return filled({"baoCao": reports})


def _theirs(row: Mapping[str, Any]) -> Data:
    named: Data = {_INDICATOR[name]: value for name, value in row.items()}
    return named | {"dataTypeId": int(named["dataTypeId"])}


def _report(row: Mapping[str, Any]) -> Data:
    plain: Data = {name: row.get(name) for name in _REPORT}
    times = {name: _moment(row.get(name)) for name in ("hanNop", "ngayNop")}
    return filled({
        **plain,
        "hanNop": times["hanNop"],
        "trangThai": text_of(row.get("trangThai")),
        "maGiaoDich": row.get("transactionId"),
        "ngayNop": times["ngayNop"],
    })  # fmt: skip


def _moment(text: object) -> str | None:
    """With our offset where the ministry leaves it out; any other offset passes as it is."""
    said = text_of(text)
    return read_moment(said, *_MOMENTS) or said or None


def _submitted(data: Data, ctx: Context) -> Data:
    """Taken, or taken before; else refused, and the members pointed at in the caller's own message."""
    code, told = text_of(data["status"]), text_of(data.get("message"))
    before = code != "00" and already_received(told)
    if code == "00" or before:
        return filled({"maGiaoDich": data.get("transactionId"), "daTiepNhanTruoc": before})
    if code in _BROKEN:  # a technical fault inside the answer
        raise BadAnswer(provider=(code, told))
    errors = [FieldError(*_ABOUT[code])] if code in _ABOUT else []
    named = set(re.findall(r"[A-Za-z0-9_.-]+", told)) if code == "02" else set()
    for n, row in enumerate(listed(ctx.request.get("chiTieu"))):
        if isinstance(row, Mapping) and row.get("maChiTieu") in named:
            errors.append(FieldError(f"/chiTieu/{n}/maChiTieu", "refused"))
    raise refusal(code, told, errors=errors)
