"""Work that the bus has taken on: submissions, what waits in inboxes, how far collectors have read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lgsp.model import SubmissionState

AT_ONCE = 1000
"""Rows that one transaction changes at most, where there may be a hundred thousand."""


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One update on record. `sealed` holds what was asked, `outcome` what came of it, both encrypted."""

    id: str
    consumer: str
    system: str
    operation: str
    version: str
    queued: bool
    """Left with the bus (202); else delivered within the caller's own call."""
    state: SubmissionState
    attempts: int
    accepted: datetime
    changed: datetime
    next_at: datetime | None
    """When delivery or settlement is due; None where nothing more happens by itself."""
    expires: datetime
    order_key: bytes | None
    """Digest of the business key: one delivery at a time, oldest first."""
    digest: bytes
    """Of the message, to tell a repetition from another body under the same key."""
    correlation_id: str
    sealed: bytes
    natural_key: bytes | None = None
    """Digest of the business record's key, by which a ministry's call finds whose it is."""
    outcome: bytes | None = None
    cause: str = ""
    """Code of the last error, in plain: operators look for it."""
    follows: str | None = None
    """The submission that was sent again by this one."""


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """An idempotency key, claimed together with its submission. `key` is a digest."""

    key: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a submission's state, done only from one of `was`."""

    was: tuple[SubmissionState, ...]
    now: SubmissionState
    at: datetime
    attempts: int
    next_at: datetime | None = None
    outcome: bytes | None = None
    cause: str | None = None
    """None leaves the one that stands."""
    queued: bool = False
    release_key: bool = False
    """Nothing has happened: the same idempotency key may be used for a fresh try."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One item handed over to a consumer. `key` is a digest that makes a repeated item the same item."""

    id: str
    consumer: str
    system: str
    operation: str
    key: bytes
    received: datetime
    sealed: bytes


@dataclass(frozen=True, slots=True)
class CursorRow:
    """How far a collector has read."""

    system: str
    collector: str
    value: str
    at: datetime


class SubmissionRecords(Protocol):
    async def accept(
        self, row: SubmissionRow, key: KeyClaim | None, *, may_wait: bool = False, stand_back: bool = False
    ) -> SubmissionRow:
        """Record and key in one transaction. Answers the row that stands: another id means that the key was taken
        before and nothing was written. `may_wait`: behind an open row of the same order key that was left with the bus,
        this one is queued too, so that it does not overtake. `stand_back`: behind such a row nothing is written, the answer
        has no id, for its body has to be kept before it may wait."""

    async def get(self, submission: str) -> SubmissionRow | None: ...
    async def move(self, submission: str, move: Move) -> bool: ...
    async def take(self, now: datetime, busy: Mapping[str, int], each: int) -> list[SubmissionRow]:
        """Queued rows that are due become `delivering`: at most `each` a system less those `busy` there, oldest first,
        and of one order key only the first that is open."""

    async def unsettled(self, now: datetime, limit: int) -> list[SubmissionRow]: ...
    async def interrupted(self, known: Collection[str], before: datetime) -> list[SubmissionRow]:
        """Rows in `delivering` since before that moment that none of the `known` deliveries works on. Where many processes
        share the store: those of processes that are gone, whatever the moment, and never those of the ones that live."""

    async def next_due(self, after: datetime) -> datetime | None:
        """The earliest moment later than `after` at which anything becomes due."""

    async def hasten(self, system: str, now: datetime) -> int:
        """The system is back: what waits for it is due now, the first `AT_ONCE` of it with this call (answered: how many),
        the others while `take` goes on."""

    async def counts(self) -> dict[tuple[str, SubmissionState], int]: ...
    async def owner(self, natural_key: bytes) -> str | None:
        """The consumer of the newest submission about that business record."""

    async def put_piece(self, submission: str, body: int, part: int, sealed: bytes) -> None: ...
    async def piece(self, submission: str, body: int, part: int) -> bytes | None: ...
    async def drop_pieces(self, submission: str) -> None:
        """A submission that reaches its end drops its pieces by itself."""

    async def drop_orphans(self, before: str) -> None:
        """Pieces of submissions that never were, with names sorted before that one."""

    async def find(
        self, *, state: SubmissionState | None = None, system: str | None = None, limit: int = 100
    ) -> list[SubmissionRow]: ...


class InboxRecords(Protocol):
    async def put(self, rows: Sequence[InboxRow], cursor: CursorRow | None = None) -> list[str]:
        """Items and cursor in one transaction; answers the ids that are new."""

    async def page(self, consumer: str, after: int, limit: int) -> list[tuple[int, InboxRow]]:
        """Oldest first, each with its place; `after` is the last place already read."""

    async def one(self, consumer: str, item: str) -> InboxRow | None:
        """None where it has been acknowledged, too."""

    async def acknowledge(self, consumer: str, item: str, at: datetime) -> bool:
        """The body goes, the key stays, so that a repetition is still known."""


class Cursors(Protocol):
    async def get(self, system: str, collector: str) -> CursorRow | None: ...
    async def put(self, cursor: CursorRow) -> None: ...
