"""The two halves as processes of their own, to be killed: `lgsp sim` and `lgsp serve`, on free ports of loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import apsw

LGSP = [sys.executable, "-m", "lgsp"]
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Half:
    """One process, started again as often as it takes."""

    command: list[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, **env: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LGSP_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env={**clean, **self.env, **env}, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used so far."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))

    def kill(self) -> None:
        """As the kernel does it when memory is out."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self, seconds: float = 60.0) -> int:
        if self.process is None:
            return 0
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9


class Bus:
    """Gateway and simulator. `env`: settings of the gateway, the store's address among them."""

    def __init__(
        self, folder: Path, *options: str, env: dict[str, str] | None = None, sim: tuple[str, ...] = ()
    ) -> None:
        self.folder, self.data = folder, folder / "data"
        self.sim_port, self.port = free_port(), free_port()
        self.sim = f"http://127.0.0.1:{self.sim_port}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.simulator = Half(
            [*LGSP, "sim", "--port", str(self.sim_port), "--gateway", self.url, *sim], folder / "sim.log"
        )
        serve = [*LGSP, "serve", "--port", str(self.port), "--data", str(self.data), "--sim", self.sim, *options]
        self.gateway = Half(serve, folder / "gateway.log", env or {})
        self.session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1000))
        self.simulator.start()
        await self.answering(f"{self.sim}/_sim/systems")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        self.gateway.kill()
        self.simulator.kill()

    async def answering(self, url: str, seconds: float = START_SECONDS) -> float:
        """Seconds until it answers 200. Raises `TimeoutError`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(seconds):
            while True:
                with suppress(aiohttp.ClientError, ConnectionError):
                    async with self.session.get(url) as answer:
                        if answer.status == 200:
                            return loop.time() - began
                if not self.gateway.alive and self.gateway.process is not None and url.startswith(self.url):
                    raise ConnectionError(f"the gateway has ended: {self.tail()}")
                await asyncio.sleep(0.02)

    async def start(self, **env: str) -> float:
        """Seconds until it is ready."""
        self.gateway.start(**env)
        return await self.answering(f"{self.url}/readyz")

    def tail(self) -> str:
        return self.gateway.log.read_text("utf-8", "replace")[-600:]

    @property
    def _first(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "demo.json").read_text("utf-8"))["consumers"][0]
        return found

    @property
    def key(self) -> str:
        return self._first["api_key"]

    @property
    def consumer(self) -> str:
        return self._first["id"]

    async def command(self, action: str, **arguments: Any) -> Any:
        """As the command line asks it, without its start. What the store had no time for within its second (RULES 1) is
        said again, as a person would."""
        from lgsp.cli.office import _by_owner
        from lgsp.decisions import Refused

        for left in reversed(range(20)):
            try:
                return await _by_owner(self.data, action, arguments, seconds=120)
            except Refused as error:
                if not left or "store" not in str(error):
                    raise
            await asyncio.sleep(0.5)
        raise AssertionError("the last try returns or raises")

    async def evidence(self) -> tuple[dict[str, Any], set[str]]:
        """Once the gateway has ended: the verdict on its chains, and the submissions that were asked of a ministry."""
        from lgsp.audit import verify
        from lgsp.runtime import Runtime
        from lgsp.store.postgres.copies import copy_evidence

        folder = self.data
        if url := self.gateway.env.get("LGSP_STORE_URL"):
            folder = self.folder / "evidence"
            folder.mkdir()
            await copy_evidence(url, "", self.data / "keys", folder, Runtime.system().clock)
        asked = set()
        for file in folder.glob("evidence-*.db"):
            with apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY) as reader:
                for (body,) in reader.execute("SELECT body FROM entry"):
                    entry = json.loads(body)  # type: ignore[arg-type]
                    if entry["kind"] == "asked" and entry.get("submission"):
                        asked.add(entry["submission"])
        return verify(folder).as_dict(), asked

    async def get(self, url: str) -> Any:
        async with self.session.get(url, headers={"x-api-key": self.key, "accept": "application/json"}) as answer:
            return await answer.json(content_type=None)

    async def fault(self, system: str, *faults: dict[str, Any]) -> None:
        """Sets what fails at the simulator; nothing at all takes it away."""
        url = f"{self.sim}/_sim/faults/{system}"
        if faults:
            async with self.session.put(url, json=list(faults)) as answer:
                assert answer.status < 300, await answer.text()
        else:
            async with self.session.delete(url) as answer:
                assert answer.status < 300, await answer.text()

    async def examples(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.sim}/_sim/examples") as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found

    async def effects(self) -> dict[str, dict[str, int]]:
        async with self.session.get(f"{self.sim}/_sim/effects") as answer:
            found: dict[str, dict[str, int]] = await answer.json()
            return found

    async def queued(self) -> int:
        """Submissions for which something is still to happen."""
        async with self.session.get(f"{self.url}/metrics") as answer:
            text = await answer.text()
        count = 0.0
        for line in text.splitlines():
            if line.startswith("lgsp_submissions{") and any(f'"{state}"' in line for state in ("queued", "delivering")):
                count += float(line.rsplit(" ", 1)[1])
        return int(count)
