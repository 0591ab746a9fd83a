"""WS-Security as a ministry checks it: a UsernameToken with digest, fresh, used once. Our own reading of the profile."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from lgsp.adapters.envelope import UsernameToken

FRESH = timedelta(minutes=5)
"""How far `Created` may lie from the ministry's clock, on both sides (DOMAIN.md §8)."""
REMEMBERED = 100_000
"""Nonces; under a storm the oldest go first."""


class Guard:
    """One ministry's door. Remembers nonces as long as their tokens are fresh."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}
        """Nonce -> until when its token may come again, in the order in which they came."""

    def refusal(self, token: UsernameToken | None, secrets: Mapping[str, str], now: datetime) -> tuple[str, str] | None:
        """(fault code, text), or None for whoever may come in."""
        if token is None or not token.digest or not token.nonce or not token.created:
            return "InvalidSecurity", "An error was discovered processing the <wsse:Security> header"
        try:
            created = datetime.strptime(token.created, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            nonce = base64.b64decode(token.nonce, validate=True)
        except (ValueError, binascii.Error):
            return "InvalidSecurityToken", "An invalid security token was provided"
        if abs(now - created) > FRESH:
            return "MessageExpired", "The message has expired"
        wanted = hashlib.sha1(
            nonce + token.created.encode() + secrets.get("password", "").encode(), usedforsecurity=False
        )
        known = token.username == secrets.get("username")
        if not known or not hmac.compare_digest(base64.b64encode(wanted.digest()), token.password.encode()):
            return "FailedAuthentication", "The security token could not be authenticated or authorized"
        while self._seen and (len(self._seen) >= REMEMBERED or next(iter(self._seen.values())) <= now):
            del self._seen[next(iter(self._seen))]
        if token.nonce in self._seen:
            return "InvalidSecurityToken", "The nonce has been used before"
        self._seen[token.nonce] = created + 2 * FRESH
        return None
