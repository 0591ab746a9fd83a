"""One life of the gateway in the simulated world: from its start on a data folder to its drain, its kill, or the power's end.

Everything that a life starts is known by a context variable, so that its death takes all of it and nothing else: the
ministries go on working on what has reached them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from lgsp.app import Gateway, build
from lgsp.crash import CrashPoints
from lgsp.exchange import Exchange
from lgsp.memory_door import MemoryDoor
from lgsp.model import Data, Health, HttpRequest, HttpResponse
from lgsp.pipeline.call import Call
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings
from lgsp.store import StoreFailed
from lgsp.store.sqlite import SqliteStore, open_store
from lgsp.store.sqlite.database import Database
from lgsp.transport import Transport
from tests.faults.disk import Disk
from tests.faults.truth import Truth

LIFE: ContextVar[Life | None] = ContextVar("life", default=None)
EXCHANGE: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
OLD = 125.0
"""Seconds after which a task that is no part of the house is a leak: the hardest deadline is 120 s."""
_HOUSE = ("lgsp ", "collect ", "sign-in", "door-open")


class Killed(BaseException):
    """Nothing runs after this: not a handler, not a clean-up."""


@dataclass(slots=True, eq=False)
class Life:
    runtime: Runtime
    folder: Path
    disk: Disk
    truth: Truth
    registry: Registry
    settings: Settings
    transport: Transport
    number: int = 1
    refused: Callable[[Life, str], None] = lambda *_: None
    """Told of every write that the disk refused, by the name of the task that wanted it."""
    dead: bool = False
    began: float = 0.0
    tasks: dict[asyncio.Task[Any], float] = field(default_factory=dict)
    half_open: dict[tuple[str, str], float] = field(default_factory=dict)
    crash: tuple[str, int] | None = None
    """Name of a crash point and how many passings are left."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    gateway: Gateway | None = None
    door: MemoryDoor | None = None
    store: SqliteStore | None = None
    _told: set[asyncio.Task[Any]] = field(default_factory=set)

    def task(self, work: Coroutine[Any, Any, Any], name: str = "request") -> asyncio.Task[Any]:
        """Inside this life."""
        context = copy_context()
        context.run(LIFE.set, self)
        context.run(EXCHANGE.set, None)
        return asyncio.get_running_loop().create_task(work, context=context, name=name)

    async def start(self, heard: Any) -> bool:
        """False where the disk does not let it start: try again later."""
        self.began = self.runtime.clock.monotonic()
        task = self.task(self._start(heard), "door-open")
        await asyncio.wait({task})
        if self.dead or task.cancelled():
            return False
        error = task.exception()
        if error is None:
            return True
        if self.disk.fails is None:
            raise error
        self.die()
        return False

    async def _start(self, heard: Any) -> None:
        self.store = await open_store(self.folder, self.runtime, inline=True)
        self.gateway = await build(
            self.settings, self.runtime, transport=self.transport, store=self.store, registry=self.registry
        )
        self.gateway.events.subscribe(lambda event: heard(self, event))
        await self.gateway.start()
        self.door = MemoryDoor(self.gateway.application, self.runtime)
        self.door._runner._shutdown_timeout = (
            2.0  # as much as a process gives those who are under way; 0 would be for ever
        )
        await self.door.open()

    async def ask(self, request: HttpRequest) -> HttpResponse | None:
        """None where the gateway ended before it answered."""
        if self.dead or self.door is None:
            return None
        task = self.task(self.door.send(request))
        over = asyncio.get_running_loop().create_task(self.ended.wait())
        try:
            await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            if not task.done():
                task.cancel()
        if self.dead or not task.done() or task.cancelled() or isinstance(task.exception(), OSError):
            return None
        answer: HttpResponse = task.result()
        return answer

    # -- its end -------------------------------------------------------------------------------------------------------

    def passing(self, point: str) -> None:
        """A crash point was passed inside this life."""
        if self.crash is None or self.crash[0] != point or self.dead:
            return
        name, left = self.crash
        self.crash = (name, left - 1)
        if left <= 1:
            self.die()
            raise Killed

    def die(self, *, power: bool = False) -> int:
        """At once. Answers how many writes the power took with it."""
        self.dead = True
        gone = 0
        self.disk.power_off()
        self.truth.close()
        if self.store is not None:
            for database in (self.store.shared, self.store.evidence.database):
                database._closed = True
                if database._writer is not None:
                    with contextlib.suppress(apsw.Error):
                        database._writer.close(True)
            if self.store.lock is not None:
                self.store.lock.release()
        if power:
            gone = self.disk.cut(self.folder)
        self.disk.power_on()
        self.ended.set()
        for task in self.tasks:
            if not task.done() and task is not _current():
                task.cancel()
        return gone

    async def bury(self) -> None:
        """What was running when it died runs no further."""
        for _ in range(20):
            left = [task for task in self.tasks if not task.done()]
            if not left:
                return
            for task in left:
                task.cancel()
            await asyncio.sleep(0)

    async def drain(self, within: float) -> list[str]:
        """The orderly end; what is wrong with it."""
        task = self.task(self._drain())
        await asyncio.wait({task}, timeout=within)
        wrong = []
        if not task.done():
            wrong.append(f"not drained within {within:.0f} s")
        elif task.exception() is not None:
            wrong.append(f"the drain failed: {task.exception()!r}")
        for _ in range(5):
            await asyncio.sleep(0)
        wrong += [
            f"{each.get_name()} outlived the drain" for each in self.tasks if not each.done() and each is not task
        ]
        self.die()
        await self.bury()
        return wrong

    async def _drain(self) -> None:
        assert self.gateway is not None
        if self.door is not None:
            await self.door.close()
        await self.gateway.close()

    # -- what the watch asks -------------------------------------------------------------------------------------------

    def slots(self, system: str) -> int | None:
        connector = self.registry.connector(system)
        return None if connector is None else connector.slots

    def systems(self) -> Iterable[str]:
        return self.registry.connectors

    def health(self, system: str) -> Health:
        return self.gateway.health.system(system).health if self.gateway else Health.UNKNOWN

    def leaked(self, now: float) -> Iterator[str]:
        for task, born in list(self.tasks.items()):
            if task.done():
                del self.tasks[task]
            elif now - born > OLD and not task.get_name().startswith(_HOUSE) and task not in self._told:
                self._told.add(task)
                yield f"{task.get_name()} since {born:.1f}"


