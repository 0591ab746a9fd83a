"""What the province's SOC should hear of: bulk reading, guessing, knocking at closed doors, approvals that end.

A subscriber that counts in windows of bounded memory and says each thing once a window; nothing here knows a person, only
keyed hashes pass by (RULES 15, 25).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from lgsp.compliance import Approval, Standing, of_consumer, of_system, standing
from lgsp.events import Event, Events, EvidenceWitnessed, ExchangeFinished, SecurityAlert
from lgsp.model import Consumer
from lgsp.readers import Readers
from lgsp.runtime import HANOI, Clock

BULK_READING = "bulk-reading"
REFUSED_CREDENTIALS = "refused-credentials"
FORBIDDEN = "forbidden-calls"
LEVEL_ENDING = "security-level-ending"
LEVEL_LOST = "security-level-lost"
EVIDENCE_DISPUTED = "evidence-disputed"

_HOUR = 3600.0
_MINUTE = 60.0
_REFUSALS = 30
"""Refused credentials, or refused calls of one consumer, in a minute: more is nobody's typing error."""
_CONSUMERS = 10_000
_DISPUTES = frozenset({"ahead", "disputed", "http-422", "unknown-key"})
_CLOSED = frozenset({"forbidden", "purpose-required", "security-level-not-approved"})


@dataclass(slots=True)
class _Window:
    began: float
    count: int = 0
    said: bool = False


@dataclass(slots=True)
class SecurityWatch:
    """More than `subjects_per_hour` distinct people of one consumer raise the alarm, whichever processes were asked."""

    HEARS = (ExchangeFinished, EvidenceWitnessed)

    events: Events
    clock: Clock
    subjects_per_hour: int = 200
    readers: Readers = field(init=False)
    _refused: dict[str, _Window] = field(default_factory=dict)
    _levels: dict[str, Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readers = Readers(self.clock, self.subjects_per_hour, self._bulk)

    def held(self) -> dict[str, tuple[int, int]]:
        """Callers of whom something is counted, and their bound, for metrics."""
        return {"readers": self.readers.held, "refused-callers": (len(self._refused), _CONSUMERS)}

    def subjects(self, consumer: str, people: Iterable[bytes]) -> None:
        """Called with the keyed hashes of every asked entry."""
        self.readers.note(consumer, people)

    def _bulk(self, consumer: str, count: int) -> None:
        self._publish(BULK_READING, consumer, count, 8)

    def __call__(self, event: Event) -> None:
        if isinstance(event, ExchangeFinished) and event.outcome != "ok":
            if event.outcome == "unauthenticated":
                self._count("", REFUSED_CREDENTIALS, None, 6)
            elif event.outcome in _CLOSED and event.consumer is not None:
                self._count(event.consumer, FORBIDDEN, event.consumer, 5)
        elif isinstance(event, EvidenceWitnessed) and event.outcome in _DISPUTES:
            self._publish(EVIDENCE_DISPUTED, None, event.size, 10)

    def levels(self, consumers: Iterable[Consumer]) -> None:
        """Says who is about to be cut off and who is, when that changes."""
        today = self.clock.now().astimezone(HANOI).date()
        for consumer in consumers:
            self._judge(consumer.id, standing(of_consumer(consumer), today), consumer.security_expires, today)

    def _judge(self, name: str, found: Standing, until: date | None, today: date) -> None:
        if found is not self._levels.get(name, Standing.APPROVED):
            if found is Standing.EXPIRING and until is not None:
                self._publish(LEVEL_ENDING, name, (until - today).days, 5)
            elif found.cut:
                self._publish(LEVEL_LOST, name, 1, 7)
        self._levels[name] = found

    def connected(self, systems: Iterable[Approval]) -> None:
        """The same of the databases behind the bus."""
        today = self.clock.now().astimezone(HANOI).date()
        for system in systems:
            self._judge(f"system:{system.id}", of_system(system, today), system.expires, today)

    async def run(
        self, consumers: Callable[[], Iterable[Consumer]], systems: Callable[[], Iterable[Approval]] = tuple
    ) -> None:
        """The supervised task: approvals are looked at once an hour."""
        while True:
            self.levels(consumers())
            self.connected(systems())
            await asyncio.sleep(_HOUR)

    def _count(self, place: str, what: str, consumer: str | None, severity: int) -> None:
        window = self._window(self._refused, place, _MINUTE)
        window.count += 1
        if window.count >= _REFUSALS and not window.said:
            self._say(window, what, consumer, window.count, severity)

    def _window(self, windows: dict[str, _Window], name: str, length: float) -> _Window:
        now = self.clock.monotonic()
        window = windows.get(name)
        if window is None or now - window.began >= length:
            if len(windows) >= _CONSUMERS:
                windows.clear()
            window = windows[name] = _Window(now)
        return window

    def _say(self, window: _Window, what: str, consumer: str | None, count: int, severity: int) -> None:
        window.said = True
        self._publish(what, consumer, count, severity)

    def _publish(self, what: str, consumer: str | None, count: int, severity: int) -> None:
        self.events.publish(SecurityAlert(what, consumer, count, severity, self.clock.now()))
