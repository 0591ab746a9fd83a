"""Worker processes: replaced one by one, restarted with growing pauses, their doors never without somebody."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from lgsp.runtime import SystemClock
from lgsp.workers.crew import Crew, CrewFailed

SERVES = (
    "import signal,sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print(1, flush=True); signal.pause()"
)
DIES = "import sys; sys.exit(3)"


@dataclass
class Rig:
    """`program` is what the next worker does; each that prints is ready."""

    program: str = SERVES
    started: list[tuple[str, int]] = field(default_factory=list)
    minded: list[tuple[str, int, bool]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.crew = Crew(doors, self.start, self.mind, SystemClock(), 5.0, self.say)

    def say(self, line: str) -> None:
        self.said.append(line)
        self.news.set()

    async def start(self, name: str, door: int, descriptors: Sequence[int]) -> asyncio.subprocess.Process:
        assert len(descriptors) == 2
        self.started.append((name, door))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", self.program, stdout=asyncio.subprocess.PIPE
        )

        async def wait() -> None:
            assert process.stdout is not None
            if await process.stdout.readline():
                self.crew.ready(name)
                self.news.set()

        task = asyncio.create_task(wait())
        self.tasks.add(task)
        return process

    async def mind(self, name: str, door: int, on: bool) -> None:
        self.minded.append((name, door, on))
        self.news.set()

    async def until(self, holds: object) -> None:
        async with asyncio.timeout(30):
            while not holds():  # type: ignore[operator]
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    made.program = SERVES
    await made.crew.close()
    await asyncio.gather(*made.tasks)
    for door in made.crew.doors:
        door.close()


async def test_a_rolling_restart_replaces_all_and_each_has_a_name_of_its_own(rig: Rig) -> None:
    await rig.crew.begin()
    assert rig.started == [("w0", 0), ("w1", 1)]
    before = {each.process.pid for each in rig.crew.workers.values()}
    assert await rig.crew.restart() == 2
    assert rig.started[2:] == [("w2", 0), ("w0", 1)], "the new one serves before the old one has given its name back"
    assert {each.door for each in rig.crew.workers.values()} == {0, 1}
    assert not before & {each.process.pid for each in rig.crew.workers.values()}
    assert rig.crew.deaths == 0


async def test_a_restart_that_fails_leaves_the_old_ones_serving(rig: Rig) -> None:
    await rig.crew.begin()
    before = set(rig.crew.workers)
    rig.program = DIES
    with pytest.raises(CrewFailed, match="w2 did not come up"):
        await rig.crew.restart()
    assert set(rig.crew.workers) == before
    assert all(each.ready.is_set() and not each.expected for each in rig.crew.workers.values())


async def test_a_worker_that_dies_is_replaced_and_its_door_minded_meanwhile(rig: Rig) -> None:
    await rig.crew.begin()
    rig.crew.workers["w0"].process.send_signal(signal.SIGKILL)
    await rig.until(lambda: rig.minded[-1:] == [("w1", 0, False)])
    assert rig.minded == [("w1", 0, True), ("w1", 0, False)]
    assert rig.crew.deaths == 1
    assert {each.door for each in rig.crew.workers.values()} == {0, 1}
    assert "SIGKILL" in rig.said[0]


async def test_one_that_dies_again_and_again_is_started_with_growing_pauses(rig: Rig) -> None:
    await rig.crew.begin()
    rig.program = DIES
    rig.crew.workers["w1"].process.send_signal(signal.SIGKILL)
    await rig.until(lambda: len(rig.said) >= 3)
    assert "the next try in 1 s" in rig.said[1]
    assert "the next try in 2 s" in rig.said[2]
    assert rig.minded == [("w0", 1, True)], "its door has somebody all the while"


async def test_the_first_that_does_not_come_up_ends_the_start(rig: Rig) -> None:
    rig.program = DIES
    with pytest.raises(CrewFailed):
        await rig.crew.begin()
    assert rig.started == [("w0", 0)]
