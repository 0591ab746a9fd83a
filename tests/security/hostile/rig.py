"""The gateway's process seen from outside: is it alive, how much memory has it, did its loop stand still, what does it answer."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        """The error's code, in whichever format it came."""
        found = re.search(rb'"code"\s*:\s*"([a-z-]+)"|<(?:\w+:)?code>([a-z-]+)<', self.body)
        return (found[1] or found[2]).decode() if found else ""


@dataclass
class House:
    process: asyncio.subprocess.Process
    port: int
    api_key: str
    client_id: str
    client_secret: str
    errors: Path
    seen: Counter[str] = field(default_factory=Counter)
    before: int = 0

    @property
    def key(self) -> dict[str, str]:
        return {"X-API-Key": self.api_key}

    async def raw(self, data: bytes, patience: float = 20.0) -> bytes:
        """What comes back on a connection of its own, to its end. Raises `TimeoutError` where it never ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(patience):
                found = b""
                try:
                    writer.write(data)
                    await writer.drain()
                    while piece := await reader.read(MIB):
                        found += piece
                except ConnectionError:
                    pass  # refused while we still talk
                return found
        finally:
            writer.close()

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        patience: float = 20.0,
    ) -> Reply:
        """One request on a connection of its own. A connection that ends without an answer is status 0."""
        fields = {"Host": "x", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        head = (
            f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        )
        began = asyncio.get_running_loop().time()
        raw = await self.raw(head.encode("utf-8", "surrogateescape") + body, patience)
        top, _, content = raw.partition(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.[01] ([0-9]{3})", top)
        reply = Reply(int(found[1]) if found else 0, content, asyncio.get_running_loop().time() - began)
        self.seen[f"{reply.status} {reply.code}".strip()] += 1
        return reply

    async def say(self, word: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        async with asyncio.timeout(120):
            return json.loads(await self.process.stdout.readline())

    # -- what is measured

    def memory(self) -> int:
        """Resident bytes now."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """The most that was resident since `begin`."""
        return self._status("VmHWM")

    def begin(self) -> None:
        self.again()
        self.before = self.memory()

    def again(self) -> None:
        """The peak begins anew, for the next test; what it is measured against stays."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")

    def _status(self, name: str) -> int:
        found = re.search(rf"{name}:\s+([0-9]+) kB", Path(f"/proc/{self.process.pid}/status").read_text("ascii"))
        assert found is not None
        return int(found[1]) * 1024

    def faults(self) -> list[str]:
        """Defects of ours that the process itself has told, as its log has them."""
        lines = self.errors.read_text("utf-8", "replace").splitlines()
        return [
            line
            for line in lines
            if "bus-fault" in line or "task-died" in line or "Traceback" in line or "Error" in line
        ]


async def _answers(house: House) -> bool:
    try:
        return (await house.send("GET", "/")).status == 404
    except OSError:
        await asyncio.sleep(0.05)
        return False


@asynccontextmanager
async def witness(folder: Path, log: str) -> AsyncIterator[House]:
    """`lgsp witness serve` as a process of its own, that witnesses one log."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  a test prepares its folder
    errors = folder / "stderr"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ("witness", "serve", "--name", "mau", "--state", str(folder / "state"), "--log", log, "--port", str(port))
    with errors.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lgsp", *command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=file
        )
    house = House(process, port, "", "", "", errors)
    try:
        async with asyncio.timeout(60):
            while process.returncode is None and not await _answers(house):
                pass
        yield house
        await _ended(process, errors)
    finally:
        await _killed(process)


@asynccontextmanager
async def gateway(data: Path, backend: str) -> AsyncIterator[House]:
    data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  a test prepares its folder
    errors = data / "stderr"
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.security.hostile.house", str(data / "gateway"), backend,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=16 * MIB,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        assert line, errors.read_text("utf-8")
        yield House(process, errors=errors, **json.loads(line))
        await _ended(process, errors)
    finally:
        await _killed(process)


async def _ended(process: asyncio.subprocess.Process, errors: Path) -> None:
    """It was still alive, and ends as it should when it is told to."""
    assert process.returncode is None, _last_words(errors)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        assert await process.wait() == 0, _last_words(errors)


def _last_words(errors: Path) -> str:
    return f"it died: {errors.read_text('utf-8')[-2000:]}"


async def _killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
