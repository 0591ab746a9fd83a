"""Call-backs: where a consumer wants to be told, and what it is still to be told.

Work is written by the transaction that makes the fact: an update that was left with the bus reaches its end, a doubtful one is
settled, an item comes into the inbox. Whether there is a receiver is looked up there too, so no fact is forgotten in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

WorkOutcome = Literal["", "delivered", "parked", "off"]
"""Empty while it waits; `parked` waits for a person."""


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A consumer's receiver. `secrets` are encrypted: they sign, so their hash would not do."""

    consumer: str
    url: str
    secrets: bytes
    with_data: bool
    """The object itself travels; else only what it is and where it stands."""
    since: datetime
    off: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class CallbackWork:
    """One thing to tell. `id` names the fact: it stays the same however often it is told."""

    id: str
    consumer: str
    kind: str
    """`submission.<state>` or `inbox.arrived`."""
    subject: str
    """Id of the submission or the item."""
    created: datetime
    next_at: datetime
    expires: datetime | None
    """Set when it is first looked at."""
    attempts: int
    ended: datetime | None
    outcome: WorkOutcome
    last: str
    """What the last try met: an HTTP status or an error's code."""


class Callbacks(Protocol):
    async def put(self, row: CallbackRow) -> None: ...
    async def get(self, consumer: str) -> CallbackRow | None: ...
    async def off(self, consumer: str, at: datetime, why: str) -> int | None:
        """Switched off, and what waited ends as `off`: how much. None where there is no receiver that is on."""

    async def begun(self, expires: datetime, now: datetime) -> list[CallbackWork]:
        """What is new gets its expiry; answers what has expired, at most a hundred."""

    async def consumers_due(self, now: datetime) -> list[str]: ...
    async def due(self, consumer: str, now: datetime, limit: int) -> list[CallbackWork]:
        """Oldest first."""

    async def next_due(self, after: datetime) -> datetime | None: ...
    async def tried(self, work: str, last: str, next_at: datetime) -> None: ...
    async def ended(self, work: str, outcome: WorkOutcome, last: str, at: datetime) -> bool:
        """False where it has ended before."""

    async def again(self, consumer: str, now: datetime) -> int:
        """What was parked or stopped with its receiver waits once more, with a fresh expiry: how much."""

    async def counts(self) -> dict[tuple[str, WorkOutcome], int]: ...
    async def open(self) -> dict[str, int]:
        """How many wait, and how many are parked for a person: `{"waiting", "parked"}`."""

    async def work(self, consumer: str, outcome: WorkOutcome, limit: int) -> list[CallbackWork]:
        """Oldest first."""
