"""Who may ask: consumers with their secrets and tokens, grants, and the operators of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from lgsp.model import Consumer, Grant

SecretKind = Literal["api_key", "client", "password", "certificate", "signer"]
"""A `certificate` opens a TLS connection's calls, a `signer` signs messages: both are public, `hash` is the DER, if known."""


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """One secret of a consumer, stored hashed. `key_id` is what the caller names: client id, prefix of an API key."""

    consumer: str
    kind: SecretKind
    key_id: str
    hash: bytes
    created: datetime
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One opaque token, known by its hash only."""

    hash: bytes
    consumer: str
    scope: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """One person who signs in to the console."""

    user: str
    role: str
    hash: bytes
    created: datetime
    active: bool = True


class Consumers(Protocol):
    async def put(self, consumer: Consumer) -> None: ...
    async def get(self, consumer: str) -> Consumer | None: ...
    async def all(self) -> list[Consumer]: ...
    async def put_secret(self, secret: SecretRecord) -> None: ...
    async def by_key(self, kind: SecretKind, key_id: str) -> SecretRecord | None: ...
    async def secrets(self, consumer: str | None = None) -> list[SecretRecord]: ...
    async def revoke(self, kind: SecretKind, key_id: str) -> bool: ...


class Grants(Protocol):
    async def put(self, grant: Grant) -> None:
        """One grant stands per consumer, system and operation; a new one replaces it."""

    async def of(self, consumer: str) -> list[Grant]: ...
    async def all(self) -> list[Grant]: ...
    async def delete(self, consumer: str, system: str, operation: str) -> bool: ...


class Tokens(Protocol):
    async def put(self, hash: bytes, consumer: str, scope: str, expires: datetime) -> None:  # noqa: A002  the word for it
        """Expired tokens go with it."""

    async def get(self, hash: bytes) -> TokenRecord | None: ...  # noqa: A002
    async def revoke(self, hash: bytes) -> bool: ...  # noqa: A002
    async def live_for(self, consumer: str) -> list[TokenRecord]: ...


class Operators(Protocol):
    async def put(self, operator: OperatorRecord) -> None: ...
    async def get(self, user: str) -> OperatorRecord | None: ...
    async def all(self) -> list[OperatorRecord]: ...
    async def disable(self, user: str) -> bool: ...
