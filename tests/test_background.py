"""Every task of a running bus is under the supervisor, and the lateness of its loop is a number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from lgsp.background import loop_lag
from lgsp.gateway import Gateway
from lgsp.room import Room
from lgsp.runtime import Runtime
from lgsp_mocks import clock
from tests.endpoints.bus import Bus, running

T = TypeVar("T")
TASKS = {
    "maintenance", "audit", "health-keeper", "conformity", "deliveries", "shadow", "collectors", "prober",
    "payload-retention", "pruning", "security-levels", "alive", "call-backs", "exchange-index", "alerts", "alert-routes",
    "demotions", "traffic", "loop-lag", "upstream-switches",
}  # fmt: skip


async def numbers(bus: Bus) -> str:
    async with bus.session.get(f"{bus.url}/metrics") as answer:
        return await answer.text()


async def test_a_bus_has_them_all_measures_its_loop_and_leaves_none(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        gateway = bus.gateway
        assert gateway.supervisor.running() >= TASKS
        gateway.metrics.loop_lag.set(-1)
        async with asyncio.timeout(60):
            while "lgsp_loop_lag_seconds -1.0" in await numbers(bus):
                pass
    assert not gateway.supervisor.running()


def test_the_heap_is_looked_through_after_large_messages_and_now_and_then_anyway() -> None:
    async def watched(runtime: Runtime) -> None:
        trims: list[float] = []

        async def offload(work: Callable[[], T]) -> T:
            trims.append(round(runtime.clock.monotonic() - began, 1))
            return work()

        room, began = Room(1 << 20), runtime.clock.monotonic()
        lag = SimpleNamespace(loop_lag=SimpleNamespace(set=lambda _: None))
        house: Any = SimpleNamespace(
            runtime=replace(runtime, offload=offload), spool=SimpleNamespace(memory=room), metrics=lag
        )
        task = asyncio.create_task(loop_lag(cast("Gateway", house)))
        await asyncio.sleep(1.2)
        room.passed += 9 << 20
        await asyncio.sleep(22)
        task.cancel()
        assert trims == [1.5, 11.5, 21.5], trims

    clock.run(watched)
