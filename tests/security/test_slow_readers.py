"""Who takes his answer too slowly is let go: neither one who reads nothing nor one who reads a little now and then holds a
connection, and what it keeps in memory, beyond the time that the size of the answer allows. On real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from lgsp.endpoints import edge, sockets
from lgsp.endpoints.house import House
from lgsp.endpoints.sockets import Runner, patient
from lgsp.log import silent
from lgsp.room import Unread
from lgsp.settings import Limits, Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATIENCE = 60.0
"""Seconds of the clock in which the end must come, on however busy a machine."""


async def reading(port: int, every: float, size: int) -> None:
    """A caller with a small window who reads so much every so many seconds, or nothing at all."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while True:
            await asyncio.sleep(every)
            if size:
                await loop.sock_recv(client, size)


@asynccontextmanager
async def door(handler: Handler) -> AsyncIterator[int]:
    """The port of a door with the bus's own sockets."""
    application = web.Application()
    application.router.add_get("/", handler)
    runner = Runner(application, 10, access_log=None, handle_signals=False, logger=silent())
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    patient(listener)
    await web.SockSite(runner, listener).start()
    try:
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("size", [0, 50])
async def test_a_large_answer_has_its_time(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Larger than what the kernel takes in for a reader."""
    monkeypatch.setattr(edge, "_SLOWEST", 1 << 30)
    house, whole = (
        SimpleNamespace(settings=Settings(limits=Limits(body_seconds=0.5)), spool=SimpleNamespace(unread=Unread())),
        b"x" * (32 << 20),
    )
    let_go = asyncio.Event()

    async def large(request: web.Request) -> web.StreamResponse:
        try:
            return await edge.delivered(cast(House, house), request, web.Response(body=whole))
        except ConnectionError:
            assert request.transport is None or request.transport.is_closing()
            let_go.set()
            raise

    async with door(large) as port:
        reader = asyncio.create_task(reading(port, 0.02, size))
        async with asyncio.timeout(PATIENCE):  # to the reader nothing is said: his end finds out when he reads on
            await let_go.wait()
        reader.cancel()
        await asyncio.wait({reader})
    monkeypatch.setattr(edge, "_SLOWEST", 1 << 19)
    async with (
        door(large) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.read() == whole, "who reads gets it whole"


async def test_the_kernel_lets_go_of_who_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever writes: also an answer that nobody has put a time on."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        pytest.skip("needs a kernel with TCP_USER_TIMEOUT")
    monkeypatch.setattr(sockets, "UNREAD_SECONDS", 1)
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        finally:
            gone.set()

    async with door(endless) as port:
        reader = asyncio.create_task(reading(port, 1.0, 0))
        async with asyncio.timeout(PATIENCE):
            await gone.wait()
        reader.cancel()
        await asyncio.wait({reader})
