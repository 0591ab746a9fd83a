"""What is decided or met at one door holds at all of them: health, breaker, stage, grants and quota, each with its seconds.

A door is a worker (a connection stays with the one that took it) or a node. The figures are from the moment at which the
command has returned, or at which the first door says so, until the last one does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.faults.crew import Bus
from tests.faults.load import Call
from tests.faults.workers import SYSTEM, Figures

PEOPLE = {"by": "A", "approved_by": "B"}
AGENCY = "thu-dong-thuan"


@dataclass(frozen=True, slots=True)
class Door:
    bus: Bus
    session: aiohttp.ClientSession

    async def status(self, call: Call, key: dict[str, str] | None = None) -> tuple[int, bytes]:
        status, body, _ = await self.bus.send(call, key or self.bus.key, self.session)
        return status, body

    async def shows(self) -> tuple[str, str]:
        """Health and breaker on its board."""
        board = await self.bus.get(f"{self.bus.url}/status", self.session)
        row = next(each for each in board["systems"] if each["id"] == SYSTEM)
        return row["health"], row["breaker"]


@asynccontextmanager
async def doors_of(bus: Bus, *others: Bus) -> AsyncIterator[Sequence[Door]]:
    """Sixteen connections of one bus, so that every worker has some; of several nodes one each."""
    if others:
        yield [Door(each, each.session) for each in (bus, *others)]
        return
    async with bus.readers() as readers:
        yield [Door(bus, each) for each in readers]


async def _until(doors: Sequence[Door], says: Callable[[Door], Awaitable[bool]]) -> float:
    """Seconds until all say so."""
    began = time.monotonic()
    async with asyncio.timeout(60):
        while not all(await asyncio.gather(*map(says, doors))):  # noqa: ASYNC110  another process says it
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def _agreed(doors: Sequence[Door], says: Callable[[Door], Awaitable[bool]]) -> float:
    """Seconds from the first that says so until all do."""
    first = 0.0
    async with asyncio.timeout(60):
        while True:
            said = await asyncio.gather(*map(says, doors))
            first = first or (time.monotonic() if any(said) else 0.0)
            if all(said):
                return time.monotonic() - first
            await asyncio.sleep(0.01)


def _answers(call: Call, wanted: int, key: dict[str, str] | None = None) -> Callable[[Door], Awaitable[bool]]:
    async def says(door: Door) -> bool:
        return (await door.status(call, key))[0] == wanted

    return says


async def stage(doors: Sequence[Door]) -> Figures:
    call, first = doors[0].bus.calls.query("vpostcode", 0), doors[0].bus
    await _until(doors, _answers(call, 200))
    await first.command("stage.move", system=call.system, to="suspended", decision="01/QĐ-MAU", **PEOPLE)
    suspended = await _until(doors, _answers(call, 403))
    await first.command("stage.move", system=call.system, to="official", decision="02/QĐ-MAU", **PEOPLE)
    return {"suspended": suspended, "official again": await _until(doors, _answers(call, 200))}


async def grants_and_quota(doors: Sequence[Door], limit: int = 10) -> tuple[Figures, Figures]:
    """An agency of its own: nothing, one operation, another so many times a minute, the first one limited as well, nothing."""
    call, first = doors[0].bus.calls.query("vpostcode", 0), doors[0].bus
    made = await first.command("consumer.add", id=AGENCY, name="Thử đồng thuận")
    await first.command("consumer.approve", id=AGENCY, level=3, decision="03/QĐ-MAU", anti_malware=True)
    key = {"X-API-Key": made["api_key"], "Content-Type": "application/json"}
    grant = {"consumer": AGENCY, "system": call.system, "operation": call.operation}
    other = next(each for each in first.calls.queries(call.system) if each.operation != call.operation)
    known = await _until(doors, _answers(call, 403, key))
    await first.command("grant.add", **grant, legal_basis="01/QĐ-MAU", **PEOPLE)
    given = await _until(doors, _answers(call, 200, key))
    limited = {"legal_basis": "01/QĐ-MAU", "quota_per_minute": limit, **PEOPLE}
    await first.command("grant.add", **{**grant, "operation": other.operation}, **limited)
    await asyncio.sleep(1.0)  # a quota cannot be seen without spending it: it has the second that is promised
    spent = await _spent(doors, other, key, limit)
    await first.command("grant.add", **grant, **limited)
    await asyncio.sleep(1.0)
    tightened = await _spent(doors, call, key, limit)
    await first.command("grant.remove", **grant)
    taken = await _until(doors, _answers(call, 403, key))
    return {"the agency is known": known, "given": given, "taken": taken}, spent | {"tightened": tightened["statuses"]}


async def _spent(doors: Sequence[Door], call: Call, key: dict[str, str], limit: int) -> Figures:
    """Four times the limit within one minute of the clock, in turn over the doors; again where it was not one."""
    while True:
        await asyncio.sleep(60.0 - time.time() % 60 if time.time() % 60 > 50 else 0.0)
        minute = time.time() // 60
        asked = [doors[number % len(doors)].status(call, key) for number in range(4 * limit)]
        statuses = Counter(status for status, _ in await asyncio.gather(*asked))
        if time.time() // 60 == minute:
            return {"limit": limit, "statuses": dict(statuses)}
        await asyncio.sleep(60.0 - time.time() % 60)


async def health_and_breaker(doors: Sequence[Door]) -> tuple[Figures, Figures]:
    """A system resets every connection and only the first door is asked about it: the others know by what they are told."""
    call, first = doors[0].bus.calls.query(SYSTEM, 0), doors[0]
    await _until(doors, _answers(call, 200))
    fault = f"{first.bus.simulator}/_sim/faults/{SYSTEM}"
    async with first.bus.session.put(fault, json={"kind": "reset"}) as answer:
        assert answer.status < 300, await answer.text()
    async with asyncio.timeout(60):
        while (await first.shows())[1] == "closed":
            await first.status(call)
    opened = await _until(doors, _shows(lambda shown: shown[1] != "closed"))
    refused = Counter([_code(await door.status(call)) for door in doors[1:]])
    down = await _agreed(doors, _shows(lambda shown: shown[0] == "down"))
    async with first.bus.session.delete(fault):
        pass
    async with asyncio.timeout(60):
        while (await first.shows())[1] != "closed":
            await first.status(call)
            await asyncio.sleep(0.05)
    closed = await _until(doors, _shows(lambda shown: shown[1] == "closed"))
    up = await _agreed(doors, _shows(lambda shown: shown[0] == "up"))
    return {"down": down, "up": up}, {"open": opened, "others answered": dict(refused), "closed": closed}


def _shows(wanted: Callable[[tuple[str, str]], bool]) -> Callable[[Door], Awaitable[bool]]:
    async def says(door: Door) -> bool:
        return wanted(await door.shows())

    return says


def _code(answered: tuple[int, bytes]) -> str:
    status, body = answered
    return "ok" if status == 200 else str(json.loads(body)["code"])


async def nouns(bus: Bus, *others: Bus) -> dict[str, Figures]:
    """All five, by name."""
    await bus.command("stage.list")  # what the first command imports is no part of the figures
    async with doors_of(bus, *others) as doors:
        found: dict[str, Any] = {"stage": await stage(doors)}
        found["grants"], found["quota"] = await grants_and_quota(doors)
        found["health"], found["breaker"] = await health_and_breaker(doors)
    return found


def slowest(found: dict[str, Figures]) -> dict[str, float]:
    """By noun, the longest of its seconds."""
    return {
        noun: round(max(value for value in figures.values() if isinstance(value, float)), 3)
        for noun, figures in found.items()
        if noun != "quota"
    }
