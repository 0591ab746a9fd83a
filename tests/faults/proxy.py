"""A TCP proxy on loopback that makes a good server's connections bad: late, slow, thin, cut, or gone.

    async with Proxy(port) as proxy:
        proxy.toxic = Toxic(latency=0.2, jitter=0.1)     # from now on, for old connections too
        ... http://127.0.0.1:{proxy.port} ...

`down` and `reset` end what is open; everything else leaves connections as they are.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Self

_PIECE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Toxic:
    """What happens to the bytes that come back from the server; the way there is only refused, never changed."""

    latency: float = 0.0
    """Seconds before each piece."""
    jitter: float = 0.0
    """Up to so many seconds more, drawn from the proxy's seed."""
    bandwidth: int = 0
    """Bytes a second; 0 is as fast as it goes."""
    slicer: int = 0
    """Bytes of each piece; 0 as they come."""
    slow_close: float = 0.0
    """Seconds after the last byte until the connection ends."""
    reset_after: int | None = None
    """The connection is reset after so many bytes."""
    truncate_after: int | None = None
    """The connection ends in an orderly way after so many bytes."""
    silent: bool = False
    """Takes everything, gives nothing back."""


@dataclass(slots=True)
class Proxy:
    """Listens as long as the block lasts."""

    server: int
    seed: int = 1
    toxic: Toxic = Toxic()
    port: int = 0
    down: bool = False
    """Nobody listens: connections are refused. Set it by `fall` and `rise`."""
    taken: int = 0
    """Connections that were opened."""
    bytes_back: int = 0
    _random: Random = field(init=False, repr=False)
    _listening: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._random = Random(self.seed)
        await self.rise()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.fall()

    async def rise(self) -> None:
        self._listening = await asyncio.start_server(self._one, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]
        self.down = False

    async def fall(self) -> None:
        """Stops listening, and resets what is open."""
        self.down = True
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in list(self._open):
            _reset(writer)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        self.taken += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.server)
        except OSError:
            _reset(writer)
            self._tasks.discard(task)
            self._open.discard(writer)
            return
        there = asyncio.create_task(_pass(reader, far_writer))
        try:
            await self._back(far_reader, writer)
        finally:
            there.cancel()
            far_writer.close()
            writer.close()
            self._open.discard(writer)
            self._tasks.discard(task)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        given = 0
        while piece := await reader.read(_PIECE):
            while self.toxic.silent:  # noqa: ASYNC110  set from outside at any time
                await asyncio.sleep(0.05)
            for part in _sliced(piece, self.toxic.slicer):
                toxic = self.toxic
                limit = toxic.reset_after if toxic.reset_after is not None else toxic.truncate_after
                sent = part if limit is None else part[: max(0, limit - given)]
                await asyncio.sleep(self._pause(toxic, len(sent)))
                writer.write(sent)
                with suppress(ConnectionError):
                    await writer.drain()
                given += len(sent)
                self.bytes_back += len(sent)
                if limit is not None and given >= limit:
                    if toxic.reset_after is not None:
                        _reset(writer)
                    return
        if self.toxic.slow_close:
            await asyncio.sleep(self.toxic.slow_close)

    def _pause(self, toxic: Toxic, size: int) -> float:
        late = toxic.latency + (self._random.uniform(0, toxic.jitter) if toxic.jitter else 0.0)
        return late + (size / toxic.bandwidth if toxic.bandwidth else 0.0)


def _sliced(piece: bytes, size: int) -> list[bytes]:
    return [piece[start : start + size] for start in range(0, len(piece), size)] if size else [piece]


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN: linger of zero seconds, then close."""
    held = writer.get_extra_info("socket")
    if held is not None:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
