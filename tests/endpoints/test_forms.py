"""What browsers send: fields and files, in both encodings, within bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from lgsp.console.visit import Form
from lgsp.endpoints.forms import read_form
from lgsp.errors import InvalidMessage, LgspError, TooLarge, UnsupportedMediaType

HOUSE: Any = SimpleNamespace(settings=SimpleNamespace(limits=SimpleNamespace(body_seconds=2.0)))
LIMIT = 10_000


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        try:
            form = await read_form(HOUSE, request, LIMIT)
        except LgspError as error:
            return web.json_response({"error": type(error).__name__}, status=error.status)
        files = {name: [each.name, each.content.decode()] for name, each in form.files.items()}
        return web.json_response({"fields": dict(form.fields), "files": files})

    application = web.Application(client_max_size=1 << 30)
    application.router.add_post("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def sent(url: str, body: Any, kind: str | None = None) -> Any:
    headers = {"Content-Type": kind} if kind else {}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return await answer.json()


FORM = "application/x-www-form-urlencoded"


async def test_fields_are_read_with_their_repetitions(url: str) -> None:
    found = await sent(url, b"a=1&a=2&t%C3%AAn=V%C4%83n+M%E1%BA%ABu&empty=", FORM)
    assert found["fields"] == {"a": ["1", "2"], "tên": ["Văn Mẫu"], "empty": [""]}


async def test_files_come_with_their_names_and_an_empty_one_is_none(url: str) -> None:
    parts = [  # as browsers write them
        ('name="note"', "một\r\nhai"),
        ('name="paper"; filename="quyết định.pdf"', "%PDF"),
        ('name="other"; filename=""', ""),
    ]
    body = "".join(f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts)
    found = await sent(url, f"{body}--x--\r\n".encode(), "multipart/form-data; boundary=x")
    assert found == {"fields": {"note": ["một\nhai"]}, "files": {"paper": ["quyết định.pdf", "%PDF"]}}


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"a=" + b"x" * LIMIT, FORM, TooLarge),
        (b"{}", "application/json", UnsupportedMediaType),
        ("&".join(f"a{n}=1" for n in range(300)).encode(), FORM, InvalidMessage),
        (b"a=\xff\xfe", FORM, InvalidMessage),
        (b"no boundary", "multipart/form-data", InvalidMessage),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            InvalidMessage,
        ),
    ],
)
async def test_what_is_too_much_or_no_form_is_refused(url: str, body: bytes, kind: str, error: type[LgspError]) -> None:
    assert await sent(url, body, kind) == {"error": error.__name__}


async def test_a_file_over_the_limit_is_refused_also_without_a_length(url: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        for _ in range(20):
            yield b"y" * 1000
        yield b"\r\n--x--\r\n"

    assert await sent(url, pieces(), "multipart/form-data; boundary=x") == {"error": "TooLarge"}


def test_what_a_page_reads_of_a_form() -> None:
    form = Form({"a": ("1", " 2 "), "password": (" x ",)})
    assert (form.one("a"), form.all("a"), form.raw("password"), form.one("none")) == ("2", ("1", "2"), " x ", "")
