"""The standing task: every hour, as long as there is something to do, one process of many, and on after a failure."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import Keep, Store, StoreFailed
from lgsp.store.pruning import keep_of, prune
from lgsp_mocks.clock import run as simulated


class Pruned:
    """A store of which only this is asked. `left` steps find something."""

    def __init__(self, runtime: Runtime, left: int, *, mine: bool = True) -> None:
        self.runtime, self.left, self.mine = runtime, left, mine
        self.steps: list[float] = []
        self.store = cast(Store, SimpleNamespace(leases=self, pruning=self))

    async def take(self, name: str, seconds: float) -> bool:
        assert (name, seconds > 0) == ("pruning", True)
        return self.mine

    async def step(self, now: datetime, keep: Keep) -> int:
        assert now == self.runtime.clock.now()
        self.steps.append(self.runtime.clock.monotonic())
        self.left -= 1
        if self.left == 2:
            raise StoreFailed("away")
        return max(0, self.left)


def run(hours: float, left: int, *, mine: bool = True) -> list[float]:
    async def main(runtime: Runtime) -> list[float]:
        pruned = Pruned(runtime, left, mine=mine)
        try:
            async with asyncio.timeout(hours * 3600):
                await prune(pruned.store, runtime.clock, Keep())
        except TimeoutError:
            pass
        return pruned.steps

    return simulated(main)


def test_as_long_as_there_is_something_and_then_every_hour() -> None:
    steps = run(2.5, 2)
    assert len(steps) == 2 + 2
    assert steps[1] - steps[0] < 1
    assert steps[2] - steps[1] >= 3600


def test_a_failure_ends_the_round_and_not_the_task() -> None:
    steps = run(1.5, 4)
    assert [round(each / 3600) for each in steps] == [0, 0, 1, 1]


def test_another_process_does_it() -> None:
    assert run(5, 9, mine=False) == []


def test_what_the_settings_say() -> None:
    keep = keep_of(
        StoreSettings(
            keep_bodies_days=1, keep_submissions_days=2, keep_inbox_days=3, keep_counts_days=4, keep_health_days=5
        )
    )
    assert [each.days for each in (keep.bodies, keep.submissions, keep.inbox, keep.counts, keep.health)] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert keep_of(StoreSettings()) == Keep()
    assert keep.bodies == timedelta(days=1)
