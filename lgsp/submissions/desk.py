"""The desk of submissions: takes updates on record, claims idempotency keys, writes down what came of each.

queued ──> delivering ──> delivered
  ^  │        │  │ └────> failed            the database said no, or nothing was sent and nobody waits
  │  │        │  └──────> indeterminate ──> delivered | failed | queued     by the settling query
  │  └> expired └ nothing sent ─┐
  └─────────────────────────────┘
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType

from lgsp.audit.chain import canonical
from lgsp.audit.entries import flat, values_at
from lgsp.crash import crash_point
from lgsp.errors import BusFault, EvidenceUnavailable, IdempotencyMismatch
from lgsp.events import Events, SubmissionMoved
from lgsp.exchange import Exchange
from lgsp.model import Data, Face, SubmissionState
from lgsp.registry import Operation, Registry
from lgsp.runtime import Runtime
from lgsp.spool import Spool
from lgsp.store import KeyClaim, Move, Store, StoreFailed, SubmissionRow
from lgsp.submissions.bodies import Bodies, blobs_of
from lgsp.submissions.record import (
    Message,
    Outcome,
    Submission,
    message_of,
    open_message,
    opened,
    seal_message,
    seal_outcome,
)

_KEPT = timedelta(hours=72)
_EXPIRES = timedelta(days=7)
_REMEMBERED = 10_000
"""Over that, the look-around finds the rest later."""
_GONE = timedelta(seconds=150)
"""Longer than any exchange may last (120 s): a delivery older than that, and not ours, has nobody working on it."""

S = SubmissionState
MOVES: Mapping[SubmissionState, frozenset[SubmissionState]] = MappingProxyType(
    {
        S.QUEUED: frozenset({S.DELIVERING, S.EXPIRED, S.CANCELLED}),
        S.DELIVERING: frozenset({S.DELIVERED, S.FAILED, S.INDETERMINATE, S.QUEUED, S.EXPIRED}),
        S.INDETERMINATE: frozenset({S.INDETERMINATE, S.DELIVERED, S.FAILED, S.QUEUED, S.CANCELLED}),
        S.DELIVERED: frozenset({S.INDETERMINATE}),
        S.FAILED: frozenset(),
        S.EXPIRED: frozenset(),
        S.CANCELLED: frozenset(),
    }
)
"""`delivered` becomes doubtful again only where its evidence could not be written (RULES 1)."""


class Desk:
    """Every method is one transaction. Raises `EvidenceUnavailable` where the record cannot be made durable."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        events: Events,
        registry_of: Callable[[], Registry],
        spool: Spool | None = None,
    ) -> None:
        self.bodies = Bodies(store, runtime, spool)
        self.rows, self.keys, self.runtime, self.events = store.submissions, store.keys, runtime, events
        self.registry_of = registry_of
        self.wake = asyncio.Event()
        """Set when something may be due before the delivery loop thought so."""
        self.active: dict[str, str] = {}
        """Submission -> system, of the deliveries that this process works on."""
        self.unwritten: set[str] = set()
        """Deliveries of this process whose end the disk did not take."""

    def now(self) -> datetime:
        return self.runtime.clock.now()

    @contextmanager
    def working(self, row: SubmissionRow) -> Iterator[None]:
        """While it lasts, nobody else thinks that this delivery was abandoned."""
        self.active[row.id] = row.system
        try:
            yield
        finally:
            del self.active[row.id]
            self.wake.set()

    async def accept(self, exchange: Exchange, *, queued: bool) -> tuple[SubmissionRow, bool]:
        """(the record, is it new). A known idempotency key gives its record; with another body, `IdempotencyMismatch`."""
        operation = exchange.operation
        if operation is None:
            raise BusFault()
        row = self._drawn(exchange, operation, queued=queued)
        exchange.submission = row.id
        large = any(True for _ in blobs_of(exchange.data))
        may_wait = exchange.face is Face.REST and when_away(operation) and (not large or self.bodies.spool is not None)
        try:
            stands = None
            if large and may_wait and not queued:  # copied only where it has to stand back behind another
                stands = await self.rows.accept(row, self._claim(exchange, row), stand_back=True)
            if stands is None or not stands.id:
                if large and (may_wait or queued):
                    await self.bodies.keep(row.id, exchange.data or {})
                stands = await self.rows.accept(row, self._claim(exchange, row), may_wait=may_wait)
                if large and (stands.id != row.id or stands.state is not S.QUEUED):
                    await self.bodies.drop(row.id)
        except StoreFailed as error:
            raise EvidenceUnavailable(retry_after=1) from error
        exchange.submission = stands.id
        if stands.id == row.id:
            crash_point("submission.accepted")
            self._told(stands, None, stands.state)
            return stands, True
        if stands.digest != row.digest:
            raise IdempotencyMismatch(submission=stands.id)
        return stands, False

    async def take(self, each: int) -> list[SubmissionRow]:
        """What is due, marked as being delivered: at most `each` a system."""
        rows = await self.rows.take(self.now(), Counter(self.active.values()), each)
        for row in rows:
            self._told(row, S.QUEUED, S.DELIVERING)
        return rows

    async def move(
        self,
        row: SubmissionRow,
        now: SubmissionState,
        *,
        outcome: Outcome | None = None,
        next_at: datetime | None = None,
        queued: bool = False,
        release_key: bool = False,
    ) -> bool:
        """False where somebody else has moved it meanwhile. Raises `StoreFailed`."""
        if now not in MOVES[row.state]:
            raise ValueError(f"a submission never goes from {row.state} to {now}")
        sealed = None if outcome is None else seal_outcome(self.keys, row.id, outcome)
        moved = await self.rows.move(
            row.id,
            Move(
                was=(row.state,), now=now, at=self.now(), attempts=row.attempts, next_at=next_at, outcome=sealed,
                cause=_cause(now, outcome), queued=queued, release_key=release_key,
            ),
        )  # fmt: skip
        if moved and now is not row.state:
            self._told(row, row.state, now)
        return moved

    async def doubt(self, submission: str) -> None:
        """The answer could not be evidenced: to the outside, the outcome is not known until it is settled (RULES 1)."""
        row = await self.rows.get(submission)
        if row is not None and row.state is S.DELIVERED:
            await self.move(row, S.INDETERMINATE, next_at=self.settle_at(row))

    async def abandoned(self, before: datetime | None = None) -> int:
        """Deliveries that nobody works on: their process died. What became of them is not known."""
        rows = await self.rows.interrupted(self.active, before or self.now() - _GONE)
        for row in rows:
            await self.move(row, S.INDETERMINATE, next_at=self.settle_at(row))
        return len(rows)

    def not_written(self, submission: str) -> None:
        """It stands as `delivering` with nobody at work."""
        if len(self.unwritten) < _REMEMBERED:
            self.unwritten.add(submission)
        self.wake.set()

    async def doubt_unwritten(self) -> None:
        """Doubtful as soon as the disk takes writes again, and not only when everybody must have given up."""
        for name in [each for each in self.unwritten if each not in self.active]:
            row = await self.rows.get(name)
            if row is not None and row.state is S.DELIVERING:
                await self.move(row, S.INDETERMINATE, next_at=self.settle_at(row))
            self.unwritten.discard(name)

    def settle_at(self, row: SubmissionRow) -> datetime | None:
        """The next try to settle: pauses grow with the age of the doubt. None where no manifest says how, or time is up."""
        operation = self.operation(row)
        now = self.now()
        if operation is None or (operation.proved_by is None and not operation.keyed) or now >= row.expires:
            return None
        age = (now - row.changed).total_seconds() if row.state is S.INDETERMINATE else 0.0
        return now + timedelta(seconds=self.runtime.random.uniform(0.5, 1.0) * min(max(age, 2.0), 600.0))

    def retry_at(self, row: SubmissionRow, retry_after: float | None) -> datetime:
        """Growing pauses with jitter, never sooner than the system has asked for."""
        pause = min(2.0 ** min(row.attempts, 10), 600.0) * self.runtime.random.uniform(0.5, 1.0)
        return self.now() + timedelta(seconds=max(pause, retry_after or 0.0))

    def operation(self, row: SubmissionRow) -> Operation | None:
        connector = self.registry_of().connector(row.system)
        connector = connector.at(row.version) if connector is not None else None
        return None if connector is None else connector.operations.get(row.operation)

    def version_with(self, row: SubmissionRow, operation: str) -> str:
        """The version by which a query about this submission is asked: its own, the newest where that one lacks it."""
        newest = self.registry_of().connector(row.system)
        own = newest.at(row.version) if newest is not None else None
        return row.version if newest is None or (own is not None and operation in own.operations) else newest.version

    def message(self, row: SubmissionRow) -> Message:
        return open_message(self.keys, row)

    def opened(self, row: SubmissionRow) -> Submission:
        return opened(self.keys, row)

    def natural_key(self, system: str, key: str | None) -> bytes | None:
        return self.keys.digest(b"natural", system.encode(), key.encode()) if key else None

    def _drawn(self, exchange: Exchange, operation: Operation, *, queued: bool) -> SubmissionRow:
        name, now = self.runtime.ids.new(), self.now()
        body = (
            exchange.request.body if exchange.face is Face.NATIVE and isinstance(exchange.request.body, bytes) else b""
        )
        deliver = operation.deliver
        order = None
        if deliver is not None and deliver.order_by is not None:
            value = "\n".join(values_at(exchange.data, deliver.order_by))
            order = self.keys.digest(b"order", operation.system.encode(), value.encode()) if value else None
        return SubmissionRow(
            id=name,
            consumer=exchange.consumer.id if exchange.consumer else "",
            system=operation.system,
            operation=operation.name,
            version=exchange.version,
            queued=queued,
            state=S.QUEUED if queued else S.DELIVERING,
            attempts=0 if queued else 1,
            accepted=now,
            changed=now,
            next_at=now if queued else None,
            expires=now + (timedelta(seconds=deliver.expires) if deliver else _EXPIRES),
            order_key=order,
            digest=self.keys.digest(b"body", canonical(flat(exchange.data or {})), body),
            correlation_id=exchange.correlation_id,
            sealed=seal_message(self.keys, name, message_of(exchange)),
            natural_key=self.natural_key(operation.system, _one(exchange.data, operation.key)),
        )

    def _claim(self, exchange: Exchange, row: SubmissionRow) -> KeyClaim | None:
        if not exchange.idempotency_key:
            return None
        parts = (row.consumer, row.system, row.operation, exchange.idempotency_key)
        return KeyClaim(self.keys.digest(b"claim", *(part.encode() for part in parts)), row.accepted + _KEPT)

    def _told(self, row: SubmissionRow, was: SubmissionState | None, now: SubmissionState) -> None:
        self.events.publish(SubmissionMoved(row.id, row.system, row.operation, was, now, row.attempts))
        if now in (S.QUEUED, S.INDETERMINATE):
            self.wake.set()


def _cause(now: SubmissionState, outcome: Outcome | None) -> str | None:
    if now is S.DELIVERED:
        return ""
    return outcome.problem.code if outcome is not None and outcome.problem is not None else None


def when_away(operation: Operation) -> bool:
    """Whether the manifest says that an update may be kept while its system is away."""
    return operation.deliver is not None and operation.deliver.when_away


def _one(data: Data | None, path: str | None) -> str | None:
    return next(values_at(data, path), None) if path else None
