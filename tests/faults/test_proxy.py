"""Real sockets that misbehave, met by the real transport: which error comes of it, and whether a byte may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from lgsp.errors import BadAnswer, ConnectFailed, Timeout, Unavailable
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime, inline
from lgsp.transport import AiohttpTransport
from tests.faults.proxy import Proxy, Toxic

BODY = b'{"data": "' + b"x" * 20_000 + b'"}'


class Behind:
    """A good ministry behind a bad line."""

    def __init__(self) -> None:
        self.runtime = replace(Runtime.system(), offload=inline)
        self.wire = AiohttpTransport(self.runtime)
        self.asked = 0
        self.proxy = Proxy(0)

    async def ask(self, seconds: float = 5.0) -> HttpResponse:
        until = Deadline(self.runtime.clock.monotonic() + seconds)
        request = HttpRequest("POST", "/push", {"content-type": "application/json"}, b"{}")
        return await self.wire.send("register", f"http://127.0.0.1:{self.proxy.port}", request, until)

    async def refusal(self, seconds: float = 5.0) -> Unavailable:
        with pytest.raises(Unavailable) as caught:
            await self.ask(seconds)
        return caught.value


@asynccontextmanager
async def behind(toxic: Toxic) -> AsyncIterator[Behind]:
    bad = Behind()

    async def answer(_: web.Request) -> web.Response:
        bad.asked += 1
        return web.Response(body=BODY, content_type="application/json")

    application = web.Application()
    application.router.add_post("/push", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bad.proxy.server = runner.addresses[0][1]
    bad.proxy.toxic = toxic
    try:
        async with bad.proxy:
            yield bad
    finally:
        await bad.wire.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    "toxic",
    [
        Toxic(),
        Toxic(latency=0.02, jitter=0.02),
        Toxic(slicer=700),
        Toxic(slicer=4096, latency=0.001),
        Toxic(bandwidth=400_000),
        Toxic(slow_close=5.0),
    ],
    ids=["none", "latency", "slicer", "sliced and late", "bandwidth", "slow close"],
)
async def test_what_only_takes_longer_arrives_whole(toxic: Toxic) -> None:
    async with behind(toxic) as bad:
        for _ in range(3):
            assert (await bad.ask()).body == BODY
        assert bad.asked == 3


async def test_a_line_that_is_too_slow_ends_at_the_deadline() -> None:
    async with behind(Toxic(bandwidth=2_000)) as bad:
        began = bad.runtime.clock.monotonic()
        error = await bad.refusal(0.4)
        assert isinstance(error, Timeout)
        assert error.reached, "it was sent: nobody may call it unsent"
        assert bad.runtime.clock.monotonic() - began < 0.8


async def test_nobody_listens() -> None:
    async with behind(Toxic()) as bad:
        await bad.ask()
        await bad.proxy.fall()
        error = await bad.refusal()
        assert isinstance(error, ConnectFailed)
        assert bad.asked == 1
        await bad.proxy.rise()
        assert (await bad.ask()).status == 200, "and it finds its way back by itself"


async def test_a_fall_in_the_middle_of_an_exchange_may_have_arrived() -> None:
    async with behind(Toxic(silent=True)) as bad:
        asking = asyncio.create_task(bad.refusal())
        while not bad.asked:  # noqa: ASYNC110  counted by the server
            await asyncio.sleep(0.005)
        await bad.proxy.fall()
        error = await asking
        assert isinstance(error, ConnectFailed)
        assert error.reached


@pytest.mark.parametrize("after", [0, 30, 5_000])
async def test_a_reset_may_have_arrived_whenever_it_comes(after: int) -> None:
    async with behind(Toxic(reset_after=after)) as bad:
        error = await bad.refusal()
        assert isinstance(error, ConnectFailed | BadAnswer), error
        assert error.reached or isinstance(error, BadAnswer), "a bad answer is an answer"
        assert bad.asked == 1, "and there is no hidden second try below the retry layer"


@pytest.mark.parametrize("after", [0, 30, 5_000])
async def test_a_truncated_answer_is_none(after: int) -> None:
    async with behind(Toxic(truncate_after=after)) as bad:
        error = await bad.refusal()
        assert isinstance(error, ConnectFailed | BadAnswer), error
        assert error.reached or isinstance(error, BadAnswer)
        assert bad.asked == 1


async def test_the_toxic_ends_and_all_is_well() -> None:
    async with behind(Toxic(reset_after=10)) as bad:
        await bad.refusal()
        bad.proxy.toxic = Toxic()
        assert (await bad.ask()).body == BODY
