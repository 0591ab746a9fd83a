"""Collectors of several nodes on one PostgreSQL: one reads at a time, another takes over where its node dies.

    python -m tests.faults collectors [--quick]

Dossiers are left at all doors; their results come into the ministry's queue, which is read, handed over and only then
acknowledged. The node that reads is killed while nothing waits, the next one in the midst of a page.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.crew import Bus, nodes, slow
from tests.faults.kills import COLLECTED, marked
from tests.faults.workers import Figures
from tests.postgres import server

SECONDS = 120.0
"""Until a node must have taken over, or all have come: a minute and another, for a machine that has other work."""
_READS = ("traHoSo", "traDsTrangThaiHs")


async def taken_over(crew: Sequence[Bus], count: int = 100, serial: int = 500_000) -> Figures:
    """Three nodes, of which two are killed."""
    living, watch = list(crew), crew[0]
    first = await _reader(living)
    keys = await _left(living, count, serial)
    await slow(watch, COLLECTED, 0.05)  # so that a page takes its time
    dies = time.monotonic()
    living.remove(first)
    _kill(first)
    second = await _reader(living)
    took = [round(time.monotonic() - dies, 2)]
    await _until(watch, lambda told: len(told) >= count // 4)
    rested = [await _reads(each) for each in living if each is not second]
    living.remove(second)
    before = marked(await _effects(watch))
    dies = time.monotonic()
    _kill(second)
    third = await _reader(living)
    took.append(round(time.monotonic() - dies, 2))
    await slow(watch, COLLECTED, 0.0)
    told = await _until(watch, lambda told: len(told) >= count and told > before)
    inbox = await _inbox(third, told)
    return {
        "dossiers": len(keys), "another reads after s": took, "acknowledged before the second kill": len(before),
        "acknowledged": len(told), "acknowledged and not in the inbox": len(told - set(inbox)),
        "twice in the inbox": sum(times > 1 for times in inbox.values()),
        "read by nodes that had no turn": sum(rested),
        "holds": len(told) >= count and told <= set(inbox) and max(inbox.values()) == 1 and not any(rested),
    }  # fmt: skip


async def _left(doors: Sequence[Bus], count: int, serial: int) -> set[str]:
    """Dossiers that have reached the ministry."""
    calls = doors[0].calls
    made = [calls.update(COLLECTED, serial + number) for number in range(count)]

    async def one(number: int) -> None:
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"collected-{serial}-{number}"}
        status, body, _ = await doors[number % len(doors)].send(made[number], headers)
        assert status == 202, body

    for start in range(0, count, 20):
        await asyncio.gather(*map(one, range(start, min(count, start + 20))))
    keys = {each.key for each in made}
    async with asyncio.timeout(SECONDS):
        while not keys <= set((await _effects(doors[0])).get(COLLECTED, {})):  # noqa: ASYNC110  another process's
            await asyncio.sleep(0.1)
    return keys


async def _reads(node: Bus) -> int:
    """Times that this node's collectors have asked the ministry."""
    async with node.session.get(f"{node.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    wanted = [f'operation="{name}"' for name in _READS]
    return int(
        sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith("lgsp_exchanges_total{") and 'face="internal"' in line and any(n in line for n in wanted)
        )
    )


async def _reader(living: Sequence[Bus]) -> Bus:
    """The node that collects."""
    async with asyncio.timeout(SECONDS):
        while True:
            for each in living:
                if await _reads(each):
                    return each
            await asyncio.sleep(0.1)


def _kill(node: Bus) -> None:
    os.killpg(node.gateway.process.pid, signal.SIGKILL)


async def _effects(bus: Bus) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = await bus.get(f"{bus.simulator}/_sim/effects")
    return found


async def _until(bus: Bus, enough: Callable[[set[str]], bool]) -> set[str]:
    async with asyncio.timeout(SECONDS):
        while not enough(told := marked(await _effects(bus))):  # noqa: ASYNC110  another process's
            await asyncio.sleep(0.05)
    return told


async def _inbox(bus: Bus, told: set[str]) -> Counter[str]:
    """What lies there for the caller, by the key of the item."""
    seen, cursor = Counter[str](), ""
    while True:
        async with bus.session.get(f"{bus.url}/inbox{cursor}", headers=bus.key) as answer:
            page = await answer.json()
        seen.update(item["key"] for item in page["items"] if item["system"] == COLLECTED)
        if not page.get("cursor"):
            return seen
        cursor = f"?cursor={page['cursor']}"


async def experiment(folder: Path, count: int = 100) -> Figures:
    """With a throw-away server of its own."""
    async with AsyncExitStack() as stack:
        database = stack.enter_context(server())
        url = stack.enter_context(database.database())
        crew = await stack.enter_async_context(nodes(folder, url, 3))
        return await taken_over(crew, count)


def run(*, quick: bool = False) -> dict[str, Figures]:
    with tempfile.TemporaryDirectory(prefix="lgsp-collectors-") as folder:
        return {"collectors over three nodes": asyncio.run(experiment(Path(folder), 20 if quick else 100))}
