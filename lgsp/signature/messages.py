"""Signed SOAP (WS-Security, X.509 token profile): Body and Timestamp are the very nodes that are signed, fresh, once."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from lxml import etree

from lgsp.signature.algorithms import DS
from lgsp.signature.refusal import refused
from lgsp.signature.signer import Signer
from lgsp.signature.strict import Verified, check
from lgsp.signature.trust import TrustStore
from lgsp.signature.writing import write_signature
from lgsp.xml import parse_xml

SOAP = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_MESSAGE_ID = (
    "{http://www.w3.org/2005/08/addressing}MessageID",
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing}MessageID",
)
LONGEST = timedelta(minutes=5)
"""How long a Timestamp may run, and how far the sender's clock may be ahead."""
LIMIT = 1 << 20


def verify_soap(message: bytes, trust: TrustStore, at: datetime, limit: int = LIMIT) -> tuple[Verified, datetime]:
    """(`Body` and `Timestamp` as they were signed, until when the message counts). Raises `SignatureRefused`.

    A `wsa:MessageID` that carries an id must be signed with them; one without is nobody's word and is left behind.
    """
    root = parse_xml(message, limit=limit)
    header, body = _envelope(root)
    security = _only(header, f"{{{WSSE}}}Security")
    timestamp = _only(security, f"{{{WSU}}}Timestamp")
    signature = _only(security, f"{{{DS}}}Signature")
    allowed = {f"{{{WSU}}}Timestamp", f"{{{DS}}}Signature", f"{{{WSSE}}}BinarySecurityToken"}
    if {child.tag for child in security} - allowed:
        raise refused("structure")
    for tag in (f"{{{WSSE}}}Security", f"{{{WSU}}}Timestamp", str(body.tag), str(header.tag)):
        if len([*root.iter(tag)]) != 1:
            raise refused("structure")
    parts = {"Body": body, "Timestamp": timestamp, **_message_id(header)}
    verified = check(root, signature, parts, _token(security, signature), trust, at)
    return verified, _fresh(verified.parts["Timestamp"], at)


def sign_soap(message: bytes, signer: Signer, at: datetime, seconds: int = 300, limit: int = LIMIT) -> bytes:
    """The envelope with a Security header: Timestamp, the certificate as a token, the signature over Body and Timestamp."""
    root = parse_xml(message, limit=limit)
    space = etree.QName(root).namespace or ""
    body = root.find(f"{{{space}}}Body")
    if space not in SOAP or body is None:
        raise refused("structure")
    header = root.find(f"{{{space}}}Header")
    if header is None:
        header = etree.Element(f"{{{space}}}Header")
        root.insert(0, header)
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", ValueType=_X509, EncodingType=_BASE64)
    token.set(f"{{{WSU}}}Id", "signer")
    token.text = base64.b64encode(signer.certificate).decode()
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
    for name, moment in (("Created", at), ("Expires", at + timedelta(seconds=seconds))):
        stamp = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = stamp
    timestamp.set(f"{{{WSU}}}Id", "signed-timestamp")
    body.set(f"{{{WSU}}}Id", "signed-body")
    parts = {"signed-body": body, "signed-timestamp": timestamp}
    for each in header:
        if each.tag in _MESSAGE_ID:
            each.set(f"{{{WSU}}}Id", "signed-message-id")
            parts["signed-message-id"] = each
    reference = etree.Element(f"{{{WSSE}}}SecurityTokenReference", nsmap={"wsse": WSSE})
    etree.SubElement(reference, f"{{{WSSE}}}Reference", URI="#signer", ValueType=_X509)
    write_signature(security, parts, signer, reference)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def envelope_of(verified: Verified) -> bytes:
    """A message of the parts that were signed and nothing else: what the rest of the house reads."""
    body = verified.parts["Body"]
    space = etree.QName(body).namespace or ""
    root = etree.Element(f"{{{space}}}Envelope", nsmap={"s": space})
    if (message_id := verified.parts.get("MessageID")) is not None:
        etree.SubElement(root, f"{{{space}}}Header").append(message_id)
    root.append(body)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _message_id(header: etree._Element) -> dict[str, etree._Element]:
    found = [each for each in header if each.tag in _MESSAGE_ID]
    if len(found) > 1:
        raise refused("structure")
    named = found and any(etree.QName(name).localname.lower() == "id" for name in found[0].attrib)
    return {"MessageID": found[0]} if named else {}


def _envelope(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    space = etree.QName(root).namespace or ""
    wanted = [f"{{{space}}}Header", f"{{{space}}}Body"]
    if space not in SOAP or root.tag != f"{{{space}}}Envelope":
        raise refused("structure")
    tags = [child.tag for child in root]
    if tags == wanted[1:]:
        raise refused("missing")
    if tags != wanted:
        raise refused("structure")
    return root[0], root[1]


def _only(parent: etree._Element, tag: str) -> etree._Element:
    found = [child for child in parent if child.tag == tag]
    if not found:
        raise refused("missing")
    if len(found) > 1:
        raise refused("one")
    return found[0]


def _token(security: etree._Element, signature: etree._Element) -> bytes | None:
    """The certificate in the header's own token, where KeyInfo points to it; None where KeyInfo carries it."""
    tokens = [child for child in security if child.tag == f"{{{WSSE}}}BinarySecurityToken"]
    if len(tokens) > 1:
        raise refused("structure")
    named = signature.find(f"{{{DS}}}KeyInfo")
    if named is None or [child.tag for child in named] != [f"{{{WSSE}}}SecurityTokenReference"]:
        return None
    references = list(named[0])
    if [child.tag for child in references] != [f"{{{WSSE}}}Reference"] or not tokens:
        raise refused("key")
    if references[0].get("URI") != f"#{tokens[0].get(f'{{{WSU}}}Id')}" or tokens[0].get("ValueType") != _X509:
        raise refused("key")
    try:
        return base64.b64decode("".join((tokens[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("structure") from error


def _fresh(timestamp: etree._Element, at: datetime) -> datetime:
    """Until when it counts: what says nothing about its end counts for the longest time allowed."""
    created = _moment(timestamp.findtext(f"{{{WSU}}}Created"))
    text = timestamp.findtext(f"{{{WSU}}}Expires")
    expires = created + LONGEST if text is None else min(_moment(text), created + LONGEST)
    if not created - LONGEST <= at < expires:
        raise refused("stale")
    return expires


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError as error:
        raise refused("structure") from error
    if moment.tzinfo is None:
        raise refused("structure")
    return moment
