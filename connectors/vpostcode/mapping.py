"""Vpostcode: bare arrays get a name, refusals by HTTP status get a leaf and the caller's own field."""

from __future__ import annotations

from collections.abc import Mapping

from lgsp.errors import BadAnswer, RecordNotFound
from lgsp.mapping import Context, Data, FieldError, filled, listed, refusal, text_of

NOT_FOUND = ("CODE_NOT_FOUND",)
ABOUT = {
    "QUERY_TOO_SHORT": (("q", "minLength"),),
    "LIMIT_INVALID": (("limit", "maximum"),),
    "CODE_INVALID": (("code", "format"),),
    "CODE_NOT_FOUND": (("code", "enum"),),
    "OUTSIDE_VN": (("lat", "refused"), ("lng", "refused")),
    "NOT_COVERED": (("lat", "refused"), ("lng", "refused")),
    "BATCH_TOO_LARGE": (("items", "maxItems"),),
}
"""What each code is about."""
PLAIN = ("smartCode", "fullAddress", "maBuuChinh", "maTinh", "maHuyen", "maXa", "type")


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    if operation == "decode":
        return {"code": data["code"].upper()}
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """Raises `RecordNotFound` for a code of nothing and for a search without a result."""
    found = data if operation in ("decode", "encode") else data.get("result")
    if isinstance(found, Mapping):
        _admit(found, ctx)
        if operation in ("decode", "encode"):
            return _item(found)
        raise BadAnswer
    rows = [row for row in listed(found) if isinstance(row, Mapping)]
    if operation == "batch":
        return {"items": [_guess(row) for row in rows]} if rows else {}
    if not rows:
        raise RecordNotFound
    return {"items": [_item(row) for row in rows]}


def _admit(data: Mapping[str, object], ctx: Context) -> None:
    if not (code := text_of(data.get("code"))):
        return
    errors = [FieldError(f"/{name}", rule) for name, rule in ABOUT.get(code, ()) if name in ctx.request]
    raise refusal(code, data.get("message"), not_found=NOT_FOUND, errors=errors)


def _item(row: Mapping[str, object]) -> Data:
    if not row.get("smartCode"):
        raise BadAnswer
    return filled({name: text_of(row.get(name)) for name in PLAIN} | {name: row.get(name) for name in ("lat", "lng")})


def _guess(row: Mapping[str, object]) -> Data:
    """Without smartCode where the address was not understood; 0 is an answer."""
    guess = {"id": text_of(row.get("id")), "smartCode": text_of(row.get("smartCode"))}
    return filled(guess | {"doTinCay": row.get("doTinCay")})
