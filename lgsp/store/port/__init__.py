"""The port of durable records: what may be asked of a store, whichever database stands behind it.

Every method is async; a write is durable when it returns, and raises `StoreFailed` where it could not be made so. State
change and work item are one method, hence one transaction (RULES 2). No SQL and no word of one database is here.
"""

from __future__ import annotations

from typing import Protocol

from lgsp.store.keys import Keys
from lgsp.store.port.alerts import AlertRow, Alerts, RouteRow
from lgsp.store.port.callbacks import Callbacks
from lgsp.store.port.corrections import CorrectionRecord, Corrections
from lgsp.store.port.evidence import CheckpointRow, Compose, EvidenceRecords, EvidenceRow
from lgsp.store.port.exchanges import EntryOf, ExchangeQuery, ExchangeRow, Exchanges
from lgsp.store.port.facts import CountRow, HealthRecords, HealthRow, Meta, ReplayRecords, Stages
from lgsp.store.port.failures import StoreBusy, StoreFailed, StoreRefused, Trouble
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
from lgsp.store.port.payloads import Payloads
from lgsp.store.port.pruning import Keep, Pruning
from lgsp.store.port.reports import ReportRow, Reports
from lgsp.store.port.search import Search
from lgsp.store.port.sessions import SessionRecord, Sessions
from lgsp.store.port.stewardship import Stewardship
from lgsp.store.port.together import Allowances, Change, Changes, Leases
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
    @property
    def sessions(self) -> Sessions: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def allowances(self) -> Allowances: ...
    @property
    def pruning(self) -> Pruning: ...
    @property
    def payloads(self) -> Payloads: ...
    @property
    def callbacks(self) -> Callbacks: ...
    @property
    def search(self) -> Search: ...
    @property
    def exchanges(self) -> Exchanges: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def stewardship(self) -> Stewardship: ...
    @property
    def corrections(self) -> Corrections: ...
    @property
    def waiting(self) -> tuple[int, int]:
        """Works that wait for the database, and how many may."""

    async def close(self) -> None: ...


__all__ = [
    "AlertRow",
    "Alerts",
    "Allowances",
    "Callbacks",
    "Change",
    "Changes",
    "CheckpointRow",
    "Compose",
    "Consumers",
    "CorrectionRecord",
    "Corrections",
    "CountRow",
    "CursorRow",
    "Cursors",
    "EntryOf",
    "EvidenceRecords",
    "EvidenceRow",
    "ExchangeQuery",
    "ExchangeRow",
    "Exchanges",
    "Grants",
    "HealthRecords",
    "HealthRow",
    "InboxRecords",
    "InboxRow",
    "Keep",
    "KeyClaim",
    "Leases",
    "Meta",
    "Move",
    "OperatorRecord",
    "Operators",
    "Payloads",
    "Pruning",
    "ReplayRecords",
    "ReportRow",
    "Reports",
    "RouteRow",
    "Search",
    "SecretKind",
    "SecretRecord",
    "SessionRecord",
    "Sessions",
    "Stages",
    "Stewardship",
    "Store",
    "StoreBusy",
    "StoreFailed",
    "StoreRefused",
    "SubmissionRecords",
    "SubmissionRow",
    "TokenRecord",
    "Tokens",
    "Trouble",
]
