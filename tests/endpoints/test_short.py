"""The short way to the doors leads where the long one leads: the same answers, the same refusals, whatever the address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from lgsp.endpoints.house import Answer, Route
from lgsp.endpoints.short import Ways
from tests.endpoints.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = [
    ("POST", "/api/{system}/v1/{operation}", 200),
    ("POST", "/api/{system}/v1/{operation}?a=b", 200),
    ("POST", "/api/{system}/v1/%64anhMuc", None),
    ("POST", "/api/{system}/v1/nothing", 404),
    ("POST", "/api/{system}/v1/{operation}/", 404),
    ("POST", "/api/{system}/v1", 404),
    ("POST", "/api//v1/{operation}", 404),
    ("POST", "/api/../v1/{operation}", 404),
    ("POST", "/api/nobody/v1/{operation}", 404),
    ("POST", "/api/{system}/w1/{operation}", 404),
    ("GET", "/api/{system}/v1/{operation}", 405),
    ("GET", "/api/{system}/v1/openapi.json", 200),
    ("GET", "/api/systems", 200),
    ("POST", "/soap/{system}/v1", 415),
    ("GET", "/soap/{system}/v1?wsdl", 200),
    ("POST", "/native/nothing/here", 404),
    ("POST", "/native/nothing/./here?a=1", 404),
    ("GET", "/native/nothing?x=%2e%2e", 404),
    ("POST", "/native/token", None),
    ("PUT", "/native/nothing", 405),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def long_way(bus: Bus) -> AsyncIterator[str]:
    """The same application behind a server that knows no short way."""
    application = bus.gateway.application
    server = await asyncio.get_running_loop().create_server(
        web.Server(application._handle, request_factory=application._make_request), "127.0.0.1", 0
    )
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.parametrize(("method", "path", "status"), SENT)
async def test_both_ways_answer_alike(bus: Bus, long_way: str, method: str, path: str, status: int | None) -> None:
    example = next(
        e for e in await bus.examples() if e["expect"] == "ok" and e["kind"] == "query" and e["version"] == "v1"
    )
    target = path.format(system=example["system"], operation=example["operation"])
    headers = {**bus.key, **example.get("headers", {})}
    body = example["request"] if method == "POST" else None
    replies = [await bus.send(method, base + target, body, headers) for base in (bus.url, long_way)]
    short, long = replies
    assert short.status == long.status
    assert status is None or short.status == status
    passing = {"date", "x-correlation-id", "traceparent", "server-timing", "content-length", "ratelimit", "etag"}
    seen = [{name: value for name, value in each.headers.items() if name not in passing} for each in replies]
    assert seen[0] == seen[1]
    if status == 200 and method == "POST":
        assert short.body == long.body


async def test_the_middlewares_of_the_application_stand_on_the_short_way_too() -> None:
    seen: list[str] = []

    @web.middleware
    async def outer(request: web.Request, handler: Answer) -> web.StreamResponse:
        seen.append(f"outer {request.path}")
        return await handler(request)

    @web.middleware
    async def inner(request: web.Request, handler: Answer) -> web.StreamResponse:
        seen.append("inner")
        return await handler(request)

    async def short(request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"short {request.raw_path}")

    async def long(request: web.Request) -> web.StreamResponse:
        raise AssertionError(request.raw_path)

    ways = Ways([(Route("POST", "/a/{b}", "public", short, short=True), short)])
    handle = ways.through([outer, inner], long)
    answer = await handle(make_mocked_request("POST", "/a/x"))
    assert isinstance(answer, web.Response)
    assert answer.text == "short /a/x"
    assert seen == ["outer /a/x", "inner"]
    with pytest.raises(AssertionError):
        await handle(make_mocked_request("POST", "/a/x", headers={"Expect": "100-continue"}))
    with pytest.raises(AssertionError):
        await handle(make_mocked_request("GET", "/a/x"))


async def test_two_short_ways_to_one_place_are_a_mistake_of_the_table() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        raise AssertionError

    routes = [
        Route("POST", "/a/{b}", "public", answer, short=True),
        Route("POST", "/a/{b}/{c}", "public", answer, short=True),
    ]
    with pytest.raises(ValueError, match="two short ways"):
        Ways([(each, answer) for each in routes])


async def test_expect_is_answered_before_the_body_is_sent(bus: Bus) -> None:
    example = next(e for e in await bus.examples() if e["expect"] == "ok" and e["kind"] == "query")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(bus.url.rpartition(":")[2]))
    head = (
        f"POST /api/{example['system']}/{example['version']}/{example['operation']} HTTP/1.1\r\nHost: x\r\n"
        f"X-API-Key: {bus.secrets.api_key}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode())
    assert b"100 Continue" in await reader.readline()
    writer.write(b"{}")
    rest = await reader.read()
    assert b"HTTP/1.1 " in rest
    writer.close()
