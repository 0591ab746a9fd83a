"""The ministries' door: accepted once and durably, refused in the ministry's own dialect."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import web

from lgsp.mapping import Context, Received
from lgsp.model import HttpRequest
from lgsp.pipeline.handover import AuthenticateMinistry, inbound_of
from tests.endpoints.bus import Bus
from tests.submissions.test_webhook import verified

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/inbound/public-payment/CONFIRM"
SYSTEM = "civil-status"


async def test_what_cannot_be_taken_is_refused_in_the_ministrys_words(bus: Bus) -> None:
    reply = await bus.send("POST", PATH, {"LoaiBanTin": "CONFIRM"})
    assert reply.status == 200
    assert reply.data["MaLoi"] != "00"
    assert reply.headers["x-lgsp-fault-domain"] == "caller"


async def test_an_unknown_call_is_a_problem(bus: Bus) -> None:
    reply = await bus.send("POST", "/inbound/public-payment/KHONG_CO", {})
    assert (reply.status, reply.kind, reply.data["code"]) == (404, "application/problem+json", "unknown-operation")
    assert (await bus.send("POST", "/inbound/khong-co/X", {})).status == 404


async def test_a_confirmation_reaches_the_inbox_once(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksum is the mapping's business and tested there; here it is the way from the door to the inbox."""
    connector = bus.gateway.registry.connector("public-payment")
    assert connector is not None

    def receive(_operation: str, data: dict[str, Any], _ctx: Context) -> Received:
        return Received(None, data["MaThamChieu"], {"maThamChieu": data["MaThamChieu"]}, {"MaLoi": "00"})

    monkeypatch.setattr(connector.mapping, "receive", receive)
    example = {
        "LoaiBanTin": "CONFIRM", "MaLoi": "00", "MaDoiTac": "LGSP-17", "MaThamChieu": "THU-0001", "SoTien": 50000,
        "MaTienTe": "VND", "MaGiaoDich": "GD-0001", "MaNganHang": "MAU", "ThoiGianGD": "20221116104218",
        "ThongTinGiaoDich": "le phi mau", "MaXacThuc": "0" * 64,
    }  # fmt: skip
    for _ in range(2):  # a ministry repeats until it is acknowledged
        reply = await bus.send("POST", PATH, example)
        assert (reply.status, reply.data) == (200, {"MaLoi": "00"})
    waiting = await _payments(bus, example["MaThamChieu"])
    assert len(waiting) == 1
    where = f"/inbox/{waiting[0]['id']}"
    assert (await bus.send("DELETE", where, headers=bus.key)).status == 204
    assert (await bus.send("DELETE", where, headers=bus.key)).status == 404
    assert await _payments(bus, example["MaThamChieu"]) == []


async def test_a_consumer_is_called_back(bus: Bus) -> None:
    """Registered as an operator does it; an update left with the bus and an item of the inbox are both told, signed."""
    received: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def hook(request: web.Request) -> web.Response:
        received.put_nowait(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/hook", hook)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        made = await bus.gateway.perform("callback.set", "local:tester", {"id": "tester", "url": url})
        example = next(
            e for e in await bus.examples() if (e["system"], e["kind"], e["expect"]) == (SYSTEM, "update", "ok")
        )
        headers = {**(example.get("headers") or {}), "Prefer": "respond-async"}
        left = await bus.call(SYSTEM, example["operation"], example["request"], headers)
        assert left.status == 202
        await bus.gateway.inbox.put("tester", "public-payment", "CONFIRM", "call-back", {"maThamChieu": "THU-0002"})
        told = {}
        async with asyncio.timeout(60):
            while not {"submission.delivered", "inbox.arrived"} <= set(told):  # collectors bring other items
                got, body = await received.get()
                assert verified(made["secret"], got, body)
                told[msgspec.json.decode(body)["type"]] = msgspec.json.decode(body)["data"]
        assert told["submission.delivered"]["id"] == left.data["id"]
        await bus.gateway.perform("callback.off", "local:tester", {"id": "tester"})
    finally:
        await runner.cleanup()


async def _payments(bus: Bus, reference: str) -> list[dict[str, Any]]:
    items = (await bus.send("GET", "/inbox", headers=bus.key)).data["items"]  # collectors bring other systems' items
    return [item for item in items if item["system"] == "public-payment" and item["data"] == {"maThamChieu": reference}]


async def test_the_systems_key_where_the_message_proves_nothing(bus: Bus) -> None:
    from dataclasses import replace

    from lgsp.errors import Unauthenticated
    from lgsp.exchange import Exchange
    from lgsp.model import Face

    connector = bus.gateway.registry.connector("public-payment")
    assert connector is not None
    called = replace(connector.inbound["CONFIRM"], authenticate="credential")
    step = AuthenticateMinistry({"public-payment": "demo-public-payment"})

    async def handler(exchange: Exchange) -> dict[str, str]:
        return {"system": inbound_of(exchange)[1].name}

    def exchange(key: str) -> Exchange:
        now = bus.gateway.runtime.clock.now()
        made = Exchange("i", Face.INBOUND, HttpRequest("POST", PATH, {"x-api-key": key}), now, 0.0, "c")
        made.connector, made.face_state["inbound"] = connector, called
        return made

    assert await step(exchange("demo-public-payment"), handler) == {"system": "public-payment"}
    with pytest.raises(Unauthenticated):
        await step(exchange("guess"), handler)
