"""A backend that is away and its return, in virtual time: how many requests it sees, and how soon it is served again.

The same with processes and real sockets, and what depends on a real machine: `python -m tests.faults away`, `slow`,
`overload`, `herd`, `backlog`.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from lgsp.simulate import Loaded, Province, tell
from tests.faults.load import Calls

RATE = 10.0
QUICK = {"X-LGSP-Timeout": "2"}
SLOTS = 16
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


def test_a_slow_system_costs_the_others_nothing(lgsp_loaded: Loaded) -> None:
    """Five hundred at once ask one that takes 30 s: its slots are full, the others answer as quickly as before."""

    async def story(province: Province) -> None:
        clock = province.runtime.clock
        other = Calls(province.simulator.admin.examples()).query("land-registry", 0)
        await asyncio.sleep(5)

        async def asked() -> list[float]:
            found = []
            for _ in range(50):
                began = clock.monotonic()
                assert (
                    await province.call(other.system, other.operation, other.data, headers=other.headers)
                ).code == "ok"
                found.append(clock.monotonic() - began)
            return found

        before = await asked()
        province.fail("civil-status", "latency", operation="danhMuc", seconds=30.0)
        crowd = [asyncio.create_task(province.call(*QUESTION)) for _ in range(500)]
        await asyncio.sleep(1)
        assert province.gateway.bulkhead.inflight()["civil-status"] == SLOTS
        assert max(await asked()) <= 1.25 * max(before) + 0.01
        codes = Counter(reply.code for reply in await asyncio.gather(*crowd))
        assert set(codes) <= {"overloaded", "timeout", "circuit-open"}, codes
        assert codes["overloaded"] >= 400

    tell(story, loaded=lgsp_loaded.only("civil-status", "land-registry"), size=400)


@pytest.mark.parametrize(("factor", "share"), [(2, 0.9), (10, 0.5)])
def test_more_than_the_slots_allow(factor: int, share: float, lgsp_loaded: Loaded) -> None:
    """What the slots can do is done; the rest is told at once when to come again; after it all is as before."""

    async def story(province: Province) -> None:
        clock = province.runtime.clock
        await asyncio.sleep(5)
        province.fail("civil-status", "latency", operation="danhMuc", seconds=0.4)
        can = SLOTS / 0.4
        answers: list[tuple[float, str, bool]] = []

        async def one() -> None:
            began = clock.monotonic()
            reply = await province.call(*QUESTION)
            answers.append((clock.monotonic() - began, reply.code, "retry-after" in reply.headers))

        calls = []
        for _ in range(int(can * factor * 5)):
            calls.append(asyncio.create_task(one()))
            await asyncio.sleep(1 / (can * factor))
        await asyncio.gather(*calls)
        done = sum(code == "ok" for _, code, _ in answers)
        assert done >= share * can * 5, (done, can * 5)
        refused = [each for each in answers if each[1] != "ok"]
        assert {code for _, code, _ in refused} == {"overloaded"}
        assert all(told for _, _, told in refused)
        assert sum(seconds > 0.02 for seconds, _, _ in refused) <= 0.01 * len(refused), "refused at once"
        await asyncio.sleep(5)
        assert (await province.call(*QUESTION)).code == "ok"

    tell(story, loaded=lgsp_loaded.only("civil-status"), size=400)
