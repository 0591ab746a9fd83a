"""An answer written whole says what aiohttp would have said, and nothing can be put into its head from outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.test_utils import make_mocked_request

from lgsp.endpoints.whole import FRAMED, SHELL, Whole, dressed, shell


class Wire(AbstractStreamWriter):
    """Keeps what is written."""

    length: int | None = None
    output_size = 0

    def __init__(self) -> None:
        self.written, self.head = b"", ""

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self.written += chunk

    async def write_eof(self, chunk: bytes = b"") -> None:
        self.written += chunk

    async def drain(self) -> None: ...

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        raise AssertionError

    def enable_chunking(self) -> None:
        raise AssertionError

    async def write_headers(self, status_line: str, headers: object) -> None:
        self.head = "\r\n".join([status_line, *(f"{name}: {value}" for name, value in headers.items())])  # type: ignore[attr-defined]

    def send_headers(self) -> None: ...


async def sent(
    make: Callable[[], web.StreamResponse], version: object = HttpVersion11, method: str = "POST"
) -> tuple[str, dict[str, str], bytes, Wire]:
    wire = Wire()
    request = make_mocked_request(method, "/x", version=version, writer=wire)  # type: ignore[arg-type]
    request.protocol.writing_paused = False  # type: ignore[misc]
    answer = make()
    await answer.prepare(request)
    await answer.write_eof()
    head, body = (wire.head, wire.written) if wire.head else _cut(wire.written)
    first, *lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines)
    return first, fields, body, wire


def _cut(raw: bytes) -> tuple[str, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.decode(), body


def whole(status: int = 200, body: bytes = b'{"a":1}', **fields: str) -> Whole:
    return Whole(status, {"content-type": "application/json", **fields}, body, shell(tls=False))


async def test_one_piece_with_all_that_every_answer_carries() -> None:
    first, fields, body, wire = await sent(lambda: whole(201, x="y"))
    assert not wire.head
    assert first == "HTTP/1.1 201 Created"
    assert body == b'{"a":1}'
    assert fields.pop("Date").endswith("GMT")
    assert fields == {**SHELL, "Server": "lgsp", "content-type": "application/json", "x": "y", "Content-Length": "7"}


@pytest.mark.parametrize("version", [HttpVersion10, HttpVersion11])
async def test_who_asks_for_the_head_gets_no_body(version: object) -> None:
    _, fields, body, _ = await sent(whole, version, "HEAD")
    assert (fields["Content-Length"], body) == ("7", b"")


async def test_a_connection_that_ends_says_so() -> None:
    def ending() -> Whole:
        answer = whole()
        answer.force_close()
        return answer

    _, fields, _, _ = await sent(ending)
    assert fields["Connection"] == "close"


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\x00b"])
async def test_nothing_is_put_into_the_head_by_a_value(value: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)newline|header"):
        await _through_aiohttp(lambda: whole(location=value))


async def _through_aiohttp(make: Callable[[], Whole]) -> None:
    from aiohttp.http_writer import StreamWriter

    request = make_mocked_request("POST", "/x")
    writer = StreamWriter(request.protocol, request._loop)  # the real one checks
    await make().prepare(make_mocked_request("POST", "/x", writer=writer, protocol=request.protocol))


async def test_another_version_of_http_goes_the_long_way_and_carries_the_same() -> None:
    first, fields, body, wire = await sent(lambda: whole(), HttpVersion10)
    assert wire.head
    assert first == "HTTP/1.0 200 OK"
    assert body == b'{"a":1}'
    assert {name: fields[name] for name in SHELL} == SHELL
    assert fields["Server"] == "lgsp"


async def test_an_answer_without_a_body_names_no_length() -> None:
    _, fields, body, wire = await sent(lambda: whole(204, b""))
    assert wire.head
    assert "Content-Length" not in fields
    assert not body


async def test_it_is_written_once() -> None:
    wire = Wire()
    request = make_mocked_request("POST", "/x", writer=wire)
    request.protocol.writing_paused = False  # type: ignore[misc]
    answer = whole()
    for _ in range(2):
        await answer.prepare(request)
        await answer.write_eof()
    assert wire.written.count(b"HTTP/1.1") == 1


def test_tls_is_held_on_to() -> None:
    assert b"Strict-Transport-Security" in shell(tls=True)
    assert b"Strict-Transport-Security" not in shell(tls=False)
    assert {"cache-control", "server", "content-length"} <= FRAMED


def test_the_demonstration_says_so_in_every_head() -> None:
    assert b"X-LGSP-Profile: demonstration\r\n" in shell(tls=True, demo=True)
    assert b"X-LGSP-Profile" not in shell(tls=True)
    assert "X-LGSP-Profile" not in dressed(tls=False)
