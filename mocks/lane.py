"""The short way through the simulator's door: a request that came whole and plain is answered at once, all others go to aiohttp.

Nothing is decided here but that: a request in pieces, chunked, compressed, waiting for 100 Continue, or of a simulator that has
faults to play is handed over with its whole connection, before anything was done about it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import cast

from lgsp.model import HttpRequest, HttpResponse
from lgsp.spool import chunks_of
from lgsp_mocks.simulator import Simulator

IDLE = 30.0
"""Seconds after which a silent connection ends."""
_LONGEST_HEAD = 8_190
_START = re.compile(rb"(GET|POST|PUT|DELETE) (/[!-~]*) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\x80-\xff]*?)[ \t]*")
_LONG_WAY = frozenset({"transfer-encoding", "expect", "upgrade", "content-encoding", "x-sim-fault"})
_ONCE = frozenset({"content-length", "host"})
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_HEADS = 128
"""Whole heads that were read lately: a client that traces nothing writes the same one again."""
_KEPT = 1_024
"""Lines of heads that were read lately: most callers write the same ones again and again."""


class Lane(asyncio.Protocol):
    """One connection. `long_way` makes aiohttp's protocol, which takes the connection over for good."""

    __slots__ = (
        "_at",
        "_lanes",
        "_long_way",
        "_loop",
        "_simulator",
        "_task",
        "_timer",
        "_waiting",
        "_wire",
        "_writable",
    )

    def __init__(self, simulator: Simulator, long_way: Callable[[], asyncio.Protocol], lanes: set[Lane]) -> None:
        self._simulator, self._long_way, self._lanes = simulator, long_way, lanes
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._waiting = b""
        self._writable: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        self._at = self._loop.time()
        self._timer = self._loop.call_later(IDLE, self._look)
        self._lanes.add(self)

    def data_received(self, data: bytes) -> None:
        if self._task is not None:  # the next one, before this one is answered
            self._waiting += data
            self._wire.pause_reading()
        else:
            self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._timer.cancel()
        self._lanes.discard(self)
        if self._task is not None:
            self._task.cancel()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Who does not read his answers is asked nothing more meanwhile."""
        if self._writable is None:
            self._writable = self._loop.create_future()
            self._wire.pause_reading()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set_result(None)
            self._writable = None
            if self._task is None and not self._wire.is_closing():
                self._wire.resume_reading()

    def close(self) -> None:
        """Ends the connection; one that was handed over is aiohttp's to end."""
        self._wire.close()
        if self._task is not None:
            self._task.cancel()

    def _take(self, data: bytes) -> None:
        self._at = self._loop.time()
        request = None if self._simulator.header_faults else plain(data)
        if request is None:
            self._hand_over(data)
            return
        try:
            response = self._simulator.at_once(request)
            if response is not None and isinstance(response.body, bytes):
                self._wire.write(_start(response, len(response.body)) + response.body)
                return
        except Exception as error:  # noqa: BLE001  a defect of ours: said, and the connection ends
            self._failed(error)
            return
        self._task = self._loop.create_task(self._answer(request, data, response))

    def _hand_over(self, data: bytes) -> None:
        self._timer.cancel()
        self._lanes.discard(self)
        self.resume_writing()
        other = self._long_way()
        self._wire.set_protocol(other)
        other.connection_made(self._wire)
        other.data_received(data)

    async def _answer(self, request: HttpRequest, data: bytes, response: HttpResponse | None) -> None:
        try:
            if (
                response is None and self._simulator.faults.all()
            ):  # from here to its meeting with one nobody else has his turn
                self._task = None
                self._hand_over(data + self._waiting)
                self._wire.resume_reading()
                return
            if response is None:
                response = (await self._simulator.exchange(request)).response
            assert response is not None
            await self._write(response)
        except Exception as error:  # noqa: BLE001  as above
            self._failed(error)
            return
        self._task, waiting, self._waiting = None, self._waiting, b""
        self._at = self._loop.time()
        if waiting:
            self._wire.resume_reading()
            self._take(waiting)

    async def _write(self, response: HttpResponse) -> None:
        self._wire.write(_start(response, len(response.body)))
        async for chunk in chunks_of(response.body, self._simulator.runtime):
            self._wire.write(chunk)
            if self._writable is not None:
                await self._writable

    def _failed(self, error: Exception) -> None:
        self._loop.call_exception_handler({"message": "the simulator failed", "exception": error})
        self._wire.abort()

    def _look(self) -> None:
        """Ends a silent connection; while one is asked or answered, looks again later."""
        left = self._at + IDLE - self._loop.time()
        if self._task is None and left <= 0:
            self._wire.close()
        else:
            self._timer = self._loop.call_later(max(left, 1.0), self._look)


def _start(response: HttpResponse, length: int) -> bytes:
    """An answer's head."""
    if response.status in (204, 304):
        return _head(response.status, tuple(response.headers.items())) + b"\r\n"
    return b"%scontent-length: %d\r\n\r\n" % (_head(response.status, tuple(response.headers.items())), length)


@lru_cache(_KEPT)
def _head(status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}"]
    for name, value in headers:
        if "\n" in value or "\r" in value:
            raise ValueError("a header of one line")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, ""]).encode("utf-8", "surrogateescape")


def plain(data: bytes) -> HttpRequest | None:
    """A whole request of the plainest kind; None for whatever somebody else should read."""
    end = data.find(b"\r\n\r\n")
    if end < 0 or end > _LONGEST_HEAD:
        return None
    head = _whole_head(data[:end])
    if head is None or head[3] != len(data) - end - 4:
        return None
    method, target, headers, _ = head
    return HttpRequest(method, target, dict(headers), data[end + 4 :])


@lru_cache(_HEADS)
def _whole_head(head: bytes) -> tuple[str, str, dict[str, str], int] | None:
    """Method, target, fields and the length of the body."""
    lines = head.split(b"\r\n")
    start = _first_line(lines[0])
    if start is None:
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        field = _field(line)
        if field is None:
            return None
        name, value = field
        if name in headers:
            if name in _ONCE:
                return None
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return (*start, headers, int(headers.get("content-length", 0))) if "host" in headers else None


@lru_cache(_KEPT)
def _first_line(line: bytes) -> tuple[str, str] | None:
    found = _START.fullmatch(line)
    return (found[1].decode(), found[2].decode()) if found else None


@lru_cache(_KEPT)
def _field(line: bytes) -> tuple[str, str] | None:
    """Name and value; None for a field that is not well written, or that asks for the long way."""
    found = _FIELD.fullmatch(line)
    if found is None:
        return None
    name, value = found[1].decode("ascii").lower(), found[2].decode("utf-8", "surrogateescape")
    if (
        name in _LONG_WAY
        or (name == "connection" and value.lower() != "keep-alive")
        or (name == "content-length" and not (value.isascii() and value.isdigit() and len(value) < 10))
    ):
        return None
    return name, value
