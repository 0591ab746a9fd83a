"""Gateway and simulator in memory on a virtual clock: what the transport makes of outcomes, and one province as a whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lgsp.errors import BadAnswer, ConnectFailed, LgspError, Timeout
from lgsp.exchange import Deadline
from lgsp.home import Home
from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp.simulate import Loaded, MemoryTransport, Province, tell
from lgsp_mocks import clock
from lgsp_mocks.simulator import Simulator

HOME = Path(__file__).parent / "mocks" / "home"

MEETINGS: dict[str, tuple[dict[str, Any], type[LgspError], bool, float]] = {
    "refuse": ({}, ConnectFailed, False, 0),
    "reset": ({}, ConnectFailed, True, 0),
    "lost-answer": ({}, ConnectFailed, True, 0),
    "hang": ({}, Timeout, True, 10),
    "latency": ({"seconds": 11}, Timeout, True, 10),
    "slow-close": ({}, Timeout, True, 10),
    "dribble": ({}, Timeout, True, 10),
    "bandwidth": ({"bytes_per_second": 1}, Timeout, True, 10),
    "truncate": ({}, BadAnswer, True, 0),
    "oversized": ({}, BadAnswer, True, 0),
}


@pytest.mark.parametrize("kind", MEETINGS)
def test_an_outcome_becomes_the_error_that_a_socket_would_give(kind: str) -> None:
    params, wanted, reached, seconds = MEETINGS[kind]

    async def main(runtime: Runtime) -> None:
        simulator = Simulator([Home.at(HOME)], runtime=runtime, size=400)
        await simulator.start()
        try:
            transport = MemoryTransport(simulator, runtime)
            token, _ = simulator.tokens.issue("lgsp")
            request = HttpRequest("GET", "/apiSoMau/traCuu/1", {"authorization": f"Bearer {token}"})
            simulator.set_fault("so-mau", {"kind": kind, **params, "when": {"times": 1}})
            with pytest.raises(wanted) as met:
                await transport.send("so-mau", "http://x.invalid", request, Deadline(10.0))
            assert (getattr(met.value, "reached", None), runtime.clock.monotonic()) == (reached, seconds)
            later = Deadline(runtime.clock.monotonic() + 10)
            assert (await transport.send("so-mau", "http://x.invalid", request, later)).status == 200
            with pytest.raises(Timeout) as late:
                await transport.send("so-mau", "http://x.invalid", request, Deadline(-1.0))
            assert late.value.reached is False
        finally:
            await simulator.close()

    clock.run(main)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded.read([HOME], built_in=False)


def test_a_province_answers_fails_and_recovers(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        mother = province.simulator.world.actor("mother-hoa")
        reply = await province.call("so-mau", "traCuu", {"ma": mother.cccd})
        assert (reply.status, reply.code, reply.data["ten"]) == (200, "ok", mother.full_name)
        assert reply.headers["x-lgsp-stage"] == "trial"
        province.fail("so-mau", "http-status", status=503)
        assert (await province.call("so-mau", "traCuu", {"ma": mother.cccd})).status in (502, 503)
        province.heal("so-mau")
        await asyncio.sleep(300)
        assert (await province.call("so-mau", "traCuu", {"ma": mother.cccd})).code == "ok"
        assert (await province.call("so-mau", "traCuu", {"ma": "1"})).code == "record-not-found"
        assert (await province.call("so-mau", "traCuu", {"ma": "1"}, consumer="bao-cao")).status == 403

    tell(story, loaded=loaded, size=400)


def test_a_ministrys_call_reaches_the_consumers_inbox(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        assert (await province.call("so-mau", "ghiNhan", {"ma": "E-1", "noiDung": "Mẫu"})).code == "ok"
        await asyncio.sleep(60)
        items = (await province.get("/inbox", consumer="mot-cua")).data["items"]
        assert [item["data"]["ma"] for item in items] == ["E-1"]
        assert province.simulator.journal.effects == {"so-mau": {"E-1": 1}}

    tell(story, loaded=loaded, size=400)


def test_the_same_seed_tells_the_same_story(loaded: Loaded) -> None:
    async def story(province: Province) -> list[Any]:
        province.fail("so-mau", "reset", probability=0.4, seed=3)
        seen = []
        for n in range(30):
            reply = await province.call("so-mau", "hoiSoap", {"ma": str(n)})
            seen.append((reply.code, reply.headers["x-correlation-id"], round(province.runtime.clock.monotonic(), 6)))
        return seen

    first = tell(story, seed=9, loaded=loaded, size=400)
    assert first == tell(story, seed=9, loaded=loaded, size=400)
    assert first != tell(story, seed=10, loaded=loaded, size=400)
    assert len({code for code, *_ in first}) > 1
