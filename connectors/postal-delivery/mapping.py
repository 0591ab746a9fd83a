"""Public postal service: Status "100" or no, the post's own place numbers, a bare list read by cursor.

Province numbers are the first two digits of the national postcode, districts the first four: our reconstruction, to be checked
against the post's list. Leading zeros do not survive as numbers, so 1 is province 01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import InvalidMessage, ProviderFault, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    listed,
    pointers,
    read_moment,
    refusal,
    text_of,
)

YES = "100"
NOT_ADMITTED = ("103",)
NOT_FOUND = ("104",)
"""Reconstructed, as all codes but 100: 101 faulty, 102 had before, 103 unknown customer, 104 no such order, 105 too late."""
BEGINNING = "0" * 24
PAGE = 100
PLACES = ("SenderProvince", "SenderDistrict", "ReceiverProvince", "ReceiverDistrict")
MOMENT = ("dd/MM/yyyy HH:mm:ss", "yyyyMMddHHmmss", "yyyy-MM-ddTHH:mm:ss")
NO_DISTRICT = 0
"""What clients send where there is none: the field must be there."""


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """Raises `InvalidMessage` for a place that the post's table lacks."""
    if operation == "GetOrderTracking":
        return {"pageSize": data.get("pageSize", PAGE), "lastId": data.get("lastId", BEGINNING)}
    sent: Data = {"CustomerCode": ctx.values["CustomerCode"]} | data
    if operation == "CancelOrder":
        return sent
    sent |= {name: _place(sent[name], name, ctx) for name in PLACES if name in sent}
    return (
        {"SenderDistrict": NO_DISTRICT} | sent | {"FlagConfig": int(sent.get("FlagConfig", ctx.values["FlagConfig"]))}
    )


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """Raises the leaf of what the post refused, in its own words."""
    if operation == "GetOrderTracking":
        said = data.get("result")
        if isinstance(said, Mapping):  # a refusal in the list's place
            raise refusal(said.get("Status"), said.get("Message"), not_admitted_codes=NOT_ADMITTED)
        events = [_event(row) for row in listed(said)]
        last = events[-1]["id"] if events else ctx.request.get("lastId", BEGINNING)
        return {"lastId": last} | ({"data": events} if events else {})
    status, said = text_of(data["Status"]), text_of(data.get("Message"))
    number = ctx.request.get("OrderNumber")
    if status == YES:
        before = {"daTiepNhanTruoc": False} if operation == "PostOrder" else {}
        return filled({"OrderNumber": number, **before, "Message": said})
    if operation == "PostOrder" and already_received(said):
        return filled({"OrderNumber": number, "daTiepNhanTruoc": True, "Message": said})
    if operation == "CancelOrder" and "không tìm thấy" in said.casefold() and status not in NOT_ADMITTED:
        raise RecordNotFound(provider=(status, said))
    errors = field_errors(said, {name: f"/{name}" for name in _FIELDS} | pointers(ctx.request))
    fault = refusal(status, said, not_found=NOT_FOUND, not_admitted_codes=NOT_ADMITTED, errors=errors)
    if operation == "PostOrder" and isinstance(fault, RecordNotFound):  # what could there be to find?
        fault = ProviderFault(provider=(status, said), errors=errors)
    raise fault


_FIELDS = (
    "CustomerCode", "OrderNumber", "ItemCode", "CODAmount", "SenderProvince", "SenderDistrict", "SenderAddress", "SenderName",
    "SenderEmail", "SenderTel", "ReceiverName", "ReceiverAddress", "ReceiverTel", "ReceiverProvince", "ReceiverDistrict",
    "ReceiverEmail", "FlagConfig",
)  # fmt: skip


def _place(code: Any, name: str, ctx: Context) -> int:
    theirs = ctx.places.theirs(text_of(code))
    if theirs is None or not (theirs.isdecimal() and theirs.isascii()):
        raise InvalidMessage(errors=(FieldError(f"/{name}", "enum"),))
    return int(theirs)


def _event(row: Data) -> Data:
    names = ("OrderNumber", "ItemCode", "StatusCode", "StatusName", "StatusDesc", "PostCode")
    told = {name: text_of(row.get(name)) for name in names}
    return {"id": text_of(row["id"])} | filled(told | {"StatusDate": read_moment(row.get("StatusDate"), *MOMENT)})
