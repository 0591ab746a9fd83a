"""An aiohttp application's own HTTP server over in-memory connections: the real parser, the real writer, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp.spool import chunks_of


class _Pipe(asyncio.Transport):
    """One connection, seen from the server: what it writes is collected until it closes."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 0), "sockname": ("127.0.0.1", 0)})
        self.written = bytearray()
        self.closed = asyncio.get_running_loop().create_future()
        self._protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def write(self, data: Any) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        for data in list_of_data:
            self.written += data

    def is_closing(self) -> bool:
        return bool(self.closed.done())

    def close(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
            asyncio.get_running_loop().call_soon(self.get_protocol().connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Everything is there already."""

    def resume_reading(self) -> None:
        """Everything is there already."""

    def is_reading(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0


class MemoryDoor:
    """`send` one request on a connection of its own and read its answer whole."""

    def __init__(self, application: web.Application, runtime: Runtime) -> None:
        self._runtime = runtime
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0)

    async def open(self) -> None:
        await self._runner.setup()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raises `OSError` where the server ends the connection without an answer."""
        server = self._runner.server
        if server is None:
            raise ConnectionError("the door is closed")
        protocol, pipe = server(), _Pipe()
        pipe.set_protocol(protocol)
        protocol.connection_made(pipe)
        try:
            headers = {"host": "lgsp.invalid", **request.headers, "connection": "close"}
            headers["content-length"] = str(len(request.body))
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            protocol.data_received(f"{request.method} {request.target} HTTP/1.1\r\n{head}\r\n".encode())
            async for chunk in chunks_of(request.body, self._runtime):
                if chunk:
                    protocol.data_received(chunk)
                    await asyncio.sleep(0)
            await pipe.closed
        finally:
            pipe.close()
        return _read(bytes(pipe.written))


def _read(raw: bytes) -> HttpResponse:
    head, gap, body = raw.partition(b"\r\n\r\n")
    if not gap:
        raise ConnectionError("the connection ended without an answer")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body)
    return HttpResponse(int(first.split(" ")[1]), headers, body)


def _unchunked(raw: bytes) -> bytes:
    out, at = bytearray(), 0
    while True:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].partition(b";")[0], 16)
        if size == 0:
            return bytes(out)
        out += raw[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
