"""Two workers in processes of their own: one state, one effect, no call lost by replacing them, none doubled by killing one."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.cli.demonstration import lgsp
from tests.faults import agreeing, workers
from tests.faults.crew import Bus, running

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("workers"), pytest.mark.slow]


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    for folder in ("connectors", "contracts", "mocks"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    async with running(tmp_path, "--home", str(tmp_path / "home")) as found:
        yield found


async def command(bus: Bus, *arguments: str) -> tuple[int, str, str]:
    done = await asyncio.get_running_loop().run_in_executor(None, lambda: lgsp(bus.data, *arguments))
    return done.returncode, done.stdout, done.stderr


async def test_two_workers_are_one_bus(bus: Bus, tmp_path: Path) -> None:
    one = await workers.one_key(bus, posts=200)
    assert (one["answers"], one["effects"]) == (1, 1), one

    agreed = await workers.agreement(bus)
    assert agreed["token elsewhere"] == {200: 16}
    assert max(agreed["stage"], agreed["key revoked"]) < 10, agreed

    spent = await workers.quota(bus)
    assert spent["statuses"] == {200: 10, 429: 30}

    well = await workers.health(bus)
    assert max(well[name] for name in well if name.endswith("last")) < 10, well

    nouns = await agreeing.nouns(bus)
    assert nouns["quota"]["statuses"] == {200: 10, 429: 30}, nouns
    assert nouns["quota"]["tightened"].get(200, 0) <= 10, "what was drawn under the old limit is not spent"
    assert nouns["breaker"]["others answered"] == {"circuit-open": 15}, "told of it, not by calls of their own"
    assert max(agreeing.slowest(nouns).values()) < 10, nouns

    await the_numbers_of_all(bus)
    await taken_over_whole_or_refused_whole(bus, tmp_path / "home")

    rolled = await workers.rolling(bus, callers=4)
    assert (rolled["lost"], rolled["replaced"], rolled["workers"]) == ({}, 2, 2), rolled
    assert rolled["calls"] > 0

    dead = await workers.killed(bus)
    assert dead["accepted"] == 40
    assert set(dead["states"]) <= {"delivered", "indeterminate"}, dead
    assert set(dead["effects"]) <= {0, 1}, dead
    assert dead["effects"].get(0, 0) <= dead["states"].get("indeterminate", 0), dead
    assert dead["longest silence s"] < 30, dead

    code, out, _ = await command(bus, "audit", "verify", "--json")
    verified = json.loads(out)
    assert code == 0
    assert verified["ok"]

    end = await workers.ended(bus)
    assert end["lost"] == {}, end


async def the_numbers_of_all(bus: Bus) -> None:
    """Whoever is asked tells the numbers of all: each board and each page of metrics counts every call."""
    call = bus.calls.query("shared-catalogue", 0)
    name = f'lgsp_exchanges_total{{face="rest",operation="{call.operation}",outcome="ok",system="{call.system}"}} 32.0'
    async with bus.readers() as readers:
        for _ in range(2):
            await asyncio.gather(*(bus.send(call, session=each) for each in readers))
        async with asyncio.timeout(60):
            for each in readers:
                while name not in await page(bus, each):  # a worker that does not answer at once counts as last seen
                    pass
            while {row["calls"] for row in [await counted(bus, each) for each in readers]} != {32}:
                pass


async def page(bus: Bus, session: aiohttp.ClientSession) -> str:
    async with session.get(f"{bus.url}/metrics") as answer:
        return await answer.text()


async def counted(bus: Bus, session: object) -> dict[str, int]:
    board = await bus.get(f"{bus.url}/status", session)  # type: ignore[arg-type]  # a session
    return next(each for each in board["systems"] if each["id"] == "shared-catalogue")


async def taken_over_whole_or_refused_whole(bus: Bus, home: Path) -> None:
    before = set(bus.workers())
    broken = home / "connectors" / "register"
    broken.mkdir()
    (broken / "connector.toml").write_text('name = "register"\nunknown = 1\n')
    code, out, said = await command(bus, "reload")
    assert code == 1, said
    assert "unknown" in out
    assert "refused whole" in said
    bus.gateway.process.send_signal(signal.SIGHUP)  # the same by a signal, which has nobody to answer to
    await bus.gateway.until("refused whole")
    assert (await bus.send(bus.calls.query("vpostcode", 0)))[0] == 200
    (broken / "connector.toml").unlink()
    broken.rmdir()
    bus.gateway.process.send_signal(signal.SIGHUP)
    await bus.gateway.until("17 systems taken over")
    code, out, said = await command(bus, "reload", "--json")
    assert code == 0, said
    assert json.loads(out)["systems"] == 17
    assert set(bus.workers()) == before
    assert (await bus.send(bus.calls.query("vpostcode", 0)))[0] == 200
