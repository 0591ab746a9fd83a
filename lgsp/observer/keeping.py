"""Observed figures over a restart: kept by the hour in the store, with the place in the log up to which they go.

Every process follows the log for its own board; one of them keeps. What a process has passed on itself, it keeps itself. A place
is written after what was counted up to it: a process that is killed between the two counts those lines twice, at most one
portion; none is lost.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lgsp.health.counts import KEPT, Portions
from lgsp.observer.book import OLD, ObservedBook, outcome_of
from lgsp.observer.follow import Place, follow
from lgsp.observer.hours import observed
from lgsp.observer.lines import Line, read
from lgsp.settings import Settings
from lgsp.store.port import HealthRecords, Meta, StoreFailed

EVERY_SECONDS = 5.0
_OLDEST = timedelta(days=400)
"""Counts are kept no longer."""
_AT_ONCE = 500
"""Rows of one write; so many also end a portion early."""


@dataclass(slots=True)
class Keeping:
    """`node` tells several machines of one installation apart: each has a log of its own."""

    book: ObservedBook
    log: Path | None
    how: str
    records: HealthRecords
    meta: Meta
    node: str = ""
    restored: bool = False
    place: Place | None = None
    """Where an earlier process had ended."""
    last: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, book: ObservedBook, settings: Settings, records: HealthRecords, meta: Meta) -> Keeping:
        node = (settings.store.node or os.uname().nodename) if settings.store.url else ""
        return cls(book, settings.observer.log, settings.observer.format, records, meta, node)

    async def follow(self) -> None:
        """For the supervised group, in every process: the board's figures, from where the kept ones end."""
        runtime = self.book.runtime
        if not self.restored:
            await self._restore()
            self.restored = True
        if self.log is None:
            return
        async for lines, reached in follow(self.log, runtime, self.place):
            for line in await runtime.offload(lambda lines=lines: [read(raw, self.how) for raw in lines]):  # type: ignore[misc]  # default binds now
                self.book.take(line)
            self.place = reached or self.place

    async def keep(self) -> None:
        """For the supervised group, in one process: the log's figures into the store."""
        assert self.log is not None
        runtime, hours = self.book.runtime, Portions()
        place, last = _read(await self.meta.get(self._name))
        due = runtime.clock.monotonic() + EVERY_SECONDS
        kept = place
        async for lines, reached in follow(self.log, runtime, place):
            for line in await runtime.offload(lambda lines=lines: [read(raw, self.how) for raw in lines]):  # type: ignore[misc]  # default binds now
                self._count(hours, last, line)
            place = reached or place
            if place != kept and (len(hours.pending) > _AT_ONCE or runtime.clock.monotonic() >= due):
                await self._into_store(hours)
                if not hours.pending and place is not None:
                    await self.meta.put(self._name, _written(place, last))
                    kept = place
                due = runtime.clock.monotonic() + EVERY_SECONDS

    async def keep_passed(self) -> None:
        """For the supervised group, in every process."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Also called last, at the end of the process."""
        await self._into_store(self.book.passed)

    @property
    def _name(self) -> str:
        return f"observed:{self.node}"

    async def _restore(self) -> None:
        now = self.book.runtime.clock.now()
        self.place, last = _read(await self.meta.get(self._name)) if self.log is not None else (None, {})
        self.book.restore(await self.records.counts(now - KEPT), last)

    def _count(self, hours: Portions, last: dict[str, datetime], line: Line | None) -> None:
        now = self.book.runtime.clock.now()
        if line is None or not now - _OLDEST < line.at <= now + OLD:
            return
        found = self.book.matching.of(line.method, line.path)
        if found is not None:
            hours.add(observed(*found, outcome_of(line.status), min(line.at, now)), line.seconds)
            last[found[0]] = max(last.get(found[0], line.at), line.at)

    async def _into_store(self, hours: Portions) -> None:
        """What the store does not take stays, and is offered again."""
        rows = hours.drain()
        try:
            while rows:
                await self.records.add_counts(rows[:_AT_ONCE])
                del rows[:_AT_ONCE]
        except StoreFailed:
            pass
        finally:
            hours.undrain(rows)


def _read(said: Any) -> tuple[Place | None, dict[str, datetime]]:
    if not isinstance(said, Mapping):
        return None, {}
    last = {str(name): datetime.fromisoformat(at) for name, at in said["last"].items()}
    return Place(**said["place"]), last


def _written(place: Place, last: Mapping[str, datetime]) -> dict[str, Any]:
    return {"place": asdict(place), "last": {name: at.isoformat() for name, at in last.items()}}
