"""Two kinds of key on one address, and a trial system with a shadow: which service is asked, and what is counted where."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from lgsp.app import Gateway
from lgsp.home import builtin
from lgsp.keyring import sandbox_key, shadow_show
from lgsp.runtime import Runtime
from lgsp.sandbox import Sandbox
from lgsp.settings import Settings, SystemSettings
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator
from tests.endpoints.bus import Bus, Reply
from tests.security.house import bus_of

ASK = {"loaiDanhMuc": "3"}
HEADER = "x-lgsp-environment"


async def effects(bus: Bus, simulator: str) -> dict[str, Any]:
    found: dict[str, Any] = (await bus.send("GET", f"{simulator}/_sim/effects")).data
    return found


async def journal(bus: Bus, simulator: str, only: str = "?system=civil-status&operation=danhMuc") -> int:
    """How often somebody asked there; nothing probes that operation by itself."""
    return len((await bus.send("GET", f"{simulator}/_sim/journal{only}")).data)


async def evidence(side: Gateway | Sandbox) -> int:
    """Entries about that operation."""
    return sum(b'"danhMuc"' in row.body for row in await side.store.evidence.rows(0, 10_000))


async def ask(
    bus: Bus, headers: dict[str, str], system: str = "civil-status", op: str = "danhMuc", body: Any = None
) -> Reply:
    return await bus.send("POST", f"/api/{system}/v1/{op}", ASK if body is None else body, headers)


async def test_two_kinds_of_key_on_one_address(tmp_path: Path) -> None:
    runtime = Runtime.system()
    other = await serve(Simulator([builtin()], runtime=runtime, seed=2, size=300, state=tmp_path / "other"))
    try:
        async with bus_of(tmp_path / "data", lambda s: replace(s, sandbox=other.url)) as bus:
            await _keys(bus, other.url)
    finally:
        await other.close()


async def _keys(bus: Bus, other: str) -> None:
    made = await sandbox_key(bus.gateway.office, "test", {"id": "tester"})
    assert made["api_key"].startswith("lgsp_sandbox_")
    assert made["client_id"] == "tester~sandbox"
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    form = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    token = (await bus.send("POST", "/token", b"grant_type=client_credentials", form)).data["access_token"]
    real_basic = base64.b64encode(f"{bus.secrets.client_id}:{bus.secrets.client_secret}".encode()).decode()
    real_form = {**form, "Authorization": f"Basic {real_basic}"}
    real_token = (await bus.send("POST", "/token", b"grant_type=client_credentials", real_form)).data["access_token"]
    assert token.startswith("sandbox.")
    assert not real_token.startswith("sandbox.")
    packed = base64.b64encode(
        msgspec.json.encode({"AccessKey": made["client_id"], "SecretKey": made["client_secret"]})
    ).decode()
    sandboxed = (
        {"X-API-Key": made["api_key"]},
        {"Authorization": f"Bearer {token}"},
        {"X-SystemId": made["client_id"], "X-SecretKey": made["client_secret"]},
        {"lgspaccesstoken": packed},
    )
    gateway = bus.gateway
    sandbox = gateway.sandbox
    assert sandbox is not None
    real, entries = await journal(bus, bus.simulator), await evidence(gateway)
    board = gateway.health.system("civil-status").calls
    before = await journal(bus, other)
    for headers in sandboxed:
        answer = await ask(bus, headers)
        assert (answer.status, answer.headers.get(HEADER)) == (200, "sandbox"), headers.keys()
    assert await journal(bus, other) >= before + 4
    assert await journal(bus, bus.simulator) == real, "no sandbox call reaches the real system"
    assert await evidence(gateway) == entries, "nor its evidence"
    assert gateway.health.system("civil-status").calls == board, "nor its board"
    assert await evidence(sandbox) == 4
    assert sandbox.health.system("civil-status").calls >= 4
    answer = await ask(bus, bus.key)
    assert (answer.status, HEADER in answer.headers) == (200, False)
    assert (await ask(bus, {"Authorization": f"Bearer {real_token}"})).headers.get(HEADER) is None

    soap = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><q:danhMuc xmlns:q="urn:lgsp:civil-status:v1">'
        b"<q:loaiDanhMuc>3</q:loaiDanhMuc></q:danhMuc></s:Body></s:Envelope>"
    )
    answer = await bus.send("POST", "/soap/civil-status/v1", soap, {"Content-Type": "text/xml", **sandboxed[0]})
    assert (answer.status, answer.headers.get(HEADER)) == (200, "sandbox")
    assert await journal(bus, bus.simulator) == real + 2

    await _updates(bus, other, sandboxed[0])
    await gateway.policy.revoke_secret("client", made["client_id"])
    assert (await ask(bus, sandboxed[1])).status == 401, "its tokens go with it"
    assert (await ask(bus, {"X-API-Key": made["api_key"].replace("lgsp_sandbox_", "lgsp_")})).status == 401
    assert (await ask(bus, {"X-API-Key": bus.secrets.api_key.replace("lgsp_", "lgsp_sandbox_")})).status == 401
    assert (await ask(bus, {"Authorization": f"Bearer sandbox.{real_token}"})).status == 401


async def _updates(bus: Bus, other: str, key: dict[str, str]) -> None:
    """An update takes effect there, and its record is found by that key only."""
    example = next(
        each
        for each in await bus.examples()
        if each["kind"] == "update" and each["expect"] == "ok" and each["system"] == "civil-status"
    )
    real = await effects(bus, bus.simulator)
    headers = {**example.get("headers", {}), "Prefer": "respond-async", **key}
    left = await ask(bus, headers, op=example["operation"], body=example["request"])
    assert left.status == 202, left.body
    place = left.headers["location"]
    assert (await bus.send("GET", place, headers=bus.key)).status == 404, "another key's side"
    for _ in range(200):
        found = await bus.send("GET", place, headers=key)
        if found.data["state"] == "delivered":
            break
        await asyncio.sleep(0.05)
    assert (found.data["state"], found.headers.get(HEADER)) == ("delivered", "sandbox")
    assert await effects(bus, bus.simulator) == real
    assert (await effects(bus, other)).get("civil-status")


async def test_without_a_simulated_system_a_sandbox_key_reaches_nothing(tmp_path: Path) -> None:
    async with bus_of(tmp_path) as bus:
        made = await sandbox_key(bus.gateway.office, "test", {"id": "tester"})
        real = await journal(bus, bus.simulator)
        answer = await ask(bus, {"X-API-Key": made["api_key"]})
        assert (answer.status, answer.data["code"]) == (403, "forbidden")
        assert await journal(bus, bus.simulator) == real


async def test_a_trial_system_with_a_shadow(tmp_path: Path) -> None:
    """The other one has another world (seed 2): its answers differ, the caller's do not, and the counts hold no value."""
    other = await serve(Simulator([builtin()], runtime=Runtime.system(), seed=2, size=300, state=tmp_path / "other"))

    def shadowed(settings: Settings) -> Settings:
        upstream = replace(_demonstration(settings, other.url))
        systems = {name: SystemSettings(shadow="beside") for name in ("population", "civil-status")}
        return replace(settings, upstreams={"beside": upstream}, systems=systems)

    try:
        async with bus_of(tmp_path / "data", shadowed) as bus:
            await _shadow(bus, other.url)
    finally:
        await other.close()


