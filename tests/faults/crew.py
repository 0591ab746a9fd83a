"""A bus of several workers in processes of their own, its simulator in another, and callers that count every loss."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.load import Call, Calls

LGSP = [sys.executable, "-m", "lgsp"]


@dataclass(slots=True)
class Process:
    """One command, its standard error read line by line."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, *arguments: str, cwd: Path, **env: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *LGSP, *arguments, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "LGSP_LOG_LEVEL": "warning", **env}, start_new_session=True, limit=1 << 20,
        )  # fmt: skip
        found = cls(process)
        found.reading = asyncio.create_task(found._read())
        return found

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode())
            self.news.set()
        await self.process.wait()
        self.news.set()

    async def until(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """The first line from now on or before that says so."""
        seen = 0
        async with asyncio.timeout(seconds):
            while True:
                for line in self.lines[seen:]:
                    seen += 1
                    if found := re.search(pattern, line):
                        return found
                self.news.clear()
                if self.process.returncode is not None:
                    raise AssertionError("".join(self.lines[-40:]))
                await self.news.wait()

    async def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        if self.process.returncode is None:
            self.process.send_signal(how)
        try:
            async with asyncio.timeout(seconds):
                return await self.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
            raise AssertionError("did not end") from None
        finally:
            if self.reading is not None:
                await asyncio.wait({self.reading})


@dataclass(slots=True)
class Load:
    """What closed-loop callers have met. `lost`: no answer, or one of 5xx."""

    done: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    gap: float = 0.0
    """The longest that no caller had an answer."""
    _last: float = 0.0

    def answered(self, began: float, status: int, body: bytes = b"") -> None:
        now = time.monotonic()
        if self._last:
            self.gap = max(self.gap, now - self._last)
        self._last = now
        if status < 500:
            self.done += 1
            self.seconds.append(now - began)
        else:
            self.lost.append(f"{status} {json.loads(body).get('code')}" if body[:1] == b"{" else str(status))

    def quantile(self, share: float) -> float:
        found = sorted(self.seconds) or [0.0]
        return found[min(len(found) - 1, int(share * len(found)))]


@dataclass(slots=True)
class Bus:
    """`url` is the door, `key` a demonstration consumer's that may call everything."""

    data: Path
    url: str
    simulator: str
    gateway: Process
    demo: Mapping[str, Any]
    calls: Calls
    session: aiohttp.ClientSession

    @property
    def key(self) -> dict[str, str]:
        return {"X-API-Key": self.demo["consumers"][0]["api_key"], "Content-Type": "application/json"}

    async def send(
        self, call: Call, headers: Mapping[str, str] | None = None, session: aiohttp.ClientSession | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        async with (session or self.session).post(
            f"{self.url}/api/{call.system}/v1/{call.operation}", data=call.body,
            headers={**self.key, **call.headers, **(headers or {})},
        ) as answer:  # fmt: skip
            return answer.status, await answer.read(), answer.headers

    async def get(self, url: str, session: aiohttp.ClientSession | None = None) -> Any:
        headers = {"Accept": "application/json"}
        async with (session or self.session).get(url, headers=headers) as answer:
            return await answer.json(content_type=None)

    async def command(self, action: str, **arguments: Any) -> Any:
        """As the command line asks it, without its start."""
        from lgsp.cli.office import _by_owner

        return await _by_owner(self.data, action, arguments, seconds=120)

    def workers(self) -> list[int]:
        """Process ids of the workers that live."""
        pid = self.gateway.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @asynccontextmanager
    async def load(self, call: Call, callers: int) -> AsyncIterator[Load]:
        """So many callers, each with a connection that it keeps, until the block ends; what is under way is finished."""
        load, stop = Load(), asyncio.Event()

        async def caller() -> None:
            connector = aiohttp.TCPConnector(limit=1)
            async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
                while not stop.is_set():
                    began = time.monotonic()
                    try:
                        status, body, _ = await self.send(call, session=session)
                    except (aiohttp.ClientError, TimeoutError) as error:
                        load.lost.append(type(error).__name__)
                        load._last = load._last or began
                    else:
                        load.answered(began, status, body)

        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller())
            try:
                yield load
            finally:
                stop.set()

    @asynccontextmanager
    async def readers(self, count: int = 16) -> AsyncIterator[Sequence[aiohttp.ClientSession]]:
        """So many connections of their own: the kernel spreads them over the workers."""
        async with contextlib.AsyncExitStack() as stack:
            found = []
            for _ in range(count):
                connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=60)
                found.append(await stack.enter_async_context(aiohttp.ClientSession(connector=connector)))
            yield found


@asynccontextmanager
async def running(folder: Path, *options: str, workers: int = 2, **env: str) -> AsyncIterator[Bus]:
    """Ends everything that it has started, and sees that the gateway ends well."""
    data = folder / "data"
    simulator = await Process.start("sim", "--port", "0", cwd=folder)
    try:
        sim = (await simulator.until(r"(http://127\.0\.0\.1:\d+)"))[1]
        gateway = await Process.start(
            "serve", "--port", "0", "--data", str(data), "--workers", str(workers), "--sim", sim, *options, cwd=folder,
            **env,
        )  # fmt: skip
        try:
            url = (await gateway.until(r"gateway on (http://127\.0\.0\.1:\d+)"))[1]
            demo = json.loads((data / "demo.json").read_text("utf-8"))
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{sim}/_sim/examples") as answer:
                    calls = Calls(await answer.json())
                yield Bus(data, url, sim, gateway, demo, calls, session)
        finally:
            code = await gateway.end()
        assert code == 0, "".join(gateway.lines[-40:])
    finally:
        await simulator.end()


@asynccontextmanager
async def nodes(folder: Path, database: str, count: int = 2) -> AsyncIterator[list[Bus]]:
    """So many nodes of one process each, with data folders of their own and one PostgreSQL between them."""
    simulator = await Process.start("sim", "--port", "0", cwd=folder)
    started: list[Process] = []
    try:
        sim = (await simulator.until(r"(http://127\.0\.0\.1:\d+)"))[1]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{sim}/_sim/examples") as answer:
                calls = Calls(await answer.json())
            found: list[Bus] = []
            for name in "abcdef"[:count]:
                data = folder / name
                if found:
                    shutil.copytree(found[0].data / "keys", data / "keys")
                gateway = await Process.start(
                    "serve", "--port", "0", "--data", str(data), "--sim", sim, cwd=folder,
                    LGSP_STORE_URL=database, LGSP_STORE__NODE=name,
                )  # fmt: skip
                started.append(gateway)
                url = (await gateway.until(r"gateway on (http://127\.0\.0\.1:\d+)"))[1]
                demo = json.loads((data / "demo.json").read_text("utf-8"))
                found.append(Bus(data, url, sim, gateway, demo, calls, session))
            yield found
    finally:
        for gateway in started:
            await gateway.end()
        await simulator.end()


async def slow(bus: Bus, system: str, seconds: float) -> None:
    """From now on every answer of the system takes so long; nought ends it."""
    url = f"{bus.simulator}/_sim/faults/{system}"
    if not seconds:
        async with bus.session.delete(url):
            return
    async with bus.session.put(url, json={"kind": "latency", "seconds": seconds}) as answer:
        assert answer.status < 300, await answer.text()
