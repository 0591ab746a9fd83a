"""An application's own HTTP server in memory: whole bodies, streams, errors, virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from lgsp.memory_door import MemoryDoor
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp_mocks import clock


def serve(answer: Callable[[web.Request], Awaitable[web.StreamResponse]], *requests: HttpRequest) -> list[HttpResponse]:
    async def main(runtime: Runtime) -> list[HttpResponse]:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", answer)
        door = MemoryDoor(app, runtime)
        await door.open()
        try:
            return list(await asyncio.gather(*map(door.send, requests)))
        finally:
            await door.close()

    return clock.run(main)


async def echo(request: web.Request) -> web.Response:
    await asyncio.sleep(3_600)
    body = await request.read()
    return web.json_response({"target": request.raw_path, "size": len(body), "x": request.headers.get("x-a")})


def test_a_request_travels_whole_and_an_hour_at_once() -> None:
    (answer,) = serve(echo, HttpRequest("POST", "/a%20b?c=d", {"x-a": "1"}, b"z" * 3_000_000))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.body == b'{"target": "/a%20b?c=d", "size": 3000000, "x": "1"}'


def test_many_at_once_do_not_mix() -> None:
    answers = serve(echo, *(HttpRequest("POST", f"/{n}") for n in range(50)))
    assert [
        f'"/{n}"'.encode() in answer.body for n, answer in enumerate(answers) if isinstance(answer.body, bytes)
    ] == [True] * 50


def test_a_stream_is_put_together() -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=206)
        await response.prepare(request)
        for piece in (b"a" * 10, b"b", b"c" * 5_000):
            await response.write(piece)
            await asyncio.sleep(1)
        return response

    (answer,) = serve(stream, HttpRequest("GET", "/"))
    assert (answer.status, answer.body) == (206, b"a" * 10 + b"b" + b"c" * 5_000)


def test_a_connection_that_ends_without_an_answer_is_an_error() -> None:
    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(ConnectionError):
        serve(drop, HttpRequest("GET", "/"))


def test_a_closed_door_says_so() -> None:
    async def main(runtime: Runtime) -> None:
        await MemoryDoor(web.Application(), runtime).send(HttpRequest("GET", "/"))

    with pytest.raises(ConnectionError):
        clock.run(main)
