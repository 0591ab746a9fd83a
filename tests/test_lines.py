"""One exchange on a kept connection: what stands on the wire, when a connection is used again, and when it must not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp.http_exceptions import HttpProcessingError

from lgsp.lines import Lines, written
from lgsp.model import HttpRequest
from lgsp.names import connector

OPENING = aiohttp.ClientTimeout(total=None, connect=5)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab"
Answers = Callable[[int], bytes]
"""What is written to the n-th request of all connections together."""


class Backend:
    """Counts connections and requests; `answers` decides what each request gets."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.opened, self.heads = answers, 0, list[bytes]()
        self.writers: list[asyncio.StreamWriter] = []
        self.base = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.heads.append(head + await reader.readexactly(int(length or 0)))
                writer.write(self.answers(len(self.heads)))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def backend(answers: Answers) -> AsyncIterator[tuple[Backend, Lines]]:
    """A server and a pool that leads to it."""
    there = Backend(answers)
    server = await asyncio.start_server(there, "127.0.0.1", 0)
    there.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    lines = Lines(connector(None))
    try:
        yield there, lines
    finally:
        await lines.connector.close()
        server.close()
        for writer in there.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def ask(there: Backend, lines: Lines, method: str = "POST", body: bytes = b"{}") -> bytes:
    reply = await lines.ask(f"{there.base}/up/", True, HttpRequest(method, "/x?a=1", {}, body), body, OPENING)
    content = await reply.content.read()
    reply.kept()
    return content


async def test_one_connection_serves_many() -> None:
    async with backend(lambda _: OK) as (there, lines):
        for _ in range(5):
            assert await ask(there, lines) == b"ab"
        assert there.opened == 1
        assert there.heads[0].startswith(b"POST /up/x?a=1 HTTP/1.1\r\nHost: 127.0.0.1:")
        assert there.heads[0].endswith(b"content-length: 2\r\n\r\n{}")


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"content-length: 2", b"connection: close\r\ncontent-length: 2"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_a_connection_that_said_more_or_goodbye_is_not_used_again(answer: bytes) -> None:
    async with backend(lambda number: answer if number == 1 else OK) as (there, lines):
        await ask(there, lines)
        assert await ask(there, lines) == b"ab"
        assert there.opened == 2


async def test_an_answer_that_came_before_its_question_is_nobodys() -> None:
    """Written into a connection that lies in the pool, it would else be taken for the next caller's."""
    async with backend(lambda _: OK) as (there, lines):
        await ask(there, lines)
        there.writers[0].write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        (kept,) = (each for conns in lines.connector._conns.values() for each, _ in conns)
        while not kept.should_close:  # until it has arrived  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert await ask(there, lines) == b"ab"
        assert there.opened == 2


async def test_who_said_more_than_he_was_asked_is_asked_on_new_connections_only() -> None:
    """The next one too many could come when the next question is on its way, and nobody could tell."""
    async with backend(lambda number: OK * 2 if number == 3 else OK) as (there, lines):
        first, second = [
            await lines.ask(there.base, True, HttpRequest("GET", "/"), b"", OPENING) for _ in range(2)
        ]  # the pool has two, then
        for reply in (first, second):
            await reply.content.read()
            reply.kept()
        assert there.opened == 2
        for _ in range(4):
            assert await ask(there, lines) == b"ab"
        assert there.opened == 2 + 3, "neither the one that waited nor a new one is used again"
        assert not [each for conns in lines.connector._conns.values() for each, _ in conns if each.is_connected()]


async def test_a_backend_that_speaks_before_it_is_asked_is_refused_and_not_asked_for_ever() -> None:
    async with backend(lambda _: OK) as (there, lines):
        real = lines.connector.connect

        async def greeted(*handed: Any) -> Any:  # as if it had come while the connection was opened
            connection = await real(*handed)
            connection.protocol.data_received(OK)
            return connection

        lines.connector.connect = greeted  # type: ignore[assignment, method-assign]
        with pytest.raises(HttpProcessingError):
            await ask(there, lines)
        assert there.opened <= 2


async def test_it_is_told_once_when_mistrust_begins() -> None:
    async with backend(lambda _: OK * 2) as (there, lines):
        told: list[None] = []
        lines.mistrusted = lambda: told.append(None)
        for _ in range(5):
            assert await ask(there, lines) == b"ab"
        assert len(told) == 1


async def test_a_storm_of_interim_answers_is_no_answer() -> None:
    async with backend(lambda _: b"HTTP/1.1 102 Processing\r\n\r\n" * 100 + OK) as (there, lines):
        with pytest.raises(HttpProcessingError):
            await ask(there, lines)


async def test_interim_answers_are_passed_over_and_a_head_has_no_body() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with backend(lambda number: first + OK if number == 1 else OK[:-2]) as (there, lines):
        assert await ask(there, lines) == b"ab"
        assert await ask(there, lines, "HEAD", b"") == b""
        assert there.opened == 1
        assert b"content-length" not in there.heads[1]


async def test_what_is_no_http_breaks_the_connection() -> None:
    async with backend(lambda number: b"hello\r\n\r\n" if number == 1 else OK) as (there, lines):
        with pytest.raises(HttpProcessingError):
            await ask(there, lines)
        assert await ask(there, lines) == b"ab"


async def test_who_gives_up_leaves_no_half_read_connection() -> None:
    answers = {1: b"", 2: OK[:-1]}
    async with backend(lambda number: answers.get(number, OK)) as (there, lines):
        with pytest.raises(TimeoutError):  # before the head
            async with asyncio.timeout(0.1):
                await ask(there, lines)
        reply = await lines.ask(there.base, True, HttpRequest("GET", "/"), b"", OPENING)
        with pytest.raises(TimeoutError):  # in the middle of the body
            async with asyncio.timeout(0.1):
                await reply.content.read()
        reply.broken()
        assert await ask(there, lines) == b"ab"
        assert there.opened == 3


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "/x y", {}),
        HttpRequest("GET", "/x\r\nevil: 1", {}),
        HttpRequest("GET /y HTTP/1.1\r\n", "/x", {}),
        HttpRequest("GET", "/x", {"a": "1\r\nevil: 1"}),
        HttpRequest("GET", "/x", {"a\n": "1"}),
        HttpRequest("GET", "/x", {"a": "1\0"}),
    ],
)
def test_no_part_of_a_request_ends_its_line(request_: HttpRequest) -> None:
    with pytest.raises(ValueError, match="end of a line"):
        written(request_, b"", "", "h")


def test_what_a_request_says_by_itself() -> None:
    bare = written(HttpRequest("GET", "/x#part", {"host": "evil", "te": "trailers"}), b"", "/up", "h:1")
    assert (
        bare
        == b"GET /up/x HTTP/1.1\r\nHost: h:1\r\nuser-agent: lgsp\r\naccept: */*\r\naccept-encoding: identity\r\n\r\n"
    )
    full = written(HttpRequest("POST", "/x", {"accept": "a/b", "user-agent": "u", "x": "Đ"}), b"1", "", "h")
    assert b"user-agent: u\r\n" in full
    assert b"accept: a/b\r\n" in full
    assert "x: Đ\r\n".encode() in full
    assert full.endswith(b"content-type: application/octet-stream\r\ncontent-length: 1\r\n\r\n1")
    assert b"content-length: 0\r\n" in written(HttpRequest("DELETE", "/x", {}), b"", "", "h")
