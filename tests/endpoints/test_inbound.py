"""The ministries' door: accepted once and durably, refused in the ministry's own dialect."""

from __future__ import annotations

from typing import Any

import pytest

from lgsp.mapping import Context, Received
from lgsp.model import HttpRequest
from lgsp.pipeline.handover import AuthenticateMinistry, inbound_of
from tests.endpoints.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/inbound/public-payment/CONFIRM"


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
    waiting = await _payments(bus)
    assert [item["data"] for item in waiting] == [{"maThamChieu": example["MaThamChieu"]}]
    where = f"/inbox/{waiting[0]['id']}"
    assert (await bus.send("DELETE", where, headers=bus.key)).status == 204
    assert (await bus.send("DELETE", where, headers=bus.key)).status == 404
    assert await _payments(bus) == []


async def _payments(bus: Bus) -> list[dict[str, Any]]:
    items = (await bus.send("GET", "/inbox", headers=bus.key)).data["items"]  # collectors bring other systems' items
    return [item for item in items if item["system"] == "public-payment"]


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
