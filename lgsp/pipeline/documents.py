"""Signed documents inside messages (edXML's `DigitalSignature`, QCVN 102): verified when they come, signed when they leave.

The manifest's `signed` names the field that holds the document. Whatever carries a signature is verified strictly; what
carries none passes only where nobody expects one: an agency whose certificate stands in the trust store signs, so a document
of its that is unsigned has lost its signature. A document of 50 MB is read without its attachments (`signature/hollow.py`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.x509 import load_der_x509_certificate

from lgsp.errors import BusFault, InvalidSignature, LgspError, Overloaded
from lgsp.exchange import Exchange, Handler
from lgsp.identifiers import parse_agency_code
from lgsp.model import Blob, Data, Face, FieldError, Kind, Text
from lgsp.registry import SignedField
from lgsp.runtime import Runtime
from lgsp.signature import (
    Claim,
    Signer,
    SignerFailed,
    TrustedSigner,
    TrustFolder,
    TrustStore,
    Verified,
    claim_of,
    hollow,
    sign_edxml,
    verify_edxml,
)
from lgsp.signature.edxml import HEADER, is_signed, say_together, sender_of
from lgsp.signature.hollow import Fill, as_it_is
from lgsp.signature.refusal import refused
from lgsp.signature.trust import trusted
from lgsp.spool import Drawer, Spool, read_text

MARK = "X-LGSP-Signature"
"""Answer header: `verified`, `signed` (by this bus, before it was sent) or `none`."""
_CHUNK = 3 << 18
_NOT_SIGNED = Text("Không ký được văn bản", "The document could not be signed")


class DocumentRefused(InvalidSignature):
    """A document that came from a ministry: the caller has nothing to change. The same code on the wire."""

    fault_domain = "backend"


@dataclass(frozen=True, slots=True)
class Documents:
    """What both steps need. `signers` by agency code; one signs for its agency and those below it."""

    trust: TrustFolder
    runtime: Runtime
    spool: Spool
    signers: Mapping[str, Signer] = field(default_factory=dict)
    required: bool = False
    """Nothing unsigned passes, whoever sends it."""

    def judged(self, read: _Read, *, answer: bool) -> Verified | None:
        """What was signed; None for a document that may be without. Raises `InvalidSignature`. Off the loop."""
        trust = self.trust.current()
        if read.claim.signed:
            known = TrustStore({**self._own(), **trust.signers})
            return verify_edxml(read.raw, known, self.runtime.clock.now(), read.fill)
        ours = not answer and self.signer_for(read.claim.sender) is not None  # it will be signed before it leaves
        if not ours and (self.required or trust.knows(read.claim.sender)):
            raise refused("missing")
        if answer and read.broken and trust.signers:
            raise refused("structure")  # who cannot read the sender cannot know that nothing was taken off
        return None

    def _own(self) -> dict[str, TrustedSigner]:
        """What this bus has signed it takes back; the trust store may still say that such a certificate is revoked."""
        certificates = {organ: load_der_x509_certificate(each.certificate) for organ, each in self.signers.items()}
        found = [trusted(certificate, organ) for organ, certificate in certificates.items()]
        return {each.fingerprint: each for each in found}

    def signer_for(self, sender: str) -> Signer | None:
        """That of the nearest agency at or above the sender."""
        code = parse_agency_code(sender)
        for size in range(len(code.groups), 0, -1) if code else ():
            for organ, signer in self.signers.items():
                own = parse_agency_code(organ)
                if own is not None and code is not None and own.groups == code.groups[:size]:
                    return signer
        return None


@dataclass(frozen=True, slots=True)
class _Read:
    """A document, as far as it is read: `raw` without the runs that `fill` brings."""

    raw: bytes
    fill: Fill
    claim: Claim
    broken: bool = False


class CheckDocument:
    """The document of a request, before anything of it is kept: a bad signature is refused, not deposited."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        named = _named(exchange, Kind.UPDATE)
        if named is None or exchange.face is Face.INTERNAL:
            return handler(exchange)
        return self._checked(exchange, handler, named)

    async def _checked(self, exchange: Exchange, handler: Handler, named: SignedField) -> Data:
        value = (exchange.data or {}).get(named.field)
        if isinstance(value, str | Blob) and await _judge(self._documents, named, value, answer=False) is not None:
            exchange.headers_out[MARK] = "verified"
        return await handler(exchange)


