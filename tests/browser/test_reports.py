"""The report as a person fetches it: a period is asked for by keys, the DOCX that comes has the sentence of the board in it."""

from __future__ import annotations

import io

import pytest
from docx import Document

from tests.browser.house import House, arrives

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_report_of_a_period_is_downloaded_and_says_what_the_board_says(house: House) -> None:
    page = await house.page(signed_in="auditor", accept_downloads=True)
    try:
        await page.goto(f"{house.url}/console/reports", wait_until="domcontentloaded")
        link = page.locator("a[href^='/console/reports/file/docx']").first
        async with page.expect_download() as coming:
            await link.focus()
            await page.keyboard.press("Enter")
        file = await (await coming.value).path()
        written = "\n".join(each.text for each in Document(io.BytesIO(file.read_bytes())).paragraphs)
        async with house.bus.session.get(f"{house.url}/status?format=json") as answer:
            headline = (await answer.json())["headline"]["vi"]
        assert headline in written
        async with arrives(page):
            await page.click("a[href^='/console/reports/paper']")
        assert headline in await page.inner_text("body")
    finally:
        await page.context.close()
