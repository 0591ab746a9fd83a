"""The simulator behind a socket: bounded bodies, large ones to files, and every outcome played out on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from lgsp.errors import LgspError, TooLarge
from lgsp.model import HttpRequest, Spooled
from lgsp.spool import Drawer, Spool, chunks_of
from lgsp_mocks.lane import Lane
from lgsp_mocks.multipart import MultipartLifter
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.simulator import Simulator

LARGEST = 80 << 20
"""Bytes of one request body."""
SPOOL_FROM = 1 << 20
BODY_SECONDS = 120.0
_SYNTAX = re.compile(r"(json)|(xml)")


@dataclass(slots=True)
class Server:
    """A running simulator; `close` leaves nothing behind."""

    simulator: Simulator
    runner: web.ServerRunner
    door: asyncio.Server
    lanes: set[Lane]
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def close(self) -> None:
        self.door.close()
        for lane in tuple(self.lanes):
            lane.close()
        await self.runner.cleanup()
        await self.simulator.close()


async def serve(
    simulator: Simulator, host: str = "127.0.0.1", port: int = 0, *, listener: socket.socket | None = None
) -> Server:
    """Listens, on a socket that somebody has bound or on a new one; port 0 takes a free one. `OSError`: a taken port."""

    @cache
    def spool() -> Spool:
        """Nearly no simulator of a test meets a large body, so the folder for them is made with the first one."""
        made = Spool(simulator.folder / "spool", simulator.runtime)
        made.sweep()
        return made

    if simulator.kept:
        spool()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        with contextlib.ExitStack() as files:
            return await _answer(simulator, request, lambda: files.enter_context(contextlib.closing(spool().drawer())))

    # one handler for every address: the simulator finds its own way, so nothing is asked of aiohttp's router
    server = web.Server(answer, handler_cancellation=True, keepalive_timeout=30, access_log=None)
    runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.5)
    await simulator.start()
    await runner.setup()
    lanes: set[Lane] = set()

    def lane() -> Lane:
        return Lane(simulator, server, lanes)

    loop = asyncio.get_running_loop()
    try:
        if listener is not None:
            door = await loop.create_server(lane, sock=listener, backlog=512)
        else:
            door = await loop.create_server(lane, host, port, backlog=512, reuse_address=True)
    except OSError:
        await runner.cleanup()
        await simulator.close()
        raise
    where = door.sockets[0].getsockname()
    return Server(simulator, runner, door, lanes, where[0], int(where[1]))


async def _answer(simulator: Simulator, request: web.BaseRequest, drawer: Callable[[], Drawer]) -> web.StreamResponse:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    try:
        body = await _body(simulator, request, drawer)
    except TooLarge:
        return web.Response(status=413)
    except LgspError as error:
        return web.json_response({"message": error.code}, status=error.status)
    except TimeoutError:
        return web.Response(status=408)
    outcome = await simulator.exchange(HttpRequest(request.method, request.raw_path, headers, body))
    return await _play(simulator, request, outcome)


async def _body(simulator: Simulator, request: web.BaseRequest, drawer: Callable[[], Drawer]) -> bytes | Spooled:
    length = request.content_length
    if length is not None and length > LARGEST:
        raise TooLarge()
    if length is not None and length < SPOOL_FROM:
        if request.content.is_eof():  # it came with its head
            return request.content.read_nowait()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    async with asyncio.timeout(BODY_SECONDS):
        return await _large(simulator, request, drawer())


async def _large(simulator: Simulator, request: web.BaseRequest, drawer: Drawer) -> Spooled:
    kind = request.headers.get("content-type", "")
    chunks = request.content.iter_chunked(256 * 1024)
    if kind.lower().startswith("multipart/"):
        lifter = MultipartLifter(kind, drawer.open, LARGEST)
        async for chunk in chunks:
            drawer.spool.reserve(drawer, len(chunk))
            await simulator.runtime.offload(lambda chunk=chunk: lifter.feed(chunk))  # type: ignore[misc]  # default binds now
        return lifter.finish()
    found = _SYNTAX.search(kind.lower())
    return await drawer.lift(chunks, "raw" if not found else "json" if found[1] else "xml", LARGEST)


async def _play(simulator: Simulator, request: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
    """The outcome on the wire."""
    response = outcome.response
    if response is None:
        _break(request, rough=True)
        return web.Response()
    headers = dict(response.headers)
    plain = outcome.cut is None and outcome.pieces == 1 and not outcome.linger
    if plain and isinstance(response.body, bytes):
        return web.Response(status=response.status, headers=headers, body=response.body)
    answer = web.StreamResponse(status=response.status, headers=headers)
    if not outcome.linger:
        answer.content_length = len(response.body)
    await answer.prepare(request)
    left = outcome.cut if outcome.cut is not None else len(response.body)
    async for chunk in _paced(simulator, outcome):
        await answer.write(chunk[:left])
        left -= min(left, len(chunk))
        if outcome.cut is not None and left <= 0:
            break
    if outcome.cut is not None:
        _break(request, rough=False)
        return answer
    if outcome.linger:
        await asyncio.sleep(outcome.linger)
    await answer.write_eof()
    return answer


async def _paced(simulator: Simulator, outcome: Outcome) -> AsyncIterator[bytes]:
    assert outcome.response is not None
    body = outcome.response.body
    if outcome.pieces == 1:
        async for chunk in chunks_of(body, simulator.runtime):
            yield chunk
        return
    step = max(1, -(-len(body) // outcome.pieces))
    async for chunk in chunks_of(body, simulator.runtime):
        for at in range(0, len(chunk), step):
            await asyncio.sleep(outcome.seconds / outcome.pieces)
            yield chunk[at : at + step]


def _break(request: web.BaseRequest, *, rough: bool) -> None:
    """Ends the connection under the caller; roughly means a reset (RST) instead of an end (FIN)."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if rough and sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
