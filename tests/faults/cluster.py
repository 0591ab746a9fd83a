"""Nodes and workers on one PostgreSQL: a node dies under load, a worker does, the server itself does and comes back.

    python -m tests.faults cluster [--quick]

Agencies leave updates at both doors and repeat what was not answered under the same key. What was acknowledged must be done
once, whoever has died; the others must go on at once, and the dead one's work be taken up within ten seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.faults import workers
from tests.faults.crew import Bus, nodes, running, slow
from tests.faults.workers import SYSTEM, Figures
from tests.postgres import Server, server

CONTINUES = 10.0


@dataclass(slots=True)
class Left:
    """Updates that agencies leave with the bus at any of its doors, until each is acknowledged."""

    doors: Sequence[Bus]
    serial: int
    accepted: dict[str, str] = field(default_factory=dict)
    """Business key: place of its submission."""
    at: dict[str, float] = field(default_factory=dict)
    """When it was acknowledged."""
    refused: Counter[str] = field(default_factory=Counter)

    async def one(self, number: int) -> None:
        update = self.doors[0].calls.update(SYSTEM, self.serial + 2 * number)
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"left-{self.serial}-{number}"}
        for attempt in range(600):
            door = self.doors[(number + attempt) % len(self.doors)]
            try:
                status, body, answered = await door.send(update, headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                self.refused[type(error).__name__] += 1
            else:
                if status == 202:
                    self.accepted[update.key], self.at[update.key] = answered["Location"], time.monotonic()
                    return
                assert status in (409, 429) or status >= 500, (status, body)
                self.refused[str(status)] += 1
            await asyncio.sleep(0.1)

    async def all(self, count: int, halfway: Callable[[], None], pause: float = 0.02) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self.one(number))
                if number == count // 2:
                    halfway()
                await asyncio.sleep(pause)

    async def ended(self, door: Bus, seconds: float) -> Figures:
        """Until all are delivered: their states, and how often each took effect."""
        states = await workers.settled(door, self.accepted, seconds)
        effects = (await door.get(f"{door.simulator}/_sim/effects")).get(SYSTEM, {})
        times = Counter(effects.get(key, 0) for key in self.accepted)
        return {
            "acknowledged": len(self.accepted), "asked again": dict(self.refused), "states": dict(states),
            "effects": {str(number): count for number, count in sorted(times.items())},
            "lost": max(0, times[0] - sum(states.values()) + states["delivered"]),
            "doubled": sum(count for number, count in times.items() if number > 1),
        }  # fmt: skip


async def _done(bus: Bus) -> set[str]:
    effects: dict[str, dict[str, int]] = await bus.get(f"{bus.simulator}/_sim/effects")
    return set(effects.get(SYSTEM, {}))


async def node_killed(victim: Bus, other: Bus, count: int = 400, settle: float = 200.0) -> Figures:
    """The system answers slowly, so that much is waiting and some is on its way when its node dies."""
    left = Left((victim, other), 200_000)
    await slow(other, SYSTEM, 0.5)
    going_on: list[asyncio.Task[tuple[int, float]]] = []

    def kill() -> None:
        os.killpg(victim.gateway.process.pid, signal.SIGKILL)
        going_on.append(asyncio.create_task(_goes_on(other, left, time.monotonic())))

    async with other.load(other.calls.query("vpostcode", 0), 4) as load:
        await left.all(count, kill)
        waiting, taken = await going_on[0]
        await slow(other, SYSTEM, 0.0)
    figures = await left.ended(other, settle)
    return figures | {
        "waiting when it died": waiting, "first of them done after s": taken, "others lost": dict(Counter(load.lost)),
        "longest silence of the other s": round(load.gap, 2),
        "holds": not (figures["lost"] or figures["doubled"] or load.lost) and max(taken, load.gap) <= CONTINUES,
    }  # fmt: skip


async def _goes_on(other: Bus, left: Left, killed: float) -> tuple[int, float]:
    """How many updates were waiting when a node died, and after how many seconds the first of them was done; infinite
    after a minute."""
    waiting = set(left.accepted) - await _done(other)
    while not waiting & await _done(other):
        if time.monotonic() - killed > 60:
            return len(waiting), float("inf")
        await asyncio.sleep(0.05)
    return len(waiting), round(time.monotonic() - killed, 2)


async def server_killed(
    one: Bus, other: Bus, database: Server, count: int = 400, away: float = 5.0, settle: float = 200.0
) -> Figures:
    """PostgreSQL is killed without a word and started again; nobody touches the nodes."""
    left = Left((one, other), 400_000)
    back = asyncio.Event()
    fell = rose = 0.0

    async def outage() -> None:
        nonlocal fell, rose
        fell = time.monotonic()
        await asyncio.to_thread(database.stop, signal.SIGKILL)
        await asyncio.sleep(away)
        await asyncio.to_thread(database.start)
        rose = time.monotonic()
        back.set()

    tasks: list[asyncio.Task[None]] = []
    await left.all(count, lambda: tasks.append(asyncio.create_task(outage())))
    await back.wait()
    after = sorted(each - rose for each in left.at.values() if each > rose)
    between = [each for each in left.at.values() if fell + 0.5 < each < rose - 0.5]
    doors = [await _takes(door, rose, 415_000 + 2 * number) for number, door in enumerate((one, other))]
    figures = await left.ended(other, settle)
    return figures | {
        "server away s": round(rose - fell, 1), "acknowledged while it was away": len(between),
        "first acknowledged after its return s": round(after[0], 2) if after else None,
        "each node takes updates again after s": doors,
        "holds": not (figures["lost"] or figures["doubled"] or between) and max(doors) <= CONTINUES
        and figures["acknowledged"] == count,
    }  # fmt: skip


async def _takes(door: Bus, since: float, serial: int) -> float:
    """Seconds since then when this node has taken an update."""
    for attempt in range(600):
        with suppress(aiohttp.ClientError, TimeoutError):
            status, _, _ = await door.send(door.calls.update(SYSTEM, serial), {"Idempotency-Key": f"after-{serial}"})
            if status in (200, 202):
                return round(time.monotonic() - since, 2)
        del attempt
        await asyncio.sleep(0.1)
    return float("inf")


async def experiment(folder: Path, *, quick: bool = False) -> dict[str, Figures]:
    """With a throw-away server of its own."""
    count, posts = (60, 200) if quick else (400, 1000)
    found: dict[str, Figures] = {}
    async with AsyncExitStack() as stack:
        database = stack.enter_context(server())
        url = stack.enter_context(database.database())
        (folder / "nodes").mkdir()
        async with nodes(folder / "nodes", url) as (one, other):
            key = await workers.one_key(one, posts, 9001, other)
            found["one key, two nodes"] = key | {"holds": (key["answers"], key["effects"]) == (1, 1)}
            found["PostgreSQL killed"] = await server_killed(one, other, database, count)
            found["a node killed"] = await node_killed(one, other, count)
        (folder / "workers").mkdir()
        fresh = stack.enter_context(database.database())
        async with running(folder / "workers", workers=2, LGSP_STORE_URL=fresh) as bus:
            killed = await workers.killed(bus, left=count // 2, serial=300_000, settle=150.0)
            found["a worker killed"] = workers.all_done(killed, count // 2)
    return found


def run(*, quick: bool = False) -> dict[str, Figures]:
    with tempfile.TemporaryDirectory(prefix="lgsp-cluster-") as folder:
        return asyncio.run(experiment(Path(folder), quick=quick))
