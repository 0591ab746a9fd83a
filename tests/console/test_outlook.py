"""What the board shows: fresh at once after a change, worked out once for all who look, and read from counters alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from lgsp.events import HealthChanged
from lgsp.model import Health
from lgsp.simulate import Loaded, Province, tell
from lgsp.store import CountRow


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded.read().only("civil-status", "business-registration")


def test_a_change_is_seen_at_once_and_nothing_is_worked_out_twice(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        outlook, gateway = province.gateway.outlook, province.gateway
        await gateway.ready.wait()
        first, _ = await outlook.seen()
        assert (await outlook.seen())[0] is first
        gateway.health.maintenance("civil-status", on=True)
        after, days = await outlook.seen()
        assert {each["id"]: each["health"] for each in after["systems"]}["civil-status"] == "maintenance"
        assert days["civil-status"][-1].worst is Health.MAINTENANCE
        await asyncio.sleep(1)
        assert (await outlook.seen())[0] is not after

    tell(story, loaded=loaded)


def test_only_those_inside_read_who_is_concerned(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        for _ in range(6):
            await province.call("business-registration", "chiTietDoanhNghiep", {"khongCo": 1})
        inside, outside = [(await province.gateway.outlook.seen(inside=each))[0] for each in (True, False)]
        assert [each["consumer"] for each in inside["notices"]] == ["mot-cua"]
        assert [each.get("consumer") for each in outside["notices"]] == [None]
        assert "một hệ thống khai thác" in outside["notices"][0]["text"]["vi"]

    tell(story, loaded=loaded)


def test_stored_exchanges_are_not_read(loaded: Loaded) -> None:
    """With ten million of them the board asks the same questions: small counters, and nothing of the evidence."""

    async def story(province: Province) -> None:
        await province.gateway.ready.wait()
        asked: list[str] = []
        shared: Any = province.gateway.store.shared  # type: ignore[attr-defined]
        real = type(shared).read

        async def read(self: Any, work: Any) -> Any:
            asked.append("read")
            return await real(self, work)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(shared), "read", read)
            await asyncio.sleep(2)
            asked.clear()
            await province.gateway.outlook.seen()
        assert len(asked) <= 1, "how many dossiers wait, which the database counts by itself"

    tell(story, loaded=loaded)


def test_today_is_compared_with_yesterday_until_the_same_time(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        gateway = province.gateway
        now = gateway.runtime.clock.now()  # 08:00 in Viet Nam, on the hour
        hours = {
            now - timedelta(hours=1): 7,
            now - timedelta(hours=25): 5,
            now - timedelta(hours=30): 2,
            now - timedelta(hours=20): 99,
        }
        gateway.health.counts.restore(
            CountRow("civil-status", "x", "c", hour.replace(minute=0, second=0, microsecond=0), "ok", calls, 1.0)
            for hour, calls in hours.items()
        )
        shown, _ = await gateway.outlook.seen()
        row = next(each for each in shown["systems"] if each["id"] == "civil-status")
        assert (row["calls_today"], row["calls_yesterday"]) == (7, 7)

    tell(story, loaded=loaded)


def test_strips_follow_the_events_of_the_gateway(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        gateway = province.gateway
        begin = gateway.runtime.clock.now() - timedelta(days=3)
        gateway.events.publish(HealthChanged("civil-status", Health.UP, Health.DOWN, None, begin))
        _, days = await gateway.outlook.seen()
        assert [each.worst for each in days["civil-status"][-4:-1]] == [Health.DOWN] * 3

    tell(story, loaded=loaded)
