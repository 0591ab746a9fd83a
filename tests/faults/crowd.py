"""Many callers of one operation as a process of their own, so that whoever measures does not wait for them on his own loop.

python -m tests.faults.crowd '{"url": …, "key": …, "call": {…}, "callers": 500, "seconds": 40}'
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.faults.load import Call
from tests.faults.pressure import Caller

if TYPE_CHECKING:
    from tests.faults.processes import Bus


@dataclass(frozen=True, slots=True)
class Place:
    """What a caller must know of a bus."""

    url: str
    key: str
    session: aiohttp.ClientSession


async def come(url: str, key: str, call: dict[str, Any], callers: int, seconds: float) -> Counter[str]:
    """They ask, wait for the answer, pause as they are told, and ask again; how often each code was answered."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2 * callers)) as session:
        caller = Caller(Place(url, key, session), Call(**call))
        await caller.closed(callers, seconds)
    return Counter(each.code for each in caller.answers)


@dataclass(slots=True)
class Crowd:
    process: asyncio.subprocess.Process

    async def gone(self) -> Counter[str]:
        """What they were answered, once all are done."""
        out, _ = await self.process.communicate()
        return Counter(json.loads(out))


@asynccontextmanager
async def crowd(bus: Bus, call: Call, callers: int, seconds: float) -> AsyncIterator[Crowd]:
    asked = {"system": call.system, "operation": call.operation, "data": call.data, "headers": dict(call.headers)}
    given = {"url": bus.url, "key": bus.key, "call": asked, "callers": callers, "seconds": seconds}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.crowd", json.dumps(given), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Crowd(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(come(**json.loads(sys.argv[1])))))
