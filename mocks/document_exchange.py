"""The national document exchange: edXML between agencies, by its REST interface (`vdxp`) and by the SDK's dialect (`vxp`).

Only the envelope of a document is read; the document itself, 50 MB or one page, is put aside as it came. What happens to
it is told in `world/documents.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from lgsp.model import Blob, Data
from lgsp.signature import sign_edxml
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World
from lgsp_mocks.world.documents import (
    ARRIVED,
    ERRORS,
    LOCKED,
    OTHERS,
    STATUSES,
    change,
    doc_id_of,
    document_text,
    exchanged,
    inside,
    received,
    receiver_acts,
    send,
)
from lgsp_mocks.world.edxml import attachments, write_document
from lgsp_mocks.world.signing import SIGNING, government_office

__all__ = ["HANDLERS", "business_error", "duplicate", "examples", "receiver_acts"]

SMALL = 64 * 1024
"""Characters up to which attachments are taken out of a document for getEdoc."""


# The REST interface


def vdxp_send(ask: Ask) -> Data:
    code, told = ("15", ERRORS["15"]) if _stranger(ask) else send(ask, ask.data["edocFile"])
    return {"success": True, "message": "OK", "data": {"docId": told}} if code == "0" else _no(code, told)


def vdxp_list(ask: Ask) -> Data:
    if _stranger(ask):
        return _flat_no("15")
    first, last = ask.data["fromDate"], ask.data["toDate"]
    rows = [each for each in received(ask, ask.data["messageType"]) if first <= each["created"][:10] <= last]
    names = ("docId", "from", "to", "status", "statusDesc", "responseFor")
    data = [
        {name: each[name] for name in names if name in each}
        | {
            "serviceType": "eDoc",
            "messageType": each["kind"],
            "createdTime": each["created"],
            "updatedTime": each["updated"],
        }
        for each in rows
    ]
    return {"success": True, "message": "OK", "count": len(data), "data": data}


def vdxp_get(ask: Ask) -> Data:
    if _stranger(ask):
        return _no("15", ERRORS["15"])
    found = _document(ask)
    if found is None:
        return _no("10", "Không có văn bản này")
    sender, text = found
    files = attachments(text) if isinstance(text, str) and len(text) <= SMALL else []
    data = {"docId": ask.data["docId"], "from": sender, "edxml": text, "attachments": files}
    return {"success": True, "message": "OK", "data": data}


def vdxp_status(ask: Ask) -> Data:
    code = "15" if _stranger(ask) else change(ask, ask.data["docId"], ask.data["status"])
    return {"success": True, "message": "OK"} if code == "0" else _no(code, ERRORS[code])


def vdxp_agencies(ask: Ask) -> Data:
    if _stranger(ask):
        return _flat_no("15")
    agencies = {agency.code: agency for agency in ask.world.agencies.values()}
    known: list[Data] = [
        {"orgCode": each.code, "orgName": each.name, "email": each.email}
        | ({"parentCode": each.parent} if each.parent else {})
        for each in agencies.values()
    ]
    known += [{"orgCode": code, "orgName": name} for code, name in OTHERS.items() if code not in agencies]
    return {"success": True, "message": "OK", "data": sorted(known, key=lambda each: str(each["orgCode"]))}


# The SDK's dialect


def vxp_received(ask: Ask) -> Data:
    if _stranger(ask):
        return _fail("15")
    names = ("docId", "from", "to", "status")
    data = [
        {name: each[name] for name in names}
        | {"serviceType": "eDoc", "messageType": each["kind"], "status_desc": each["statusDesc"]}
        | {"created_time": each["created"], "updated_time": each["updated"]}
        for each in received(ask, ask.data["messagetype"])
    ]
    return _ok(data=data)


def vxp_sent(ask: Ask) -> Data:
    if _stranger(ask):
        return _fail("15")
    document_id = base64.b64decode(ask.data.get("documentid", "")).decode("utf-8", "replace")
    data = [
        {
            "serviceType": "eDoc",
            "messageType": "edoc",
            "senderDocId": doc_id,
            "fromCode": doc["from"],
            "toCode": receiver,
        }
        | {"title": doc["subject"], "notation": doc["notation"], "sentTime": doc["created"], "sendStatus": "01"}
        | {"sendStatusDesc": "Đã gửi"}
        | _progress(doc, receiver)
        for doc_id, doc in exchanged(ask).items()
        for receiver in doc["to"]
        if inside(ask.world, doc["from"])
        and ask.data.get("docid", doc_id) == doc_id
        and document_id in ("", doc["documentId"])
    ]
    return _ok(data=data)


def vxp_send(ask: Ask) -> Data:
    code, told = ("15", ERRORS["15"]) if _stranger(ask) else send(ask, ask.data["edocFile"])
    return _ok(DocId=told) if code == "0" else _fail(code, told)


def vxp_get(ask: Ask) -> Data:
    if _stranger(ask):
        return _fail("15")
    found = _document(ask)
    if found is None:
        return _fail("10", "Không có văn bản này")
    if isinstance(found[1], str):
        return _ok(data=base64.b64encode(found[1].encode()).decode())
    document = exchanged(ask)[ask.data["docId"]]
    if "encoded" not in document:
        document["encoded"] = ask.keep(_encoded(found[1]))
    return _ok(data=ask.kept(document["encoded"]))


def business_error(ask: Ask) -> Data:
    if ask.backend == "vxp":
        return _fail("22")
    return _flat_no("21") if ask.operation in ("syncReceivedEdocList", "getAgenciesList") else _no("22", ERRORS["22"])


def duplicate(ask: Ask) -> Data:
    """Only sending can come twice: a list, and what is asked of one document, are refused in another way."""
    if ask.operation != "sendEdoc":
        return business_error(ask)
    told = "Văn bản đã được tiếp nhận"
    return _fail("21", told) if ask.backend == "vxp" else _no("21", told)


HANDLERS: Handlers = {
    "vdxp": {
        "sendEdoc": vdxp_send,
        "syncReceivedEdocList": vdxp_list,
        "getEdoc": vdxp_get,
        "updateStatus": vdxp_status,
        "getAgenciesList": vdxp_agencies,
    },
    "vxp": {
        "getReceivedEdocList": vxp_received,
        "getSentEdocList": vxp_sent,
        "sendEdoc": vxp_send,
        "getEdoc": vxp_get,
    },
}


def examples(world: World) -> list[Example]:
    top = world.province.agency
    us, them = (f"000.00.00.{top}", f"UBND tỉnh {world.province.title}"), ("000.00.00.G22", "Văn phòng Chính phủ")
    name = f"{us[0]},2022/11/14,9901/UBND-KGVX"
    files = [("bao-cao-mau.zip", b"PK\x05\x06" + bytes(18))]
    document = write_document(name, us, [them], "Báo cáo mẫu", files=files)
    arrived = doc_id_of("G22", f"000.00.00.G22,2022/11/14,{ARRIVED['G22']}")

    def to(code: str) -> Data:
        return {"edocFile": write_document(name, us, [(code, "Cơ quan mẫu")], "Văn bản mẫu")}

    stranger = write_document(name, ("000.00.00.G77", "Cơ quan lạ"), [them], "Văn bản mẫu")
    older = write_document(name, us, [them], "Văn bản mẫu", namespace="go.vn/eDoc")
    staff = {"Department": "Văn phòng", "Staff": "Bùi Văn Mẫu"}
    return [
        Example("sendEdoc", {"edocFile": document, "messageType": "edoc", "documentId": name}),
        Example("sendEdoc", to("000.00.00.G77"), "provider-fault", note="18: no such receiver"),
        Example("sendEdoc", to(f"000.00.00.{LOCKED}"), "provider-fault", note="23: the receiver is locked"),
        Example("sendEdoc", {"edocFile": stranger}, "provider-fault", note="19: the sender is not registered"),
        Example("sendEdoc", {"edocFile": older}, "provider-fault", note="22: the namespace of an older standard"),
        Example("sendEdoc", {"edocFile": document[:-20]}, "provider-fault", note="21: torn"),
        Example("sendEdoc", {"edocFile": "không phải XML"}, "provider-fault", note="10: no document"),
        Example("sendEdoc", {"messageType": "edoc"}, "invalid-message"),
        Example("syncReceivedEdocList", {"messageType": "edoc"}),
        Example("syncReceivedEdocList", {"messageType": "status"}),
        Example("syncReceivedEdocList", {"fromDate": "2022-11-10", "toDate": "2022-11-16"}),
        Example("syncReceivedEdocList", {"fromDate": "10/11/2022"}, "invalid-message"),
        Example("getEdoc", {"docId": arrived}),
        Example("getEdoc", {"docId": "00000000-9900-0000-0000-000000000000"}, "record-not-found"),
        Example("updateStatus", {"docId": arrived, "status": "03", "staffInfo": staff}),
        Example("updateStatus", {"docId": arrived, "status": "07"}, "invalid-message"),
        Example("updateStatus", {"docId": arrived, "status": "13"}, "provider-fault", note="not ours to take back"),
        Example("updateStatus", {"docId": "00000000-9900-0000-0000-000000000000", "status": "03"}, "record-not-found"),
        Example("getAgenciesList", {}),
        Example("getReceivedEdocList", {"messageType": "edoc"}),
        Example("getSentEdocList", {}),
        Example("getSentEdocList", {"documentId": f"{us[0]},2022/11/14,9999/KHONG-CO"}, "record-not-found"),
        Example("guiVanBan", {"edocFile": document, "from": us[0], "documentId": name}),
        Example("guiVanBan", {"edocFile": older}, "provider-fault", note="22: the namespace of an older standard"),
        Example("layVanBan", {"docId": arrived}),
        Example("layVanBan", {"docId": "00000000-9900-0000-0000-000000000000"}, "record-not-found"),
    ]


def _document(ask: Ask) -> tuple[str, str | Blob] | None:
    """(sender, edXML): what an agency that signs has written comes signed; what the province sent comes back as it was."""
    found = document_text(ask, ask.data["docId"])
    if found is None or found[0] != SIGNING or not isinstance(found[1], str) or ask.data["docId"] not in exchanged(ask):
        return found
    return found[0], sign_edxml(found[1].encode(), government_office()).decode()


def _stranger(ask: Ask) -> bool:
    prefix, secret = ("", "sdkSecretKey") if ask.backend == "vxp" else ("X-", "secretKey")
    known = ask.data[f"{prefix}SystemId"] == ask.values.get("systemId")
    given = ask.data[f"{prefix}SecretKey"].encode()
    return not (hmac.compare_digest(given, ask.secrets[secret].encode()) and known)


def _progress(document: Mapping[str, Any], receiver: str) -> Data:
    status = document["status"].get(receiver)
    if status is None:
        return {}
    about = {"receiveStatus": status, "receiveStatusDesc": STATUSES[status]}
    return about | {"receivedTime": document["reached"].get(receiver, document["created"])}


def _encoded(document: Blob) -> Blob:
    """The base64 of a document in a file, made piece by piece in a file beside it."""
    path, digest = document.path.with_name(f"{document.path.name}.b64"), hashlib.sha256()
    size = 0
    with document.path.open("rb") as source, path.open("wb") as target:
        while piece := source.read(3 << 16):
            text = base64.b64encode(piece)
            target.write(text)
            digest.update(text)
            size += len(text)
    return Blob(path, size, digest.hexdigest(), size, size)


def _no(code: str, text: str) -> Data:
    return {"success": False, "message": text, "data": {"errorCode": code, "errorDesc": text}}


def _flat_no(code: str) -> Data:
    """Where `data` is a list, the code stands beside it."""
    return {"success": False, "message": ERRORS[code], "errorCode": code, "errorDesc": ERRORS[code]}


def _ok(**told: object) -> Data:
    return {"status": "OK", "ErrorCode": "0", "ErrorDesc": ""} | told


def _fail(code: str, text: str = "") -> Data:
    return {"status": "FAIL", "ErrorCode": code, "ErrorDesc": text or ERRORS[code]}
