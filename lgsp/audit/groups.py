"""Entries that are written together: one look at the chain's end, one insert, one commit and one wake-up for all who came.

While a group is on its way to the disk, the next one gathers; and before it leaves, it waits for those who are on their way
to it already, one turn of the event loop after the other, as long as more come. No clock holds anybody back.

The task that writes lives only as long as somebody waits, so it is not in the supervised group (RULES 30), whose first pause is
longer than anybody's patience: what is raised while it writes is handed to those whose entries it is, each of whom is refused,
and the next entry that comes starts another one. That the disk takes no entries is told as `Audit.trouble`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from lgsp.audit.entries import Draft
from lgsp.runtime import Clock
from lgsp.store import StoreFailed

_TURNS = 4
"""Turns of the loop that a group waits at most for others."""
_MOST = 256
"""Entries of one group: above it, one commit would hold up the next."""
_WAITING = 20_000


@dataclass(slots=True)
class _Waiting:
    draft: Draft
    until: float
    done: asyncio.Future[None]


class Groups:
    """`put` a draft, and await what comes: durable then, or `StoreFailed`, or `TimeoutError` after `patience` seconds."""

    def __init__(self, write: Callable[[Sequence[Draft]], Awaitable[None]], clock: Clock, patience: float) -> None:
        self._write, self._clock, self._patience = write, clock, patience
        self._waiting: list[_Waiting] = []
        self._unanswered: deque[_Waiting] = deque()
        """In the order in which they came, and so in the order in which their patience ends."""
        self._task: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> tuple[int, int]:
        """How many gather for their group, and the bound, which refuses more."""
        return len(self._waiting), _WAITING

    def put(self, draft: Draft) -> asyncio.Future[None]:
        """What its caller no longer waits for is written all the same, as soon as the disk takes it. Raises `StoreFailed`
        where too many wait already."""
        if len(self._waiting) >= _WAITING:
            raise StoreFailed("too many entries are waiting")
        loop = asyncio.get_running_loop()
        each = _Waiting(draft, self._clock.monotonic() + self._patience, loop.create_future())
        self._waiting.append(each)
        self._unanswered.append(each)
        if self._alarm is None:
            self._alarm = loop.call_later(self._patience, self._expire)
        if self._task is None:
            self._task = loop.create_task(self._run(), name="evidence groups")
        return each.done

    async def _run(self) -> None:
        """As long as somebody waits."""
        try:
            while self._waiting:
                await self._gathered()
                group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._together(group)
        finally:
            self._task = None
            if not self._unanswered and self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None

    async def _gathered(self) -> None:
        come = 0
        for _ in range(_TURNS):
            if len(self._waiting) <= come:
                return
            come = len(self._waiting)
            await asyncio.sleep(0)

    async def _together(self, group: Sequence[_Waiting]) -> None:
        """One that cannot be written for its own sake must not take the others with it: then each alone."""
        try:
            await self._durable(group)
        except (StoreFailed, TimeoutError) as error:
            _tell(group, error)
        except Exception as error:  # noqa: BLE001  handed to the one whose entry it is
            if len(group) == 1:
                _tell(group, error)
            else:
                for each in group:
                    await self._together([each])
        else:
            _tell(group, None)
        while self._unanswered and self._unanswered[0].done.done():
            self._unanswered.popleft()

    async def _durable(self, group: Sequence[_Waiting]) -> None:
        """Nobody waits for it any more once the last one's patience has ended."""
        async with asyncio.timeout(max(0.0, group[-1].until - self._clock.monotonic())):
            await self._write([each.draft for each in group])

    def _expire(self) -> None:
        now = self._clock.monotonic()
        while self._unanswered and (self._unanswered[0].until <= now or self._unanswered[0].done.done()):
            _tell([self._unanswered.popleft()], TimeoutError())
        self._alarm = None
        if self._unanswered:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(self._unanswered[0].until - now, self._expire)


def _tell(group: Sequence[_Waiting], error: Exception | None) -> None:
    for each in group:
        if each.done.done():
            continue  # its patience has ended, or its caller has gone
        if error is None:
            each.done.set_result(None)
        else:
            each.done.set_exception(error)
