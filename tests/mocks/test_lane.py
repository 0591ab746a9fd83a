"""The short way: what is plain is read as aiohttp reads it, what is not is handed over untouched, and nothing is answered twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from lgsp.runtime import Runtime
from lgsp_mocks.lane import plain
from lgsp_mocks.server import Server, serve
from lgsp_mocks.simulator import Simulator
from tests.mocks.simulated import HOME

HEAD = b"GET /_sim/systems HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = await serve(Simulator([HOME], runtime=Runtime.system(), size=400))
    yield server
    await server.close()


async def said(server: Server, *pieces: bytes, answers: int) -> bytes:
    """What comes back for these bytes, written one after the other."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    found = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        while found.count(b"HTTP/1.1 ") < answers or not found.rstrip().endswith((b"}", b"]")):
            data = await reader.read(65_536)
            assert data, found
            found += data
        return found
    finally:
        writer.close()


def test_a_plain_request_is_read() -> None:
    request = plain(b"POST /a/b?c=%20d HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 3\r\n\r\nabc")
    assert request is not None
    assert (request.method, request.target, request.body) == ("POST", "/a/b?c=%20d", b"abc")
    assert request.headers == {"host": "x", "x-a": "1, 2", "content-length": "3"}


@pytest.mark.parametrize(
    "strange",
    [
        HEAD,
        HEAD + b"Content-Length: 3\r\n\r\nab",
        HEAD + b"Content-Length: 3\r\n\r\nabcd",
        HEAD + b"Content-Length: +3\r\n\r\nabc",
        HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Connection: close\r\n\r\n",
        HEAD + b"X-Sim-Fault: hang\r\n\r\n",
        HEAD + b" folded: 1\r\n\r\n",
        HEAD + b"A : 1\r\n\r\n",
        HEAD + b"A: 1\x00\r\n\r\n",
        HEAD + b"A: 1\n\r\n\r\n",
        b"GET /_sim/systems HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET /_sim/systems HTTP/1.1\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /_sim/systems HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  /_sim/systems HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"A: " + b"1" * 9_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_plain_is_somebody_elses(strange: bytes) -> None:
    assert plain(strange) is None


async def test_whole_in_pieces_and_one_behind_the_other_are_answered_alike(server: Server) -> None:
    one = await said(server, HEAD + b"\r\n", answers=1)
    body = one.partition(b"\r\n\r\n")[2]
    assert one.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: " in one.lower()
    for pieces in ([HEAD[:10], HEAD[10:] + b"\r\n"], [HEAD + b"Connection: keep-alive\r\n\r\n"]):
        assert (await said(server, *pieces, answers=1)).partition(b"\r\n\r\n")[2] == body
    three = await said(server, HEAD + b"\r\n", HEAD + b"\r\n", HEAD + b"\r\n", answers=3)
    assert three.count(body) == 3


async def test_a_fault_that_is_set_later_is_played_on_a_connection_that_was_short(server: Server) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    request = b"GET /apiSoMau/traCuu/1 HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write(request)
    assert (await reader.read(65_536)).startswith(b"HTTP/1.1 401 "), "no token"
    token, _ = server.simulator.tokens.issue("lgsp")
    server.simulator.set_fault("so-mau", {"kind": "reset", "when": {"times": 1}})
    signed = request.replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    writer.write(signed)
    with contextlib.suppress(ConnectionResetError):
        assert not await reader.read(65_536), "a reset, not an answer"
    assert len(server.simulator.journal.calls("so-mau", "traCuu")) == 2, "asked once each, never twice"
    writer.close()


async def test_the_end_of_the_server_ends_its_connections() -> None:
    server = await serve(Simulator([HOME], runtime=Runtime.system(), size=400))
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(HEAD + b"\r\n")
    assert await reader.read(65_536)
    await server.close()
    async with asyncio.timeout(60):
        while await reader.read(65_536):
            pass
    assert not server.lanes
    writer.close()


async def test_who_does_not_read_his_answers_is_asked_nothing_more(server: Server) -> None:
    """The answers of many questions wait in a bounded buffer, and all of them arrive when somebody reads."""
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    token, _ = server.simulator.tokens.issue("lgsp")
    asked = b"GET /apiSoMau/traCuu/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n"
    wanted, found = 400, 0
    writing = asyncio.create_task(_written(writer, asked, wanted))
    while found < wanted:
        data = await reader.readuntil(b"HTTP/1.1 200")
        assert data
        found += 1
    await writing
    assert len(server.simulator.journal.calls("so-mau", "traCuu")) == wanted
    writer.close()


async def _written(writer: asyncio.StreamWriter, asked: bytes, times: int) -> None:
    for _ in range(times):
        writer.write(asked)
        await writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize("line", [b"Content-Length: 0", b"Host: y", b"Connection: close"])
async def test_lines_that_were_read_before_are_judged_in_their_own_head(line: bytes) -> None:
    """A line is remembered, never a head: the second of two that may stand once is found each time."""
    plainly = b"GET / HTTP/1.1\r\nHost: x\r\n"
    for _ in range(2):
        assert plain(plainly + b"Content-Length: 0\r\n\r\n") is not None
        assert plain(plainly + b"Content-Length: 0\r\n" + line + b"\r\n\r\n") is None
