"""The worker processes: started, watched, started again when they die, replaced one by one without a call being lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from lgsp.runtime import Clock
from lgsp.supervise import FIRST_PAUSE, HEALTHY_SECONDS, LONGEST_PAUSE

READY_SECONDS = 60.0
"""How long a worker may take until it serves; then it is ended and counted as one that died."""
_SPARE_SECONDS = 5.0
"""Beyond the drain, before a worker that does not end is killed."""


class CrewFailed(Exception):
    """A worker does not come up; the sentence says which."""


@dataclass(slots=True)
class Worker:
    """`door` is the number of the listening socket that it accepts from."""

    name: str
    door: int
    process: asyncio.subprocess.Process
    since: float
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    expected: bool = False
    """It was told to end."""


Start = Callable[[str, int, Sequence[int]], Awaitable[asyncio.subprocess.Process]]
"""Starts the process of (name, door, descriptors of all doors)."""
Mind = Callable[[str, int, bool], Awaitable[None]]
"""Has another worker (by name) accept from a door too, or no longer."""


@dataclass(slots=True)
class Crew:
    """`doors` stay open as long as this process lives: what waits in them when a worker dies is taken by the next one."""

    doors: Sequence[socket.socket]
    start: Start
    mind: Mind
    clock: Clock
    drain_seconds: float
    say: Callable[[str], None]
    workers: dict[str, Worker] = field(default_factory=dict)
    deaths: int = 0
    _pauses: dict[int, float] = field(default_factory=dict)
    _minded: dict[int, str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _closing: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self) -> None:
        """The first worker alone, so that it finds the house empty; then the others together. Raises `CrewFailed`."""
        first = await self._spawn(0)
        await self._until_ready(first)
        others = [await self._spawn(door) for door in range(1, len(self.doors))]
        await asyncio.gather(*map(self._until_ready, others))

    def ready(self, name: str) -> None:
        """A worker says that it serves."""
        if (worker := self.workers.get(name)) is not None:
            worker.ready.set()

    async def restart(self) -> int:
        """One after the other: the new one serves before the old one is told to end. Raises `CrewFailed`, the old one stays."""
        async with self._turn:
            olds = [each for each in self.workers.values() if not each.expected]
            for old in olds:
                fresh = await self._spawn(old.door)
                await self._until_ready(fresh)
                await self._end(old)
            return len(olds)

    async def begin_close(self) -> None:
        """Nobody is started any more, and who was starting ends: it holds doors open that nobody accepts from."""
        self._closing = True
        starting = [each for each in self.workers.values() if not each.ready.is_set()]
        for each in starting:
            with contextlib.suppress(ProcessLookupError):
                each.process.kill()
        await asyncio.gather(*(each.process.wait() for each in starting))

    async def close(self) -> None:
        self._closing = True
        await asyncio.gather(*(self._end(each) for each in list(self.workers.values())))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # -- one worker ---------------------------------------------------------------------------------------------------

    def _free_name(self) -> str:
        """One more name than workers, for the one that comes before the other goes: each has a chain of its own."""
        return next(name for number in range(2 * len(self.doors) + 1) if (name := f"w{number}") not in self.workers)

    async def _spawn(self, door: int) -> Worker:
        name = self._free_name()
        process = await self.start(name, door, [each.fileno() for each in self.doors])
        worker = self.workers[name] = Worker(name, door, process, self.clock.monotonic())
        task = asyncio.get_running_loop().create_task(self._watch(worker), name=f"watch {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return worker

    async def _until_ready(self, worker: Worker) -> None:
        """Raises `CrewFailed` where it dies before, or is not ready in time."""
        waits = [asyncio.ensure_future(worker.ready.wait()), asyncio.ensure_future(worker.process.wait())]
        try:
            await asyncio.wait(waits, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        if not worker.ready.is_set():
            worker.expected = True
            await self._end(worker)
            raise CrewFailed(f"worker {worker.name} did not come up; its last words stand above")

    async def _end(self, worker: Worker) -> None:
        worker.expected = True
        with contextlib.suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.drain_seconds + _SPARE_SECONDS):
                await worker.process.wait()
        except TimeoutError:
            worker.process.kill()
            await worker.process.wait()

    async def _watch(self, worker: Worker) -> None:
        code = await worker.process.wait()
        self.workers.pop(worker.name, None)
        for door in [door for door, name in self._minded.items() if name == worker.name]:
            del self._minded[door]
        if worker.expected or self._closing or not worker.ready.is_set():
            return  # whoever started it sees that it did not come up
        self.deaths += 1
        self.say(f"lgsp: worker {worker.name} has died ({_said(code)}); another one takes its place")
        await self._have_minded(worker.door)
        await self._again(worker)

    async def _again(self, dead: Worker) -> None:
        """Growing pauses for a door whose workers die soon after they start; one that lived long is replaced at once."""
        lived = self.clock.monotonic() - dead.since
        pause = 0.0 if lived >= HEALTHY_SECONDS else self._pauses.get(dead.door, 0.0)
        while not self._closing:
            await asyncio.sleep(pause)
            self._pauses[dead.door] = pause = min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            try:
                fresh = await self._spawn(dead.door)
                await self._until_ready(fresh)
            except (CrewFailed, OSError) as error:
                self.deaths += 1
                self.say(f"lgsp: {error}; the next try in {pause:.0f} s")
                continue
            minder = self._minded.pop(dead.door, None)
            if minder is not None:
                await self.mind(minder, dead.door, False)
            return

    async def _have_minded(self, door: int) -> None:
        for other in self.workers.values():
            if other.ready.is_set() and not other.expected:
                self._minded[door] = other.name
                await self.mind(other.name, door, True)
                return


def _said(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
