"""A SOAP envelope read once and safely: its version, its parts, and the header blocks that the bus understands."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lxml import etree

from lgsp import lift
from lgsp.adapters.rest import media_type
from lgsp.contract.model import Codec
from lgsp.contract.several import SeveralParts
from lgsp.errors import InvalidMessage, UnsupportedMediaType
from lgsp.model import FieldError, Text

Version = Literal["1.1", "1.2"]

NAMESPACES: Mapping[Version, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
ENVELOPES: Mapping[str, str] = {f"{{{space}}}Envelope": space for space in NAMESPACES.values()}
"""The root's name -> the namespace of its version."""
CONTENT_TYPES: Mapping[str, Version] = {"text/xml": "1.1", "application/soap+xml": "1.2"}
WRITTEN: Mapping[Version, str] = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
_WSA = ("http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing")
_ANONYMOUS = (f"{_WSA[0]}/anonymous", f"{_WSA[1]}/role/anonymous")
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
SECURITY_FAULTS = frozenset(
    {
        "UnsupportedSecurityToken",
        "UnsupportedAlgorithm",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "FailedAuthentication",
        "FailedCheck",
        "SecurityTokenUnavailable",
        "MessageExpired",
    }
)
"""Local names of WS-Security's fault codes: whoever called was not let in."""
_ROLES = (
    None,
    "",
    "http://schemas.xmlsoap.org/soap/actor/next",
    "http://www.w3.org/2003/05/soap-envelope/role/next",
    "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
)
_NOT_UNDERSTOOD = Text(
    "Có khối Header bắt buộc hiểu mà trục không hiểu", "A header block that must be understood is not understood"
)
_ANSWERED_ELSEWHERE = Text(
    "Địa chỉ trả lời WS-Addressing phải là anonymous hoặc bỏ trống", "WS-Addressing reply addresses must be anonymous"
)
_ACTION = re.compile(r'action="([^"]*)"', re.IGNORECASE)


class VersionMismatch(InvalidMessage):
    """The envelope is of no SOAP version, or not of the one that the content type names."""


class MustUnderstand(InvalidMessage):
    """A header block that must be understood is not."""


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """WS-Security UsernameToken Profile 1.1; with `digest`, `password` is Base64(SHA-1(nonce + created + secret))."""

    username: str
    password: str = field(repr=False)
    digest: bool
    nonce: str | None = field(default=None, repr=False)
    created: str | None = None

    @classmethod
    def digested(cls, username: str, secret: str, nonce: bytes, moment: datetime) -> UsernameToken:
        """The token of one message: its nonce and its moment are never used again."""
        created = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        digest = hashlib.sha1(nonce + created.encode() + secret.encode(), usedforsecurity=False).digest()
        return cls(username, base64.b64encode(digest).decode(), True, base64.b64encode(nonce).decode(), created)


@dataclass(slots=True)
class Blocks:
    """What the header blocks say."""

    message_id: str | None = None
    action: str | None = None
    token: UsernameToken | None = None
    signed: bool = False
    """A Security block holds an XML signature: it is verified or the message refused, never passed over."""


def parts_of(root: etree._Element, space: str) -> tuple[etree._Element | None, etree._Element]:
    """One optional Header, then one Body, nothing else: anything more is a way to show two readers two messages."""
    match list(root):
        case [body] if body.tag == f"{{{space}}}Body":
            return None, body
        case [header, body] if header.tag == f"{{{space}}}Header" and body.tag == f"{{{space}}}Body":
            return header, body
    raise InvalidMessage(errors=(FieldError("", "soap: one Header at most, one Body"),))


def first_child(body: etree._Element) -> etree._Element | None:
    """The Body's element, which names the operation; None where the Body is empty."""
    return body[0] if len(body) else None


def alone(child: etree._Element | None, codec: Codec) -> None:
    """More than one element in a Body is a way to show two readers two messages, unless a written contract says so."""
    if child is not None and child.getnext() is not None and not isinstance(codec, SeveralParts):
        raise InvalidMessage(errors=(FieldError("", "soap: one element in the Body"),))


