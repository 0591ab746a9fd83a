"""Operations move to another platform and back under load: 0 lost, 0 doubled, every worker at once, by two people, on record."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from lgsp.cutover import Switch, applied
from lgsp.decisions import Refused
from lgsp.runtime import SystemClock
from lgsp.simulate import Loaded
from tests.cli.demonstration import lgsp
from tests.faults.crew import Bus, Load, running

SYSTEM, UPDATE = "civil-status", "dangKyHoTich"
PEOPLE = {"by": "nguoi-mot", "approved_by": "nguoi-hai", "decision": "1/QĐ-MẪU"}


SECOND = timedelta(seconds=1)
"""Within which every worker has heard of it."""


def switch(operation: str, upstream: str = "ndop") -> Switch:
    return Switch(SYSTEM, operation, upstream, "a", "b", "c", "2026-01-01T00:00:00+00:00")


def test_one_operation_moves_and_the_rest_stays(lgsp_loaded: Loaded) -> None:
    before = lgsp_loaded.registry
    after = applied(before, [switch(UPDATE), Switch("no-such", "x", "ndop", "", "", "", "")])
    connector = after.connectors[SYSTEM]
    ways = {name: {route.backend.upstream for route in each.routes} for name, each in connector.operations.items()}
    assert ways.pop(UPDATE) == {"ndop"}
    assert set().union(*ways.values()) == {"ngsp"}
    assert {each.upstream for each in connector.backends.values()} == {"ngsp", "ndop"}
    assert {each.name for each in connector.backends.values()} == set(before.connectors[SYSTEM].backends)
    assert after.connectors["population"] is before.connectors["population"]
    assert applied(before, []) is before
    route = connector.operations[UPDATE].routes[0]
    entries = after.native.at("POST", route.backend.native_path + route.operation.http.path)
    assert {each.route.backend.upstream for each in entries if each.operation.name == UPDATE} == {"ndop"}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.xdist_group("workers")
async def test_cut_over_and_back_under_load(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        with pytest.raises(Refused, match="two different people"):
            await decide(bus, "cutover", to="ndop", approved_by="nguoi-mot")
        with pytest.raises(Refused, match="is not set"):
            await decide(bus, "cutover", to="khong-co")
        load, sent = Load(), Counter[str]()
        ended = asyncio.Event()
        callers = [asyncio.create_task(caller(bus, load, sent, number, ended)) for number in range(6)]
        await until(load, 40)
        moved = await decide(bus, "cutover", to="ndop")
        assert len(moved) > 5
        away = SystemClock().now()
        while SystemClock().now() <= away + SECOND:  # what is promised within a second is looked at after it
            await until(load, load.done + 5)
        await until(load, load.done + 60)
        # what the platform of today suffers no longer concerns who has left it
        await fault(bus, "ngsp", {"kind": "http-status", "when": {"always": True}})
        await until(load, load.done + 40)
        await fault(bus, "ngsp", None)
        rows = json.loads(lgsp(bus.data, "upstream", "list", SYSTEM, "--json").stdout)
        assert {each for row in rows for each in row["now"]} == {"ndop"}
        back = SystemClock().now()
        await decide(bus, "rollback")
        home = SystemClock().now()
        await asyncio.sleep(1.2)  # the second that is promised, and a little of what follows
        await until(load, load.done + 10)
        ended.set()
        await asyncio.gather(*callers)
        assert load.lost == []
        assert set(sent.values()) == {1}
        await effects_once(bus, set(sent))
        journal = [each for each in (await bus.get(f"{bus.simulator}/_sim/journal")) if each["system"] == SYSTEM]
        ways = [(datetime.fromisoformat(each["at"]), each["headers"].get("through", "")) for each in journal]
        assert {way for at, way in ways if at < back} == {"", "ndop"}
        assert {way for at, way in ways if away + SECOND < at < back} == {"ndop"}
        assert {way for at, way in ways if at > home + SECOND} == {""}
    verified = json.loads(lgsp(bus.data, "audit", "verify", "--json").stdout)
    assert verified["ok"], verified
    assert noted(bus.data) == {"upstream-cut-over": len(moved), "upstream-rolled-back": len(moved)}


async def caller(bus: Bus, load: Load, sent: Counter[str], number: int, ended: asyncio.Event) -> None:
    """Each call on a connection of its own, so that either worker may get it."""
    loop, serial = asyncio.get_running_loop(), number
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        while not ended.is_set():
            call = bus.calls.update(SYSTEM, serial * 2)  # the first of its two kinds of update
            began = loop.time()
            status, _, _ = await bus.send(call, session=session)
            load.answered(began, status)
            sent[call.key] += 1
            status, _, _ = await bus.send(bus.calls.query(SYSTEM, serial), session=session)
            load.answered(began, status)
            serial += 6


async def until(load: Load, done: int) -> None:
    async with asyncio.timeout(60):
        while load.done + len(load.lost) < done:  # noqa: ASYNC110  a count, not an event
            await asyncio.sleep(0.02)


async def decide(bus: Bus, action: str, **more: Any) -> Any:
    return await bus.command(f"upstream.{action}", **{"system": SYSTEM, "operation": "*", **PEOPLE, **more})


async def fault(bus: Bus, name: str, spec: Any) -> None:
    url = f"{bus.simulator}/_sim/faults/{name}"
    request = bus.session.put(url, json=spec) if spec else bus.session.delete(url)
    async with request as answer:
        assert answer.status < 300, await answer.text()


async def effects_once(bus: Bus, keys: set[str]) -> None:
    """What was accepted for later is delivered; everything took effect once."""
    async with asyncio.timeout(60):
        while True:
            found = (await bus.get(f"{bus.simulator}/_sim/effects")).get(SYSTEM, {})
            if keys <= found.keys():
                break
            await asyncio.sleep(0.2)
    assert {found[key] for key in keys} == {1}


def noted(data: Path) -> Counter[str]:
    """Decisions about platforms in the evidence of every writer."""
    found: Counter[str] = Counter()
    for file in data.glob("evidence-*.db"):
        with closing(apsw.Connection(str(file))) as connection:
            bodies = [bytes(body) for (body,) in connection.execute("SELECT body FROM entry")]
        kinds = [str(json.loads(body).get("what", json.loads(body).get("kind"))) for body in bodies]
        found.update(each for each in kinds if each.startswith("upstream-"))
    return found
