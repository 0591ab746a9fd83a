"""The moments of a telling: what is due next, and how the virtual clock gets there.

Between two moments at which nothing is under way the clock jumps; while something is, it goes at its own pace.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lgsp.runtime import HANOI
from lgsp_mocks.calendar import WorkingTime
from lgsp_mocks.clock import VirtualLoop

Do = Callable[[], Awaitable[None]]
_INSTANT = 0.001


@dataclass
class Timeline:
    """`start` is the moment of the loop's zero; `busy` tells of work that nobody here waits for."""

    loop: VirtualLoop
    start: datetime
    time: WorkingTime
    busy: Callable[[], bool]
    _heap: list[tuple[float, int, Do]] = field(default_factory=list)
    _count: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def at(self, moment: datetime, do: Do) -> None:
        self._push((moment - self.start).total_seconds(), do)

    def after(self, seconds: float, do: Do) -> None:
        self._push(self.loop.time() + seconds, do)

    def when(self, working: float, do: Do) -> None:
        """At so many working seconds."""
        self.at(self.time.wall(working), do)

    @property
    def now(self) -> datetime:
        return (self.start + timedelta(seconds=self.loop.time())).astimezone(HANOI)

    @property
    def working(self) -> float:
        return self.time.of(self.now)

    async def run(self, end: datetime, progress: Callable[[float], None]) -> None:
        """All that is due until the end, and what that has set going."""
        whole = (end - self.start).total_seconds()
        while self._heap and self._heap[0][0] <= whole:
            due, _, do = heapq.heappop(self._heap)
            while (gap := due - self.loop.time()) > 0:
                await asyncio.sleep(min(gap, _INSTANT))  # whatever can go on without time passing has gone on
                if self._running or self.busy():
                    await self._settle(gap)
                elif gap > _INSTANT:
                    self.loop.jump(gap - _INSTANT)
            task = asyncio.ensure_future(do())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await asyncio.sleep(0)
            progress(due / whole)
        while self._running:
            await asyncio.gather(*self._running)

    def _push(self, due: float, do: Do) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, do))

    async def _settle(self, gap: float) -> None:
        """What is under way goes on for a moment at its own pace."""
        if self._running:
            await asyncio.wait(self._running, timeout=min(gap, 1.0), return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(min(gap, 0.05))