def blocks_of(header: etree._Element | None, space: str) -> Blocks:
    found = Blocks()
    for block in header if header is not None else ():
        name = etree.QName(block)
        if name.namespace in _WSA:
            _addressing(found, block, name.localname)
        elif block.tag == f"{{{WSSE}}}Security":
            if found.token is not None:
                raise InvalidMessage(errors=(FieldError("", "soap: one Security"),))
            found.token = _username_token(block)
            found.signed = found.signed or block.find(f"{{{_DS}}}Signature") is not None
        elif _mandatory(block, space):
            raise MustUnderstand(_NOT_UNDERSTOOD, errors=(FieldError("", "soap: mustUnderstand"),))
    return found


def answer_understood(header: etree._Element | None, space: str) -> None:
    """Nothing of an answer may be taken without a header block that must be understood. Raises `MustUnderstand`."""
    for block in header if header is not None else ():
        known = etree.QName(block).namespace in _WSA or block.tag == f"{{{WSSE}}}Security"
        if not known and _mandatory(block, space):
            raise MustUnderstand(_NOT_UNDERSTOOD, errors=(FieldError("", "soap: mustUnderstand"),))


def _mandatory(block: etree._Element, space: str) -> bool:
    return block.get(f"{{{space}}}mustUnderstand") in ("1", "true") and _for_us(block, space)


def _for_us(block: etree._Element, space: str) -> bool:
    return (block.get(f"{{{space}}}actor") or block.get(f"{{{space}}}role")) in _ROLES


def _addressing(found: Blocks, block: etree._Element, name: str) -> None:
    text = (block.text or "").strip()
    match name:
        case "MessageID":
            found.message_id = text or None
        case "Action":
            found.action = text or None
        case "ReplyTo" | "FaultTo":
            addresses = [(child.text or "").strip() for child in block if etree.QName(child).localname == "Address"]
            if addresses not in ([_ANONYMOUS[0]], [_ANONYMOUS[1]]):
                raise InvalidMessage(_ANSWERED_ELSEWHERE, errors=(FieldError("", f"wsa:{name} anonymous"),))


def _username_token(security: etree._Element) -> UsernameToken | None:
    tokens = security.findall(f"{{{WSSE}}}UsernameToken")
    if len(tokens) > 1:
        raise InvalidMessage(errors=(FieldError("", "wsse: one UsernameToken"),))
    if not tokens:
        return None
    token = tokens[0]
    password = token.find(f"{{{WSSE}}}Password")
    kind = password.get("Type", "") if password is not None else ""
    return UsernameToken(
        username=(token.findtext(f"{{{WSSE}}}Username") or "").strip(),
        password=(password.text or "") if password is not None else "",
        digest=kind.endswith("#PasswordDigest"),
        nonce=token.findtext(f"{{{WSSE}}}Nonce"),
        created=token.findtext(f"{{{_WSU}}}Created"),
    )


def security_block(token: UsernameToken) -> bytes:
    """A Security header block with a digested token, complete in itself: it may stand in any envelope."""
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{_WSU}"><wsse:UsernameToken>'
        f"<wsse:Username>{lift.escaped(token.username, 'xml').decode()}</wsse:Username>"
        f'<wsse:Password Type="{_DIGEST}">{token.password}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{token.nonce}</wsse:Nonce>'
        f"<wsu:Created>{token.created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    ).encode()


def version_of(headers: Mapping[str, str]) -> Version:
    """By content type. Raises `UnsupportedMediaType`."""
    version = CONTENT_TYPES.get(media_type(headers))
    if version is None:
        raise UnsupportedMediaType(
            Text(
                "Nội dung phải là text/xml (SOAP 1.1) hoặc application/soap+xml (SOAP 1.2)",
                "The body must be text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2)",
            )
        )
    return version


def action_of(headers: Mapping[str, str], version: Version) -> str | None:
    if version == "1.1":
        return headers.get("soapaction", "").strip().strip('"') or None
    found = _ACTION.search(headers.get("content-type", ""))
    return found[1] if found else None


_BEGIN: Mapping[Version, bytes] = {
    version: f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{space}">'.encode()
    for version, space in NAMESPACES.items()
}


def wrapped(version: Version, body: bytes, headers: Sequence[bytes]) -> bytes:
    """The body and the headers, written, in an envelope."""
    head = b"<soap:Header>" + b"".join(headers) + b"</soap:Header>" if headers else b""
    return b"%b%b<soap:Body>%b</soap:Body></soap:Envelope>" % (_BEGIN[version], head, body)
