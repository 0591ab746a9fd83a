"""Calls that come when they come: so many a second whether or not the last ones are answered, each timed from when it was due.

A closed loop asks again only after an answer, so a slow moment hides every call that it kept from being made.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

from bench.load import Ask, Measured

_TICK = 0.001


class _Line(asyncio.Protocol):
    """One connection; takes the oldest call that is due as soon as it is free."""

    def __init__(self, crowd: _Crowd) -> None:
        self._crowd, self._buffer, self._due = crowd, bytearray(), 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by behaviour only

    def ask(self, due: float) -> None:
        self._due = due
        self.transport.write(self._crowd.wire)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        mark = head.find(b"content-length:")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._buffer.clear()
        self._crowd.answered(self, head, self._due)

    def connection_lost(self, _: Exception | None) -> None:
        self._crowd.broken = True
        self._crowd.idle.set()


class _Crowd:
    def __init__(self, ask: Ask) -> None:
        self.wire, self._start = ask.wire(), f"http/1.1 {ask.status} ".encode()
        self.free: deque[_Line] = deque()
        self.waiting: deque[float] = deque()
        self.measured = Measured()
        self.idle, self.broken = asyncio.Event(), False
        self.lines: list[_Line] = []
        self.begin = 0.0

    def due(self, moment: float) -> None:
        self.idle.clear()
        if self.free:
            self.free.popleft().ask(moment)
        else:
            self.waiting.append(moment)

    def answered(self, line: _Line, head: bytes, due: float) -> None:
        if due >= self.begin:
            if head.startswith(self._start):
                self.measured.calls += 1
                self.measured.latencies.append(time.perf_counter() - due)
            else:
                self.measured.others += 1
        if self.waiting:
            line.ask(self.waiting.popleft())
        else:
            self.free.append(line)
            if len(self.free) == len(self.lines):
                self.idle.set()


async def paced(ask: Ask, rate: float, seconds: float, warm: float, connections: int) -> Measured:
    """Evenly spaced calls at `rate` a second for `seconds`, after `warm` seconds of the same. Raises where one breaks."""
    parts, crowd = urlsplit(ask.url), _Crowd(ask)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, line = await loop.create_connection(lambda: _Line(crowd), parts.hostname or "127.0.0.1", parts.port or 80)
        crowd.lines.append(line)
    crowd.free.extend(crowd.lines)
    now = time.perf_counter()
    crowd.begin, end = now + warm, now + warm + seconds
    moments = _moments(now, 1 / rate)
    moment = next(moments)
    while moment < end:
        now = time.perf_counter()
        while moment <= now and moment < end:
            crowd.due(moment)
            moment = next(moments)
        await asyncio.sleep(min(_TICK, max(0.0, moment - time.perf_counter())))
    async with asyncio.timeout(10):
        await crowd.idle.wait()
    if crowd.broken:
        raise ConnectionError("the contender closed a connection")
    crowd.measured.seconds = seconds
    for line in crowd.lines:
        line.transport.abort()
    return crowd.measured


def _moments(first: float, apart: float) -> Iterator[float]:
    index = 0
    while True:
        yield first + index * apart
        index += 1
