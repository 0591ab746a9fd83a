"""Keeps health over restarts: transitions and counts go to the store in the background, counts come back at the start."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from lgsp.events import Event, Events, HealthChanged
from lgsp.health.book import HealthBook
from lgsp.health.counts import KEPT
from lgsp.runtime import Runtime
from lgsp.store.port import CountRow, HealthRecords, HealthRow, StoreFailed, Trouble

EVERY_SECONDS = 5.0
SHARED_SECONDS = 0.8
"""Where other processes show the same numbers: they agree within a second."""
MOST_TRANSITIONS = 10_000


@dataclass(slots=True)
class HealthKeeper:
    """A store that does not take it is asked again; beyond a bound the oldest transitions go (RULES 10)."""

    book: HealthBook
    records: HealthRecords
    runtime: Runtime
    events: Events
    told: Callable[[Sequence[CountRow]], Awaitable[None]] | None = None
    """Hears what was counted, where other processes show it too."""
    trouble: Trouble | None = None
    """Since when the store takes nothing."""
    waiting: deque[HealthRow] = field(default_factory=lambda: deque(maxlen=MOST_TRANSITIONS))

    def __post_init__(self) -> None:
        self.events.subscribe(self._note, HealthChanged)

    async def restore(self) -> None:
        """The last two days of an earlier process. Health itself is not restored: what is not verified is unknown (RULES 13)."""
        self.book.counts.restore(await self.records.counts(self.runtime.clock.now() - KEPT))

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS if self.told is None else SHARED_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Also called last, at the end of the process."""
        rows = self.book.counts.fresh.drain()
        try:
            if rows:
                await self.records.add_counts(rows)
                if self.told is not None:
                    await self.told(rows)
        except StoreFailed as error:
            self.book.counts.fresh.undrain(rows)
            self._failed(error)
            return
        except BaseException:
            self.book.counts.fresh.undrain(rows)  # cancelled halfway: rather twice in a report than never
            raise
        while self.waiting:
            row = self.waiting[0]
            try:
                await self.records.transition(row)
            except StoreFailed as error:
                self._failed(error)
                return
            if self.waiting and self.waiting[0] is row:
                self.waiting.popleft()
        self.trouble = None

    def _failed(self, error: StoreFailed) -> None:
        since = self.trouble.since if self.trouble else self.runtime.clock.now()
        self.trouble = Trouble(since, str(error))

    def _note(self, event: Event) -> None:
        if isinstance(event, HealthChanged):
            evidence = f"upstream {event.because}" if event.because else ""
            if not evidence and not event.system.startswith("upstream:"):
                evidence = self.book.system(event.system).evidence
            self.waiting.append(HealthRow(event.system, event.was, event.now, event.cause, evidence, event.at))
