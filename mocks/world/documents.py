"""Documents under way between agencies: sent, arrived, received, dealt with, taken back.

A document to an agency outside the province goes through the statuses 01, 03, 04, 05, 06 by itself, and each step comes
back as a status message; a document to an agency of the province waits until the province says how far it is. Sending
the same DocumentId again gives the same docId and no second effect. Everything is kept in the exchange's own state.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import Blob, Data
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import World
from lgsp_mocks.world.edxml import Unreadable, read_envelope, write_document, write_status

STATUSES = {
    "01": "Đã đến",
    "02": "Từ chối tiếp nhận",
    "03": "Đã tiếp nhận",
    "04": "Phân công",
    "05": "Đang xử lý",
    "06": "Hoàn thành",
    "13": "Lấy lại",
    "15": "Đồng ý lấy lại",
    "16": "Từ chối lấy lại",
}
ERRORS = {
    "10": "File không hợp lệ",
    "15": "Sai SystemId hoặc SecretKey",
    "18": "Đơn vị nhận không tồn tại",
    "19": "Đơn vị gửi không đăng ký",
    "20": "Lỗi hệ thống",
    "21": "Lỗi xử lý file",
    "22": "Sai chuẩn edXML",
    "23": "Đơn vị nhận đã khoá",
}
LOCKED, REFUSING = "G99", "G98"
OTHERS = {
    "H18": "UBND tỉnh Điện Biên",
    "H28": "UBND tỉnh Hoà Bình",
    "H37": "UBND tỉnh Lạng Sơn",
    REFUSING: "Cơ quan mẫu luôn từ chối",
    LOCKED: "Cơ quan mẫu đã khoá",
}
NEXT = {"": "01", "01": "03", "03": "04", "04": "05", "05": "06"}
"""What a receiver outside the province says after what."""
PAUSES = {
    "01": 300.0,
    "02": 3_600.0,
    "03": 7_200.0,
    "04": 3_600.0,
    "05": 14_400.0,
    "06": 86_400.0,
    "15": 7_200.0,
    "16": 7_200.0,
}
"""Seconds of the receiver's time before each step (arrival 1 to 10 minutes, reception within 4 hours)."""
ARRIVED = {"G22": "9901/VPCP-KSTT", "G09": "9902/BNV-CCVC", "G12": "9903/BTC-QLCS"}
"""Ministries and the documents of theirs that have arrived before anybody asks."""
KEPT = 5_000
"""Documents, and status messages, that the exchange remembers."""


def send(ask: Ask, document: str | Blob) -> tuple[str, str]:
    """(error code, docId or text)."""
    try:
        envelope = read_envelope(document)
    except Unreadable as wrong:
        return wrong.code, wrong.text
    sender = agency_of(ask.world, envelope.sender)
    if sender is None or not inside(ask.world, sender[0]):
        return "19", ERRORS["19"]
    receivers = [agency_of(ask.world, code) for code in envelope.receivers]
    if None in receivers:
        return "18", ERRORS["18"]
    to = [each[0] for each in receivers if each]
    if LOCKED in to:
        return "23", ERRORS["23"]
    docs = exchanged(ask)
    doc_id = doc_id_of(sender[0], envelope.document_id, envelope.business)
    if doc_id not in docs:
        docs[doc_id] = _document(envelope.document_id, sender[0], to, envelope.subject, envelope.notation, ask.now)
        docs[doc_id]["file"] = ask.keep(document)
        ask.effect(envelope.document_id)
        for receiver in to:
            if inside(ask.world, receiver):
                docs[doc_id]["status"][receiver] = "01"
            else:
                ask.later(PAUSES["01"], "receiver_acts", docId=doc_id, receiver=receiver, status="01")
    return "0", doc_id


def receiver_acts(ask: Ask) -> Data:
    """An agency outside the province has come one step further."""
    document, receiver, status = exchanged(ask).get(ask.data["docId"]), ask.data["receiver"], ask.data["status"]
    recalled = document and document.get("recalled") and status not in ("15", "16")
    if document is None or recalled or document["status"].get(receiver) == status:
        return {}
    _set_status(ask, ask.data["docId"], receiver, status)
    following = "02" if receiver == REFUSING and status == "01" else NEXT.get(status)
    if following:
        ask.later(PAUSES[following], "receiver_acts", docId=ask.data["docId"], receiver=receiver, status=following)
    return {}


def change(ask: Ask, doc_id: str, status: str) -> str:
    """The province says how far a document is, or takes one back (13). An error code."""
    document = exchanged(ask).get(doc_id)
    if document is None:
        return "10"
    if status not in STATUSES:
        return "21"
    if status == "13":
        if not inside(ask.world, document["from"]):
            return "21"
        if not document.get("recalled"):
            document["recalled"] = True
            ask.effect(f"{doc_id}:13")
            for receiver in document["to"]:
                reply = "15" if document["status"].get(receiver, "") in ("", "01") else "16"
                if not inside(ask.world, receiver):
                    ask.later(PAUSES[reply], "receiver_acts", docId=doc_id, receiver=receiver, status=reply)
        return "0"
    ours = [receiver for receiver in document["to"] if inside(ask.world, receiver)]
    for receiver in ours:
        if document["status"].get(receiver) != status:
            _set_status(ask, doc_id, receiver, status)
            ask.effect(f"{doc_id}:{receiver}:{status}")
    return "0" if ours else "21"