class SealDocument:
    """Signs what leaves unsigned where a signer stands for its sender, and verifies what an answer brings."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        if (named := _named(exchange, Kind.QUERY)) is not None:
            return self._brought(exchange, handler, named)
        if (named := _named(exchange, Kind.UPDATE)) is not None and exchange.face is not Face.NATIVE:
            return self._sent(exchange, handler, named)
        return handler(exchange)

    async def _brought(self, exchange: Exchange, handler: Handler, named: SignedField) -> Data:
        answer = await handler(exchange)
        path = tuple((named.native if exchange.face is Face.NATIVE else named.field).split("."))
        value = _at(answer, path)
        if isinstance(value, str | Blob):
            found = await _judge(self._documents, named, value, answer=True)
            exchange.headers_out[MARK] = "none" if found is None else "verified"
            beside = _at(answer, path[:-1])
            if found is not None and isinstance(beside, dict):
                _agree(found, beside, named)
        return answer

    async def _sent(self, exchange: Exchange, handler: Handler, named: SignedField) -> Data:
        data = exchange.data or {}
        value = data.get(named.field)
        if not self._documents.signers or not isinstance(value, str | Blob):
            return await handler(exchange)
        drawer = self._documents.spool.drawer()
        try:
            if isinstance(value, Blob):  # read out of its base64, signed, written again
                drawer.spool.reserve(drawer, 3 * value.size)
            signed = await self._documents.runtime.offload(lambda: _signed(self._documents, named, value, drawer))
            if signed is not None:
                exchange.data = {**data, named.field: signed}
                exchange.headers_out[MARK] = "signed"
            return await handler(exchange)
        finally:
            exchange.data = data
            drawer.close()


async def _judge(documents: Documents, named: SignedField, value: str | Blob, *, answer: bool) -> Verified | None:
    drawer = documents.spool.drawer()
    try:
        if isinstance(value, Blob) and named.encoding == "base64":
            drawer.spool.reserve(drawer, value.size)  # counted on the loop: in the thread two would count at once
        return await documents.runtime.offload(lambda: documents.judged(_read(value, named, drawer), answer=answer))
    except Overloaded:
        raise
    except LgspError as error:
        rules = [each.rule for each in error.errors if each.rule.startswith("signature:")] or ["signature:structure"]
        where = "" if answer else f"/{named.field}"
        kind = DocumentRefused if answer else InvalidSignature
        raise kind(error.detail, errors=tuple(FieldError(where, rule) for rule in rules)) from error
    finally:
        drawer.close()


def _read(value: str | Blob, named: SignedField, drawer: Drawer) -> _Read:
    """Off the loop. What cannot be read claims a signature where it speaks of one."""
    try:
        if isinstance(value, str):
            raw = base64.b64decode(value, validate=True) if named.encoding == "base64" else value.encode()
            claim = claim_of(raw)
            return _Read(raw, as_it_is, claim, broken=not claim.readable)
        blob = _decoded(value, drawer) if named.encoding == "base64" else value
    except (binascii.Error, ValueError):
        return _Read(b"", as_it_is, Claim(False, "", readable=False), broken=True)
    try:
        made = hollow(blob.path, blob.sha256)
    except InvalidSignature:
        return _Read(b"", as_it_is, Claim(is_signed(read_text(blob, 0, 1 << 20)), "", readable=False), broken=True)
    claim = claim_of(made.rest)
    return _Read(made.rest, made.fill, claim, broken=not claim.readable)


def _decoded(blob: Blob, drawer: Drawer) -> Blob:
    """The document of a base64 text in a file, as a file beside it. Raises ValueError."""
    writer, rest = drawer.open(), b""
    with blob.path.open("rb") as file:
        while piece := file.read(_CHUNK):
            text = rest + piece.translate(None, b" \t\r\n")
            whole = len(text) - len(text) % 4
            writer.write(base64.b64decode(text[:whole], validate=True))
            rest = text[whole:]
    if rest:
        raise ValueError("base64")
    return writer.close()


def _signed(documents: Documents, named: SignedField, value: str | Blob, drawer: Drawer) -> str | Blob | None:
    """None where it is signed already, or nobody signs for its sender. Off the loop."""
    read = _read(value, named, drawer)
    signer = None if read.claim.signed or read.broken else documents.signer_for(read.claim.sender)
    if signer is None:
        return None
    try:
        made = sign_edxml(read.raw, signer, read.fill)
    except SignerFailed as error:
        raise BusFault(_NOT_SIGNED) from error
    except LgspError:
        return None  # no edXML of the standard: the exchange says so itself
    if isinstance(value, str):
        return base64.b64encode(made).decode() if named.encoding == "base64" else made.decode()
    writer = drawer.open()
    for piece in _encoded(read.fill(made)) if named.encoding == "base64" else read.fill(made):
        writer.write(piece)
    return writer.close()


def _encoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = rest + piece
        whole = len(text) - len(text) % 3
        yield base64.b64encode(text[:whole])
        rest = text[whole:]
    yield base64.b64encode(rest)


def _agree(verified: Verified, beside: Data, named: SignedField) -> None:
    """What stands beside the document must stand in it: nobody has signed the copy. Raises `DocumentRefused`."""
    if named.sender and isinstance(said := beside.get(named.sender), str):
        inside = sender_of(verified.parts[HEADER])
        if said != inside and (parse_agency_code(said) is None or parse_agency_code(said) != parse_agency_code(inside)):
            raise _unlike(named.sender, "organ")
    for name in named.repeats:
        items = beside.get(name)
        for item in items if isinstance(items, list) else []:
            leaves = set(_leaves(item))
            if not say_together(verified, leaves):
                raise _unlike(name, "digest")


def _unlike(name: str, rule: str) -> DocumentRefused:
    error = refused(rule)
    return DocumentRefused(error.detail, errors=(FieldError(f"/{name}", f"signature:{rule}"),))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value.strip() if isinstance(value, str) else repr(type(value))


def _named(exchange: Exchange, kind: Kind) -> SignedField | None:
    operation = exchange.operation
    return operation.signed if operation is not None and operation.kind is kind else None


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data
