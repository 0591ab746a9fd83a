"""A backend that is away and its return, in virtual time: how many requests it sees, and how soon it is served again.

The same with processes and real sockets, and what depends on a real machine: `python -m tests.faults away`, `slow`,
`overload`, `herd`, `backlog`.
"""

from __future__ import annotations

import asyncio

import pytest

from lgsp.simulate import Loaded, Province, tell

RATE = 10.0
QUICK = {"X-LGSP-Timeout": "2"}
QUESTION = ("civil-status", "danhMuc", {"loaiDanhMuc": "3"})


class Load:
    """An open loop of one question; what came of each call, and when."""

    def __init__(self, province: Province) -> None:
        self.province = province
        self.answers: list[tuple[float, float, str]] = []

    async def one(self) -> None:
        clock = self.province.runtime.clock
        began = clock.monotonic()
        reply = await self.province.call(*QUESTION, headers=QUICK)
        self.answers.append((began, clock.monotonic() - began, reply.code))

    async def run(self, seconds: float) -> None:
        calls = []
        for _ in range(int(seconds * RATE)):
            calls.append(asyncio.create_task(self.one()))
            await asyncio.sleep(1 / RATE)
        await asyncio.gather(*calls)

    def between(self, start: float, end: float) -> list[tuple[float, float, str]]:
        return [each for each in self.answers if start <= each[0] < end]


def sent(province: Province, start: float) -> list[float]:
    """When the ministry was asked this since then, however it ended."""
    epoch = province.runtime.clock.now().timestamp() - province.runtime.clock.monotonic()
    from datetime import datetime

    calls = province.simulator.journal.calls("civil-status", "danhMuc")
    found = [datetime.fromisoformat(each.at).timestamp() - epoch for each in calls]
    return [at for at in found if at >= start]


@pytest.mark.parametrize("kind", ["refuse", "hang"])
def test_a_backend_is_away_for_a_minute(kind: str, lgsp_loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        clock, load = province.runtime.clock, Load(province)
        await asyncio.sleep(5)
        running = asyncio.create_task(load.run(85))
        await asyncio.sleep(5)
        began = clock.monotonic()
        given = {"seconds": 3.0} if kind == "hang" else {}
        province.fail("civil-status", kind, operation="danhMuc", **given)
        await asyncio.sleep(60)
        province.heal("civil-status")
        healed = clock.monotonic()
        await running
        first, rest = load.between(began, began + 5), load.between(began + 5, healed)
        opened = next(at for at, _, code in load.answers if code == "circuit-open") - began
        assert max(seconds for _, seconds, _ in first) <= 2.2
        slow = [seconds for _, seconds, _ in rest if seconds > 0.05]
        assert len(slow) <= 12, "only the one probe of a half-open circuit waits"
        asked = [at for at in sent(province, began) if at < healed]
        early, late = [at for at in asked if at < began + 6], [at for at in asked if at >= began + 6]
        assert len(early) <= 1.2 * RATE * (opened + 2.0) + 3, (len(early), opened)
        assert len(late) <= 54 / 5 + 2, "at most one probe in five seconds"
        back = load.between(healed + 10, healed + 20)
        assert sum(code == "ok" for _, _, code in back) >= 0.95 * len(back) > 0

    tell(story, loaded=lgsp_loaded.only("civil-status"), size=400)


def test_no_herd_when_all_are_back(lgsp_loaded: Loaded) -> None:
    """What waited is hastened, a few at a time: no backend sees much more than its steady rate."""
    system = "criminal-record"

    async def story(province: Province) -> None:
        from tests.faults.load import Calls

        clock = province.runtime.clock
        calls = Calls(province.simulator.admin.examples())
        await asyncio.sleep(5)
        province.fail(system, "refuse")
        for number in range(60):
            call = calls.update(system, 1000 + number)
            reply = await province.call(
                system, call.operation, call.data, headers={**call.headers, "prefer": "respond-async"}
            )
            assert reply.status == 202
        await asyncio.sleep(120)
        province.simulator.faults.clear()
        province.fail(system, "latency", seconds=0.5)
        healed = clock.monotonic()
        most = 0
        while len(province.simulator.journal.effects.get(system, {})) < 60:
            most = max(most, province.gateway.bulkhead.inflight().get(system, 0))
            await asyncio.sleep(0.1)
            assert clock.monotonic() - healed < 60, "and all of it is delivered soon"
        assert most <= 8, "four deliveries, and what probes and collectors ask"

    tell(story, loaded=lgsp_loaded.only(system), size=400)
