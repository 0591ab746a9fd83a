"""What the world hands in: clock, randomness, ids and CPU off-load. The only file that may touch time, random and threads.

Everything above takes a `Runtime` and never imports `time`, `random`, `uuid` or `datetime.now`, so the same code runs
against the real world and inside the virtual clock of the simulator (see `mocks/clock.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import random
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

HANOI = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam has one zone without daylight saving since 1975, so a fixed offset is exact."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
"""Two letters for ten bits."""
_LETTERS = (_CROCKFORD * 8).encode()
"""A letter for each byte: five of its bits, as even as the byte is."""
_COLLECT = (10_000, 20, 20)
"""A call makes some thousand objects, nearly none of them in circles, so the collector may come less often."""
_MALLOC = ((-3, 256 * 1024), (-1, 1024 * 1024), (-8, 2))
"""glibc's mallopt: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX."""
_LOCK_SECONDS = 0.001
"""So long a thread that works keeps the interpreter's lock from the loop that wants it; five times that by default, and a call
wants it a dozen times."""
_BREATH = 0.0001
_RANDOM = 16
"""Letters of an id that are random: 80 bits."""
_ENTROPY = 256 * _RANDOM
"""Bytes that are drawn at a time."""


class Clock(Protocol):
    """Two clocks in one: the wall (aware UTC) and a monotonic one in seconds. Sleeping is `asyncio.sleep`, always."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class Ids(Protocol):
    """Unguessable names: `new` sorts by time (26 characters, Crockford base 32), `token` is 32 random bytes, URL-safe."""

    def new(self) -> str: ...
    def token(self) -> str: ...


class Offload(Protocol):
    """Runs CPU work above 5 ms away from the event loop (RULES 11); in the simulated world it runs inline."""

    async def __call__(self, work: Callable[[], T]) -> T: ...


class SystemClock:
    """Asked some forty times an exchange, so there is no function of ours between."""

    now = staticmethod(partial(datetime.now, UTC))
    monotonic = staticmethod(time.monotonic)


class SystemIds:
    """Randomness is drawn from the kernel, and written in letters, a page at a time: every drawing lets go of the
    interpreter's lock. Work away from the loop names its files here too, so a piece leaves the page in one step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drawn: list[str] = []

    def new(self) -> str:
        try:
            random_ = self._drawn.pop()
        except IndexError:
            page = secrets.token_bytes(_ENTROPY).translate(_LETTERS).decode("ascii")
            random_, *rest = [page[place : place + _RANDOM] for place in range(0, _ENTROPY, _RANDOM)]
            self._drawn += rest
        return _letters_of(self._clock.now()) + random_

    def token(self) -> str:
        return secrets.token_urlsafe(32)


class ThreadOffload:
    """A small pool of its own: parsing must not queue behind name look-ups in asyncio's default executor."""

    def __init__(self, workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="lgsp-offload")

    async def __call__(self, work: Callable[[], T]) -> T:
        """Not by `run_in_executor`: its two futures hold each other and what came of the work, so that the tree of a large
        message would stand until the collector comes."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        handed_in = self._pool.submit(_done, work, future, loop)
        try:
            return await future
        except asyncio.CancelledError:
            handed_in.cancel()  # where it has not begun it need not
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` of a process that serves: on uvloop where the extra `speed` has brought it."""
    _give_back()
    sys.setswitchinterval(_LOCK_SECONDS)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def _give_back() -> None:
    """Large buffers go back to the kernel when they are freed. Left to itself the C library takes ever larger ones for
    small, keeps a heap for each thread, and after one hostile minute the process has twice its size for good."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has other words, or none
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in _MALLOC:
            mallopt(name, value)


def trim() -> None:
    """What is free between what is used goes back too: some milliseconds for a heap of some hundred megabytes."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def tidy() -> None:
    """What a library left in circles of references goes now, back to the kernel: the collector comes seldom, and a few such
    things may be large. Some milliseconds, since what stands was frozen by `settle`; for work that takes far longer itself."""
    gc.collect()
    trim()


def breathe() -> None:
    """Called now and then by work away from the loop that looks at many bytes: lets go of the interpreter's lock for long
    enough that whoever waits for it has it. Without the pause a thread takes it again before another one has woken."""
    time.sleep(_BREATH)