def _demonstration(settings: Settings, url: str) -> Any:
    from lgsp.wiring import demonstration
    from tests.security.house import registry

    found = demonstration(replace(settings, sim=url), registry())
    backend = next(iter(registry().connectors["population"].backends.values()))
    return found[backend.upstream]


async def _told(gateway: Any, asked: int) -> None:
    """Until so many shadows have ended."""
    for _ in range(3_000):
        if sum(each.same + each.differs + each.failed for each in gateway.shadow.tallies.values()) >= asked:
            return
        await asyncio.sleep(0.02)


async def _shadow(bus: Bus, other: str) -> None:
    gateway = bus.gateway
    examples = [
        each for each in await bus.examples()
        if each["system"] == "population" and each["kind"] == "query" and each["expect"] in ("ok", "record-not-found")
    ]  # fmt: skip
    assert examples
    before = gateway.health.system("population").calls
    asked = 0
    for each in examples[:6]:
        answer = await ask(
            bus, {**each.get("headers", {}), **bus.key}, "population", each["operation"], each["request"]
        )
        assert (answer.status == 200) is (each["expect"] == "ok"), answer.body
        operation = gateway.registry.operation("population", each["operation"])
        asked += bool(operation and operation.safe)
        await _told(gateway, asked)  # with too many of them under way the next one is left out
    await ask(bus, bus.key)
    shown = await shadow_show(gateway.office, "test", {})
    assert all(name.startswith("population/") for name in shown), "an official system is not shadowed"
    assert sum(each["asked"] for each in shown.values()) == asked
    assert sum(each["failed"] for each in shown.values()) == 0, shown
    assert await journal(bus, other, "?system=population") >= asked
    assert gateway.health.system("population").calls - before <= asked + 2, "the shadow's answers are nobody's health"
    text = str(shown)
    for each in examples[:6]:
        for value in each["request"].values():
            assert not (isinstance(value, str) and len(value) > 5 and value in text)
    assert await shadow_show(gateway.office, "test", {"system": "nothing"}) == {}
