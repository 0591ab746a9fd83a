"""Keeps health over restarts: transitions and counts go to the store in the background, counts come back at the start."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from lgsp.events import Event, Events, HealthChanged
from lgsp.health.book import HealthBook
from lgsp.health.counts import DAY
from lgsp.runtime import Runtime
from lgsp.store.port import HealthRecords, HealthRow, StoreFailed

EVERY_SECONDS = 5.0
MOST_TRANSITIONS = 10_000


@dataclass(slots=True)
class HealthKeeper:
    """A store that does not take it is asked again; beyond a bound the oldest transitions go (RULES 10)."""

    book: HealthBook
    records: HealthRecords
    runtime: Runtime
    events: Events
    waiting: deque[HealthRow] = field(default_factory=lambda: deque(maxlen=MOST_TRANSITIONS))

    def __post_init__(self) -> None:
        self.events.subscribe(self._note)

    async def restore(self) -> None:
        """The last day of an earlier process. Health itself is not restored: what is not verified is unknown (RULES 13)."""
        self.book.counts.restore(await self.records.counts(self.runtime.clock.now() - DAY))

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Also called last, at the end of the process."""
        rows = self.book.counts.drain()
        try:
            if rows:
                await self.records.add_counts(rows)
        except StoreFailed:
            self.book.counts.undrain(rows)
            return
        except BaseException:
            self.book.counts.undrain(rows)  # cancelled halfway: rather twice in a report than never
            raise
        while self.waiting:
            row = self.waiting[0]
            try:
                await self.records.transition(row)
            except StoreFailed:
                return
            if self.waiting and self.waiting[0] is row:
                self.waiting.popleft()

    def _note(self, event: Event) -> None:
        if isinstance(event, HealthChanged):
            evidence = f"upstream {event.because}" if event.because else ""
            if not evidence and not event.system.startswith("upstream:"):
                evidence = self.book.system(event.system).evidence
            self.waiting.append(HealthRow(event.system, event.was, event.now, event.cause, evidence, event.at))
