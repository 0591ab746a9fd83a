"""What only one process does: one holder, taken over when he dies, stopped before his lease ends."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from lgsp.runtime import Clock, Runtime
from lgsp.store import StoreFailed
from lgsp.store.hub import Hub
from lgsp.workers.duties import LEASE_SECONDS, Duty
from lgsp_mocks.clock import run


class Leases:
    """`down` is a store that does not answer."""

    def __init__(self, hub: Hub, member: str) -> None:
        self.hub, self.member, self.down = hub, member, False

    async def take(self, name: str, seconds: float) -> bool:
        if self.down:
            raise StoreFailed("away")
        return self.hub.take(self.member, name, seconds)

    async def release(self, name: str) -> None:
        if not self.down:
            self.hub.release(self.member, name)


class Worker:
    def __init__(self, hub: Hub, name: str, clock: Clock, at_work: Counter[str]) -> None:
        self.leases = Leases(hub, name)
        self.duty = Duty("collect", self.leases, clock)
        self.name, self.at_work, self.stopped = name, at_work, asyncio.Event()

    async def work(self) -> None:
        self.at_work[self.name] += 1
        assert sum(self.at_work.values()) == 1, "two at once"
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work[self.name] -= 1
            self.stopped.set()


def test_one_at_a_time_and_another_one_within_seconds() -> None:
    async def main(runtime: Runtime) -> None:
        clock = runtime.clock
        hub, at_work = Hub(clock), Counter[str]()
        workers = [Worker(hub, f"w{number}", clock, at_work) for number in range(3)]
        tasks = {each.name: asyncio.ensure_future(each.duty.run(each.work)) for each in workers}
        for left in (3, 2, 1):
            await asyncio.sleep(2)
            holder = next(name for name, busy in at_work.items() if busy)
            assert len(tasks) == left
            task = tasks.pop(holder)
            task.cancel()
            await asyncio.wait({task})
        assert not +at_work

    run(main)


def test_who_cannot_renew_stops_before_the_lease_ends() -> None:
    async def main(runtime: Runtime) -> None:
        clock = runtime.clock
        hub, at_work = Hub(clock), Counter[str]()
        one = Worker(hub, "w0", clock, at_work)
        task = asyncio.ensure_future(one.duty.run(one.work))
        await asyncio.sleep(0.1)
        one.leases.down = True
        began = clock.monotonic()
        await one.stopped.wait()
        assert clock.monotonic() - began < LEASE_SECONDS
        assert hub.leases["collect"][1] > clock.monotonic(), "before anybody else may begin"
        task.cancel()
        await asyncio.wait({task})

    run(main)


def test_work_that_fails_is_the_supervisors_and_frees_the_lease() -> None:
    async def main(runtime: Runtime) -> None:
        clock = runtime.clock
        hub = Hub(clock)

        async def fails() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await Duty("x", Leases(hub, "w0"), clock).run(fails)
        assert hub.leases == {}

    run(main)
