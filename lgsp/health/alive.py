"""Keeps the strips honest over restarts: when the bus was last alive is on record, and what follows it is unknown."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from lgsp.health.history import DAYS, History
from lgsp.runtime import Clock
from lgsp.store.port import HealthRecords, Meta, StoreFailed

EVERY_SECONDS = 60.0
_NAME = "bus-alive"


@dataclass(frozen=True, slots=True)
class Alive:
    history: History
    records: HealthRecords
    meta: Meta
    clock: Clock

    async def restore(self, *, alone: bool = True) -> None:
        """Before the first event of this process. Not `alone`: others may have lived on, and then nothing was unknown."""
        now = self.clock.now()
        said = await self.meta.get(_NAME)
        alive = datetime.fromisoformat(said) if said else None
        rows = await self.records.transitions(now - timedelta(days=DAYS + 1))
        if not alone and alive is not None and now - alive < timedelta(seconds=3 * EVERY_SECONDS):
            self.history.resume(rows)
            return
        ends = self.history.restore(rows, alive)
        await asyncio.gather(*(self.records.transition(row) for row in ends))  # they share a commit

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        while True:
            await self.note()
            await asyncio.sleep(EVERY_SECONDS)

    async def note(self) -> None:
        """Also called last, at the end of the process. A store that takes nothing leaves the last moment that it took."""
        with contextlib.suppress(StoreFailed):
            await self.meta.put(_NAME, self.clock.now().isoformat())
