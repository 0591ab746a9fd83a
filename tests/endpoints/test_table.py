"""aiohttp's table is compiled once: whoever is asked, his own doors answer."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lgsp.endpoints.house import Answer
from lgsp.endpoints.table import ANSWERS, resources

ADDRESSES = (("GET", "/mau"), ("POST", "/mau"), ("GET", "/mau/{name}"), ("GET", "/khac/{path:.+}"))


def says(text: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"{text} {request.method} {dict(request.match_info)}")

    return answer


def house(name: str) -> web.Application:
    built = web.Application()
    built[ANSWERS] = [says(f"{name} {number}") for number in range(len(ADDRESSES))]
    for resource in resources(ADDRESSES):
        built.router.register_resource(resource)
    return built


@pytest.mark.asyncio
async def test_two_houses_share_a_table_and_no_door() -> None:
    first, second = house("first"), house("second")
    assert list(first.router.resources()) == list(second.router.resources()), "compiled once"
    for name, built in (("first", first), ("second", second)):
        async with TestClient(TestServer(built)) as client:
            said = [
                await (await client.request(method, path)).text()
                for method, path in (("GET", "/mau"), ("POST", "/mau"), ("GET", "/mau/a%20b"), ("GET", "/khac/x/y"))
            ]
            assert said == [
                f"{name} 0 GET {{}}",
                f"{name} 1 POST {{}}",
                f"{name} 2 GET {{'name': 'a b'}}",
                f"{name} 3 GET {{'path': 'x/y'}}",
            ]
            refused = await client.delete("/mau")
            assert refused.status == 405
            assert refused.headers["Allow"] == "GET,POST"
            assert (await client.get("/nirgendwo")).status == 404
