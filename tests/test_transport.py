"""The real wire against real loopback servers, most of them ill-behaved."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from lgsp.errors import BadAnswer, ConnectFailed, Timeout, Unavailable
from lgsp.events import BackendMistrusted, Event, Events
from lgsp.exchange import Deadline
from lgsp.model import Blob, HttpRequest, HttpResponse, Spooled
from lgsp.runtime import Runtime, inline
from lgsp.spool import Spool
from lgsp.transport import AiohttpTransport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    listening = await asyncio.start_server(one, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def runtime() -> Runtime:
    from dataclasses import replace

    return replace(Runtime.system(), offload=inline)


@pytest.fixture
async def wire(runtime: Runtime) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(runtime)
    yield transport
    await transport.close()


def says(raw: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return answer


async def ask(
    wire: AiohttpTransport, base: str, request: HttpRequest | None = None, seconds: float = 5, **more: object
) -> HttpResponse:
    until = Deadline(wire._runtime.clock.monotonic() + seconds)
    return await wire.send("register", base, request or HttpRequest("GET", "/x"), until, **more)  # type: ignore[arg-type]


async def refusal(wire: AiohttpTransport, answer: Answer, seconds: float = 5, **more: object) -> Unavailable:
    async with server(answer) as base:
        with pytest.raises(Unavailable) as caught:
            await ask(wire, base, HttpRequest("POST", "/x?soDinhDanh=001099990000", {}, b"{}"), seconds, **more)
        return caught.value


async def test_a_request_goes_as_it_is_and_an_answer_comes_as_it_is(wire: AiohttpTransport) -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head + await reader.readexactly(4))
        writer.write(OK + b"set-cookie: a=b\r\nx-two: 1\r\nx-two: 2\r\ncontent-length: 2\r\n\r\n{}")

    async with server(answer) as base:
        request = HttpRequest(
            "POST",
            "/p%2Fq?a=%C4%90&b=1+2",
            {"content-type": "text/x", "accept-encoding": "gzip", "host": "evil"},
            b"body",
        )
        found = await ask(wire, base, request)
    assert (found.status, found.body, found.headers["x-two"]) == (200, b"{}", "1, 2")
    head = seen[0].lower()
    assert head.startswith(b"post /p%2fq?a=%c4%90&b=1+2 http/1.1\r\n")
    assert b"accept-encoding: identity" in head
    assert b"evil" not in head
    assert head.endswith(b"body")


async def test_redirects_are_answers_and_cookies_are_forgotten(wire: AiohttpTransport) -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nset-cookie: s=1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )

    async with server(answer) as base:
        assert (await ask(wire, base)).status == 302
        assert (await ask(wire, base)).status == 302
    assert all(b"cookie" not in each.lower() for each in seen)


async def test_proxies_of_the_environment_are_not_asked(
    wire: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with server(says(OK + b"content-length: 2\r\n\r\n{}")) as base:
        assert (await ask(wire, base)).status == 200


async def test_a_refused_connection_has_not_reached_anybody(wire: AiohttpTransport) -> None:
    async with server(says(b"")) as base:
        pass
    with pytest.raises(ConnectFailed) as caught:
        await ask(wire, base)
    assert not caught.value.reached


async def test_a_name_that_does_not_resolve(wire: AiohttpTransport) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await ask(wire, "http://khong-co.invalid")
    assert not caught.value.reached


async def test_a_connection_that_breaks_after_the_request_may_have_done_something(wire: AiohttpTransport) -> None:
    error = await refusal(wire, says(b""))
    assert isinstance(error, ConnectFailed)
    assert error.reached


async def test_silence_ends_at_the_deadline(wire: AiohttpTransport) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.Event().wait()

    error = await refusal(wire, answer, 0.2)
    assert isinstance(error, Timeout)
    assert error.reached


@asynccontextmanager
async def nobody_accepts() -> AsyncIterator[str]:
    """A host whose queue of new connections is full: it neither takes another one nor refuses it."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            each = waiting.enter_context(socket.socket())
            each.setblocking(False)
            opening = loop.create_task(loop.sock_connect(each, listening.getsockname()))
            done, _ = await asyncio.wait({opening}, timeout=0.1)
            if not done:
                opening.cancel()
                await asyncio.wait({opening})
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_opening_that_the_callers_own_time_cuts_short_says_nothing_of_the_host(wire: AiohttpTransport) -> None:
    async with nobody_accepts() as base:
        clock = wire._runtime.clock
        began = clock.monotonic()
        with pytest.raises(Timeout) as caught:
            await ask(wire, base, HttpRequest("POST", "/x", {}, b"{}"), seconds=0.3)
        assert not caught.value.reached, "no connection stood: nothing can have been sent"
        assert 0.2 < clock.monotonic() - began < 0.6


