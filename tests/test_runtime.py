"""What the world hands in: ids that sort by time and repeat under a seed, an off-load that is another thread or none."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lgsp.runtime import HANOI, Runtime, SeededIds, SystemClock, ThreadOffload, inline, sortable_id

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
