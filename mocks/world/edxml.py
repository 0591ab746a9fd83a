"""Official documents as edXML (QCVN 102:2016/BTTTT): written for the world, read by who exchanges them.

Reading takes the envelope only. A document may be 50 MB in a file; what is looked at is its head, up to the end of
`edXMLHeader`, and the last bytes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from lxml import etree

from lgsp.errors import LgspError
from lgsp.model import Blob, Data
from lgsp.xml import parse_xml

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
HEAD, TAIL = 1 << 20, 4096
_NAME = rb"(?:[A-Za-z_][\w.-]*:)?"
_HEADER_END = re.compile(rb"</" + _NAME + rb"edXMLHeader\s*>")
_ROOT = re.compile(rb"<(" + _NAME + rb"edXML)(?=[\s>])")
_ENVELOPE = re.compile(rb"<(" + _NAME + rb"edXMLEnvelope)(?=[\s>])")
_ROOT_END = re.compile(rb"</" + _NAME + rb"edXML\s*>\s*$")
_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
_DOCUMENT_ID = re.compile(r"[^,]+,[0-9]{4}/[0-9]{2}/[0-9]{2},.+")


class Unreadable(Exception):
    """`code` as the exchange counts: 10 no document, 21 torn, 22 not by the standard."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a document comes from, whom it goes to, and what it is called."""

    document_id: str
    sender: str
    receivers: tuple[str, ...]
    notation: str
    subject: str
    business: str
    """0 new, 1 recalled, 2 updated, 3 replaced."""


def read_envelope(document: str | Blob) -> Envelope:
    """Raises `Unreadable`."""
    head, tail = _ends(document)
    header = _header(head)
    if _ROOT_END.search(tail) is None:
        raise Unreadable("21", "Tệp bị cắt: không thấy kết thúc edXML")
    sender = _text(header, "MessageHeader/From/OrganId")
    receivers = tuple(each.text or "" for each in header.findall(_path("MessageHeader/To/OrganId")))
    number, notation = (_text(header, f"MessageHeader/Code/{name}") for name in ("CodeNumber", "CodeNotation"))
    day = _text(header, "MessageHeader/PromulgationInfo/PromulgationDate", required=False)
    if not all(receivers) or not receivers or not _text(header, "MessageHeader/From/OrganName"):
        raise Unreadable("22", "Sai chuẩn edXML: thiếu đơn vị nhận")
    kind = _text(header, "MessageHeader/DocumentType/Type", required=False)
    if (day and not _DAY.fullmatch(day)) or (kind and not kind.isdecimal()):
        raise Unreadable("22", "Sai chuẩn edXML: PromulgationDate hoặc DocumentType")
    named = _text(header, "MessageHeader/DocumentId", required=False)
    if named and not _DOCUMENT_ID.fullmatch(named):
        raise Unreadable("22", "Sai chuẩn edXML: DocumentId")
    return Envelope(
        document_id=named or f"{sender},{day or '0000/00/00'},{number}/{notation}",
        sender=sender,
        receivers=receivers,
        notation=f"{number}/{notation}",
        subject=_text(header, "MessageHeader/Subject", required=False),
        business=_text(header, "TraceHeaderList/Bussiness/BussinessDocType", required=False) or "0",
    )


def attachments(document: str) -> list[Data]:
    """Files of a small document, as base64; none of one over the parser's limit."""
    try:
        root = parse_xml(document.encode())
    except LgspError:
        return []
    found = root.iterfind(f"{{{NAMESPACE}}}AttachmentEncoded/{{{NAMESPACE}}}Attachment")
    return [
        {
            "fileName": each.findtext(f"{{{NAMESPACE}}}AttachmentName") or "",
            "fileContent": (each.findtext(f"{{{NAMESPACE}}}ContentTransferEncoded") or "").strip(),
        }
        for each in found
    ]


