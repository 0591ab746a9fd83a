"""Backends that are away, slow or too many callers: what the others feel, what the backends see, how soon it is over.

    python -m tests.faults away --kind refuse|hang [--seconds 60]
    python -m tests.faults slow | overload | herd | backlog

Everything is a ratio within one run, or a bound that the issue names; figures are printed as they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from tests.faults.load import Call, Calls
from tests.faults.processes import Bus

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    at: float
    seconds: float
    status: int
    code: str
    retry_after: float
    """Seconds; 0 where it was not said."""


class Door(Protocol):
    """What a caller must know of a bus."""

    @property
    def url(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def session(self) -> aiohttp.ClientSession: ...


@dataclass(slots=True)
class Caller:
    """An open loop: it calls at its rate whatever comes back, as many agencies together do."""

    bus: Door
    call: Call
    patience: float | None = None
    answers: list[Answered] = field(default_factory=list)

    async def one(self) -> Answered:
        loop = asyncio.get_running_loop()
        began = loop.time()
        headers = {"content-type": "application/json", "x-api-key": self.bus.key, **self.call.headers}
        if self.patience is not None:
            headers["x-lgsp-timeout"] = str(self.patience)
        url = f"{self.bus.url}/api/{self.call.system}/v1/{self.call.operation}"
        status, code, after = 0, "gone", 0.0
        with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with self.bus.session.post(url, data=self.call.body, headers=headers) as answer:
                body = await answer.read()
                status, after = answer.status, float(answer.headers.get("retry-after", 0.0))
                code = "ok" if status < 400 else str(json.loads(body).get("code", status))
        found = Answered(began, loop.time() - began, status, code, after)
        self.answers.append(found)
        return found

    async def at(self, rate: float, seconds: float) -> None:
        """So many calls a second for so long; returns when all are answered."""
        loop = asyncio.get_running_loop()
        began, calls = loop.time(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            calls.append(asyncio.create_task(self.one()))
        await asyncio.gather(*calls)

    async def closed(self, clients: int, seconds: float) -> None:
        """So many clients that each wait for their answer and ask again, after the pause that they are told."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds

        async def client() -> None:
            while loop.time() < until:
                found = await self.one()
                if found.status in (429, 503):
                    await asyncio.sleep(found.retry_after)

        await asyncio.gather(*(client() for _ in range(clients)))

    def between(self, start: float, end: float) -> list[Answered]:
        return [each for each in self.answers if start <= each.at < end]


def p(share: float, answers: Sequence[Answered]) -> float:
    """A percentile of the seconds; 0 where nothing was asked."""
    ordered = sorted(each.seconds for each in answers)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else 0.0


def good(answers: Sequence[Answered]) -> float:
    return round(sum(each.code == "ok" for each in answers) / len(answers), 4) if answers else 0.0


async def seen(bus: Bus, system: str, operation: str) -> list[dict[str, Any]]:
    """What the ministry's journal has of it."""
    async with bus.session.get(f"{bus.sim}/_sim/journal", params={"system": system}) as answer:
        entries: list[dict[str, Any]] = await answer.json()
    return [each for each in entries if each["operation"] == operation]


async def attempts(bus: Bus) -> dict[str, float]:
    """Requests to each system so far, by the gateway's own count."""
    async with bus.session.get(f"{bus.url}/metrics") as answer:
        text = await answer.text()
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("lgsp_attempts_total{"):
            system = line.partition('system="')[2].partition('"')[0]
            found[system] = found.get(system, 0.0) + float(line.rsplit(" ", 1)[1])
    return found


