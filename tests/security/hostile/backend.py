"""A ministry that lies: it signs everybody in, and then says what the test has laid out for it, or passes the simulator's true
answer on with some of it spoiled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.security.hostile.framing import Answer
from tests.security.hostile.messages import spoiled_bytes

_HEARD = 500


@dataclass
class Backend:
    port: int = 0
    simulator: str = ""
    """Whose true answers are spoiled where nothing is laid out."""
    answers: deque[Answer] = field(default_factory=deque)
    """Said in turn, each once."""
    sign_in: Answer | None = None
    heard: dict[tuple[str, str], tuple[dict[str, str], bytes]] = field(default_factory=dict)
    """Method and target of what was asked and truly answered, with fields and body: what a native caller may send as well."""
    given: Counter[str] = field(default_factory=Counter)
    trapped: list[str] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    spoil: float = 0.0
    """Share of the simulator's answers that are spoiled."""
    drip: bytes | None = None
    """Said at once, and then a byte a second; goes before everything else."""
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def trap(self) -> str:
        """Nobody has a reason to ask there."""
        return f"{self.url}/trap"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._connection(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the gateway has hung up: that is its right
        finally:
            self._open.discard(task)
            writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, fields = head.decode("latin-1").partition("\r\n")
        target = line.split(" ")[1]
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (each.partition(":") for each in fields.split("\r\n"))
        }
        body = await _body(reader, headers)
        if target.startswith("/trap"):
            self.trapped.append(target)
        path = urlsplit(target).path.lower()
        if (
            path.endswith(("/token", "/login", "/mapi/login", "/gettoken", "/dangnhap"))
            or "token" in path.rpartition("/")[2]
        ):
            if self.sign_in is None:
                await self._true(line, target, headers, body, writer, honest=True)
                return
            said = self.sign_in
        elif self.drip is not None:
            self.given["drip"] += 1
            writer.write(self.drip)
            while True:
                await writer.drain()
                await asyncio.sleep(1)
                writer.write(b" ")
        elif self.answers:
            said = self.answers.popleft()
        else:
            if len(self.heard) < _HEARD:
                self.heard.setdefault((line.split(" ")[0], target), (headers, body))
            await self._true(line, target, headers, body, writer)
            return
        self.given[said.name] += 1
        async for piece in said.pieces():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async def _true(
        self,
        line: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        writer: asyncio.StreamWriter,
        *,
        honest: bool = False,
    ) -> None:
        where = urlsplit(self.simulator)
        there, back = await asyncio.open_connection(where.hostname, where.port)
        try:
            kept = {
                name: value
                for name, value in headers.items()
                if name and name not in ("transfer-encoding", "content-length", "connection", "host")
            }
            head = f"{line.split(' ', maxsplit=1)[0]} {target} HTTP/1.1\r\nhost: {where.netloc}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n"
            back.write(
                (head + "".join(f"{name}: {value}\r\n" for name, value in kept.items()) + "\r\n").encode("latin-1")
                + body
            )
            raw = await there.read()
        finally:
            back.close()
        top, _, content = raw.partition(b"\r\n\r\n")
        if not honest and self.chance.random() < self.spoil:
            self.given["spoiled"] += 1
            content = spoiled_bytes(content, self.chance)
            top = b"\r\n".join(
                each
                for each in top.split(b"\r\n")
                if not each.lower().startswith((b"content-length", b"transfer-encoding"))
            )
            top += b"\r\ncontent-length: %d" % len(content)
        writer.write(top + b"\r\n\r\n" + content)
        await writer.drain()

    def hang_up(self) -> None:
        for task in self._open:
            task.cancel()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        found = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            found += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return found
    return await reader.readexactly(int(headers.get("content-length") or 0))


@asynccontextmanager
async def running(simulator: str = "") -> AsyncIterator[Backend]:
    backend = Backend(simulator=simulator)
    server = await asyncio.start_server(backend._serve, "127.0.0.1", 0, limit=1 << 20)
    backend.port = server.sockets[0].getsockname()[1]
    try:
        yield backend
    finally:
        server.close()
        tasks = list(backend._open)
        backend.hang_up()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