def write_document(
    document_id: str,
    sender: tuple[str, str],
    receivers: Iterable[tuple[str, str]],
    subject: str,
    *,
    files: Iterable[tuple[str, bytes]] = (),
    namespace: str = NAMESPACE,
) -> str:
    """A whole edXML. `document_id` is `OrganId,YYYY/MM/DD,số/ký hiệu`; parties are (OrganId, OrganName)."""
    _, day, code = document_id.split(",", 2)
    number, _, notation = code.partition("/")
    listed = tuple(files)
    parties = _party("From", sender) + "".join(_party("To", each) for each in receivers)
    references = "".join(
        f'<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:{n}">'
        f"<edXML:AttachmentName>{escape(name)}</edXML:AttachmentName>"
        f"<edXML:ContentType>application/zip</edXML:ContentType><edXML:ContentId>cid:{n}</edXML:ContentId></edXML:Reference>"
        for n, (name, _) in enumerate(listed, 1)
    )
    encoded = "".join(
        f"<Attachment><ContentType>application/zip</ContentType><ContentId>cid:{n}</ContentId>"
        f"<Description/><ContentTransferEncoded>{base64.b64encode(content).decode()}</ContentTransferEncoded>"
        f"<AttachmentName>{escape(name)}</AttachmentName></Attachment>"
        for n, (name, content) in enumerate(listed, 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><edXML xmlns="{namespace}">'
        f'<edXML:edXMLEnvelope xmlns:edXML="{namespace}"><edXML:edXMLHeader><edXML:MessageHeader>{parties}'
        f"<edXML:Code><edXML:CodeNumber>{escape(number)}</edXML:CodeNumber>"
        f"<edXML:CodeNotation>{escape(notation)}</edXML:CodeNotation></edXML:Code>"
        "<edXML:PromulgationInfo>"
        f"<edXML:PromulgationDate>{day}</edXML:PromulgationDate></edXML:PromulgationInfo>"
        "<edXML:DocumentType><edXML:Type>18</edXML:Type><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>"
        f"<edXML:Subject>{escape(subject)}</edXML:Subject>"
        "<edXML:SignerInfo><edXML:Competence>KT. CHÁNH VĂN PHÒNG</edXML:Competence><edXML:Position>Phó Chánh Văn phòng"
        "</edXML:Position><edXML:FullName>Nguyễn Văn Mẫu</edXML:FullName></edXML:SignerInfo>"
        "<edXML:OtherInfo><edXML:Priority>0</edXML:Priority><edXML:PageAmount>1</edXML:PageAmount></edXML:OtherInfo>"
        f"<edXML:DocumentId>{escape(document_id)}</edXML:DocumentId></edXML:MessageHeader>"
        '<edXML:TraceHeaderList id="trace" version="1.0" mustUnderstand="1" actor="">'
        f"<edXML:TraceHeader><edXML:OrganId>{escape(sender[0])}</edXML:OrganId>"
        f"<edXML:Timestamp>{day} 08:00:00</edXML:Timestamp></edXML:TraceHeader>"
        "<edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType></edXML:Bussiness></edXML:TraceHeaderList>"
        f"</edXML:edXMLHeader><edXML:edXMLBody><edXML:edXMLManifest>{references}</edXML:edXMLManifest></edXML:edXMLBody>"
        f"</edXML:edXMLEnvelope><AttachmentEncoded>{encoded}</AttachmentEncoded></edXML>"
    )


def write_status(document_id: str, sender: tuple[str, str], status: tuple[str, str], stamp: str) -> str:
    """A status message about a document: code and words of Decision 28/2018, `stamp` yyyy/MM/dd HH:mm:ss."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><edXML xmlns="{NAMESPACE}"><edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">'
        f"<edXML:edXMLHeader><edXML:Status><edXML:ResponseFor><edXML:DocumentId>{escape(document_id)}</edXML:DocumentId>"
        f"</edXML:ResponseFor>{_party('From', sender)}<edXML:StatusCode>{status[0]}</edXML:StatusCode>"
        f"<edXML:Description>{status[1]}</edXML:Description><edXML:Timestamp>{stamp}</edXML:Timestamp></edXML:Status>"
        "</edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>"
    )


def _party(tag: str, party: tuple[str, str]) -> str:
    code, name = escape(party[0]), escape(party[1])
    return (
        f"<edXML:{tag}><edXML:OrganId>{code}</edXML:OrganId>"
        f"<edXML:OrganizationInCharge>{name}</edXML:OrganizationInCharge>"
        f"<edXML:OrganName>{name}</edXML:OrganName></edXML:{tag}>"
    )


def _ends(document: str | Blob) -> tuple[bytes, bytes]:
    if isinstance(document, str):
        return document[:HEAD].encode()[:HEAD], document[-TAIL:].encode()
    path: Path = document.path
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, document.size - TAIL))
        return head, file.read(TAIL)


def _header(head: bytes) -> etree._Element:
    """The header by the one parser: the head is cut behind it and the two elements around it are closed."""
    root, envelope, end = _ROOT.search(head), _ENVELOPE.search(head), _HEADER_END.search(head)
    if b"<" not in head:
        raise Unreadable("10", "Tệp không hợp lệ: không phải XML")
    if root is None or envelope is None or end is None:
        raise Unreadable("22", "Sai chuẩn edXML: không thấy edXMLHeader")
    closed = head[: end.end()] + b"</" + envelope[1] + b"></" + root[1] + b">"
    try:
        found = parse_xml(closed, limit=HEAD + TAIL).find(_path("edXMLEnvelope/edXMLHeader"))
    except LgspError as wrong:
        raise Unreadable("10", "Tệp không hợp lệ: XML không đúng cú pháp") from wrong
    if found is None:
        raise Unreadable("22", "Sai chuẩn edXML: không gian tên")
    return found


def _text(header: etree._Element, path: str, *, required: bool = True) -> str:
    found = (header.findtext(_path(path)) or "").strip()
    if required and not found:
        raise Unreadable("22", f"Sai chuẩn edXML: thiếu {path.rpartition('/')[2]}")
    return found


def _path(path: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/"))
