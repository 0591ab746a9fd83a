"""Entries that are written together: who shares a commit, who waits how long, and one that cannot be written alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lgsp.audit.entries import Draft
from lgsp.audit.groups import Groups
from lgsp.runtime import Runtime
from lgsp.store import StoreFailed
from lgsp_mocks.clock import run


class Disk:
    """Takes groups of drafts; `seconds` a commit takes, `broken` what it says instead."""

    def __init__(self, seconds: float = 0.002) -> None:
        self.seconds = seconds
        self.groups: list[list[int]] = []
        self.broken: Exception | None = None

    async def __call__(self, drafts: Sequence[Draft]) -> None:
        if self.broken is not None:
            raise self.broken
        numbers = [draft.record["number"] for draft in drafts]
        if -1 in numbers:
            raise TypeError("no entry")
        await asyncio.sleep(self.seconds)
        self.groups.append(numbers)


def draft(number: int) -> Draft:
    return Draft({"number": number})


def test_what_comes_in_one_turn_shares_one_commit_and_keeps_its_order() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk()
        groups = Groups(disk, runtime.clock, 0.9)
        await asyncio.gather(*(groups.put(draft(number)) for number in range(100)))
        assert disk.groups == [list(range(100))]

    run(story)


def test_while_a_group_is_on_its_way_the_next_one_gathers() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk()
        groups = Groups(disk, runtime.clock, 0.9)

        async def caller(number: int) -> None:
            for _ in range(10):
                await groups.put(draft(number))

        await asyncio.gather(*(caller(number) for number in range(16)))
        assert sum(map(len, disk.groups)) == 160
        assert len(disk.groups) == 10, "all sixteen each time: who was set free together comes together"

    run(story)


def test_a_caller_alone_waits_for_nobody() -> None:
    async def story(runtime: Runtime) -> None:
        disk, began = Disk(seconds=0.0), runtime.clock.monotonic()
        await Groups(disk, runtime.clock, 0.9).put(draft(1))
        assert runtime.clock.monotonic() == began

    run(story)


def test_a_disk_that_hangs_keeps_nobody_longer_than_his_patience() -> None:
    async def story(runtime: Runtime) -> None:
        disk, clock = Disk(seconds=3.0), runtime.clock
        groups = Groups(disk, clock, 0.9)
        waited: list[float] = []

        async def caller(after: float) -> None:
            await asyncio.sleep(after)
            began = clock.monotonic()
            with pytest.raises(TimeoutError):
                await groups.put(draft(1))
            waited.append(clock.monotonic() - began)

        await asyncio.gather(*(caller(number / 10) for number in range(20)))
        assert max(waited) == pytest.approx(0.9)
        assert min(waited) == pytest.approx(0.9), "and nobody is sent away early"
        disk.seconds = 0.002
        await groups.put(draft(2))
        assert disk.groups[-1] == [2]

    run(story)


def test_what_the_disk_refuses_it_refuses_to_all_and_then_it_goes_on() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk()
        groups = Groups(disk, runtime.clock, 0.9)
        disk.broken = StoreFailed("FullError")
        found = await asyncio.gather(*(groups.put(draft(number)) for number in range(3)), return_exceptions=True)
        assert [type(each) for each in found] == [StoreFailed] * 3
        disk.broken = None
        await groups.put(draft(7))
        assert disk.groups == [[7]]

    run(story)


def test_a_writer_that_dies_is_followed_by_another_and_nobody_waits_for_ever() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk(seconds=5.0)
        groups = Groups(disk, runtime.clock, 0.9)
        lost = groups.put(draft(1))
        assert groups.waiting[0] == 1
        await asyncio.sleep(0.1)
        (writer,) = (each for each in asyncio.all_tasks() if each.get_name() == "evidence groups")
        writer.cancel()
        with pytest.raises(TimeoutError):
            await lost
        disk.seconds = 0.002
        await groups.put(draft(2))
        assert (disk.groups, groups.waiting[0]) == ([[2]], 0)

    run(story)


def test_one_that_cannot_be_written_does_not_take_the_others_with_it() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk()
        groups = Groups(disk, runtime.clock, 0.9)
        found = await asyncio.gather(*(groups.put(draft(number)) for number in (1, -1, 2)), return_exceptions=True)
        assert [type(each) for each in found] == [type(None), TypeError, type(None)]
        assert disk.groups == [[1], [2]]

    run(story)


def test_a_caller_who_has_gone_leaves_his_entry() -> None:
    async def story(runtime: Runtime) -> None:
        disk = Disk()
        groups = Groups(disk, runtime.clock, 0.9)
        gone, here = groups.put(draft(1)), groups.put(draft(2))
        gone.cancel()
        await here
        assert disk.groups == [[1, 2]]

    run(story)


def test_too_many_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgsp.audit.groups._WAITING", 2)

    async def story(runtime: Runtime) -> None:
        groups = Groups(Disk(), runtime.clock, 0.9)
        waiting = [groups.put(draft(number)) for number in range(2)]
        with pytest.raises(StoreFailed, match="too many"):
            groups.put(draft(2))
        await asyncio.gather(*waiting)

    run(story)
