"""What a health book says of a system, and what it hears and tells where several processes must say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lgsp.health.tables import BreakerState
from lgsp.model import Health, Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well a system or an upstream is: since when, why, on which evidence (RULES 14)."""

    health: Health
    since: datetime
    cause: Text | None
    evidence: str
    checked_at: datetime | None
    because: str | None = None
    """The upstream whose failure this is."""
    layer: str | None = None
    """Where it sits, a key of `cause.LAYERS`."""
    todo: Text | None = None
    """What to do next and whom to call."""


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """One row of the board; times in seconds."""

    health: Health
    since: datetime
    cause: Text | None
    evidence: str
    checked_at: datetime | None
    breaker: BreakerState
    p50: float | None
    p95: float | None
    success_rate: float | None
    calls: int
    because: str | None = None
    """The upstream whose failure this is."""
    layer: str | None = None
    todo: Text | None = None


@dataclass(frozen=True, slots=True)
class UpstreamHealth:
    name: str
    health: Health
    since: datetime
    cause: Text | None
    checked_at: datetime | None
    systems: tuple[str, ...]
    layer: str | None = None
    todo: Text | None = None


class Link(Protocol):
    """The others. One of all processes leads: it judges health by what every one has seen, and all show its verdicts.

    Breakers need no leader: each trips its own at once and tells, and the one probe of a half-open one is a lease.
    """

    @property
    def leads(self) -> bool: ...
    def verdict(self, system: str) -> Verdict | None:
        """The leader's; None where it has not been heard yet."""

    def upstream_verdict(self, name: str) -> Verdict | None: ...
    def seen(self, system: str, operation: str, code: str, detail: Text | None, layer: str, *, slow: bool) -> None:
        """A call has its outcome."""

    def unreached(self, upstream: str, system: str, said: Text | None, layer: str, *, alone: bool) -> None:
        """`alone`: one failure says it all."""

    def answered(self, upstream: str) -> None: ...
    def paused(self, system: str, *, on: bool) -> None: ...
    def moved(self, system: str, operation: str, state: BreakerState, failed: int, calls: int) -> None:
        """A breaker of this process has moved by what this process has seen."""

    def given_up(self, system: str, operation: str) -> None:
        """The one probe ended without a verdict."""

    async def may_probe(self, system: str, operation: str, seconds: float) -> bool:
        """Whether this process has the one probe of all, for so long."""
