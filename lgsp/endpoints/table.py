"""aiohttp's table of routes, compiled once for all houses of a process: a test suite builds hundreds of them, all alike.

The table knows addresses only. Whose door stands behind one is looked up in the application that was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.web_urldispatcher import AbstractResource

from lgsp.endpoints.house import Answer

ANSWERS: web.AppKey[Sequence[Answer]] = web.AppKey("answers", Sequence)
"""In the order of the table."""
_TABLES = 8
"""Houses of as many kinds may stand side by side: with a console or without, with more or fewer doors."""


@lru_cache(_TABLES)
def resources(addresses: tuple[tuple[str, str], ...]) -> tuple[AbstractResource, ...]:
    """What aiohttp makes of methods and paths, to be registered with a router; each leads to the answer of its number."""
    table = web.UrlDispatcher()
    for number, (method, path) in enumerate(addresses):
        table.add_route(method, path, _answer(number), expect_handler=_expected)
    return tuple(table.resources())


async def _expected(request: web.Request) -> None:
    """Who waits for 100 is told to go on; who expects anything else is refused at the door, in his own format."""
    if request.version >= HttpVersion11 and continues(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # it is no part of the answer


def continues(request: web.Request) -> bool:
    return request.headers.get(hdrs.EXPECT, "").strip().lower() == "100-continue"


def _answer(number: int) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await request.app[ANSWERS][number](request)

    return answer
