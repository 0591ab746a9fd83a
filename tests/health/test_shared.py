"""Many systems behind one platform that fail alike are one cause; two, or different ones, are not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lgsp.alerting.causes import of_health
from lgsp.health.shared import behind_of, shared
from lgsp.model import Health
from lgsp.runtime import HANOI
from lgsp.simulate import Loaded, Province, tell
from tests.health.test_cause import line, seen, troubled, until_well

NOW = datetime(2026, 3, 20, 3, tzinfo=UTC)
FOUR = ("civil-status", "business-registration", "criminal-record", "social-insurance")


@dataclass(frozen=True)
class One:
    health: Health = Health.UP
    layer: str | None = None
    since: datetime = NOW
    because: str | None = None


DOWN = One(Health.DOWN, "quota", NOW - timedelta(minutes=5))
WELL = One()


def of(down: frozenset[str] = frozenset(), **systems: One) -> Any:
    return shared({"ngsp": list(systems)}, systems, down, NOW).get("ngsp")


def test_all_of_them_alike_is_the_platforms_and_dates_from_the_first() -> None:
    found = of(a=DOWN, b=DOWN, c=One(Health.DOWN, "quota", NOW - timedelta(minutes=9)))
    assert (found.health, found.since, found.systems) == (Health.DOWN, NOW - timedelta(minutes=9), ("a", "b", "c"))
    assert found.cause.layer == "quota"
    assert found.cause.said.vi.startswith("Trục NGSP: 3/3 hệ thống phía sau cùng bị từ chối vì quá hạn mức từ 09:51")
    assert found.cause.said.en.startswith("Upstream NGSP: 3 of 3 systems behind it are throttled since 09:51")
    assert "đơn vị vận hành trục NGSP" in found.cause.todo.vi


def test_most_of_them_make_it_unsteady() -> None:
    found = of(a=DOWN, b=DOWN, c=DOWN, d=WELL)
    assert (found.health, "3/4" in found.cause.said.vi) == (Health.DEGRADED, True)


@pytest.mark.parametrize(
    "systems",
    [
        {"a": DOWN, "b": DOWN},
        {"a": DOWN, "b": DOWN, "c": WELL},
        {"a": DOWN, "b": DOWN, "c": One(Health.DOWN, "backend")},
        {"a": DOWN, "b": DOWN, "c": DOWN, "d": WELL, "e": WELL},
        {"a": DOWN, "b": DOWN, "c": One(Health.UNKNOWN), "d": One(Health.MAINTENANCE)},
        {"a": DOWN, "b": DOWN, "c": One(Health.DOWN, "quota", because="xroad")},
        {},
    ],
)
def test_too_few_or_not_alike(systems: dict[str, One]) -> None:
    assert of(**systems) is None


def test_a_platform_that_is_known_to_be_dead_says_so_itself() -> None:
    assert of(frozenset({"ngsp"}), a=DOWN, b=DOWN, c=DOWN) is None


def test_who_has_two_ways_is_no_witness() -> None:
    used = {"a": frozenset({"ngsp"}), "b": frozenset({"ngsp", "xroad"}), "c": frozenset({"xroad"})}
    assert behind_of(used) == {"ngsp": ["a"], "xroad": ["c"]}


@pytest.mark.parametrize(
    ("kind", "given", "layer", "said"),
    [
        ("suspend-303001", {}, "platform", "bị nền tảng tạm ngắt điểm cuối"),
        ("http-status", {"status": 429}, "quota", "bị từ chối vì quá hạn mức"),
        ("hang", {}, "backend", "quá thời hạn hoặc báo lỗi"),
        ("html-200", {}, "contract", "trả lời sai hợp đồng"),
    ],
)
def test_everybody_behind_a_half_dead_platform_is_one_line_and_one_alert(
    kind: str, given: dict[str, Any], layer: str, said: str
) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        for name in FOUR:
            province.fail(name, kind, always=True, **given)

        def all_of_them(found: Any) -> bool:
            return troubled(found) and "4/4" in found["cause"]["vi"]

        found = await line(province, "upstreams", "ngsp", all_of_them)
        assert found["layer"] == layer
        assert said in found["cause"]["vi"]
        since = datetime.fromisoformat(found["health_since"]).astimezone(HANOI)
        assert f"từ {since:%H:%M}" in found["cause"]["vi"]
        assert "gọi đơn vị vận hành trục NGSP" in found["next"]["vi"]
        systems = {each["id"]: each for each in (await seen(province))["systems"]}
        assert {systems[name]["because"] for name in FOUR} == {"ngsp"}
        shown = await province.send("GET", "/status", {"accept": "text/html"})
        causes = shown.body.decode().partition('class="causes"')[2].partition("</ul>")[0]
        assert causes.count("<li") == 1
        keys = [each.key for each in of_health(province.gateway, province.runtime.clock.now())]
        assert keys == ["health:upstream:ngsp"]
        for name in FOUR:
            province.heal(name)
        for name in FOUR:
            await line(province, "systems", name, lambda each: each["health"] == "up")
        await asyncio.sleep(1)
        assert next(each for each in (await seen(province))["upstreams"] if each["id"] == "ngsp")["health"] == "up"

    tell(story, loaded=Loaded.read().only(*FOUR))
