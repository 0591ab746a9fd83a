"""A refused dossier in a browser: corrected by one, compared and confirmed by another without script, delivered; sent again by keys."""

from __future__ import annotations

import pytest

from lgsp.model import SubmissionState
from tests.browser.axe import in_both
from tests.browser.house import House, arrives
from tests.test_amending import FIELD, refused, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = "Bộ từ chối số điện thoại"


async def test_corrected_compared_confirmed_and_delivered(house: House, axe: str) -> None:
    name, _ = await refused(house.bus, 31)
    first = await house.page(signed_in="operator")
    second = await house.page(signed_in="approver", java_script_enabled=False)
    address = f"{house.url}/console/desk/{name}"
    try:
        await first.goto(f"{house.url}/console/desk?cause=provider-fault", wait_until="domcontentloaded")
        async with arrives(first):
            await first.click(f"tbody a[href$='{name}']")
        assert await in_both(first, axe) == []
        await first.fill("form[action$='/read'] input[name=reason]", WHY)
        async with arrives(first):
            await first.keyboard.press("Enter")
        marked = first.locator(".complained")
        assert await marked.count() == 1
        assert "sai định dạng" in await marked.inner_text()
        assert await in_both(first, axe) == []
        await first.set_viewport_size({"width": 360, "height": 740})
        assert await first.evaluate("document.documentElement.scrollWidth") <= 360
        await marked.locator("input").fill("0912345678")
        async with arrives(first):
            await first.click("form[action$='/correct'] button.main")
        assert await first.locator("form[action$='/approve']").count() == 0, "not by the same person"
        await second.goto(address, wait_until="domcontentloaded")
        await second.fill("form[action$='/read'] input[name=reason]", WHY)
        async with arrives(second):
            await second.click("form[action$='/read'] button")
        assert await second.inner_text("ins") == "0912345678"
        async with arrives(second):
            await second.click("form[action$='/approve'] button")
        (record,) = await house.bus.gateway.store.corrections.of(name)
        assert (record.state, record.closed_by, record.paths) == ("approved", "approver", f'["{FIELD}"]')
        assert await settled(house.bus, record.became) is SubmissionState.DELIVERED
        await first.goto(f"{house.url}/console/desk/{record.became}", wait_until="domcontentloaded")
        assert "đã gửi xong" in await first.inner_text(".state")
    finally:
        await first.context.close()
        await second.context.close()


async def test_many_are_counted_and_sent_again_by_keys_alone(house: House, axe: str) -> None:
    """Updates that were left with the bus and refused: their callers have not repeated them."""
    bus = house.bus
    names = []
    for number in (41, 42):
        each = next(e for e in await bus.examples() if (e["operation"], e["expect"]) == ("PostOrder", "provider-fault"))
        asked = {**each["request"], "OrderNumber": f"H99-{number:06}"}
        headers = {**each.get("headers", {}), "Prefer": "respond-async"}
        left = await bus.call("postal-delivery", "PostOrder", asked, headers)
        assert left.status == 202, left.data
        names.append(left.data["id"])
    for name in names:
        assert await settled(bus, name) is SubmissionState.FAILED
    page = await house.page(signed_in="operator")
    try:
        await page.goto(
            f"{house.url}/console/desk/again?system=postal-delivery&state=failed", wait_until="domcontentloaded"
        )
        assert "2 yêu cầu sẽ được gửi lại" in await page.inner_text("main")
        assert await in_both(page, axe) == []
        await page.focus("#f-reason")
        await page.keyboard.type("Bộ đã sửa lỗi")
        await page.keyboard.press("Tab")
        async with arrives(page):
            await page.keyboard.press("Enter")
        assert "Đã đưa 2 yêu cầu" in await page.inner_text("main")
        for name in names:
            found = await bus.gateway.store.search.one(name)
            assert found is not None
            assert found.followed_by, "a new submission that names the old one"
    finally:
        await page.context.close()
