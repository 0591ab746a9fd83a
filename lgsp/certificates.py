"""Client certificates as a credential: the names under which one is registered, and the forms in which a proxy passes one.

Whoever terminates TLS has verified the chain before anything here is asked; what is decided here is whose certificate it is.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

SUBJECT = "subject:"
"""Before a registered subject: any certificate of that name that the trusted authority has issued."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_LARGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Named:
    """A certificate by all that it may be registered under, and from when to when it holds."""

    fingerprint: str
    subject: str
    begins: datetime
    ends: datetime

    @property
    def names(self) -> tuple[str, str]:
        """The narrower one first."""
        return self.fingerprint, self.subject


@lru_cache(maxsize=512)
def named(der: bytes) -> Named | None:
    """None for what is no certificate."""
    try:
        found = x509.load_der_x509_certificate(der)
        subject = found.subject.rfc4514_string()
        begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    except ValueError:
        return None
    return Named(sha256(der).hexdigest(), f"{SUBJECT}{subject}", begins, ends)


def registered_name(text: str) -> str | None:
    """How an operator names a certificate without having it: a SHA-256 fingerprint (with or without colons), or its subject
    as RFC 4514 writes it (`CN=…,O=…`). None for neither."""
    plain = text.strip().replace(":", "").lower()
    if _FINGERPRINT.fullmatch(plain):
        return plain
    try:
        return f"{SUBJECT}{x509.Name.from_rfc4514_string(text.strip()).rfc4514_string()}" if "=" in text else None
    except ValueError:
        return None


def from_pem(text: str) -> bytes | None:
    """DER of the first certificate of a PEM text; None where there is none."""
    try:
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    except (ValueError, UnicodeEncodeError):
        return None


def from_header(value: str) -> bytes | None:
    """DER out of a proxy's header: RFC 9440 (`:base64:`), PEM in one line or URL-encoded, or plain base64. None for nothing."""
    text = value.strip()
    if not text or len(text) > _LARGEST:
        return None
    text = unquote(text) if "%" in text else text
    _, begun, rest = text.partition(_BEGIN)
    packed, ended, behind = rest.partition(_END)
    if not begun:
        packed = text.strip(":")
    elif not ended or _BEGIN in behind:  # two of them: a caller's own beside the proxy's, perhaps
        return None
    try:
        der = base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return der if named(der) is not None else None


def server_context(certificate: Path, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    """TLS of the bus's own door. With `client_ca` a client may show a certificate; one that does not chain ends the handshake.

    Raises OSError and `ssl.SSLError` for files that cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
