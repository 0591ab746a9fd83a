"""Beside an old gateway: its callers are passed on, one system at a time is taken over and given back, on record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from lgsp.app import Gateway, build
from lgsp.console.standing import standing
from lgsp.decisions import Refused
from lgsp.model import Consumer, Grant, Text
from lgsp.runtime import Runtime
from lgsp.settings import Limits, PassthroughSettings, Province, Settings, Upstream
from lgsp.simulate import Loaded
from lgsp.testing import Sim

SYSTEM, PATH = "social-insurance", "/apiBHXH/1.0/getTraCuuTtHgdByMaSoBhxh"
PEOPLE = {"by": "nguoi-mot", "approved_by": "nguoi-hai", "decision": "1/QĐ-MẪU"}


@dataclass
class Old:
    """A gateway of yesterday on a socket of its own."""

    url: str = ""
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.method, request.raw_path, headers, await request.read()))
        if "chuyen-huong" in request.path:
            raise web.HTTPFound("http://169.254.169.254/")
        if "to" in request.query:
            return web.Response(body=b"x" * 300_000)
        return web.json_response({"old": True}, headers={"X-Cu": "1", "Set-Cookie": "a=b"})


@asynccontextmanager
async def beside(data: Path, loaded: Loaded, sim: str, old: Old) -> AsyncIterator[tuple[Gateway, str, str]]:
    other = web.AppRunner(_application(old), access_log=None)
    await other.setup()
    await web.TCPSite(other, "127.0.0.1", 0).start()
    old.url = f"http://127.0.0.1:{other.addresses[0][1]}"
    settings = Settings(
        data=data, sim=sim, province=Province("17", "H28", "Hoà Bình", "Hoa Binh", "2022-2024"), log_level="error",
        upstreams={"cu": Upstream(url=old.url)}, limits=Limits(evidence_seconds=10.0),
        passthrough=PassthroughSettings("cu", {"/apiBHXH/1.0": SYSTEM, "/danhmuc": "shared-catalogue"}),
    )  # fmt: skip
    gateway = await build(settings, Runtime.system(), registry=loaded.registry)
    tester = Consumer("tester", Text("Thử", "Test"), agency="H28.01", security_level=3)
    secrets = await gateway.policy.create_consumer(tester, [Grant("tester", "*", "*", legal_basis="test")])
    runner = web.AppRunner(gateway.application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await gateway.start()
    try:
        yield gateway, f"http://127.0.0.1:{runner.addresses[0][1]}", secrets.api_key
    finally:
        await runner.cleanup()
        await gateway.close()
        await other.cleanup()


def _application(old: Old) -> web.Application:
    made = web.Application()
    made.router.add_route("*", "/{path:.*}", old.answer)
    return made


async def test_passed_on_taken_over_and_given_back(lgsp_loaded: Loaded, lgsp_simulator: Sim, tmp_path: Path) -> None:
    old = Old()
    example = next(
        each
        for each in lgsp_simulator.examples()
        if each["system"] == SYSTEM and each["operation"] == PATH.rpartition("/")[2] and each["expect"] == "ok"
    )
    body = json.dumps(example["request"]).encode()
    async with (
        beside(tmp_path, lgsp_loaded, lgsp_simulator.url, old) as (gateway, url, key),
        aiohttp.ClientSession() as session,
    ):
        headers = {
            "Authorization": "Bearer cua-cong-cu",
            "X-API-Key": key,
            "Content-Type": "application/json",
            "Cookie": "c=1",
            **example.get("headers", {}),
        }

        async def call(
            path: str = PATH, method: str = "POST", sent: bytes = body, **more: Any
        ) -> tuple[int, bytes, Any]:
            async with session.request(
                method, f"{url}/through{path}", data=sent, headers=headers, allow_redirects=False, **more
            ) as answer:
                return answer.status, await answer.read(), answer.headers

        status, said, came = await call(PATH + "?a=%201&b=c")
        assert (status, json.loads(said)) == (200, {"old": True})
        assert (came["X-LGSP-Via"], came["X-Cu"]) == ("passthrough", "1")
        assert "Set-Cookie" not in came
        method, target, received, got = old.seen.pop()
        assert (method, target, got) == ("POST", PATH + "?a=%201&b=c", body)
        assert received["authorization"] == "Bearer cua-cong-cu"
        assert "x-api-key" not in received  # the bus's own key is not the old gateway's business
        assert "cookie" not in received

        large = b"y" * 400_000
        status, said, _ = await call("/danhmuc/x?to=1", sent=large)
        assert (status, len(said), old.seen.pop()[3]) == (200, 300_000, large)
        status, _, came = await call("/danhmuc/chuyen-huong", "GET")
        assert (status, len(old.seen)) == (302, 1)  # handed to the caller, never followed
        old.seen.clear()
        for odd in (
            "/khac",
            "/danhmuc/../apiBHXH",
            "/danhmuc/%2e%2e/admin",
            "/danhmuc//x",
            "/danhmucx",
            "/apiBHXH/1.00/x",
        ):
            async with session.get(aiohttp.client.URL(f"{url}/through{odd}", encoded=True)) as answer:
                assert answer.status == 404, odd
        assert old.seen == []

        office = gateway.office
        with pytest.raises(Refused, match="two different people"):
            await gateway.perform(
                "through.switch", "x", {"system": SYSTEM, "to": "bus", **PEOPLE, "approved_by": "nguoi-mot"}
            )
        with pytest.raises(Refused, match="names no"):
            await gateway.perform("through.switch", "x", {"system": "population", "to": "bus", **PEOPLE})
        await gateway.perform("through.switch", "x", {"system": SYSTEM, "to": "bus", **PEOPLE})
        status, said, came = await call()
        assert status == 200
        assert "X-LGSP-Via" not in came
        assert old.seen == []
        assert "hoTen" in json.loads(said)  # the ministry's own words, by the bus
        assert (await call("/danhmuc/x"))[0] == 200  # the other system is still passed on
        assert len(old.seen) == 1
        assert (await call("/apiBHXH/1.0/khongCo"))[0] == 200  # so is what the bus does not have
        assert len(old.seen) == 2
        rows = {each["system"]: each["now"] for each in await gateway.perform("through.list", "x", {})}
        assert rows == {SYSTEM: "bus", "shared-catalogue": "old"}

        await gateway.perform("through.switch", "x", {"system": SYSTEM, "to": "old", **PEOPLE})
        assert json.loads((await call())[1]) == {"old": True}
        shown = {each["id"]: each for each in (await standing(gateway, inside=False))["systems"]}
        assert shown["shared-catalogue"]["observed"]["calls"] == 3
        notes = [json.loads(row.body) for row in await office.store.evidence.rows(0, 1000)]
        assert [each["facts"]["to"] for each in notes if each.get("what") == "through-switched"] == ["bus", "old"]

        gateway.current.settings = replace(
            gateway.current.settings, upstreams={"cu": Upstream(url="http://127.0.0.1:9")}
        )
        status, said, _ = await call("/danhmuc/x")
        assert (status, json.loads(said)["fault"]["code"]) == (503, 101503)


def test_nothing_is_passed_on_where_nothing_is_set() -> None:
    from lgsp.endpoints.through import routes

    class House:
        settings = Settings()

    assert routes(House()) == []