def _current() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


class Numbered(asyncio.Task[Any]):
    """A set of tasks has the same order in every run: asyncio cancels a group in the order of its set."""

    def __init__(self, number: int, *work: Any, **given: Any) -> None:
        self._number = number
        super().__init__(*work, **given)

    def __hash__(self) -> int:
        return self._number


def task_factory() -> Callable[..., asyncio.Task[Any]]:
    """Every task is known to the life that starts it."""
    numbers = count()

    def made(loop: asyncio.AbstractEventLoop, work: Any, **given: Any) -> asyncio.Task[Any]:
        context = given.get("context")
        life = context.get(LIFE) if context is not None else LIFE.get()
        task = Numbered(next(numbers), work, loop=loop, **given)
        if life is not None:
            life.tasks[task] = loop.time()
        return task

    return made


@contextlib.contextmanager
def observed() -> Iterator[None]:
    """While it lasts, the innermost handler says which exchange it works on, crash points end a life, not the process, and
    every write that the disk refuses is known."""
    call, passing, write = Call.__call__, CrashPoints.__call__, Database.write

    async def watched(self: Call, exchange: Exchange) -> Data:
        EXCHANGE.set(exchange)
        return await call(self, exchange)

    def passed(_: CrashPoints, name: str) -> None:
        life = LIFE.get()
        if life is not None:
            life.passing(name)

    async def written(self: Database, work: Any) -> Any:
        try:
            return await write(self, work)
        except StoreFailed:
            life, task = LIFE.get(), _current()
            if life is not None and not life.dead and task is not None:
                life.refused(life, task.get_name())
            raise

    Call.__call__, CrashPoints.__call__, Database.write = watched, passed, written  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Call.__call__, CrashPoints.__call__, Database.write = call, passing, write  # type: ignore[method-assign]


def of_the_world(settings: Settings, folder: Path) -> Settings:
    return replace(settings, data=folder, demo=True)
