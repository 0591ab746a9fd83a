"""Collectors: standing readers of a ministry's queue, feed or list. Read, hand over, and only then acknowledge.

Each round is one scheduled exchange of the bus itself. Items and cursor are stored in one transaction; an item that comes
again (the acknowledgement was lost, the cursor stood still) is recognised by its key and only acknowledged again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from lgsp.audit.entries import values_at
from lgsp.crash import crash_point
from lgsp.errors import LgspError
from lgsp.exchange import Exchange, Handler
from lgsp.model import Consumer, Data, Face, HttpRequest
from lgsp.registry import Collector, Registry
from lgsp.runtime import Runtime
from lgsp.store import CursorRow, Store, StoreFailed
from lgsp.submissions.inbox import Arrival, Inbox


class Readers(Protocol):
    """What is asked of the policy: who may read whole answers of one of these operations today."""

    def readers(self, system: str, operations: Iterable[str]) -> list[Consumer]: ...


_LOOK = 60.0
"""Seconds after which a reloaded registry is noticed at the latest."""
_ROUNDS = 100
"""Pages read one after the other while the ministry has more, before others have their turn."""


class Collectors:
    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        runtime: Runtime,
        registry_of: Callable[[], Registry],
        readers: Readers,
    ) -> None:
        self._cursors, self._inbox, self._runtime, self._registry_of = store.cursors, inbox, runtime, registry_of
        self._readers = readers

    async def run(self, handle: Handler) -> None:
        """The supervised task. Each collector goes at its own pace: a slow system holds up nobody else's (RULES 9)."""
        under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                wanted = {
                    (collector.system, collector.name): collector
                    for connector in self._registry_of().connectors.values()
                    for collector in connector.collectors.values()
                }
                for name, task in list(under_way.items()):
                    if task.done() or name not in wanted:
                        task.cancel()
                        del under_way[name]
                for name, collector in wanted.items():
                    if name not in under_way:
                        under_way[name] = group.create_task(
                            self._round(collector, handle), name="collect " + ".".join(name)
                        )
                if under_way:
                    await asyncio.wait(under_way.values(), timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(_LOOK)

    async def _round(self, collector: Collector, handle: Handler) -> None:
        """One reading and the pause after it. What failed is known by its exchange; the next round asks again."""
        with contextlib.suppress(LgspError, StoreFailed):
            await self.collect(collector, handle)
        await asyncio.sleep(collector.every * self._runtime.random.uniform(0.9, 1.1))

    async def collect(self, collector: Collector, handle: Handler) -> int:
        """Reads until the ministry has no more; the number of new items. Raises what the exchange raised."""
        new = 0
        for _ in range(_ROUNDS):
            items, fresh, moved = await self._page(collector, handle)
            new += fresh
            if not items or not moved:
                break
        return new

    async def _page(self, collector: Collector, handle: Handler) -> tuple[int, int, bool]:
        """(items read, items new, is there reason to ask for more at once)."""
        before = await self._cursors.get(collector.system, collector.name)
        exchange = self._exchange(collector, collector.operation, request_of(collector, before))
        answer = await handle(exchange)
        crash_point("collector.read")
        items = items_of(collector, answer)
        arrivals = []
        for item in items:
            key = next(values_at(item, collector.item_key), None)
            if key is not None:
                arrivals += [
                    Arrival(consumer, collector.system, collector.operation, key, item)
                    for consumer in self._concerned(collector, item)
                ]
        cursor = cursor_of(collector, answer, items)
        row = None
        if cursor is not None and (before is None or before.value != cursor):
            row = CursorRow(collector.system, collector.name, cursor, self._runtime.clock.now())
        fresh = await self._inbox.put_all(arrivals, row)
        if collector.acknowledge is not None:
            for item in items:
                await self._acknowledge(collector, collector.acknowledge, item, handle)
        return len(items), len(fresh), row is not None or (collector.acknowledge is not None and bool(fresh))

    async def _acknowledge(self, collector: Collector, operation: str, item: Data, handle: Handler) -> None:
        """After the commit only. One that fails is repeated when the item comes again."""
        for key in values_at(item, collector.item_key):
            field = collector.item_key.rpartition(".")[2]
            await handle(self._exchange(collector, operation, {**collector.acknowledge_request, field: key}))

    def _concerned(self, collector: Collector, item: Data) -> list[str]:
        """The consumers that the item names, else all: of those who may ask the operation themselves, nobody beside."""
        readers = self._readers.readers(collector.system, [collector.operation])
        named = set(values_at(item, collector.consumer_by)) if collector.consumer_by else set()
        found = [each for each in readers if named & {each.id, each.agency}]
        return [each.id for each in found or readers]

    def _exchange(self, collector: Collector, operation: str, data: Data) -> Exchange:
        runtime = self._runtime
        name = runtime.ids.new()
        return Exchange(
            id=name,
            face=Face.INTERNAL,
            request=HttpRequest("POST", ""),
            received=runtime.clock.now(),
            started=runtime.clock.monotonic(),
            correlation_id=name,
            system=collector.system,
            operation_name=operation,
            data=data,
        )


def request_of(collector: Collector, cursor: CursorRow | None) -> Data:
    """The manifest's request; "$cursor" stands for how far we have read, and is left out before the first time."""
    asked = {}
    for name, value in collector.request.items():
        if value != "$cursor":
            asked[name] = value
        elif cursor is not None:
            asked[name] = cursor.value
    if collector.cursor is not None and cursor is not None and "$cursor" not in collector.request.values():
        asked[collector.cursor.rpartition(".")[2]] = cursor.value
    return asked


def items_of(collector: Collector, answer: Data) -> list[Data]:
    """The list at the manifest's dotted path; what is no object there is no item."""
    found: Any = answer
    for name in collector.items.split(".") if collector.items else ():
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, dict):
        found = [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def cursor_of(collector: Collector, answer: Data, items: list[Data]) -> str | None:
    """Where the next round begins: the answer's own field, else that field of the last item."""
    if collector.cursor is None:
        return None
    for place in (answer, *reversed(items)):
        for value in values_at(place, collector.cursor):
            return value
    return None
