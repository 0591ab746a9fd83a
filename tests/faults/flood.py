"""More than the machine's cores can do: back-pressure, and nothing that was acknowledged is lost.

    python -m tests.faults flood [--quick]

No backend is slow here. So many callers that each ask again at once keep every core busy; a part of them leaves updates.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.load import Call, Calls
from tests.faults.pressure import Caller, good, memory, p
from tests.faults.processes import Bus

SYSTEM = "civil-status"
Figures = dict[str, Any]


@dataclass(slots=True)
class Writers:
    """Each leaves one update after the other, and repeats under the same key what was not acknowledged."""

    bus: Bus
    calls: Calls
    serial: int = 100_000
    acknowledged: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    without_retry_after: int = 0

    async def one(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            self.serial += 2
            call = self.calls.update(SYSTEM, self.serial)
            while loop.time() < until and not await self._left(call):  # noqa: ASYNC110
                await asyncio.sleep(0.5)

    async def _left(self, call: Call) -> bool:
        headers = {
            "content-type": "application/json", "x-api-key": self.bus.key, "prefer": "respond-async",
            "idempotency-key": call.key, **call.headers,
        }  # fmt: skip
        url = f"{self.bus.url}/api/{call.system}/v1/{call.operation}"
        try:
            async with self.bus.session.post(url, data=call.body, headers=headers) as answer:
                said = json.loads(await answer.read())
                self.answers["ok" if answer.status < 300 else said["code"]] += 1
                self.without_retry_after += answer.status in (429, 503) and "retry-after" not in answer.headers
                if answer.status < 300:
                    self.acknowledged[call.key] = said["id"]
                return answer.status < 300
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
            return False


async def flood(bus: Bus, seconds: float = 60.0, callers: int = 400, writers: int = 100, rest: float = 5.0) -> Figures:
    """`rest`: seconds after which all is as before, and for which that is looked at."""
    loop = asyncio.get_running_loop()
    calls = Calls(await bus.examples())
    question = next(each for each in calls.queries(SYSTEM) if each.operation == "danhMuc")
    calm = Caller(bus, question)
    await calm.at(20, min(3.0, rest))
    before = memory(bus)
    until = loop.time() + seconds
    asking, leaving = Caller(bus, question), Writers(bus, calls)
    held: list[int] = []
    cpu = bus.gateway.cpu
    await asyncio.gather(
        asking.closed(callers, seconds), *(leaving.one(until) for _ in range(writers)), _watched(bus, until, held)
    )
    cpu = (bus.gateway.cpu - cpu) / (loop.time() - until + seconds)
    after = Caller(bus, question)
    await asyncio.sleep(rest)
    await after.at(20, rest)
    effects = await _done(bus, set(leaving.acknowledged))
    done = {key: effects.get(key, 0) for key in leaving.acknowledged}
    figures: Figures = {
        "callers": callers + writers, "gateway's share of a core": round(cpu, 2),
        "answers a second": round((len(asking.answers) + sum(leaving.answers.values())) / seconds, 1),
        "queries": dict(Counter(each.code for each in asking.answers)), "updates": dict(leaving.answers),
        "p99 s": p(0.99, asking.answers), "refused without Retry-After": leaving.without_retry_after
        + sum(each.status in (429, 503) and not each.retry_after for each in asking.answers),
        "memory before, most KiB": [before, max(held, default=0)], "p99 before, after": [p(0.99, calm.answers), p(0.99, after.answers)],
        "success after": good(after.answers), "acknowledged": len(done),
        "lost": sum(not times for times in done.values()), "doubled": sum(times > 1 for times in done.values()),
    }  # fmt: skip
    unkind = {each.code for each in asking.answers} | set(leaving.answers)
    figures["holds"] = (
        not figures["lost"] and not figures["doubled"] and not figures["refused without Retry-After"]
        and unkind <= {"ok", "overloaded", "quota-exceeded", "evidence-unavailable", "timeout", "conflict"}
        and figures["success after"] >= 0.99
    )  # fmt: skip
    return figures


async def _watched(bus: Bus, until: float, held: list[int]) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        with suppress(OSError):
            held.append(memory(bus))
        await asyncio.sleep(0.5)


async def _done(bus: Bus, wanted: set[str], seconds: float = 300.0) -> dict[str, int]:
    """What took effect, once all that was acknowledged has, or after so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        effects = (await bus.effects()).get(SYSTEM, {})
        if wanted <= set(effects) or loop.time() >= until:
            return effects
        await asyncio.sleep(0.5)
