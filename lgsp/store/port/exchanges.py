"""The index of exchanges: a view of the evidence, by which operators find one call among millions. Rebuilt whenever it is lost.

Nobody writes it on the way of a call: the store reads what its writers have appended to their chains, behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ExchangeQuery:
    """All that is named must hold; nothing named means all. A dossier and a person are looked up by their keyed digests."""

    correlation: str | None = None
    case: str | None = None
    submission: str | None = None
    subject: bytes | None = None
    """`Keys.subject` of the identifier."""
    consumer: str | None = None
    system: str | None = None
    operation: str | None = None
    outcome: str | None = None
    """An outcome's code; empty for those that were asked and have no answer on record."""
    domain: str | None = None
    """Whose fault it was; empty for nobody's."""
    first: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One exchange as a list shows it. `place` orders by time and pages."""

    place: int
    exchange: str
    correlation: str
    at: datetime
    """When it came in."""
    face: str
    consumer: str
    system: str
    operation: str
    outcome: str
    """Empty where no answer is on record."""
    domain: str
    seconds: float | None
    """None where the entry does not say."""
    attempts: int


@dataclass(frozen=True, slots=True)
class EntryOf:
    """One entry of evidence about an exchange, and where it stands."""

    writer: str
    index: int
    body: bytes


class Exchanges(Protocol):
    async def gather(self, limit: int) -> int:
        """Takes in what the chains of all writers have more, at most so many entries: how many that were."""

    async def behind(self) -> int:
        """How many entries are still to be taken in."""

    async def find(self, query: ExchangeQuery, below: int | None, limit: int) -> list[ExchangeRow]:
        """Newest first, those below that place."""

    async def get(self, exchange: str) -> ExchangeRow | None: ...
    async def entries(self, exchange: str) -> list[EntryOf]:
        """The evidence itself: what was asked, what was answered."""

    async def known(self) -> dict[str, list[str]]:
        """Every value that occurs, sorted, by the names of the query: consumer, system, operation, outcome, domain."""

    async def prune(self, before: datetime, limit: int) -> int:
        """Forgets the oldest that came in before, at most so many rows: how many that were. The evidence stays."""

    async def reset(self) -> None:
        """Forgets all; `gather` begins anew."""
