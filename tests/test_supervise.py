"""The group of background tasks, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lgsp.events import Event, Events, TaskDied
from lgsp.runtime import Runtime
from lgsp.supervise import Supervisor
from lgsp_mocks import clock

Story = Callable[[Supervisor, list[Event]], Awaitable[None]]


def play(story: Story) -> None:
    async def main(runtime: Runtime) -> None:
        seen: list[Event] = []
        events = Events()
        events.subscribe(seen.append)
        group = Supervisor(runtime, events)
        await story(group, seen)
        await group.close()
        assert len(asyncio.all_tasks()) == 1

    clock.run(main)


def test_a_dead_task_is_restarted_with_growing_pauses_and_counted() -> None:
    async def story(group: Supervisor, seen: list[Event]) -> None:
        async def dies() -> None:
            raise ValueError("the text never leaves")

        group.start("x", dies)
        await asyncio.sleep(10)
        assert group.restarts == {"x": 4}  # at 0, 1, 3, 7
        assert seen[0] == TaskDied("x", "ValueError", 1)

    play(story)


def test_who_was_healthy_starts_again_quickly() -> None:
    async def story(group: Supervisor, seen: list[Event]) -> None:
        async def dies_late() -> None:
            await asyncio.sleep(100)
            raise ValueError

        group.start("x", dies_late)
        await asyncio.sleep(305)
        assert group.restarts["x"] == 3

    play(story)


def test_who_returns_has_finished_and_its_name_is_free() -> None:
    async def story(group: Supervisor, seen: list[Event]) -> None:
        async def returns() -> None:
            await asyncio.sleep(1)

        group.start("x", returns)
        with pytest.raises(ValueError, match="running already"):
            group.start("x", returns)
        await asyncio.sleep(2)
        assert group.running() == frozenset()
        group.start("x", returns)
        await group.stop("x")
        assert not group.restarts

    play(story)


def test_closing_ends_all_and_takes_no_new_one() -> None:
    async def story(group: Supervisor, seen: list[Event]) -> None:
        ended: list[str] = []

        async def works() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(1)
                ended.append("x")

        group.start("x", works)
        await asyncio.sleep(0)
        await group.close()
        assert ended == ["x"]
        with pytest.raises(ValueError, match="closing"):
            group.start("y", works)

    play(story)