def memory(bus: Bus) -> int:
    """KiB that the gateway holds."""
    assert bus.gateway.process is not None
    lines = Path(f"/proc/{bus.gateway.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def _query(bus: Bus, system: str, operation: str = "") -> Call:
    calls = Calls(await bus.examples())
    known = calls.queries(system)
    return next((each for each in known if each.operation == operation), known[0])


async def away(bus: Bus, kind: str, seconds: float, rate: float = 50.0) -> Figures:
    """One backend refuses, or never answers."""
    loop = asyncio.get_running_loop()
    caller = Caller(bus, await _query(bus, "civil-status", "danhMuc"), patience=2.0)
    await caller.at(rate, 5)
    async with bus.session.post(f"{bus.sim}/_sim/reset"):
        pass
    began = loop.time()
    load = asyncio.create_task(caller.at(rate, seconds + 15))
    await bus.fault("civil-status", {"kind": kind})
    await asyncio.sleep(5)
    early = len(await seen(bus, "civil-status", "danhMuc"))
    await asyncio.sleep(seconds - 5)
    later = len(await seen(bus, "civil-status", "danhMuc")) - early
    healed = loop.time()
    await bus.fault("civil-status")
    await load
    first, rest = caller.between(began, began + 5), caller.between(began + 5, healed)
    if (
        kind == "hang"
    ):  # the journal knows answered requests only; whoever waited in vain was sent, or waited for a slot
        early, later = (sum(each.code in ("ok", "timeout") for each in part) for part in (first, rest))
    refused = [each for each in first if each.code == "circuit-open"]
    opened = (refused[0].at - began) if refused else 5.0
    offered = max(1.0, rate * opened)
    back = [each.at - healed for each in caller.answers if each.at >= healed and each.code == "ok"]
    figures: Figures = {
        "kind": kind, "p99 first 5 s": p(0.99, first), "p99 after": p(0.99, rest), "breaker opened after s": round(opened, 2),
        "backend saw / offered before it opened": round(early / offered, 2),
        "backend saw per 5 s after": round(later / ((seconds - 5) / 5), 2),
        "success 10 to 15 s after its return": good(caller.between(healed + 10, healed + 15)),
        "first success after its return s": round(min(back), 2) if back else None,
    }  # fmt: skip
    figures["holds"] = (
        figures["p99 first 5 s"] <= 2.2 and figures["p99 after"] <= 0.05 and figures["success 10 to 15 s after its return"] >= 0.95
        and figures["backend saw / offered before it opened"] <= 1.2 and figures["backend saw per 5 s after"] <= 1.2
    )  # fmt: skip
    return figures


async def slow(bus: Bus, seconds: float = 20.0, together: int = 500, rate: float = 20.0) -> Figures:
    """One system takes 30 s and is asked by 500 at once, in a process of their own: what the others feel.

    Twice: the others at a steady rate, which is what the bound is about, and as fast as twelve callers can, which keeps every
    core busy before anything is slow, so that each refused call takes its CPU from somebody.
    """
    from tests.faults.crowd import crowd  # which calls as this module's callers do

    others = [Caller(bus, await _query(bus, name)) for name in ("civil-status", "land-registry", "public-payment")]

    async def measured(*, busy: bool) -> tuple[int, float, float]:
        for each in others:
            each.answers.clear()
        await asyncio.gather(*(each.closed(4, seconds) if busy else each.at(rate, seconds) for each in others))
        found = [answer for each in others for answer in each.answers]
        return sum(each.code == "ok" for each in found), p(0.99, found), good(found)

    await measured(busy=False)
    before, busy_before = await measured(busy=False), await measured(busy=True)
    await bus.fault("criminal-record", {"kind": "latency", "seconds": 30.0})
    cpu, began = bus.gateway.cpu, asyncio.get_running_loop().time()
    async with crowd(bus, await _query(bus, "criminal-record"), together, 2 * seconds + 4) as saturating:
        await asyncio.sleep(4)
        during, busy_during = await measured(busy=False), await measured(busy=True)
        cpu = (bus.gateway.cpu - cpu) / (asyncio.get_running_loop().time() - began)
        await bus.fault("criminal-record")
        refused = (await saturating.gone())["overloaded"]
    figures: Figures = {
        "others, calls a second": rate * len(others), "throughput ratio": round(during[0] / before[0], 3),
        "p99 before": before[1], "p99 during": during[1], "others' success": during[2],
        "saturated system: refused a second": round(refused / (2 * seconds + 4), 1),
        "gateway's share of a core during": round(cpu, 3),
        "every core busy before: throughput ratio": round(busy_during[0] / busy_before[0], 3),
        "every core busy before: p99 before, during": [busy_before[1], busy_during[1]],
    }  # fmt: skip
    figures["holds"] = figures["throughput ratio"] >= 0.95 and during[1] <= max(1.25 * before[1], before[1] + 0.01)
    return figures


async def overload(bus: Bus, seconds: float = 60.0, latency: float = 0.4) -> Figures:
    """Twice and ten times what the backend's slots allow."""
    await bus.fault("civil-status", {"kind": "latency", "seconds": latency})
    call = await _query(bus, "civil-status", "danhMuc")
    slots = 16
    capacity = slots / latency
    figures: Figures = {"slots": slots, "calls a second that they allow": capacity, "memory before KiB": memory(bus)}
    peak = 0.0
    for factor in (0.9, 2, 10):
        caller, cpu = Caller(bus, call), bus.gateway.cpu
        await caller.at(capacity * factor, seconds)
        refused = [each for each in caller.answers if each.code == "overloaded"]
        goodput = sum(each.code == "ok" for each in caller.answers) / seconds
        peak = max(peak, goodput) if factor < 1 else peak
        figures[f"{factor}x"] = {
            "goodput a second": round(goodput, 1), "of peak": round(goodput / peak, 3), "refused": len(refused),
            "gateway's share of a core": round((bus.gateway.cpu - cpu) / seconds, 3), "p99 of refusals": p(0.99, refused), "with Retry-After": all(each.retry_after for each in refused),
            "other codes": sorted({each.code for each in caller.answers} - {"ok", "overloaded"}), "memory KiB": memory(bus),
        }  # fmt: skip
    after = Caller(bus, call)
    await asyncio.sleep(5)
    await after.at(capacity * 0.5, 5)
    figures["success 5 s later"] = good(after.answers)
    await bus.fault("civil-status")
    figures["holds"] = (
        figures["0.9x"]["gateway's share of a core"] <= 0.3 and figures["2x"]["of peak"] >= 0.9 and figures["10x"]["of peak"] >= 0.5 and figures["success 5 s later"] >= 0.99
        and max(figures["2x"]["p99 of refusals"], figures["10x"]["p99 of refusals"]) <= 0.02
        and figures["2x"]["with Retry-After"] and figures["10x"]["with Retry-After"]
    )  # fmt: skip
    return figures


async def herd(bus: Bus, seconds: float = 30.0, rate: float = 8.0) -> Figures:
    """All are away, then all are back at once."""
    systems = ("civil-status", "criminal-record", "land-registry", "public-payment", "postal-delivery")
    callers = [Caller(bus, await _query(bus, name), patience=5.0) for name in systems]
    load = [asyncio.create_task(each.at(rate, 2 * seconds + 30)) for each in callers]
    await asyncio.sleep(10)
    before = await attempts(bus)
    await asyncio.sleep(10)
    steady = {name: (count - before.get(name, 0.0)) / 2 for name, count in (await attempts(bus)).items()}
    for name in systems:
        await bus.fault(name, {"kind": "refuse"})
    await asyncio.sleep(seconds)
    before = await attempts(bus)
    for name in systems:
        await bus.fault(name)
    await asyncio.sleep(5)
    first = {name: count - before.get(name, 0.0) for name, count in (await attempts(bus)).items()}
    for task in load:
        task.cancel()
    ratios = {name: round(first[name] / steady[name], 2) for name in systems}
    return {"first 5 s after, over 5 steady seconds": ratios, "holds": max(ratios.values()) <= 1.2}


async def backlog(bus: Bus, rows: int = 100_000) -> Figures:
    """A start with many submissions waiting: how long until it is ready, and until it delivers."""
    await bus.start()
    examples = await bus.examples()
    bus.gateway.end()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _fill(bus, Calls(examples), rows)
    filled = loop.time() - began
    began = loop.time()
    bus.gateway.start()
    await bus.answering(f"{bus.url}/readyz")
    ready = loop.time() - began
    while not (await bus.effects()).get("civil-status"):  # noqa: ASYNC110  another process's
        await asyncio.sleep(0.02)
    delivering = loop.time() - began
    figures: Figures = {"rows": rows, "ready after s": round(ready, 2), "delivering after s": round(delivering, 2),
                        "filled in s": round(filled, 1)}  # fmt: skip
    figures["holds"] = ready <= 5 and delivering <= 7
    return figures


async def _fill(bus: Bus, calls: Calls, rows: int) -> None:
    """As the accepting step leaves them, without the way through HTTP."""
    from dataclasses import replace

    from lgsp.app import build
    from lgsp.model import Face, HttpRequest
    from lgsp.pipeline.identify import internal
    from lgsp.runtime import Runtime
    from lgsp.settings import Settings

    runtime = Runtime.system()
    gateway = await build(replace(Settings(), data=bus.data, demo=True, sim=bus.sim, log_level="error"), runtime)
    connector = gateway.registry.connectors["civil-status"]
    operation = connector.operations["dangKyHoTich"]
    consumer = gateway.policy.consumer("mot-cua")

    async def one(number: int) -> None:
        data = calls.update("civil-status", 2 * number).data
        exchange = internal(runtime, connector, operation, data, gateway.settings.province.era,
                            face=Face.REST, consumer=consumer, request=HttpRequest("POST", ""))  # fmt: skip
        await gateway.submissions.accept(exchange, queued=True)

    for start in range(0, rows, 500):
        await asyncio.gather(*(one(number) for number in range(start, min(rows, start + 500))))
    await gateway.close()


EXPERIMENTS: dict[str, Callable[..., Awaitable[Figures]]] = {
    "away": away, "slow": slow, "overload": overload, "herd": herd, "backlog": backlog,
}  # fmt: skip


async def run(folder: Path, experiment: Callable[..., Awaitable[Figures]], **given: Any) -> Figures:
    """One experiment with a bus of its own."""
    async with Bus(folder) as bus:
        if experiment is not backlog:
            await bus.start()
        return await experiment(bus, **given)
