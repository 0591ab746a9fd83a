"""What holds for every page: no barrier that axe finds, light and dark; 360 px; printed; without script; small; self-contained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.house import House
from tests.browser.pages import PAGES, Sample

pytestmark = pytest.mark.asyncio(loop_scope="module")
EACH = pytest.mark.parametrize("sample", PAGES, ids=[each.name for each in PAGES])
LIMIT = 100_000


async def visited(house: House, sample: Sample, **options: Any) -> Any:
    """The open page; `page.asked` are the addresses that it asked, `page.told` what its console said."""
    page = await house.page(signed_in=sample.role, **options)
    asked, told = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    if "format=file" in sample.address:  # it is saved, and opened from a disk
        async with house.bus.session.get(house.url + sample.address) as answer:
            await page.set_content(await answer.text())
    else:
        reply = await page.goto(house.url + sample.address, wait_until="domcontentloaded")
        assert reply.status == sample.status
    return page, asked, told


@EACH
async def test_by_daylight_axe_finds_nothing_nobody_else_is_asked_and_keys_reach_everything(
    house: House, axe: str, sample: Sample
) -> None:
    page, asked, told = await visited(house, sample)
    try:
        assert await violations(page, axe) == []
        assert all(url.startswith((house.url, "data:")) for url in asked), asked
        assert sample.status != 200 or told == []
        assert sample.charts or len((await page.content()).encode()) < LIMIT
        await reached_by_keys(page)
    finally:
        await page.context.close()


@EACH
async def test_in_the_dark_and_at_360_pixels_axe_finds_nothing_and_nothing_is_beside_the_page(
    house: House, axe: str, sample: Sample
) -> None:
    page, _, _ = await visited(house, sample, color_scheme="dark", viewport={"width": 360, "height": 740})
    try:
        assert await violations(page, axe) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        small = await page.evaluate(
            "[...document.querySelectorAll('main button, main input:not([type=hidden]):not([hidden]), main select')]"
            ".filter(e => e.getBoundingClientRect().height < 24 && e.type !== 'checkbox').map(e => e.outerHTML)"
        )
        assert small == [], "WCAG 2.2: targets of at least 24 px"
    finally:
        await page.context.close()


PARTS = ("main h1", "main tbody tr", "main form", "main a[href]")


@EACH
async def test_without_script_and_on_paper_everything_is_there(house: House, sample: Sample) -> None:
    plain, _, _ = await visited(house, sample, java_script_enabled=False)
    full, _, _ = await visited(house, sample)
    try:
        for _ in range(3):  # a list that grows meanwhile is looked at again
            parts = [[await page.locator(what).count() for what in PARTS] for page in (plain, full)]
            if parts[0] == parts[1]:
                break
            for page in (plain, full):
                await page.reload(wait_until="domcontentloaded")
        assert parts[0] == parts[1], PARTS
        await plain.emulate_media(media="print")
        assert not await plain.locator("header nav").is_visible()
    finally:
        await plain.context.close()
        await full.context.close()


async def reached_by_keys(page: Any) -> None:
    """Tab comes to everything that can be used, and each place can be seen."""
    wanted = await page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, [tabindex=\"0\"]')]"
        ".filter(e => e.getClientRects().length).length"
    )
    seen: set[str] = set()
    unmarked = []
    for _ in range(wanted + 5):
        await page.keyboard.press("Tab")
        here = await page.evaluate(
            "(() => { const e = document.activeElement; if (e === document.body) return null;"
            " const s = getComputedStyle(e), c = e.querySelector?.('.hit');"
            " const marked = parseFloat(s.outlineWidth) > 0 && s.outlineStyle !== 'none'"
            "   || e.classList.contains('day') || (c && getComputedStyle(c).strokeWidth !== '1px');"
            " e.dataset.seen ||= String(Math.random()); return [e.dataset.seen, marked, e.outerHTML.slice(0, 120)]; })()"
        )
        if here is not None:
            seen.add(here[0])
            if not here[1]:
                unmarked.append(here[2])
    assert unmarked == []
    assert len(seen) >= wanted