async def test_opening_that_takes_longer_than_any_host_should_is_a_failed_connection(
    wire: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lgsp.transport.CONNECT_SECONDS", 0.2)
    async with nobody_accepts() as base:
        with pytest.raises(ConnectFailed) as caught:
            await ask(wire, base, seconds=5)
        assert not caught.value.reached


async def test_a_deadline_that_has_passed_sends_nothing(wire: AiohttpTransport) -> None:
    asked = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()

    error = await refusal(wire, answer, -1)
    assert isinstance(error, Timeout)
    assert not error.reached
    assert not asked.is_set()


@pytest.mark.parametrize(
    "raw",
    [
        b"hello, this is not HTTP at all\r\n\r\n",
        OK + b"content-length: 50\r\n\r\n{",
        OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        OK + b"content-length: 2000000\r\n\r\n",
        OK + b"content-encoding: br\r\ncontent-length: 1\r\n\r\nx",
        OK + b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",
    ],
)
async def test_broken_answers_are_bad_answers(wire: AiohttpTransport, raw: bytes) -> None:
    error = await refusal(wire, says(raw))
    assert isinstance(error, BadAnswer)
    assert error.reached
    assert "001099990000" not in f"{error!r} {error.detail} {error.__cause__!r}"


async def test_an_endless_answer_is_cut_at_the_limit(wire: AiohttpTransport) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert isinstance(await refusal(wire, answer, limit=200_000), BadAnswer)


async def test_what_was_compressed_unasked_is_read_within_the_limit(wire: AiohttpTransport) -> None:
    small, bomb = gzip.compress(b'{"a":1}'), gzip.compress(b"0" * 50_000_000)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    async with server(says(head % len(small) + small)) as base:
        found = await ask(wire, base)
        assert found.body == b'{"a":1}'
        assert "content-encoding" not in found.headers
    assert isinstance(await refusal(wire, says(head % len(bomb) + bomb)), BadAnswer)


async def test_large_bodies_pass_by_disk_both_ways(wire: AiohttpTransport, runtime: Runtime, tmp_path: Path) -> None:
    received = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        while received < length:
            received += len(await reader.read(65536))
        writer.write(OK + b"content-length: 300014\r\n\r\n" + b'{"a":"' + b"y" * 300_000 + b'","b":1}')
        await writer.drain()

    file = tmp_path / "blob"
    file.write_bytes(b"x" * 500_000)
    blob = Blob(file, 500_000, "", 500_000, 500_000)
    drawer = Spool(tmp_path / "spool", runtime).drawer()

    async def keep(chunks: AsyncIterator[bytes], content_type: str, limit: int) -> Spooled:
        assert content_type == "application/json"
        return await drawer.lift(chunks, "json", limit)

    body = Spooled((b'{"doc":"', (blob, "json"), b'"}'), 500_010)
    async with server(answer) as base:
        found = await ask(
            wire, base, HttpRequest("POST", "/x", {"content-type": "application/json"}, body), keep=keep, limit=1 << 20
        )
    assert received == 500_010
    assert isinstance(found.body, Spooled)
    assert found.body.size == 300_014
    drawer.close()
    assert not list((tmp_path / "spool").glob("*/*"))


async def test_a_spooled_answer_over_the_limit_is_a_bad_answer(
    wire: AiohttpTransport, runtime: Runtime, tmp_path: Path
) -> None:
    drawer = Spool(tmp_path / "spool", runtime).drawer()

    async def keep(chunks: AsyncIterator[bytes], content_type: str, limit: int) -> Spooled:
        return await drawer.lift(chunks, "json", limit)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b'\r\n{"a":"')
        for _ in range(40):
            writer.write(b"y" * 10_000)
        writer.write(b'"}')
        await writer.drain()

    assert isinstance(await refusal(wire, answer, keep=keep, limit=200_000), BadAnswer)
    drawer.close()


async def test_every_system_has_a_pool_of_its_own(wire: AiohttpTransport) -> None:
    async with server(says(OK + b"content-length: 2\r\n\r\n{}")) as base:
        until = Deadline(wire._runtime.clock.monotonic() + 5)
        await wire.send("a", base, HttpRequest("GET", "/"), until)
        await wire.send("b", base, HttpRequest("GET", "/"), until)
    assert wire._lines["a"].connector is not wire._lines["b"].connector


async def test_operators_hear_of_a_backend_that_says_more_than_it_was_asked(runtime: Runtime) -> None:
    events, heard = Events(), list[Event]()
    events.subscribe(heard.append)
    transport = AiohttpTransport(runtime, events=events)
    async with server(says(OK + b"content-length: 2\r\n\r\n{}" + OK + b"content-length: 2\r\n\r\n[]")) as base:
        assert (await ask(transport, base)).body == b"{}"
    await transport.close()
    assert [(each.system, each.seconds) for each in heard if isinstance(each, BackendMistrusted)] == [("register", 600)]
