"""What was decided and observed: stages, health, counts of calls, small values, what was seen before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lgsp.model import Health, StageEntry, Text


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One transition of health (RULES 14): since when, why, on which evidence. `system` or "upstream:<name>"."""

    system: str
    was: Health
    now: Health
    cause: Text | None
    evidence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CountRow:
    """Calls of one hour; rows of the same key add up. `buckets` count latencies by bounds that the caller keeps."""

    system: str
    operation: str
    consumer: str
    hour: datetime
    outcome: str
    calls: int
    seconds: float
    buckets: tuple[int, ...] = ()


class Stages(Protocol):
    async def append(self, entry: StageEntry, *, only_first: bool = False) -> bool:
        """`only_first`: False and nothing written where the system has an entry already."""

    async def entries(self, system: str) -> list[StageEntry]: ...
    async def current(self) -> dict[str, StageEntry]: ...


class HealthRecords(Protocol):
    async def transition(self, row: HealthRow) -> None: ...
    async def transitions(self, since: datetime) -> list[HealthRow]: ...
    async def add_counts(self, rows: Sequence[CountRow]) -> None: ...
    async def counts(self, since: datetime, system: str = "") -> list[CountRow]:
        """By the hour, from that hour on; of one system where it is named."""
        ...


class Meta(Protocol):
    async def get(self, name: str) -> Any: ...
    async def put(self, name: str, value: Any) -> None:
        """A small JSON value."""

    async def swap(self, name: str, was: Any, value: Any) -> bool:
        """`put`, but only where `was` stands still (None: nothing); False where somebody else was quicker."""
        ...


class ReplayRecords(Protocol):
    async def admit(self, key: bytes, now: datetime, until: datetime) -> bool:
        """True and remembered until then; False where it is remembered already."""