def received(ask: Ask, kind: str) -> list[Data]:
    """What has come for the province: documents, or status messages about what it sent. Oldest first."""
    if kind == "status":
        found = [message for message in ask.state.get("messages", []) if inside(ask.world, message["to"])]
    else:
        found = [
            {"docId": doc_id, "from": doc["from"], "to": receiver, "status": doc["status"][receiver]}
            | {"created": doc["created"], "updated": doc["updated"]}
            for doc_id, doc in exchanged(ask).items()
            for receiver in doc["to"]
            if inside(ask.world, receiver) and receiver in doc["status"]
        ]
    return [each | {"kind": kind, "statusDesc": STATUSES[each["status"]]} for each in found]


def document_text(ask: Ask, doc_id: str) -> tuple[str, str | Blob] | None:
    """(sender, the whole edXML), None where the exchange has no such document or status message."""
    document = exchanged(ask).get(doc_id)
    if document and "file" in document:
        return document["from"], ask.kept(document["file"])
    if document:
        parties = [(code, _name(ask.world, code)) for code in [document["from"], *document["to"]]]
        return document["from"], write_document(document["documentId"], parties[0], parties[1:], document["subject"])
    message = next((each for each in ask.state.get("messages", []) if each["docId"] == doc_id), None)
    if message is None:
        return None
    sender, status = (message["from"], _name(ask.world, message["from"])), message["status"]
    return message["from"], write_status(message["documentId"], sender, (status, STATUSES[status]), message["created"])


def exchanged(ask: Ask) -> dict[str, dict[str, Any]]:
    """By docId; three documents of ministries have arrived in the last days."""
    docs: dict[str, dict[str, Any]] | None = ask.state.get("docs")
    if docs is None:
        docs = ask.state["docs"] = {}
        top = ask.world.province.agency
        for n, (sender, code) in enumerate(ARRIVED.items()):
            name = document_name(sender, code)
            arrived = ask.now - timedelta(hours=1 + 9 * n)
            docs[doc_id_of(sender, name)] = _document(name, sender, [top], f"Văn bản mẫu số {code}", code, arrived)
            docs[doc_id_of(sender, name)]["status"][top] = "01"
    while len(docs) > KEPT:
        docs.pop(next(iter(docs)))
    return docs


def document_name(agency: str, code: str, day: str = "2022/11/14") -> str:
    """The DocumentId of an agency's document."""
    return f"000.00.00.{agency},{day},{code}"


def doc_id_of(sender: str, document_id: str, business: str = "0") -> str:
    """The exchange's name of a document: the same document is the same name."""
    digest = hashlib.sha256(f"{sender}\n{document_id}\n{business}".encode()).hexdigest()
    return f"{digest[:8]}-9900-{digest[8:12]}-{digest[12:16]}-{digest[16:28]}"


def inside(world: World, code: str) -> bool:
    """Is it an agency of the province itself?"""
    top = world.province.agency
    return code == top or code.startswith(f"{top}.")


def agency_of(world: World, code: str) -> tuple[str, str] | None:
    """(short code, name) for a short or an old code, None where no agency is registered under it."""
    found = world.agency(code)
    if found is not None:
        return (found.code, found.name) if found.active else (LOCKED, found.name)
    short = code.removeprefix("000.00.00.")
    return (short, OTHERS[short]) if short in OTHERS else None


def _document(name: str, sender: str, to: list[str], subject: str, notation: str, now: datetime) -> dict[str, Any]:
    return {
        "documentId": name,
        "from": sender,
        "to": to,
        "subject": subject,
        "notation": notation,
        "created": _stamp(now),
        "updated": _stamp(now),
        "status": {},
        "reached": {},
    }


def _set_status(ask: Ask, doc_id: str, receiver: str, status: str) -> None:
    document, stamp = exchanged(ask)[doc_id], _stamp(ask.now)
    document["status"][receiver] = status
    document["updated"] = stamp
    document["reached"].setdefault(receiver, stamp)
    messages = ask.state.setdefault("messages", [])
    about = {"responseFor": doc_id, "from": receiver, "to": document["from"], "status": status}
    name = doc_id_of(receiver, f"{doc_id},{status},{len(messages)}", stamp)
    messages.append({"docId": name, "documentId": document["documentId"], "created": stamp, "updated": stamp} | about)
    del messages[:-KEPT]


def _name(world: World, code: str) -> str:
    found = agency_of(world, code)
    return found[1] if found else code


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y/%m/%d %H:%M:%S")
