"""The board as a person meets it: sign-in, an outage within a second, the strip by keys, another language, no script."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from lgsp.model import Health
from tests.browser.house import PASSWORD, House, arrives

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM = "civil-status"
WITHIN_MS = 1000


async def break_down(house: House) -> None:
    """Returns when the bus has said that the system is down."""
    bus = house.bus
    await bus.send("PUT", f"{bus.simulator}/_sim/faults/{SYSTEM}", {"kind": "refuse", "when": {"always": True}})
    async with asyncio.timeout(30):
        while bus.gateway.health.system(SYSTEM).health is not Health.DOWN:
            await bus.call(SYSTEM, "danhMuc", {"loaiDanhMuc": "3"})


async def heal(house: House) -> None:
    bus = house.bus
    await bus.send("DELETE", f"{bus.simulator}/_sim/faults/{SYSTEM}")
    async with asyncio.timeout(60):
        while bus.gateway.health.system(SYSTEM).health is not Health.UP:
            await bus.call(SYSTEM, "danhMuc", {"loaiDanhMuc": "3"})
            await asyncio.sleep(0.1)


async def test_a_person_signs_in_sees_the_board_and_goes_again(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/console/", wait_until="domcontentloaded")
    assert "/console/sign-in" in page.url
    await page.fill("#f-user", "operator")
    await page.fill("#f-password", "không phải mật khẩu")
    await page.click("main button")
    assert "không đúng" in await page.inner_text("[role=alert]")
    await page.fill("#f-password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{house.url}/console/")
    assert await page.locator("tbody tr:not(.group)").count() == 17
    assert "Trực vận hành" in await page.inner_text("header nav")
    await page.click("text=Đăng xuất")
    await page.wait_for_url("**said=out")
    await page.goto(f"{house.url}/console/", wait_until="domcontentloaded")
    assert "/console/sign-in" in page.url
    await page.context.close()


async def test_an_outage_stands_on_the_board_within_a_second_and_goes_again(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/status", wait_until="domcontentloaded")
    await page.wait_for_selector("#live:has-text('Đang')")
    row = page.locator(f"tr#{SYSTEM}")
    assert "Thông" in await row.inner_text()
    await break_down(house)
    began = time.monotonic()
    await page.wait_for_selector(f"tr#{SYSTEM} .is-down", timeout=WITHIN_MS)
    assert time.monotonic() - began <= WITHIN_MS / 1000
    said = await page.inner_text(".causes li.down")
    assert "Hộ tịch" in said
    assert "Việc cần làm" in said
    assert await page.locator(".causes li.down").count() == 1
    assert "16 thông · 1 gián đoạn" in await page.inner_text(".sentence")
    assert "9/17" in await page.inner_text(".sentence"), "stages do not move"
    await heal(house)
    await page.wait_for_selector(f"tr#{SYSTEM} .is-up", timeout=WITHIN_MS)
    await page.wait_for_selector(".calm", timeout=WITHIN_MS)
    await page.context.close()


async def test_after_the_line_was_cut_the_board_catches_up(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/status", wait_until="domcontentloaded")
    await page.wait_for_selector("#live:has-text('Đang')")
    feed = house.bus.gateway.feed
    feed.close()
    await page.wait_for_selector("#live:has-text('Mất')")
    await break_down(house)
    feed.closed = False
    await page.wait_for_selector(f"tr#{SYSTEM} .is-down", timeout=15_000)
    await heal(house)
    await page.wait_for_selector(f"tr#{SYSTEM} .is-up", timeout=5000)
    await page.context.close()


async def test_the_strip_is_one_stop_and_every_day_has_a_name(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/status", wait_until="domcontentloaded")
    strip = page.locator(f"tr#{SYSTEM} .strip")
    days = strip.locator(".day")
    await strip.locator(".day[tabindex='0']").focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("End")
    assert await days.count() == 90
    assert await strip.locator(".day[tabindex='0']").count() == 1
    names: list[Any] = await days.evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert len(set(names)) == 90
    assert all(name for name in names)
    assert any("gián đoạn" in name for name in names)

    async def here() -> str:
        return str(await page.evaluate("document.activeElement.getAttribute('aria-label')"))

    assert await here() == names[-1]
    await page.keyboard.press("ArrowLeft")
    assert await here() == names[-2]
    await page.keyboard.press("Home")
    assert await here() == names[0]
    assert await page.inner_text(".bubble") == names[0]
    await page.keyboard.press("ArrowLeft")
    assert await here() == names[0], "the end holds"
    await page.keyboard.press("End")
    assert await here() == names[-1]
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('tr, footer').id || 'foot'") != SYSTEM
    await page.context.close()


async def test_a_swap_leaves_the_keyboard_where_it_was(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/status", wait_until="domcontentloaded")
    await page.locator("tr#social-insurance .day[tabindex='0']").focus()
    await page.keyboard.press("ArrowLeft")
    was = await page.evaluate("document.activeElement.getAttribute('aria-label')")
    await page.evaluate("refresh()")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == was
    await page.context.close()


async def test_the_language_is_switched_and_kept(house: House) -> None:
    page = await house.page(signed_in="viewer")
    await page.goto(f"{house.url}/console/", wait_until="domcontentloaded")
    async with arrives(page):
        await page.click("text=English")
    assert await page.get_attribute("html", "lang") == "en"
    assert "official connections" in await page.inner_text("main")
    await page.goto(f"{house.url}/console/topology", wait_until="domcontentloaded")
    assert await page.inner_text("h1") == "Connections"
    async with arrives(page):
        await page.click("text=Tiếng Việt")
    assert await page.inner_text("h1") == "Sơ đồ kết nối"
    await page.context.close()


async def test_everything_without_script(house: House) -> None:
    page = await house.page(java_script_enabled=False)
    await house.sign_in(page, "approver")
    assert page.url.endswith("/console/")
    assert await page.locator("tbody tr:not(.group)").count() == 17
    assert await page.locator("noscript meta[http-equiv=refresh]").count() <= 1
    name = await page.locator(f"tr#{SYSTEM} .strip").get_attribute("aria-label")
    assert name is not None
    assert "90 ngày qua" in name
    assert "sẵn sàng" in name
    async with arrives(page):
        await page.click("text=Đăng xuất")
    assert "Đã đăng xuất" in await page.inner_text("main")
    await page.context.close()


async def test_only_keys_from_the_door_to_the_picture(house: House) -> None:
    page = await house.page()
    await page.goto(f"{house.url}/console/", wait_until="domcontentloaded")
    await page.keyboard.press("Tab")
    assert "Tới nội dung" in await page.evaluate("document.activeElement.textContent")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("operator")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{house.url}/console/")
    for _ in range(5):
        await page.keyboard.press("Tab")
        if "Sơ đồ" in await page.evaluate("document.activeElement.textContent"):
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/topology")
    await page.context.close()


async def test_the_picture_shows_the_break_on_its_line(house: House) -> None:
    page = await house.page(signed_in="operator")
    await page.goto(f"{house.url}/console/topology", wait_until="domcontentloaded")
    await page.wait_for_selector("#live:has-text('Đang')")
    assert await page.locator(".topology .break").count() == 0
    await break_down(house)
    await page.wait_for_selector(".topology .break.is-down", timeout=WITHIN_MS)
    assert await page.locator(".topology .break").count() == 1
    assert await page.locator(".topology .line.down").count() == 1
    link = page.locator(f".topology a[href='/console/systems/{SYSTEM}']")
    assert await link.get_attribute("aria-label") == "Hộ tịch: Gián đoạn"
    await heal(house)
    await page.wait_for_selector(".topology .break", state="detached", timeout=5000)
    await page.context.close()
