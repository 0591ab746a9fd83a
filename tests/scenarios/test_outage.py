"""A ministry stops answering: two calls time out, the breaker opens, the board says why, and all is well again after."""

from __future__ import annotations

import asyncio
from typing import Any

from lgsp.simulate import Province, tell

CATALOGUE = {"loaiDanhMuc": "3"}
QUICK = {"X-LGSP-Timeout": "2"}


async def board(province: Province, system: str) -> dict[str, Any]:
    systems = (await province.get("/status")).data["systems"]
    return dict(next(each for each in systems if each["id"] == system))


async def until(province: Province, system: str, health: str, seconds: float) -> float:
    """Seconds that passed until the board showed this health."""
    began = province.runtime.clock.monotonic()
    while (await board(province, system))["health"] != health:
        assert province.runtime.clock.monotonic() - began < seconds, await board(province, system)
        await asyncio.sleep(0.5)
    return province.runtime.clock.monotonic() - began


def test_time_outs_breaker_board_recovery() -> None:
    async def story(province: Province) -> None:
        await province.gateway.ready.wait()
        assert (await board(province, "civil-status"))["health"] == "up"
        counts = (await province.get("/status")).data["counts"]

        province.fail("civil-status", "hang", always=True)
        for _ in range(2):
            reply = await province.call("civil-status", "danhMuc", CATALOGUE, headers=QUICK)
            assert (reply.status, reply.code) == (504, "timeout")
            assert reply.headers["x-lgsp-fault-domain"] == "backend"

        refused = None
        for _ in range(20):
            began = province.runtime.clock.monotonic()
            reply = await province.call("civil-status", "danhMuc", CATALOGUE, headers=QUICK)
            if reply.code == "circuit-open":
                refused = province.runtime.clock.monotonic() - began
                break
        assert refused is not None, "the breaker never opened"
        assert refused < 0.05, "refused at once"
        assert int(reply.headers["retry-after"]) >= 1

        shown = await board(province, "civil-status")
        assert (shown["health"], shown["breaker"]) == ("down", "open")
        assert "quá thời hạn" in shown["cause"]["vi"]
        assert "NGSP" in shown["cause"]["vi"], "and says what is not broken"
        assert (await board(province, "population"))["health"] == "up", "one slow database slows no other"
        assert (await province.get("/status")).data["counts"] == counts, "an outage never moves the count"

        province.heal("civil-status")
        await until(province, "civil-status", "up", seconds=40)
        assert (await province.call("civil-status", "danhMuc", CATALOGUE)).code == "ok"
        assert (await board(province, "civil-status"))["cause"] is None

    tell(story)


def test_a_dead_platform_is_one_cause() -> None:
    async def story(province: Province) -> None:
        await province.gateway.ready.wait()
        for system in province.gateway.registry.connectors:
            province.fail(system, "refuse", always=True)
        await asyncio.sleep(120)
        status = (await province.get("/status")).data
        assert {each["health"] for each in status["upstreams"]} == {"down"}
        behind = [each for each in status["systems"] if each["health"] == "down"]
        assert behind
        assert all(each["because"] for each in behind), "each names the platform, none raises an alarm of its own"

    tell(story)


def test_what_was_left_with_the_bus_during_an_outage_is_delivered_once() -> None:
    async def story(province: Province) -> None:
        from tests.scenarios.test_newborn import PURPOSE, birth

        dossier = birth(province)
        province.fail("civil-status", "refuse", always=True)
        left = await province.call(
            "civil-status", "nhanHoSoDKHT", dossier, headers=PURPOSE | {"Prefer": "respond-async"}
        )
        assert left.status == 202
        place = left.headers["location"]
        await asyncio.sleep(600)
        waiting = (await province.get(place, consumer="mot-cua")).data
        assert waiting["state"] in ("queued", "delivering")
        assert not province.simulator.journal.effects.get("civil-status")

        province.heal("civil-status")
        for _ in range(200):
            state = (await province.get(place, consumer="mot-cua")).data["state"]
            if state == "delivered":
                break
            await asyncio.sleep(30)
        assert state == "delivered"
        assert set(province.simulator.journal.effects["civil-status"].values()) == {1}

    tell(story)
