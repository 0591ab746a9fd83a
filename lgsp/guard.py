"""What stands around a sign-in: secrets as they are handed out, wrong ones counted, nonces used once, one refusal for all."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lgsp.errors import Unauthenticated
from lgsp.model import Text
from lgsp.runtime import Clock

FRESH = timedelta(minutes=5)
"""How far a UsernameToken's Created may lie from now; its nonce is remembered for twice as long."""
_NONCES = 20_000
_FAILURES = 10
"""Wrong secrets for one name from one address before it is made to wait. By name *and* address, so that nobody can lock
another one out by guessing in his name."""
_LOCKED_SECONDS = 30.0
_WATCHED = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What `/token` hands out. `access_token` exists here and with the caller only."""

    access_token: str
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True, repr=False)
class NewSecrets:
    """Shown once, at creation; the store keeps hashes."""

    client_id: str
    client_secret: str
    api_key: str


@dataclass(slots=True, repr=False)
class Guard:
    """Of this process. Both memories have a bound."""

    clock: Clock
    _nonces: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _failures: OrderedDict[tuple[str, str], tuple[int, float]] = field(default_factory=OrderedDict)

    def held(self) -> dict[str, tuple[int, int]]:
        """What is remembered, and its bound, for metrics."""
        return {"nonces": (len(self._nonces), _NONCES), "wrong-secrets": (len(self._failures), _WATCHED)}

    def forget(self, name: str, peer: str) -> None:
        """The right secret came."""
        self._failures.pop((name, peer), None)

    def renewed(self, names: Collection[str]) -> None:
        """Their secrets are other ones now: what failed before says nothing about those, from whatever address."""
        for key in [key for key in self._failures if key[0] in names] if names else ():
            del self._failures[key]

    def once(self, username: str, nonce: str) -> None:
        now = self.clock.monotonic()
        while self._nonces and next(iter(self._nonces.values())) < now:
            self._nonces.popitem(last=False)
        if (username, nonce) in self._nonces or len(self._nonces) >= _NONCES:
            raise Unauthenticated(refused())  # a full memory refuses: letting go of a nonce would admit its replay
        self._nonces[username, nonce] = now + 2 * FRESH.total_seconds()

    def check(self, name: str, peer: str) -> None:
        count, until = self._failures.get((name, peer), (0, 0.0))
        left = until - self.clock.monotonic()
        if count >= _FAILURES and left > 0:
            raise Unauthenticated(locked(), retry_after=left)

    def failed(self, name: str, peer: str) -> Unauthenticated:
        now = self.clock.monotonic()
        count, until = self._failures.pop((name, peer), (0, 0.0))
        self._failures[name, peer] = (count + 1 if until > now else 1, now + _LOCKED_SECONDS)
        if len(self._failures) > _WATCHED:
            self._failures.popitem(last=False)
        return Unauthenticated(refused())


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def within(peer: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(each) for each in networks)


def moment_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment


def refused() -> Text:
    return Text("Thông tin xác thực không hợp lệ", "The credentials are not valid")


def token_refused() -> Text:
    return Text("Mã truy cập không hợp lệ hoặc đã hết hạn", "The access token is not valid or has expired")


def locked() -> Text:
    return Text("Sai thông tin xác thực quá nhiều lần, hãy chờ", "Too many wrong credentials, wait")
