"""The port of durable records: what may be asked of a store, whichever database stands behind it.

Every method is async; a write is durable when it returns, and raises `StoreFailed` where it could not be made so. State
change and work item are one method, hence one transaction (RULES 2). No SQL and no word of one database is here.
"""

from __future__ import annotations

from typing import Protocol

from lgsp.store.keys import Keys
from lgsp.store.port.evidence import CheckpointRow, Compose, EvidenceRecords, EvidenceRow
from lgsp.store.port.facts import CountRow, HealthRecords, HealthRow, Meta, ReplayRecords, Stages
from lgsp.store.port.failures import StoreBusy, StoreFailed
from lgsp.store.port.parties import (
    Consumers,
    Grants,
    OperatorRecord,
    Operators,
    SecretKind,
    SecretRecord,
    TokenRecord,
    Tokens,
)
from lgsp.store.port.work import (
    CursorRow,
    Cursors,
    InboxRecords,
    InboxRow,
    KeyClaim,
    Move,
    SubmissionRecords,
    SubmissionRow,
)


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


__all__ = [
    "CheckpointRow",
    "Compose",
    "Consumers",
    "CountRow",
    "CursorRow",
    "Cursors",
    "EvidenceRecords",
    "EvidenceRow",
    "Grants",
    "HealthRecords",
    "HealthRow",
    "InboxRecords",
    "InboxRow",
    "KeyClaim",
    "Meta",
    "Move",
    "OperatorRecord",
    "Operators",
    "ReplayRecords",
    "SecretKind",
    "SecretRecord",
    "Stages",
    "Store",
    "StoreBusy",
    "StoreFailed",
    "SubmissionRecords",
    "SubmissionRow",
    "TokenRecord",
    "Tokens",
]
