"""What operators look for among submissions: by state, system, consumer, cause and age, without any body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lgsp.model import SubmissionState


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is named must hold; nothing named means all."""

    states: tuple[SubmissionState, ...] = ()
    system: str | None = None
    consumer: str | None = None
    cause: str | None = None
    """Code of the last error; empty for none."""
    accepted_since: datetime | None = None
    accepted_before: datetime | None = None
    open: bool = False
    """Without those that were sent again since."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A submission as a list shows it. `place` orders and pages."""

    place: int
    id: str
    consumer: str
    system: str
    operation: str
    state: SubmissionState
    queued: bool
    cause: str
    attempts: int
    accepted: datetime
    changed: datetime
    next_at: datetime | None
    expires: datetime
    correlation_id: str
    follows: str | None
    followed_by: str | None


@dataclass(frozen=True, slots=True)
class CountedRow:
    """How many of one system, state and cause were accepted within one hour."""

    system: str
    state: SubmissionState
    cause: str
    hour: datetime
    count: int


@dataclass(frozen=True, slots=True)
class HistoryRow:
    at: datetime
    state: SubmissionState
    attempts: int
    cause: str


class Search(Protocol):
    async def page(self, wanted: Wanted, after: int, limit: int) -> list[FoundRow]:
        """Oldest first, those after that place."""

    async def count(self, wanted: Wanted) -> int: ...
    async def counted(self, wanted: Wanted) -> list[CountedRow]: ...
    async def history(self, submission: str, limit: int) -> list[HistoryRow]:
        """The newest, oldest first."""

    async def one(self, submission: str) -> FoundRow | None: ...
