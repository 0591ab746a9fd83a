"""Virtual time: a seeded event loop that, when nothing is ready, jumps to the next timer instead of waiting for it.

The same program with the same seed gives the same trace, a day in milliseconds. The loop never jumps while a thread of
its executor or somebody who called `hold` is at work, and as long as a connected socket is open it runs at the speed of
the real world: it would jump over answers in flight. With an in-memory transport and an inline store neither happens.
"""

from __future__ import annotations

import asyncio
import random
import selectors
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

from lgsp.runtime import HANOI, Runtime, SeededIds, inline

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = datetime(2022, 11, 16, 8, 0, tzinfo=HANOI)
"""Where the simulated world begins: the morning of the day that the province's own figures end at."""


class NothingLeft(RuntimeError):
    """Every task waits for something that no timer, thread or socket will bring: a deadlock of the simulated world."""


class Spinning(RuntimeError):
    """Something is done over and over without any time passing: in the real world it would take a core and never end."""


MOST_ROUNDS = 200_000
"""Of the loop at one virtual moment."""


class _Selector(selectors.BaseSelector):
    """The real selector, asked without waiting; what the loop would have waited is handed to the clock."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        if loop is not None:
            loop.turned()
        ready = self._real.select(0)
        if ready or loop is None or (timeout is not None and timeout <= 0):
            return ready
        if loop.busy or self._connected():
            return self._wait(loop, timeout)
        if timeout is None:
            raise NothingLeft("every task waits, and no timer is set")
        loop.jump(timeout)
        return []

    def _wait(self, loop: VirtualLoop, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """At the speed of the real world; a thread's work takes no virtual time."""
        began = time.monotonic()
        ready = self._real.select(timeout)
        if not loop.busy and not loop.was_busy:
            loop.jump(time.monotonic() - began)
        loop.was_busy = loop.busy > 0
        return ready

    def _connected(self) -> bool:
        """Whether a socket is open that is neither the loop's own wake-up pair nor one that only listens."""
        return any(not _idle(key.fd) for key in self._real.get_map().values() if key.fd not in self._own())

    def _own(self) -> set[int]:
        return {self.loop.wake_up_fd} if self.loop else set()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is virtual and starts at 0."""

    def __init__(self, seed: int = 1) -> None:
        self._now = 0.0
        self._rounds = 0
        self.random = random.Random(seed)
        self.busy = 0
        self.was_busy = False
        selector = _Selector()
        super().__init__(selector)
        self.wake_up_fd: int = self._ssock.fileno()  # type: ignore[attr-defined]  # the loop's own end of its wake-up pair
        # a timer that is due now must count as due also after half a year, where a float's steps are above a nanosecond
        self._clock_resolution = 1e-6
        selector.loop = self

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Move the virtual clock on. The loop calls it; a test need not."""
        self._now += seconds
        self._rounds = 0

    def turned(self) -> None:
        """One more round of the loop. Raises `Spinning` where time stands still for too many of them."""
        self._rounds += 1
        if self._rounds > MOST_ROUNDS and not self.busy:
            self._rounds = 0
            raise Spinning(f"{MOST_ROUNDS} rounds at {self._now:.3f} s")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """No jump inside: for a thread outside the loop's executor. Such a thread ends with `call_soon_threadsafe`."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._begin()
        future.add_done_callback(lambda _: self._end())
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  asyncio's own signature since 3.12
        with self.hold():  # a thread joins the others and then wakes the loop
            await super().shutdown_default_executor()

    def _begin(self) -> None:
        self.busy += 1
        self.was_busy = True

    def _end(self) -> None:
        self.busy -= 1


class VirtualClock:
    """The wall and the monotonic clock of a virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: datetime = EPOCH) -> None:
        self._loop, self._epoch = loop, epoch

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; the monotonic one, and with it every timer, goes on as before."""
        self._epoch += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return (self._epoch + timedelta(seconds=self._loop.time())).astimezone(UTC)

    def monotonic(self) -> float:
        return self._loop.time()


def virtual_runtime(loop: asyncio.AbstractEventLoop, seed: int = 1, epoch: datetime = EPOCH) -> Runtime:
    """Clock, ids, randomness and inline off-load of a simulated world."""
    clock = VirtualClock(loop, epoch)
    return Runtime(clock=clock, ids=SeededIds(clock, seed), random=random.Random(seed), offload=inline)


def run(main: Callable[[Runtime], Awaitable[T]], seed: int = 1, epoch: datetime = EPOCH) -> T:
    """Runs `main(runtime)` in virtual time to its end and returns what it returns."""

    async def body() -> T:
        return await main(virtual_runtime(asyncio.get_running_loop(), seed, epoch))

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(seed)) as runner:
        return runner.run(body())


def _idle(fd: int) -> bool:
    """Whether a descriptor is a listening socket: it holds no work by itself."""
    try:
        probe = socket.socket(fileno=fd)
    except OSError:
        return False
    try:
        return bool(probe.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
    finally:
        probe.detach()
