"""National document exchange: credentials in headers, slashed dates, codes 10 to 23 behind clean types.

The document itself (`edocFile`, `edxml`, `data`) passes untouched, whatever its size: it may be a `Blob` that nobody here
opens. Two dialects: the REST interface (`vdxp`) and the national SDK (`vxp`), whose jsonHeader travels as HTTP headers.
"""

from __future__ import annotations

import base64
from datetime import date, timedelta

from lgsp.errors import BadAnswer, LgspError, RecordNotFound
from lgsp.mapping import Context, Data, filled, listed, read_moment, refusal, text_of, write_date

_DAY, _MOMENT = "yyyy/MM/dd", "yyyy/MM/dd HH:mm:ss"
_LOOK_BACK = timedelta(days=7)
_NOT_ADMITTED = ("15",)
_BROKEN = ("20",)
_ABOUT_ONE = ("getEdoc", "updateStatus", "layVanBan")
"""Operations about one document, where code 10 means that there is none (our reconstruction)."""
_SDK = ("getReceivedEdocList", "getSentEdocList", "guiVanBan", "layVanBan")


def ask(operation: str, data: Data, ctx: Context) -> Data:
    if operation in _SDK:
        return _sdk(operation, data, ctx)
    head = {"X-SystemId": ctx.values["systemId"], "X-SecretKey": ctx.secrets["secretKey"]}
    if operation == "sendEdoc":
        return head | {"edocFile": data["edocFile"], "messageType": data.get("messageType", "edoc")}
    if operation == "syncReceivedEdocList":
        last = data.get("toDate") or ctx.now.date().isoformat()
        until = write_date(last, _DAY)  # refuses what is no date, so the next line may trust it
        first = data.get("fromDate") or (date.fromisoformat(last) - _LOOK_BACK).isoformat()
        span = {"fromDate": write_date(first, _DAY), "toDate": until}
        return head | {"messageType": data.get("messageType", "edoc")} | span
    if operation == "updateStatus":
        told = {"docId": data["docId"], "status": data["status"], "description": data.get("moTa")}
        return head | filled(told | {"staffInfo": data.get("staffInfo")})
    return head | data  # getEdoc, getAgenciesList


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation in _SDK:
        return _sdk_answer(operation, data, ctx)
    inner = data.get("data")
    if not data["success"]:
        about = data | inner if isinstance(inner, dict) else data
        raise _refused(operation, about.get("errorCode"), about.get("errorDesc") or data.get("message"))
    if operation == "sendEdoc":
        return {"docId": _required(inner, "docId")}
    if operation == "updateStatus":
        return {"docId": ctx.request["docId"], "status": ctx.request["status"]}
    if operation == "getEdoc":
        _required(inner, "edxml")
        return filled({name: inner.get(name) for name in ("docId", "from", "edxml", "attachments")} if inner else {})
    if operation == "getAgenciesList":
        return _rows([filled(agency) for agency in listed(inner)])
    items = [_item(item, item.get("createdTime"), item.get("updatedTime")) for item in listed(inner)]
    return {"count": len(items)} | _rows(items)


def _sdk(operation: str, data: Data, ctx: Context) -> Data:
    head = {
        "SystemId": ctx.values["systemId"],
        "SecretKey": ctx.secrets["sdkSecretKey"],
        "servicetype": "eDoc",
        "messagetype": data.get("messageType", "edoc"),
    }
    if operation == "getSentEdocList":
        # a header carries ASCII only, and a document's notation may hold Đ
        wanted = base64.b64encode(text_of(data.get("documentId")).encode()).decode()
        return head | filled({"docid": data.get("docId"), "documentid": wanted})
    if operation == "guiVanBan":
        return head | filled({"from": data.get("from")}) | {"edocFile": data["edocFile"]}
    return head | ({"docId": data["docId"]} if operation == "layVanBan" else {})


def _sdk_answer(operation: str, data: Data, ctx: Context) -> Data:
    if data["ErrorCode"] != "0" or data["status"] == "FAIL":
        raise _refused(operation, data["ErrorCode"], data.get("ErrorDesc"))
    if operation == "guiVanBan":
        return {"docId": _required(data, "DocId")}
    if operation == "layVanBan":
        return {"docId": ctx.request["docId"], "data": _required(data, "data")}
    rows = listed(data.get("data"))
    if operation == "getReceivedEdocList":
        return _rows([_item(row, row.get("created_time"), row.get("updated_time")) for row in rows])
    if not rows and {"docId", "documentId"} & ctx.request.keys():
        raise RecordNotFound
    times = ("sentTime", "receivedTime")
    return _rows([filled(row | {name: read_moment(row.get(name), _MOMENT) for name in times}) for row in rows])


def _item(row: Data, created: object, updated: object) -> Data:
    names = ("docId", "serviceType", "messageType", "from", "to", "status", "responseFor")
    times = {"createdTime": read_moment(created, _MOMENT), "updatedTime": read_moment(updated, _MOMENT)}
    told = row.get("statusDesc") or row.get("status_desc")
    return filled({name: row.get(name) for name in names} | times | {"statusDesc": told})


def _rows(rows: list[Data]) -> Data:
    """An empty list is absent, because in XML it cannot be anything else and both faces give the same data."""
    return {"data": rows} if rows else {}


def _required(data: object, name: str) -> object:
    """A member without which the exchange's yes is no answer."""
    if not isinstance(data, dict) or not data.get(name):
        raise BadAnswer
    return data[name]


def _refused(operation: str, code: object, message: object) -> LgspError:
    if text_of(code) in _BROKEN:  # "lỗi hệ thống": a technical fault inside HTTP 200
        return BadAnswer(provider=(text_of(code), text_of(message)))
    missing = ("10",) if operation in _ABOUT_ONE else ()
    return refusal(code, message, not_found=missing, not_admitted_codes=_NOT_ADMITTED)
