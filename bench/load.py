"""A closed-loop load generator on raw sockets: so many connections, each asking again as soon as it has its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, ready on the wire."""

    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 200
    """What the right answer carries."""

    def wire(self) -> bytes:
        parts = urlsplit(self.url)
        head = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(self.body)}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


@dataclass(slots=True)
class Measured:
    """One window: calls that were answered as they should be, others, seconds, latencies in seconds."""

    calls: int = 0
    others: int = 0
    shed: int = 0
    """Of the others, refusals with 503 that say when to come again."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the contender, over the same window."""
    latencies: list[float] = field(default_factory=list)
    size: int = 0
    """Bytes of one answer's body."""

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class _Connection(asyncio.Protocol):
    """Content-Length answers only: what the contenders send."""

    def __init__(self, wire: bytes, status: int, measured: Measured) -> None:
        self._wire, self._measured = wire, measured
        self._start = f"http/1.1 {status} ".encode()
        self._buffer = bytearray()
        self._sent = 0.0
        self.counting = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by behaviour only
        self._ask()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._wire)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        mark = head.find(b"content-length:")
        if mark < 0:
            self.connection_lost(ValueError("an answer without Content-Length"))
            return
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        if self.counting:
            if head.startswith(self._start):
                self._measured.calls += 1
                self._measured.latencies.append(time.perf_counter() - self._sent)
                self._measured.size = length
            else:
                self._measured.others += 1
                self._measured.shed += head.startswith(b"http/1.1 503 ") and b"\r\nretry-after:" in head
        self._buffer.clear()
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the contender closed the connection"))
        self._transport.close()

    def stop(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.abort()


async def run(ask: Ask, connections: int, seconds: float, warm: float, cpu: Callable[[], float]) -> Measured:
    """Warms, then measures one window. Raises where a connection breaks: a broken contender has no figure."""
    parts = urlsplit(ask.url)
    measured, wire = Measured(), ask.wire()
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    loop = asyncio.get_running_loop()
    lines = []
    for _ in range(connections):
        _, line = await loop.create_connection(lambda: _Connection(wire, ask.status, measured), host, port)
        lines.append(line)
    try:
        await _unbroken(lines, warm)
        for line in lines:
            line.counting = True
        began, spent = time.perf_counter(), cpu()
        await _unbroken(lines, seconds)
        measured.seconds, measured.cpu_seconds = time.perf_counter() - began, cpu() - spent
    finally:
        for line in lines:
            line.counting = False
            line.stop()
    return measured


async def _unbroken(lines: list[_Connection], seconds: float) -> None:
    done, _ = await asyncio.wait({line.ended for line in lines}, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for line in done:
        line.result()
