"""Exchanges as a person meets them: a call is found, its timeline read; a person is looked for with a reason that stays."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.browser.axe import in_both
from tests.browser.house import House, arrives

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM = "civil-status"


async def called(house: House, correlation: str) -> None:
    """Returns when the index has it."""
    headers = {"X-Correlation-ID": correlation, "X-LGSP-Case": "H99-221206-0001"}
    await house.bus.call(SYSTEM, "danhMuc", {"loaiDanhMuc": "3"}, headers)


async def seen(page: Any, text: str) -> bool:
    return text in await page.locator("main").inner_text()


async def test_a_call_is_found_and_told_step_by_step(house: House, axe: str) -> None:
    await called(house, "c-browser-1")
    page = await house.page(signed_in="operator")
    try:
        await page.goto(f"{house.url}/console/exchanges", wait_until="domcontentloaded")
        await page.fill("#f-correlation", "c-browser-1")
        await page.press("#f-correlation", "Enter")
        await page.wait_for_url("**correlation=c-browser-1**")
        assert await page.locator("main tbody tr").count() == 1
        async with arrives(page):
            await page.click("main tbody a")
        assert await page.locator("svg.timeline rect.bar").count() >= 2
        assert await seen(page, "c-browser-1")
        assert await in_both(page, axe) == []
        await page.set_viewport_size({"width": 360, "height": 740})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    finally:
        await page.context.close()


async def test_who_looks_for_a_person_says_why_and_no_address_names_anybody(house: House, axe: str) -> None:
    page = await house.page(signed_in="auditor")
    person = "099096990001"
    try:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{house.url}/console/exchanges", wait_until="domcontentloaded")
        await page.fill("#f-subject", person)
        await page.fill("#f-reason", "kiểm tra theo đơn")
        await page.press("#f-reason", "Enter")
        await page.wait_for_url("**/exchanges/person")
        assert person not in await page.content()
        assert not any(person in url for url in asked)
        assert await in_both(page, axe) == []
    finally:
        await page.context.close()
    store = house.bus.gateway.store
    notes = [msgspec.json.decode(row.body) for row in await store.evidence.rows(0, 10_000)]
    (note,) = [each for each in notes if each.get("what") == "exchange-search"]
    assert note["by"] == "auditor"
    assert note["facts"]["subject"] == store.keys.subject(person).hex()
    assert note["facts"]["reason"] == "kiểm tra theo đơn"
