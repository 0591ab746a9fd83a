"""Signed call-backs as Standard Webhooks has them: secrets, signatures, and which address a receiver may have. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import msgspec

from lgsp.runtime import Ids
from lgsp.store import Keys

_PREFIX = "whsec_"
_LONGEST = 2048


class Secret(msgspec.Struct, frozen=True):
    """`until`: its last moment, once another has taken its place."""

    text: str
    until: datetime | None = None


def new_secret(ids: Ids) -> Secret:
    return Secret(_PREFIX + base64.b64encode(hashlib.sha256(ids.token().encode()).digest()).decode())


def rotated(secrets: Iterable[Secret], fresh: Secret, until: datetime, now: datetime) -> tuple[Secret, ...]:
    """Two hold at most: the fresh one, and the one before until then."""
    before = next((each for each in secrets if each.until is None), None)
    return (fresh,) if before is None or until <= now else (fresh, Secret(before.text, until))


def seal_secrets(keys: Keys, consumer: str, secrets: Iterable[Secret]) -> bytes:
    return keys.seal(msgspec.json.encode(list(secrets)), f"callback:{consumer}")


def open_secrets(keys: Keys, consumer: str, sealed: bytes) -> tuple[Secret, ...]:
    return msgspec.json.decode(keys.unseal(sealed, f"callback:{consumer}"), type=tuple[Secret, ...])


def signed(secrets: Iterable[Secret], name: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """The headers of one try. While two secrets hold, either signature proves it."""
    at = int(now.timestamp())
    valid = [each for each in secrets if each.until is None or each.until > now]
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_signature(each, name, at, body) for each in valid),
    }


def _signature(secret: Secret, name: str, at: int, body: bytes) -> str:
    key = base64.b64decode(secret.text.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, "sha256")).decode()


def address(url: str, *, demonstration: bool) -> tuple[str, str]:
    """(scheme, host and port; path and query) of a receiver. What its name resolves to is looked at when it is called
    (RULES 21). Raises `ValueError` with the reason."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        raise ValueError(f"an address is at most {_LONGEST} ASCII characters without blanks")
    parts = urlsplit(url)
    host, _ = parts.hostname, parts.port
    if not host or parts.username is not None or parts.password is not None or "#" in url or "\\" in url:
        raise ValueError("an address has a host, no user, no password and no fragment")
    here = _loopback(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and here and demonstration):
        raise ValueError("a receiver is https://; only the demonstration tells http:// on this very machine")
    literal = _literal(host)
    barred = literal is not None and (literal.is_link_local or literal.is_unspecified or literal.is_multicast)
    if barred or (here and not demonstration):
        raise ValueError("a receiver is another machine: no loopback, link-local or multicast address")
    return f"{parts.scheme}://{parts.netloc}", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _loopback(host: str) -> bool:
    literal = _literal(host)
    return host.rstrip(".").lower() == "localhost" if literal is None else literal.is_loopback


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
