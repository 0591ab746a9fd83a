"""The orderly end: `/readyz` says no, connections are given back, what is under way is answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from lgsp.endpoints.drain import QUIET_SECONDS, Drain
from lgsp.runtime import SystemClock


class Door:
    def __init__(self, drain: Drain, url: str) -> None:
        self.drain, self.url = drain, url
        self.arrived, self.go, self.streaming = asyncio.Event(), asyncio.Event(), asyncio.Event()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    drain = Drain(SystemClock())
    found = Door(drain, "")

    async def slow(_: web.Request) -> web.Response:
        found.arrived.set()
        await found.go.wait()
        return web.Response(text="done")

    async def quick(_: web.Request) -> web.Response:
        return web.Response(text="quick")

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        found.streaming.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return response

    application = web.Application()
    application.router.add_get("/slow", slow)
    application.router.add_get("/quick", quick)
    application.router.add_get("/status/events", events)
    drain.watch(application)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    found.go.set()
    await runner.cleanup()


async def test_it_waits_for_what_is_under_way_and_for_nothing_else(door: Door) -> None:
    async with aiohttp.ClientSession() as session:
        stream = asyncio.ensure_future(session.get(f"{door.url}/status/events"))
        await door.streaming.wait()
        call = asyncio.ensure_future(session.get(f"{door.url}/slow"))
        await door.arrived.wait()
        assert door.drain.under_way == 1, "a stream of events does not count"
        ending = asyncio.ensure_future(door.drain.quiet(30))
        await asyncio.sleep(2 * QUIET_SECONDS)
        assert not ending.done()
        door.go.set()
        answer = await call
        assert await answer.text() == "done"
        async with asyncio.timeout(10):
            await ending
        (await stream).close()


async def test_every_answer_is_the_last_of_its_connection(door: Door) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{door.url}/quick") as answer:
            assert answer.headers.get("Connection") != "close"
        door.drain.begun = True
        async with session.get(f"{door.url}/quick") as answer:
            assert answer.headers["Connection"] == "close"
            assert await answer.text() == "quick"


async def test_who_keeps_coming_is_waited_for_no_longer_than_said(door: Door) -> None:
    async with aiohttp.ClientSession() as session:
        ending = asyncio.ensure_future(door.drain.quiet(1.0))
        async with asyncio.timeout(10):
            while not ending.done():
                async with session.get(f"{door.url}/quick") as answer:
                    await answer.read()