def hurry() -> None:
    """While the house is being built next to nothing is garbage: the collector waits until `settle`."""
    gc.disable()


def settle() -> None:
    """What stands now stays: the collector need not walk it again. Called once, when the house is built. Nor does it walk it
    this once: that took an eighth of a second of the start, for some hundred objects."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


class Lane(Protocol):
    """One worker that does one piece of work after the other, in the order given: a database connection lives in one."""

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]: ...
    def close(self) -> None: ...


class ThreadLane:
    """A thread of its own, because a commit that waits for the disk must not wait for a parser as well. One queue and one
    wake-up of the loop for each piece of work: the executors of the standard library take several locks for that."""

    def __init__(self, name: str) -> None:
        self._name = f"lgsp-{name}"
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        if self._closed:
            raise RuntimeError("the lane is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._thread is None:  # a daemon: a process that forgets to close must end all the same
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._works.put(partial(_done, work, future, loop))
        return future

    def close(self) -> None:
        """Ends when everything that was handed in is done."""
        self._closed = True
        if self._thread is not None:
            self._works.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (work := self._works.get()) is not None:
            work()
            del work  # while the thread waits, nothing of what it did is kept


class Apart:
    """Work that waits for somebody else, as look-ups of names do: a thread for each, so that one that hangs keeps nobody
    waiting; a daemon, so that it keeps no process from ending. Raises `OSError` where `most` are under way."""

    def __init__(self, most: int) -> None:
        self._room = BoundedSemaphore(most)

    async def __call__(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise BlockingIOError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        Thread(target=self._run, args=(work, future, loop), name="lgsp-apart", daemon=True).start()
        return await future

    def _run(self, work: Callable[[], T], future: asyncio.Future[T], loop: asyncio.AbstractEventLoop) -> None:
        _done(work, future, loop)
        self._room.release()


def _done(work: Callable[[], T], future: asyncio.Future[T], loop: asyncio.AbstractEventLoop) -> None:
    """In the lane: does the work, and hands what came of it back to the loop."""
    value, error = None, None
    try:
        value = work()
    except BaseException as raised:  # noqa: BLE001  handed to whoever awaits
        error = raised
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody awaits it any more
        loop.call_soon_threadsafe(_settle, future, value, error)
    del work, value, error  # the error's frames hold this one


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)


class InlineLane:
    """The `Lane` of the simulated world: at once, on the loop."""

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001  handed to whoever awaits, as a thread would
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing runs."""


async def inline(work: Callable[[], T]) -> T:
    """The `Offload` of the simulated world: at once, on the loop."""
    return work()


def sortable_id(moment: datetime, randomness: int) -> str:
    """26 characters: 48 bits of milliseconds, 80 bits of randomness, in Crockford's base 32 (the ULID layout)."""
    return _letters_of(moment) + "".join([_PAIRS[randomness >> shift & 1023] for shift in range(70, -1, -10)])


def _letters_of(moment: datetime) -> str:
    """The ten letters of its milliseconds: 48 bits, the first two of fifty nought."""
    value = int(moment.timestamp() * 1000) & (1 << 48) - 1
    pairs = _PAIRS
    return (
        pairs[value >> 40] + pairs[value >> 30 & 1023] + pairs[value >> 20 & 1023] + pairs[value >> 10 & 1023]
        + pairs[value & 1023]
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to every part at the composition root (`app.py`)."""

    clock: Clock
    ids: Ids
    random: random.Random
    """For jitter and sampling only; secrets come from `ids`."""
    offload: Offload = field(default=inline)

    @classmethod
    def system(cls) -> Runtime:
        """The real world."""
        clock = SystemClock()
        return cls(clock=clock, ids=SystemIds(clock), random=random.Random(), offload=ThreadOffload())  # noqa: S311  jitter, not secrets


class SeededIds:
    """Ids of a simulated world: the same seed gives the same names."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock, self._random = clock, random.Random(seed)  # noqa: S311  simulated world

    def new(self) -> str:
        return sortable_id(self._clock.now(), self._random.getrandbits(80))

    def token(self) -> str:
        return self._random.randbytes(32).hex()
