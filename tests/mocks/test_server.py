"""The simulator over real loopback sockets: what each fault does on the wire, large bodies, a clean end."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from lgsp.errors import BadAnswer, ConnectFailed, LgspError, Timeout
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp.transport import AiohttpTransport
from lgsp_mocks.server import Server, serve
from lgsp_mocks.simulator import Simulator
from tests.mocks.simulated import BASIC, HOME


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = await serve(Simulator([HOME], runtime=Runtime.system(), size=400))
    yield server
    await server.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as client:
        async with client.post(
            "/token", headers={"authorization": BASIC}, data={"grant_type": "client_credentials"}
        ) as answer:
            token = (await answer.json())["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


async def test_it_answers_over_a_socket(server: Server, client: aiohttp.ClientSession) -> None:
    cccd = server.simulator.world.actor("mother-hoa").cccd
    async with client.get(f"/apiSoMau/traCuu/{cccd}") as answer:
        assert (await answer.json())["ten"] == "Đinh Thị Mẫu Hoa"
    async with client.get("/_sim/journal") as answer:
        assert len(await answer.json()) == 1


# what the gateway's own transport makes of each fault of the wire


WIRE: dict[str, tuple[dict[str, Any], type[LgspError], bool]] = {
    "refuse": ({}, ConnectFailed, True),
    "reset": ({}, ConnectFailed, True),
    "lost-answer": ({}, ConnectFailed, True),
    "hang": ({}, Timeout, True),
    "latency": ({"seconds": 30}, Timeout, True),
    "slow-close": ({}, Timeout, True),
    "dribble": ({}, Timeout, True),
    "bandwidth": ({"bytes_per_second": 1}, Timeout, True),
    "truncate": ({}, BadAnswer, True),
}


@pytest.mark.parametrize("kind", WIRE)
async def test_the_gateways_transport_meets_each_fault_of_the_wire(
    server: Server, client: aiohttp.ClientSession, kind: str
) -> None:
    params, error, reached = WIRE[kind]
    runtime = Runtime.system()
    transport = AiohttpTransport(runtime)
    token = client.headers["authorization"]
    server.simulator.set_fault("so-mau", {"kind": kind, "when": {"times": 1}, **params})
    request = HttpRequest("GET", "/apiSoMau/traCuu/KHONG-CO", {"authorization": token})
    try:
        with pytest.raises(error) as met:
            await transport.send("so-mau", server.url, request, Deadline(runtime.clock.monotonic() + 0.3))
        assert getattr(met.value, "reached", None) is reached
        healed = await transport.send("so-mau", server.url, request, Deadline(runtime.clock.monotonic() + 5))
        assert healed.status == 200
    finally:
        await transport.close()


async def test_slow_bodies_arrive_whole(server: Server, client: aiohttp.ClientSession) -> None:
    for kind, params in (
        ("dribble", {"seconds": 0.05, "pieces": 5}),
        ("slow-close", {"seconds": 0.02}),
        ("bandwidth", {"bytes_per_second": 10**6}),
    ):
        server.simulator.set_fault("so-mau", {"kind": kind, **params})
        async with client.get("/apiSoMau/traCuu/KHONG-CO") as answer:
            assert (await answer.json())["status"] == 0


async def test_a_broken_connection_leaves_the_others_alone(server: Server, client: aiohttp.ClientSession) -> None:
    server.simulator.set_fault("so-mau", {"kind": "reset", "when": {"key": "A"}})

    async def look(ma: str) -> int:
        try:
            async with client.post("/apiSoMau/ghiNhan", json={"ma": ma}) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    assert await asyncio.gather(*(look(ma) for ma in ("A", "B", "A", "C"))) == [0, 200, 0, 200]


async def test_large_values_travel_in_files_both_ways(server: Server, client: aiohttp.ClientSession) -> None:
    large = base64.b64encode(b"mau" * 1_000_000).decode()
    body = io.BytesIO(json.dumps({"ma": "LON", "noiDung": large}).encode())
    async with client.post("/apiSoMau/ghiNhan", data=body, headers={"content-type": "application/json"}) as answer:
        assert answer.status == 200
    entry = server.simulator.journal.calls("so-mau")[-1]
    assert entry.request["noiDung"].startswith("<4000000 bytes, sha256 ")
    async with client.get("/apiSoMau/traCuu/LON") as answer:
        assert (await answer.json())["ten"] == large
    assert not list((server.simulator.folder / "spool").glob("*/*"))


async def test_a_body_over_every_limit_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post("/apiSoMau/ghiNhan", data=b"x", headers={"content-length": str(1 << 30)}) as answer:
        assert answer.status == 413


async def test_a_taken_port_is_an_error_and_leaves_nothing(server: Server) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await serve(Simulator([HOME], runtime=Runtime.system(), size=400), port=server.port)


async def test_it_ends_although_a_caller_hangs(server: Server, client: aiohttp.ClientSession) -> None:
    server.simulator.set_fault("so-mau", {"kind": "hang"})
    hanging = asyncio.create_task(client.get("/apiSoMau/traCuu/1").__aenter__())
    while not server.simulator.faults.all()["so-mau"][0].struck:  # noqa: ASYNC110  nobody tells that a request has come
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await server.close()
    with pytest.raises(aiohttp.ClientError):
        await hanging


async def test_faults_are_set_over_the_desk(client: aiohttp.ClientSession) -> None:
    async with client.put("/_sim/faults/so-mau", data=json.dumps({"kind": "http-status", "status": 503})) as answer:
        assert (await answer.json())[0]["kind"] == "http-status"
    async with client.get("/apiSoMau/traCuu/1") as answer:
        assert answer.status == 503
    async with client.delete("/_sim/faults/so-mau") as answer:
        assert answer.status == 204
    async with client.get("/apiSoMau/traCuu/1") as answer:
        assert answer.status == 200
