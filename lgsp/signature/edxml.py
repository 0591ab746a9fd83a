"""edXML's `DigitalSignature` (QCVN 102:2016/BTTTT): over header, body and attachments by id, or over the whole document.

The standard names the place and XML-DSig; which parts are signed is a reconstruction: everything that the sender writes.
`TraceHeaderList` is added to on the way, so it stays outside, unless the whole document was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from lgsp.errors import InvalidMessage, LgspError
from lgsp.signature.algorithms import DS
from lgsp.signature.hollow import Fill, as_it_is
from lgsp.signature.refusal import refused
from lgsp.signature.signer import Signer
from lgsp.signature.strict import WHOLE, Verified, check
from lgsp.signature.trust import TrustStore
from lgsp.signature.writing import write_signature
from lgsp.xml import parse_xml

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
LIMIT = 80 << 20
"""Bytes: 50 MB of attachments in base64 and what stands around them."""
HEADER, BODY, ATTACHMENTS = "MessageHeader", "edXMLBody", "AttachmentEncoded"


def verify_edxml(document: bytes, trust: TrustStore, at: datetime, fill: Fill = as_it_is) -> Verified:
    """What was signed, by `MessageHeader`, `edXMLBody`, `AttachmentEncoded`. The signer must be the document's sender.

    `fill` brings what was taken out of a large document (`hollow.py`). Raises `SignatureRefused`; `InvalidMessage` where it
    is no XML at all.
    """
    root = parse_xml(document, limit=LIMIT)
    signature = _place(root)
    verified = check(root, signature, _parts(root), None, trust, at, enveloped=True, fill=fill)
    if (everything := verified.parts.get(WHOLE)) is not None:
        verified = replace(verified, parts=_parts(everything))
    if not verified.signer.signs_for(sender_of(verified.parts[HEADER])):
        raise refused("organ")
    return verified


def sender_of(header: etree._Element) -> str:
    """The agency that a `MessageHeader` says it comes from."""
    return (header.findtext(f"{_name('From')}/{_name('OrganId')}") or "").strip()


def say_together(verified: Verified, texts: set[str]) -> bool:
    """Whether one signed element holds all of these as what its children say: a copy of an attachment is that attachment."""
    return any(
        texts <= {(child.text or "").strip() for child in element}
        for part in verified.parts.values()
        for element in part.iter()
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a document says of itself before anything is verified. It decides whether a signature must be there, no more."""

    signed: bool
    sender: str
    """Empty for a status message and for what is no edXML."""
    readable: bool = True


def claim_of(document: bytes) -> Claim:
    """Never raises: a document that cannot be read claims to be signed where it speaks of a signature at all."""
    try:
        root = parse_xml(document, limit=LIMIT)
    except LgspError:
        return Claim(is_signed(document), "", readable=False)
    places = [each for each in root.iter() if isinstance(each.tag, str) and _is_place(each)]
    header = next((each for each in root.iter() if _local(each) == HEADER), None)
    sender = next((each for each in header.iter() if _local(each) == "OrganId"), None) if header is not None else None
    return Claim(bool(places), "" if sender is None else (sender.text or "").strip())


def _is_place(element: etree._Element) -> bool:
    """A signature, or the standard's place for one with anything in it: an empty place is how unsigned documents look."""
    filled = len(element) > 0 or bool((element.text or "").strip())
    return element.tag == f"{{{DS}}}Signature" or (_local(element) == "DigitalSignature" and filled)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def is_signed(head: bytes) -> bool:
    """Whether the beginning of a document speaks of a signature at all: cheap, and on the safe side."""
    return b"DigitalSignature" in head or DS.encode() in head


def sign_edxml(document: bytes, signer: Signer, fill: Fill = as_it_is) -> bytes:
    """The document with its signature in `edXMLHeader/DigitalSignature`. Raises `InvalidMessage` for one that is no edXML
    or is signed already. Of a large document what was taken out is to be filled in again."""
    root = parse_xml(document, limit=LIMIT)
    header = root.find(f"{_name('edXMLEnvelope')}/{_name('edXMLHeader')}")
    if header is None or next(root.iter(f"{{{DS}}}Signature"), None) is not None:
        raise InvalidMessage()
    parts = _parts(root)
    for name, element in parts.items():
        element.set("Id", f"signed-{name}")
    place = header.find(_name("DigitalSignature"))
    if place is None:
        place = etree.SubElement(header, _name("DigitalSignature"))
    write_signature(place, {f"signed-{name}": element for name, element in parts.items()}, signer, fill=fill)
    _place(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _place(root: etree._Element) -> etree._Element:
    """The skeleton, exactly; the signature is where the standard puts it. A second header, body or envelope, under
    whatever parent, is refused with every other surprise."""
    if root.tag != _name("edXML"):
        raise refused("structure")
    _children(root, ("edXMLEnvelope",), (ATTACHMENTS,))
    envelope = root[0]
    _children(envelope, ("edXMLHeader", BODY), ())
    header = envelope[0]
    tags = [child.tag for child in header]
    if _name("DigitalSignature") not in tags:
        raise refused("missing" if next(root.iter(f"{{{DS}}}Signature"), None) is None else "one")
    wanted = [_name(HEADER), _name("TraceHeaderList"), _name("DigitalSignature")]
    if tags not in (wanted, [wanted[0], wanted[2]]):
        raise refused("structure")
    for name in ("edXMLEnvelope", "edXMLHeader", HEADER, BODY, ATTACHMENTS, "DigitalSignature", "TraceHeaderList"):
        if len([*root.iter(_name(name))]) > 1:
            raise refused("structure")
    signatures = list(header[-1])
    if not signatures:
        raise refused("missing")
    if [each.tag for each in signatures] != [f"{{{DS}}}Signature"]:
        raise refused("one")
    return signatures[0]


def _parts(root: etree._Element) -> Mapping[str, etree._Element]:
    envelope = root.find(_name("edXMLEnvelope"))
    header = envelope.find(f"{_name('edXMLHeader')}/{_name(HEADER)}") if envelope is not None else None
    body = envelope.find(_name(BODY)) if envelope is not None else None
    if header is None or body is None:
        raise refused("structure")
    attachments = root.find(_name(ATTACHMENTS))
    rest = {} if attachments is None else {ATTACHMENTS: attachments}
    return {HEADER: header, BODY: body, **rest}


def _children(element: etree._Element, wanted: tuple[str, ...], optional: tuple[str, ...]) -> None:
    tags = [child.tag for child in element]
    if tags not in ([*map(_name, wanted)], [*map(_name, wanted + optional)]):
        raise refused("structure")
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise refused("structure")  # words between the parts would be signed by nobody


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
