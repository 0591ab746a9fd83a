"""What the world hands in: ids that sort by time and repeat under a seed, an off-load that is another thread or none."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.runtime import (
    HANOI,
    Apart,
    Runtime,
    SeededIds,
    SystemClock,
    SystemIds,
    ThreadLane,
    ThreadOffload,
    inline,
    sortable_id,
)

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  hypothesis wants them naive
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(MOMENTS, MOMENTS, st.integers(0, 2**80 - 1), st.integers(0, 2**80 - 1))
def test_ids_sort_by_time(early: datetime, late: datetime, first: int, second: int) -> None:
    one, two = sortable_id(early, first), sortable_id(late, second)
    assert len(one) == len(two) == 26
    if late - early >= timedelta(milliseconds=1):
        assert one < two
    elif early - late >= timedelta(milliseconds=1):
        assert one > two


def test_ids_of_the_real_world_are_random_behind_the_time_over_many_drawings() -> None:
    class Still:
        def now(self) -> datetime:
            return datetime(2026, 1, 1, 12, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

    ids = SystemIds(Still())
    made = [ids.new() for _ in range(3000)]
    assert len(set(made)) == len(made)
    assert {each[:10] for each in made} == {sortable_id(Still().now(), 0)[:10]}
    letters = Counter("".join(each[10:] for each in made))
    assert len(letters) == 32
    assert max(letters.values()) < 1.3 * min(letters.values()), "each letter as often as every other"


def test_no_two_threads_are_given_one_id() -> None:
    """Files of large messages are named away from the loop."""
    ids = SystemIds(SystemClock())
    made: list[list[str]] = [[] for _ in range(4)]

    def name(into: list[str]) -> None:
        into += [ids.new()[10:] for _ in range(20_000)]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=name, args=(into,)) for into in made]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(before)
    letters = [each for one in made for each in one]
    assert {len(each) for each in letters} == {16}
    assert len(set(letters)) == 80_000


def test_a_seed_repeats_ids_and_another_does_not() -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(2026, 1, 1, 12, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

    def names(seed: int) -> list[str]:
        ids = SeededIds(Noon(), seed)
        return [ids.new(), ids.token(), ids.new()]

    assert names(1) == names(1)
    assert not set(names(1)) & set(names(2))


def test_the_real_world_is_aware_of_its_zone() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert HANOI.utcoffset(None) == timedelta(hours=7)
    tokens = {Runtime.system().ids.token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43


async def test_off_load_runs_elsewhere_and_inline_here() -> None:
    offload = ThreadOffload(1)
    try:
        assert await offload(threading.get_ident) != threading.get_ident()
        assert await inline(threading.get_ident) == threading.get_ident()
    finally:
        offload.close()


async def test_a_lane_does_one_thing_after_the_other_in_a_thread_of_its_own() -> None:
    lane, order = ThreadLane("test"), []
    first, second = lane.submit(lambda: order.append(1) or threading.get_ident()), lane.submit(lambda: order.append(2))
    assert await first != threading.get_ident()
    await second
    assert order == [1, 2]
    with pytest.raises(ZeroDivisionError):
        await lane.submit(lambda: 1 // 0)
    lane.submit(lambda: order.append(3)).cancel()  # nobody waits for it, and it is done all the same
    lane.close()
    assert order == [1, 2, 3]
    with pytest.raises(RuntimeError):
        lane.submit(lambda: None)


def test_a_lane_outlives_its_loop() -> None:
    """A loop that ended in the middle: the work ends, nobody hears of it, and the thread goes on."""
    lane, gate, ended = ThreadLane("test"), threading.Event(), threading.Event()

    async def hurried() -> None:
        lane.submit(gate.wait)

    asyncio.run(hurried())
    gate.set()

    async def later() -> None:
        await lane.submit(ended.set)

    asyncio.run(later())
    assert ended.is_set()
    lane.close()


async def test_what_was_done_elsewhere_is_not_kept() -> None:
    """Neither what came of it nor the frames of what went wrong wait for the collector."""

    class Tree:
        pass

    offload, trees = ThreadOffload(), list[weakref.ref[Tree]]()

    def grown() -> Tree:
        tree = Tree()
        trees.append(weakref.ref(tree))
        return tree

    def felled() -> None:
        tree = grown()
        raise LookupError(tree.__class__.__name__)

    gc.disable()
    try:
        await offload(grown)
        try:
            await offload(felled)
        except LookupError as error:
            error.__traceback__ = None
        await offload(lambda: None)  # the thread has let go of both
        assert [each() for each in trees] == [None, None]
    finally:
        gc.enable()
        offload.close()


async def test_work_that_waits_for_others_has_a_thread_each_and_no_more_than_its_share() -> None:
    free, apart = threading.Event(), Apart(2)
    waiting = [asyncio.create_task(apart(lambda: free.wait(60))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(BlockingIOError):
        await apart(lambda: True)
    waiting[0].cancel()  # whoever gives up does not free the thread that still waits
    await asyncio.sleep(0)
    with pytest.raises(BlockingIOError):
        await apart(lambda: True)
    free.set()
    assert await waiting[1]
    async with asyncio.timeout(60):
        while True:
            try:
                assert await apart(lambda: threading.current_thread().daemon)
            except BlockingIOError:
                await asyncio.sleep(0.001)  # a thread lets go just after it has told
            else:
                break
