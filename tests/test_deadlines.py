"""One timer for many deadlines: it does what `asyncio.timeout` does. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lgsp.deadlines import Net
from lgsp.runtime import Clock, Runtime
from lgsp_mocks.clock import run


def play(story: Callable[[Net, Clock], Awaitable[None]]) -> None:
    async def main(runtime: Runtime) -> None:
        await story(Net(runtime.clock), runtime.clock)

    run(main)


async def inside(net: Net, clock: Clock, until: float, busy: float) -> str:
    try:
        with net.until(until):
            await asyncio.sleep(busy)
    except TimeoutError:
        return f"out at {clock.monotonic():.0f}"
    return f"done at {clock.monotonic():.0f}"


def test_each_ends_at_its_own_moment_whatever_the_order_they_came_in() -> None:
    async def story(net: Net, clock: Clock) -> None:
        calls = [(9, 20), (3, 20), (5, 4), (3, 1), (30, 20)]
        ends = await asyncio.gather(*(inside(net, clock, until, busy) for until, busy in calls))
        assert ends == ["out at 9", "out at 3", "done at 4", "done at 1", "done at 20"]

    play(story)


def test_many_that_are_never_met_share_one_timer() -> None:
    async def story(net: Net, clock: Clock) -> None:
        for _ in range(100):
            assert await inside(net, clock, clock.monotonic() + 50, 0.01) == f"done at {clock.monotonic():.0f}"
        timers = {id(each) for each in asyncio.get_running_loop()._scheduled if not each.cancelled()}  # type: ignore[attr-defined]
        assert len(timers) == 1

    play(story)


def test_a_moment_that_has_passed_ends_the_next_wait() -> None:
    async def story(net: Net, clock: Clock) -> None:
        await asyncio.sleep(10)
        assert await inside(net, clock, 4, 5) == "out at 10"

    play(story)


def test_a_cancellation_from_outside_stays_one() -> None:
    async def story(net: Net, clock: Clock) -> None:
        task = asyncio.ensure_future(inside(net, clock, 50, 40))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert clock.monotonic() == pytest.approx(1)

    play(story)


def test_both_in_the_same_moment_are_a_cancellation() -> None:
    async def story(net: Net, clock: Clock) -> None:
        task = asyncio.ensure_future(inside(net, clock, 5, 40))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 5, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    play(story)


def test_an_error_of_its_own_is_not_taken_for_the_end_of_time() -> None:
    async def story(net: Net, clock: Clock) -> None:
        with pytest.raises(ValueError, match="mine"), net.until(clock.monotonic() + 1):
            raise ValueError("mine")
        await asyncio.sleep(5)  # nobody is inside any more: nobody is struck

    play(story)


def test_one_inside_the_other_strikes_at_the_inner_moment_only() -> None:
    async def story(net: Net, clock: Clock) -> None:
        with net.until(20):
            assert await inside(net, clock, 2, 10) == "out at 2"
            await asyncio.sleep(3)
        assert clock.monotonic() == pytest.approx(5)

    play(story)
