"""Security events to the province's SOC as syslog (RFC 5424), by UDP, TCP or TLS (octet counting, RFC 6587 and RFC 5425).

A subscriber only puts a line in a bounded queue; one task sends. A receiver that is away costs nobody's call a moment: beyond
the bound lines are dropped and counted, and the receiver is told how many once it hears again. The file has them all.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from lgsp import cef
from lgsp.events import Event
from lgsp.runtime import Clock

PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
_BOUND = 2000
_SECONDS = 5.0
_PAUSES = (1.0, 2.0, 5.0, 15.0)
_FACILITY = 10 * 8
"""Security and authorisation."""


class Wire(Protocol):
    """One open way to the receiver."""

    async def send(self, message: bytes) -> None:
        """Raises `OSError` where it is gone."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Target:
    way: Literal["udp", "tcp", "tls"]
    host: str
    port: int
    ca: Path | None = None

    @classmethod
    def parse(cls, text: str, ca: Path | None = None) -> Target:
        """`udp://host[:port]`, `tcp://…`, `tls://…`. Raises `ValueError`."""
        url = urlsplit(text)
        if url.scheme not in PORTS or not url.hostname or url.path or url.query or url.username:
            raise ValueError("must be udp://host:port, tcp://host:port or tls://host:port")
        way: Literal["udp", "tcp", "tls"] = "udp" if url.scheme == "udp" else "tcp" if url.scheme == "tcp" else "tls"
        return cls(way, url.hostname, url.port or PORTS[way], ca)

    async def open(self) -> Wire:
        """Raises `OSError`."""
        if self.way == "udp":
            made, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(self.host, self.port)
            )
            return _Datagrams(made)
        tls = ssl.create_default_context(cafile=self.ca) if self.way == "tls" else None
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=tls)
        writer.transport.set_write_buffer_limits(0)  # a line is taken when the kernel has it
        return _Stream(reader, writer)


@dataclass(slots=True)
class Syslog:
    """`subscribe` it to the events, and let the supervisor `run` it."""

    target: Target
    clock: Clock
    version: str
    host: str = field(default_factory=socket.gethostname)
    bound: int = _BOUND
    dropped: int = 0
    """Lines that found no room, since the start; for metrics."""
    _waiting: deque[bytes] = field(default_factory=deque)
    _told: int = 0
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def held(self) -> tuple[int, int]:
        """Lines that wait, and their bound, for metrics."""
        return len(self._waiting), self.bound

    def __call__(self, event: Event) -> None:
        if (said := cef.of_event(event, self.version, self.clock)) is None:
            return
        if len(self._waiting) >= self.bound:
            self.dropped += 1
            return
        line, severity = said
        self._waiting.append(message(line, severity, self.clock.now(), self.host))
        self._some.set()

    async def run(self) -> None:
        """Sends what waits, oldest first; a line leaves the queue when the wire has taken it."""
        tries = 0
        while True:
            await self._some.wait()
            try:
                async with asyncio.timeout(_SECONDS):
                    wire = await self.target.open()
            except (OSError, TimeoutError):
                await self._pause(tries)
                tries += 1
                continue
            try:
                tries = 0
                await self._pour(wire)
            except (OSError, TimeoutError):
                await self._pause(tries)
            finally:
                wire.close()

    async def _pour(self, wire: Wire) -> None:
        while True:
            while self._waiting:
                async with asyncio.timeout(_SECONDS):
                    await wire.send(self._waiting[0])
                self._waiting.popleft()
            if self.dropped > self._told:
                lost, self._told = self.dropped - self._told, self.dropped
                now = self.clock.now()
                line = cef.line(self.version, "events-dropped", 6, now, {"cnt": str(lost)})
                self._waiting.append(message(line, 6, now, self.host))
                continue
            self._some.clear()
            await self._some.wait()

    async def _pause(self, tries: int) -> None:
        await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])


def message(line: str, severity: int, at: datetime, host: str) -> bytes:
    """One RFC 5424 message without its framing; `severity` is CEF's, 0 to 10."""
    level = 2 if severity >= 9 else 3 if severity >= 7 else 4 if severity >= 5 else 5 if severity >= 3 else 6
    name = "".join(each for each in host if "!" <= each <= "~")[:255] or "-"
    moment = at.isoformat(timespec="milliseconds")
    return f"<{_FACILITY + level}>1 {moment} {name} lgsp - CEF - ".encode() + line.rstrip("\n").encode()


@dataclass(frozen=True, slots=True)
class _Datagrams:
    transport: asyncio.DatagramTransport

    async def send(self, message: bytes) -> None:
        if self.transport.is_closing():
            raise OSError
        self.transport.sendto(message)

    def close(self) -> None:
        self.transport.close()


@dataclass(frozen=True, slots=True)
class _Stream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, message: bytes) -> None:
        if self.reader.at_eof():  # the receiver has hung up: the next bytes would go nowhere, unnoticed
            raise ConnectionResetError
        self.writer.write(b"%d " % len(message) + message)
        await self.writer.drain()

    def close(self) -> None:
        """At once: a receiver that does not read would keep what is written, and its socket, for ever."""
        self.writer.transport.abort()
