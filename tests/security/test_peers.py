"""Peers that the bus goes to by itself: those whose TLS is not what it should be, and receivers of call-backs that answer with
anything but an answer. Real sockets on loopback."""

from __future__ import annotations

import asyncio
import gzip
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lgsp.errors import ConnectFailed, Unavailable
from lgsp.events import BusFaultFound, CallbackEnded, Events
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest
from lgsp.runtime import Runtime, SystemClock, SystemIds
from lgsp.store import open_store
from lgsp.submissions import Inbox, Submissions
from lgsp.transport import AiohttpTransport
from tests.security.hostile.rig import MIB
from tests.security.house import Authority, Certified
from tests.submissions.house import registry
from tests.submissions.test_callbacks import House, Receiver

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WHOLE = OK + b"content-length: 2\r\n\r\n{}"
_HELLO = b"\x16\x03\x03\x40\x00\x02"


@asynccontextmanager
async def listening(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answer(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def heard(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(size or 0))


def says(raw: bytes, *, good_bye: bool = False) -> Answer:
    """And then nothing more: the connection ends with TLS's good-bye, or as if it had been cut."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(raw)
        await writer.drain()
        if good_bye:
            writer.close()
            await writer.wait_closed()

    return answer


def without_end(piece: bytes, begin: bytes = b"", pause: float = 0.0) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def shakes_hands(raw: bytes, *, waits: bool = True) -> Answer:
    """What a server says that speaks no TLS, or no more of it than its first word."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(raw)
        await writer.drain()
        if waits:
            await asyncio.Event().wait()

    return answer


async def hello_by_drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for each in _HELLO * 1000:
        writer.write(bytes([each]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Behind a good handshake, a record that nobody has sealed."""
    await heard(reader)
    below = writer.transport._ssl_protocol._transport  # type: ignore[attr-defined]
    below.write(b"\x17\x03\x03\x00\x40" + b"z" * 64)
    await asyncio.Event().wait()


def context(shown: Certified, *, asks: Path | None = None, most: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(shown.file, shown.key)
    if asks is not None:
        made.load_verify_locations(asks)
        made.verify_mode = ssl.CERT_REQUIRED
    if most is not None:
        made.maximum_version = most
    return made


async def outcome(port: int, ca: Path, host: str = "localhost") -> tuple[str, str, bool]:
    """(kind of the error or the answer, layer, reached)."""
    base, runtime = f"https://{host}:{port}", Runtime.system()
    wire = AiohttpTransport(runtime, cas={base: ca})
    began = runtime.clock.monotonic()
    try:
        answer = await wire.send("register", base, HttpRequest("POST", "/x", {}, b"{}"), Deadline(began + 1.0))
        return f"{answer.status} {answer.body!r}", "", True
    except Unavailable as error:
        return type(error).__name__, error.layer if isinstance(error, ConnectFailed) else "", bool(error.reached)
    finally:
        assert runtime.clock.monotonic() - began < 3
        await wire.close()


NOT_TRUSTED = ("ConnectFailed", "tls", False)
NO_TIME = ("Timeout", "", False)
CUT = ("BadAnswer", "", True)


async def test_whoever_is_not_who_he_should_be_hears_nothing(tmp_path: Path) -> None:
    ours, foreign = Authority(tmp_path / "a"), Authority(tmp_path / "b", "CA khac")
    asked: list[str] = []

    async def hears(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())

    for shown, host in (
        (ours.issue("x", begin=-20, days=10), "localhost"),
        (ours.issue("x", begin=5), "localhost"),
        (ours.issue("x"), "127.0.0.1"),
        (foreign.issue("x"), "localhost"),
    ):
        async with listening(hears, context(shown)) as port:
            assert await outcome(port, ours.file, host) == NOT_TRUSTED
    assert asked == []


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (shakes_hands(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), NOT_TRUSTED),
        (shakes_hands(bytes(range(256)) * 400), NOT_TRUSTED),
        (shakes_hands(b"\x15\x03\x03\x00\x02\x01\x5a" * 20_000), NOT_TRUSTED),
        (shakes_hands(b"\x16\x03\x03\x00\x00" * 50_000), NOT_TRUSTED),
        (shakes_hands(b"\x15\x03\x03\x00\x02\x01\x00"), NOT_TRUSTED),
        (shakes_hands(b"", waits=False), NOT_TRUSTED),
        (shakes_hands(_HELLO, waits=False), NOT_TRUSTED),
        (shakes_hands(b""), NO_TIME),
        (shakes_hands(_HELLO), NO_TIME),
        (hello_by_drops, NO_TIME),
    ],
    ids=[
        "plain text", "garbage", "a storm of warnings", "empty records", "good-bye", "nothing", "half a word", "silence",
        "silence in the middle", "drop by drop",
    ],
)  # fmt: skip
async def test_a_handshake_that_is_none_has_reached_nobody(
    tmp_path: Path, answer: Answer, wanted: tuple[str, str, bool]
) -> None:
    async with listening(answer) as port:
        assert await outcome(port, Authority(tmp_path).file) == wanted


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (says(WHOLE), ("200 b'{}'", "", True)),
        (says(OK + b"\r\n{}", good_bye=True), ("200 b'{}'", "", True)),
        (says(OK + b"\r\n{}"), CUT),
        (says(OK + b"connection: close\r\n\r\n"), CUT),
        (says(OK + b"content-length: 3\r\n\r\n{}", good_bye=True), CUT),
        (says(OK + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", good_bye=True), CUT),
        (says(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), ("204 b''", "", True)),
        (says(b"HTTP/1.1 2"), ("ConnectFailed", "tcp", True)),
        (says(b""), ("ConnectFailed", "tcp", True)),
        (garbage, ("ConnectFailed", "tls", True)),
        (without_end(b"x" * 65536, OK + b"\r\n"), CUT),
        (without_end(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), CUT),
        (without_end(b"x: y\r\n" * 1000, OK), CUT),
    ],
)
async def test_what_ends_too_early_or_never_is_no_answer(
    tmp_path: Path, answer: Answer, wanted: tuple[str, str, bool]
) -> None:
    """Without a length only the peer's own good-bye proves that nothing is missing: a connection can be cut by anybody."""
    ours = Authority(tmp_path)
    async with listening(answer, context(ours.issue("x"))) as port:
        assert await outcome(port, ours.file) == wanted


@pytest.mark.parametrize(
    ("most", "wanted"),
    [
        (ssl.TLSVersion.TLSv1_2, ("ConnectFailed", "tls", False)),
        (ssl.TLSVersion.TLSv1_3, ("ConnectFailed", "tcp", True)),
    ],
)
async def test_a_backend_that_asks_for_a_certificate_of_ours(
    tmp_path: Path, most: ssl.TLSVersion, wanted: tuple[str, str, bool]
) -> None:
    """TLS 1.3 says no only after we have spoken, so what was sent may have been read."""
    ours = Authority(tmp_path)
    async with listening(says(WHOLE), context(ours.issue("x"), asks=ours.file, most=most)) as port:
        kind, layer, reached = await outcome(port, ours.file)
    assert (kind, reached) == (wanted[0], wanted[2])
    assert layer == wanted[1] or reached


# -- receivers of call-backs ------------------------------------------------------------------------------------------

_BOMB = gzip.compress(b"0" * 20_000_000)
RECEIVERS: dict[str, tuple[Answer, str]] = {
    "never": (without_end(b"", pause=1), "timeout"),
    "drops": (without_end(b"H", pause=0.1), "bad-answer"),
    "drops-of-body": (without_end(b"x", OK + b"content-length: 500\r\n\r\n", pause=0.1), "timeout"),
    "endless-head": (without_end(b"x" * 4096, b"HTTP/1.1 200 OK\r\nx: "), "bad-answer"),
    "endless-fields": (without_end(b"x: y\r\n" * 500, OK), "bad-answer"),
    "endless-body": (without_end(b"x" * 65536, OK + b"\r\n"), "bad-answer"),
    "endless-chunks": (without_end(b"1\r\nx\r\n" * 5000, OK + b"transfer-encoding: chunked\r\n\r\n"), "bad-answer"),
    "endless-trailers": (without_end(b"x: y\r\n" * 500, OK + b"transfer-encoding: chunked\r\n\r\n0\r\n"), "bad-answer"),
    "endless-extension": (
        without_end(b"x" * 4096, OK + b"transfer-encoding: chunked\r\n\r\n1;", pause=0.01),
        "timeout",
    ),
    "bomb": (says(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(_BOMB) + _BOMB), "bad-answer"),
    "interim": (without_end(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000), "bad-answer"),
    "no-http": (says(b"SSH-2.0-mau\r\n"), "bad-answer"),
    "reset-in-head": (says(b"HTTP/1.1 200 OK\r\ncontent-le"), "connect-failed"),
    "reset": (says(b""), "connect-failed"),
    "switching": (says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), "http-101"),
    "html": (says(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 13\r\n\r\n<html></html>"), "http-403"),
    "later": (says(b"HTTP/1.1 503 x\r\nretry-after: 99999999999999999999\r\ncontent-length: 0\r\n\r\n"), "http-503"),
}


def redirects(port: int) -> dict[str, tuple[Answer, str]]:
    head = f"location: http://127.0.0.1:{port}/latest/meta-data\r\ncontent-length: 0\r\n\r\n"
    return {
        f"redirect-{status}": (says(f"HTTP/1.1 {status} x\r\n{head}".encode()), f"http-{status}")
        for status in (301, 302, 303, 307, 308)
    }


@dataclass
class Running:
    """A clock that goes, and that the test may move on besides."""

    passed: float = 0.0
    real: SystemClock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.real.now() + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.real.monotonic() + self.passed


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock = Running()
    runtime = Runtime(clock, SystemIds(clock), random.Random(1))
    store, events = await open_store(None, runtime, inline=True), Events()
    inbox, submissions = Inbox(store, runtime), Submissions(store, runtime, events, registry)
    made = House(clock, runtime, store, events, inbox, submissions, AiohttpTransport(runtime))  # type: ignore[arg-type]  # a clock that is moved on
    events.subscribe(made.heard.append)
    made.start()
    yield made
    await made.stop()
    await made.transport.close()
    await store.close()


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await done():  # noqa: ASYNC110  the store has no event to wait for
            await asyncio.sleep(0.02)


def _resident() -> int:
    text = Path("/proc/self/status").read_text("ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) * 1024


async def _work(house: House, consumer: str) -> Any:
    return (await house.store.callbacks.work(consumer, "", 9))[0]


async def test_hostile_receivers_lose_nothing_and_delay_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgsp.submissions.callbacks._SECONDS", 2.0)
    trapped: list[bytes] = []
    well: set[str] = set()

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trapped.append(await reader.read(1000))

    def behaves(name: str, answer: Answer) -> Answer:
        async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if name in well:
                await says(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", good_bye=True)(reader, writer)
                return
            await answer(reader, writer)

        return answered

    async with AsyncExitStack() as open_:
        hostile = RECEIVERS | redirects(await open_.enter_async_context(listening(trap)))
        for name, (answer, _) in hostile.items():
            raw = behaves(name, answer)
            there = await open_.enter_async_context(listening(raw))
            await house.register(name, Receiver(f"http://127.0.0.1:{there}/hook"))
        good = await open_.enter_async_context(listening(says(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")))
        await house.register("good", Receiver(f"http://127.0.0.1:{good}/hook"))
        before = _resident()
        for name in hostile:
            await house.delivered(f"S-{name}", name)
        await house.delivered("S-good", "good")

        async def told() -> bool:
            return ("good", "delivered") in await house.store.callbacks.counts()

        await until(told)

        async def tried() -> bool:
            return all([(await _work(house, name)).attempts > 0 for name in hostile])

        await until(tried)
        assert {name: (await _work(house, name)).last for name in hostile} == {
            name: last for name, (_, last) in hostile.items()
        }
        assert _resident() - before < 64 * MIB
        well.update(hostile)
        await house.later(4000)

        async def all_told() -> bool:
            counts = await house.store.callbacks.counts()
            return all((name, "delivered") in counts for name in hostile)

        await until(all_told)
    assert trapped == []
    assert not [each for each in house.heard if isinstance(each, BusFaultFound)]
    ended = [each.consumer for each in house.heard if isinstance(each, CallbackEnded) and each.outcome == "delivered"]
    assert sorted(ended) == sorted(["good", *hostile])
