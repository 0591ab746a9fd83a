"""What ministries and collectors have brought for a consumer: kept until it is acknowledged, each item once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from lgsp.crash import crash_point
from lgsp.errors import EvidenceUnavailable
from lgsp.model import Data
from lgsp.runtime import Runtime
from lgsp.store import CursorRow, InboxRow, Store, StoreFailed


@dataclass(frozen=True, slots=True)
class Arrival:
    """An item before it is stored. `key` makes a repeated item the same item, for that consumer, system and operation."""

    consumer: str
    system: str
    operation: str
    key: str
    data: Data


@dataclass(frozen=True, slots=True)
class InboxItem:
    id: str
    system: str
    operation: str
    key: str
    received: datetime
    data: Data

    def view(self) -> Data:
        """What `GET /inbox` lists."""
        return {
            "id": self.id,
            "system": self.system,
            "operation": self.operation,
            "key": self.key,
            "received": self.received.isoformat(),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Oldest first. `cursor` is where the next page begins; None where this one was not full."""

    items: tuple[InboxItem, ...]
    cursor: str | None

    def view(self) -> Data:
        return {"items": [item.view() for item in self.items], "cursor": self.cursor}


class Inbox:
    """Data is encrypted at rest. Raises `EvidenceUnavailable` where an item cannot be made durable."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._rows, self._keys, self._runtime = store.inbox, store.keys, runtime
        self.arrived: Callable[[], None] = lambda: None
        """Called when something new lies there."""

    async def put(self, consumer: str, system: str, operation: str, key: str, data: Data) -> bool:
        """True where it is new, False for a repetition, also of an item acknowledged long ago."""
        return bool(await self.put_all([Arrival(consumer, system, operation, key, data)]))

    async def put_all(self, arrivals: Sequence[Arrival], cursor: CursorRow | None = None) -> list[str]:
        """Items and a collector's cursor together; the ids of those that are new."""
        now = self._runtime.clock.now()
        rows = []
        for arrival in arrivals:
            name = self._runtime.ids.new()
            plain = msgspec.json.encode({"key": arrival.key, "data": arrival.data})
            digest = self._keys.digest(b"item", arrival.key.encode())
            sealed = self._keys.seal(plain, f"inbox:{name}")
            rows.append(InboxRow(name, arrival.consumer, arrival.system, arrival.operation, digest, now, sealed))
        try:
            new = await self._rows.put(rows, cursor)
        except StoreFailed as error:
            raise EvidenceUnavailable(retry_after=1) from error
        crash_point("inbox.stored")
        if new:
            self.arrived()
        return new

    async def page(self, consumer: str, cursor: str | None = None, limit: int = 100) -> Page:
        """What waits for this consumer. A cursor that is none of ours begins at the oldest item."""
        after = int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else 0
        rows = await self._rows.page(consumer, after, limit)
        last = str(rows[-1][0]) if len(rows) == limit else None
        return Page(tuple(self._opened(row) for _, row in rows), last)

    async def one(self, consumer: str, item: str) -> InboxItem | None:
        """None where nothing of that name waits for it."""
        row = await self._rows.one(consumer, item)
        return None if row is None else self._opened(row)

    async def acknowledge(self, consumer: str, item: str) -> bool:
        """The consumer has it: the body is deleted. False where nothing of that name waits for it."""
        try:
            return await self._rows.acknowledge(consumer, item, self._runtime.clock.now())
        except StoreFailed as error:
            raise EvidenceUnavailable(retry_after=1) from error

    def _opened(self, row: InboxRow) -> InboxItem:
        inside = msgspec.json.decode(self._keys.unseal(row.sealed, f"inbox:{row.id}"))
        return InboxItem(row.id, row.system, row.operation, inside["key"], row.received, inside["data"])
