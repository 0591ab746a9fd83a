"""The simulator's way to the bus over a real socket."""

from __future__ import annotations

import pytest
from aiohttp import web

from lgsp.model import HttpRequest
from lgsp_mocks.traffic import HttpGateway


async def test_it_calls_the_bus_and_says_when_it_cannot() -> None:
    async def inbound(request: web.Request) -> web.Response:
        return web.json_response({"heard": await request.text(), "path": request.raw_path})

    app = web.Application()
    app.router.add_post("/{path:.*}", inbound)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway = HttpGateway(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    try:
        answer = await gateway(HttpRequest("POST", "/inbound/so-mau/BAO", {"content-type": "text/plain"}, b"xin chao"))
        assert answer.status == 200
        assert answer.body == b'{"heard": "xin chao", "path": "/inbound/so-mau/BAO"}'
        await runner.cleanup()
        with pytest.raises(OSError):
            await gateway(HttpRequest("POST", "/inbound/so-mau/BAO"))
    finally:
        await gateway.close()
        await runner.cleanup()
