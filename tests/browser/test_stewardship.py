"""Two stories in a browser: a promotion moves the sentence and an outage does not; maintenance is seen on the board and goes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from lgsp.errors import Timeout
from lgsp.events import AttemptMade
from lgsp.health.counts import BOUNDS
from lgsp.model import Stage
from lgsp.runtime import HANOI
from lgsp.store.port import CountRow
from tests.browser.house import House, arrives

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def official(house: House) -> int:
    async with house.bus.session.get(f"{house.url}/status?format=json") as answer:
        return int((await answer.json())["counts"]["official"])


def in_trial(house: House) -> str:
    """A system of the demonstration that has been in trial for long enough."""
    ledger, clock = house.bus.gateway.ledger, house.bus.gateway.runtime.clock
    oldest = clock.now().astimezone(HANOI).date() - timedelta(days=20)
    return next(name for name, each in ledger.all().items() if each.stage is Stage.TRIAL and each.since <= oldest)


async def test_a_promotion_from_end_to_end_and_an_outage_moves_no_stage(house: House) -> None:
    gateway = house.bus.gateway
    system, before = in_trial(house), await official(house)
    first, second = await house.page(signed_in="operator"), await house.page(signed_in="approver")
    address = f"{house.url}/console/systems/{system}/stage"
    try:
        await first.goto(address, wait_until="domcontentloaded")
        lacking = await first.locator("#stage .result-failed").count()
        assert lacking >= 3, "no figures, no papers: it says what is missing"
        hour = gateway.runtime.clock.now().replace(minute=0, second=0, microsecond=0)
        buckets = tuple(500 if place == 6 else 0 for place in range(len(BOUNDS) + 1))
        await gateway.store.health.add_counts([CountRow(system, "op", "x", hour, "ok", 500, 10.0, buckets)])
        answered = AttemptMade("x", system, "op", 1, "ok", 0.01)
        for _ in range(500):
            gateway.conformity(answered)
        for name, text in (
            ("decision", "15/QĐ-UBND"),
            ("security", "7/QĐ"),
            ("agreement", "3/BB"),
            ("sign_off", "4/BB"),
        ):
            await first.fill(f"input[name={name}]", text)
        await first.select_option("select[name=to]", "official")
        async with arrives(first):
            await first.click("main form button.main")
        assert await first.locator("form[action$=approve]").count() == 0, "not by the same person"
        assert await official(house) == before
        await second.goto(address, wait_until="domcontentloaded")
        assert await second.locator("#stage .result-failed").count() == 0
        async with arrives(second):
            await second.click("form[action$=approve] button")
        assert await second.locator("a[href$='/docx']").count() == 1
        assert await official(house) == before + 1
        board = await house.page(signed_in="viewer")
        await board.goto(f"{house.url}/console/", wait_until="domcontentloaded")
        said = f"{before + 1}/{len(gateway.registry.connectors)}"
        assert said in await board.inner_text("main")
        operation = next(iter(gateway.registry.connectors[system].operations.values()))
        for _ in range(12):
            await _fails(house, operation)
        assert gateway.health.system(system).health in ("down", "degraded")
        await board.reload(wait_until="domcontentloaded")
        assert said in await board.inner_text("main"), "a system that is down is connected still"
        await board.context.close()
    finally:
        await first.context.close()
        await second.context.close()


async def _fails(house: House, operation: object) -> None:
    gateway = house.bus.gateway
    from lgsp.health.state import Observation

    now = gateway.runtime.clock.monotonic()
    gateway.health._observe(Observation(now, operation.name, Timeout.code), operation.system)  # type: ignore[attr-defined]


async def test_maintenance_is_announced_seen_and_ended(house: House) -> None:
    page = await house.page(signed_in="operator")
    system = next(iter(house.bus.gateway.registry.connectors))
    try:
        await page.goto(f"{house.url}/console/maintenance?system={system}", wait_until="domcontentloaded")
        now = house.bus.gateway.runtime.clock.now().astimezone(HANOI)
        await page.fill("#f-begins", f"{now:%Y-%m-%dT%H:%M}")
        await page.fill("#f-reason", "Nâng cấp máy chủ")
        async with arrives(page):
            await page.click("form[action='/console/maintenance'] button")
        assert re.search("đang bảo trì", await page.inner_text("#windows"))
        await page.goto(f"{house.url}/console/systems/{system}", wait_until="domcontentloaded")
        assert "Bảo trì" in await page.inner_text("#system .state")
        await page.goto(f"{house.url}/console/maintenance", wait_until="domcontentloaded")
        async with arrives(page):
            await page.click("form[action$='/end'] button")
        await page.goto(f"{house.url}/console/systems/{system}", wait_until="domcontentloaded")
        assert "Bảo trì" not in await page.inner_text("#system .state")
    finally:
        await page.context.close()
