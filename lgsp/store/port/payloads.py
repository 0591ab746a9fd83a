"""Payload evidence: what was asked and answered, where a manifest asks for it, sealed under a key of its day.

Retention is the destruction of a day's key; the chain holds digests only and stays verifiable. A legal hold keeps what it names:
before the day's key goes, its rows are sealed anew under the hold's own key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

PayloadKind = Literal["request", "answer"]


@dataclass(frozen=True, slots=True)
class PayloadRow:
    """`key` names the key under which it is sealed: a day (`2022-12-06`), or a hold (`hold:…`)."""

    exchange: str
    kind: PayloadKind
    at: datetime
    day: date
    correlation: str
    consumer: str
    system: str
    operation: str
    key: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """`wrapped` is the key itself, sealed under the installation's; None where it was destroyed."""

    name: str
    made: datetime
    wrapped: bytes | None
    destroyed: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldRow:
    """What must not be destroyed: of one correlation, of one consumer, of a stretch of days; what is None does not narrow."""

    id: str
    correlation: str | None
    consumer: str | None
    first: date | None
    last: date | None
    by: str
    reason: str
    at: datetime
    released: datetime | None = None


class Payloads(Protocol):
    async def key(self, name: str, wrapped: bytes, at: datetime) -> PayloadKey:
        """The key of that name; where there is none yet, this one, durably. One wins where several ask."""

    async def keys(self) -> list[PayloadKey]:
        """By name."""

    async def put(self, row: PayloadRow) -> None:
        """Once for each exchange and kind: the first stays."""

    async def of(self, correlation: str) -> list[PayloadRow]:
        """All of one correlation, by time."""

    async def of_key(self, name: str, after: str, limit: int) -> list[PayloadRow]:
        """Those sealed under that key, by exchange, behind `after`."""

    async def count(self) -> dict[str, int]:
        """Rows by the name of their key."""

    async def reseal(self, rows: Sequence[PayloadRow]) -> None:
        """Puts them in the place of what stood there: the same messages under another key."""

    async def destroy(self, name: str, at: datetime) -> int:
        """The key, and in the same transaction the rows that nobody can read any more: how many those were."""

    async def hold(self, row: HoldRow) -> None: ...
    async def release(self, hold: str, at: datetime) -> bool: ...
    async def holds(self) -> list[HoldRow]: ...
