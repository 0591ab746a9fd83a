"""Connections of callers: the oldest idle one goes, one too many is told so, what is no HTTP is refused without being quoted."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from lgsp.certificates import server_context
from lgsp.endpoints import sockets
from lgsp.endpoints.sockets import Runner, Site, patient
from lgsp.log import silent
from tests.security.house import Authority, client

MOST = 3


@dataclass
class Door:
    runner: Runner
    port: int
    go: asyncio.Event
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.opened.append(writer)
        writer.write(sent)
        return reader, writer

    @property
    def busy(self) -> int:
        return sum(not each.idle for each in self.runner.gate._begun)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  the other side of a socket sets no event
            await asyncio.sleep(0)


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(sockets, "_YOUNG_SECONDS", 0.0)
    go = asyncio.Event()

    async def quick(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def slow(_: web.Request) -> web.Response:
        await go.wait()
        return web.Response(text="at last")

    application = web.Application()
    application.router.add_get("/quick", quick)
    application.router.add_get("/slow", slow)
    runner = Runner(application, MOST, access_log=None, handle_signals=False, logger=silent())
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    patient(listener)
    await web.SockSite(runner, listener).start()
    made = Door(runner, listener.getsockname()[1], go)
    try:
        yield made
    finally:
        go.set()
        for each in made.opened:
            each.close()
        await runner.cleanup()


QUICK = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


async def test_the_oldest_idle_connection_makes_room(door: Door) -> None:
    idle = [await door.open(QUICK) for _ in range(MOST)]
    for reader, _ in idle:
        assert (await answered(reader)).endswith(b"ok")
    reader, _ = await door.open(QUICK)
    assert (await answered(reader)).endswith(b"ok")
    assert await idle[0][0].read() == b""  # let go; the younger ones stay
    idle[1][1].write(QUICK)
    assert (await answered(idle[1][0])).endswith(b"ok")
    assert (door.runner.gate.open, door.runner.gate.refused) == (MOST, 0)


async def test_one_that_has_said_nothing_makes_room_too(door: Door) -> None:
    silent_, busy = await door.open(b"GET /qui"), [await door.open(SLOW) for _ in range(MOST - 1)]
    await until(lambda: door.runner.gate.open == MOST and door.busy == MOST - 1)
    reader, _ = await door.open(QUICK)
    assert (await answered(reader)).endswith(b"ok")
    assert await silent_[0].read() == b""
    door.go.set()
    for reader, _ in busy:
        assert (await answered(reader)).endswith(b"at last")


async def test_where_all_are_busy_one_more_is_told_so_and_nobody_is_cut_off(door: Door) -> None:
    busy = [await door.open(SLOW) for _ in range(MOST)]
    await until(lambda: door.busy == MOST)
    reader, _ = await door.open()
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in head
    assert json.loads(body)["code"] == "overloaded"
    assert (door.runner.gate.open, door.runner.gate.refused) == (MOST, 1)
    door.go.set()
    for reader, writer in busy:
        assert (await answered(reader)).endswith(b"at last")
        writer.close()
    await until(lambda: not door.runner.gate.open)  # who has gone is not counted


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /\x00secret HTTP/1.1\r\n\r\n",
        b"secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nsecret\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Secret: " + b"secret" * 9000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: secret\r\n\r\n",
        b"\x16\x03\x01secret\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_in_our_words_and_not_quoted(door: Door, sent: bytes) -> None:
    reader, _ = await door.open(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] 400 ", head)
    assert json.loads(body)["code"] == "invalid-message"
    assert b"secret" not in head + body
    assert b"Server: lgsp" in head
    assert b"aiohttp" not in head


async def test_a_connection_takes_little_in_unread_and_lets_go_of_who_does_not_read(door: Door) -> None:
    await door.open(QUICK)
    await until(lambda: door.runner.gate.open > 0)
    (talk,) = door.runner.gate._begun
    assert talk.transport is not None
    inside: socket.socket = talk.transport.get_extra_info("socket")
    assert inside.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == sockets.UNREAD_SECONDS * 1000
    assert inside.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * 64 * 1024


async def test_handshakes_that_come_to_nothing_take_nobodys_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those that stall nor those that are none, and their sockets go after seconds."""
    monkeypatch.setattr("lgsp.endpoints.sockets._HANDSHAKE_SECONDS", 0.3)
    ours = Authority(tmp_path)
    shown = ours.issue("localhost")

    async def quick(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_get("/quick", quick)
    runner = Runner(application, MOST, access_log=None, handle_signals=False, logger=silent())
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await Site(runner, listener, ssl_context=server_context(shown.file, shown.key, None)).start()
    silent_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for _ in range(MOST):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(QUICK)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
    async with asyncio.timeout(30):
        for reader, writer in silent_ones:
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        while runner.gate.open:  # noqa: ASYNC110  a handshake that failed is told to nobody
            await asyncio.sleep(0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client(), server_hostname="localhost")
    writer.write(QUICK)
    assert (await answered(reader)).endswith(b"ok")
    assert runner.gate.open == 1
    writer.close()
    await runner.cleanup()
