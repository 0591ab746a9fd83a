"""Every task of a running bus is under the supervisor, and the lateness of its loop is a number."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.endpoints.bus import Bus, running

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
