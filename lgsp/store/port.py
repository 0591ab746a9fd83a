"""The port of durable records: what may be asked of a store, whichever database stands behind it.

Every method is async; a write is durable when it returns, and raises `StoreFailed` where it could not be made so. State
change and work item are one method, hence one transaction (RULES 2). No SQL and no word of one database is here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from lgsp.model import Consumer, Grant, Health, StageEntry, SubmissionState, Text
from lgsp.store.keys import Keys


class StoreFailed(Exception):
    """The database did not take it: disk full, input/output error, closed. Nothing of the transaction stands."""


class StoreBusy(Exception):
    """Another process owns this data folder."""


SecretKind = Literal["api_key", "client", "password"]


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


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One link of a chain as it is stored: `body` are the canonical bytes, `hash` is over the previous hash and body."""

    index: int
    body: bytes
    hash: bytes
    subjects: tuple[bytes, ...] = ()
    """Keyed hashes of the people concerned; they stand in `body` too, here they can be looked up."""


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed tree head over the first `size` entries. `frontier` resumes the tree without reading them again."""

    size: int
    root: bytes
    head: bytes
    at: str
    signature: bytes
    frontier: bytes


Compose = Callable[[EvidenceRow | None], Sequence[EvidenceRow]]
"""From the last entry (None on an empty chain) to the entries that follow it. Called inside the transaction."""


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


class Stages(Protocol):
    async def append(self, entry: StageEntry, *, only_first: bool = False) -> bool:
        """`only_first`: False and nothing written where the system has an entry already."""

    async def entries(self, system: str) -> list[StageEntry]: ...
    async def current(self) -> dict[str, StageEntry]: ...


class HealthRecords(Protocol):
    async def transition(self, row: HealthRow) -> None: ...
    async def transitions(self, since: datetime) -> list[HealthRow]: ...
    async def add_counts(self, rows: Sequence[CountRow]) -> None: ...
    async def counts(self, since: datetime) -> list[CountRow]: ...


class Operators(Protocol):
    async def put(self, operator: OperatorRecord) -> None: ...
    async def get(self, user: str) -> OperatorRecord | None: ...
    async def all(self) -> list[OperatorRecord]: ...
    async def disable(self, user: str) -> bool: ...


class SubmissionRecords(Protocol):
    async def accept(self, row: SubmissionRow, key: KeyClaim | None, *, may_wait: bool = False) -> SubmissionRow:
        """Record and key in one transaction. Answers the row that stands: another id means that the key was taken
        before and nothing was written. `may_wait`: behind an open row of the same order key that was left with the bus,
        this one is queued too, so that it does not overtake."""

    async def get(self, submission: str) -> SubmissionRow | None: ...
    async def move(self, submission: str, move: Move) -> bool: ...
    async def take(self, now: datetime, busy: Mapping[str, int], each: int) -> list[SubmissionRow]:
        """Queued rows that are due become `delivering`: at most `each` a system less those `busy` there, oldest first,
        and of one order key only the first that is open."""

    async def unsettled(self, now: datetime, limit: int) -> list[SubmissionRow]: ...
    async def interrupted(self, known: Collection[str], before: datetime) -> list[SubmissionRow]:
        """Rows in `delivering` since before that moment that none of the `known` deliveries works on."""

    async def next_due(self, after: datetime) -> datetime | None:
        """The earliest moment later than `after` at which anything becomes due."""

    async def hasten(self, system: str, now: datetime) -> int:
        """The system is back: what waits for it is due now."""

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

    async def acknowledge(self, consumer: str, item: str, at: datetime) -> bool:
        """The body goes, the key stays, so that a repetition is still known."""


class Cursors(Protocol):
    async def get(self, system: str, collector: str) -> CursorRow | None: ...
    async def put(self, cursor: CursorRow) -> None: ...


class Meta(Protocol):
    async def get(self, name: str) -> Any: ...
    async def put(self, name: str, value: Any) -> None:
        """A small JSON value."""


class ReplayRecords(Protocol):
    async def admit(self, key: bytes, now: datetime, until: datetime) -> bool:
        """True and remembered until then; False where it is remembered already."""


class EvidenceRecords(Protocol):
    """The chain of one writer."""

    @property
    def writer(self) -> str: ...
    async def append(self, compose: Compose) -> int:
        """The index of the last entry written."""

    async def rows(self, start: int, limit: int) -> list[EvidenceRow]: ...
    async def by_subject(self, subject: bytes) -> list[EvidenceRow]: ...
    async def put_checkpoint(self, checkpoint: CheckpointRow) -> None: ...
    async def last_checkpoint(self) -> CheckpointRow | None: ...


class Store(Protocol):
    """All records of one installation."""

    @property
    def keys(self) -> Keys: ...
    @property
    def consumers(self) -> Consumers: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def stages(self) -> Stages: ...
    @property
    def health(self) -> HealthRecords: ...
    @property
    def operators(self) -> Operators: ...
    @property
    def submissions(self) -> SubmissionRecords: ...
    @property
    def inbox(self) -> InboxRecords: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def meta(self) -> Meta: ...
    @property
    def replays(self) -> ReplayRecords: ...
    @property
    def evidence(self) -> EvidenceRecords: ...
    async def close(self) -> None: ...
