"""Takes the pictures of the documentation: the console of a running demonstration, healthy and in an outage.

.venv/bin/python scripts/pictures.py [folder]      (docs/pictures by default)
.venv/bin/python scripts/pictures.py folder --all   every page: light, dark and narrow, to look at before a change is let go

Needs Debian's Chromium. A page is added to `INSIDE`: its address and the name of its picture; "{exchange}" and "{submission}"
are the newest call that failed and the newest update that a ministry refused.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.cli.demonstration import Running, running  # noqa: E402  the checkout is not installed as a package of tests

SYSTEM = "civil-status"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
TALLEST = 2000
"""Pixels of a page that a picture shows at most."""
SETTLED = 1500
"""Milliseconds in which the page has read its first events."""
INSIDE: tuple[tuple[str, str], ...] = (
    ("/console/topology", "topology"),
    (f"/console/systems/{SYSTEM}", "system"),
    ("/console/exchanges/{exchange}", "timeline"),
    ("/console/desk", "desk"),
    ("/console/desk/{submission}", "submission"),
    ("/console/reports/paper", "report"),
)
"""Pages for operators, taken during the outage."""
OTHERS: tuple[tuple[str, str], ...] = (
    ("/console/", "board-inside"),
    (f"/console/systems/{SYSTEM}/stage", "stage"),
    ("/console/exchanges", "exchanges"),
    ("/console/desk/again?state=failed", "again"),
    ("/console/consumers", "consumers"),
    ("/console/consumers/{consumer}", "consumer"),
    (f"/console/explain?consumer={{consumer}}&call={SYSTEM}/danhMuc", "explain"),
    ("/console/security?on=2028-01-01", "security"),
    ("/console/approvals", "approvals"),
    ("/console/alerts", "alerts"),
    ("/console/maintenance", "maintenance"),
    ("/console/reports", "reports"),
    ("/console/account", "account"),
)
"""The rest of them, with `--all`."""
LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("light", {"viewport": {"width": 1600, "height": 900}, "locale": "vi-VN"}),
    ("dark", {"viewport": {"width": 1600, "height": 900}, "locale": "en-GB", "color_scheme": "dark"}),
    ("narrow", {"viewport": {"width": 390, "height": 844}, "locale": "vi-VN"}),
)


def ask(url: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)  # noqa: S310  loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.HTTPError as refused:
        return bytes(refused.read())


def call_every_example(demo: Running) -> None:
    """Traffic for the columns: everything that the simulator promises, once."""
    key = {"X-API-Key": demo.demo["consumers"][0]["api_key"]}
    for each in json.loads(ask(f"{demo.demo['simulator']}/_sim/examples")):
        place = f"{demo.demo['gateway']}/api/{each['system']}/{each['version']}/{each['operation']}"
        ask(place, "POST", each["request"], key | each.get("headers", {}))


def break_one(demo: Running) -> None:
    """One ministry hangs until its breaker opens."""
    ask(f"{demo.demo['simulator']}/_sim/faults/{SYSTEM}", "PUT", {"kind": "hang", "when": {"always": True}})
    key = {"X-API-Key": demo.demo["consumers"][0]["api_key"], "X-LGSP-Timeout": "3"}
    for _ in range(3):
        ask(f"{demo.demo['gateway']}/api/{SYSTEM}/v1/danhMuc", "POST", {"loaiDanhMuc": "3"}, key)


async def picture(page: Page, demo: Running, address: str, path: Path) -> None:
    await page.goto(demo.demo["gateway"] + address, wait_until="domcontentloaded")
    await page.wait_for_timeout(SETTLED)
    reading = page.locator("form[action$='/read']")
    if await reading.count():  # a dossier is opened with a reason
        await reading.locator("input[name=reason]").fill("Bộ từ chối: sửa theo giấy chứng sinh")
        async with page.expect_navigation(wait_until="domcontentloaded"):
            await reading.locator("button").click()
    size = await page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    await page.screenshot(
        path=path, full_page=True, clip={"x": 0, "y": 0, "width": size[0], "height": min(size[1], TALLEST)}
    )


async def sign_in(page: Page, demo: Running, role: str) -> None:
    person = next(each for each in demo.demo["operators"] if each["role"] == role)
    await page.goto(f"{demo.demo['gateway']}/console/", wait_until="domcontentloaded")
    await page.fill("#f-user", person["user"])
    await page.fill("#f-password", person["password"])
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo.demo['gateway']}/console/")


async def first_link(page: Page, demo: Running, address: str, inside: str) -> str:
    """Where the first link below that place leads, its last part."""
    await page.goto(demo.demo["gateway"] + address, wait_until="domcontentloaded")
    found = await page.locator(inside).first.get_attribute("href")
    return str(found).rpartition("/")[2]


async def filled(page: Page, demo: Running) -> dict[str, str]:
    return {
        "exchange": await first_link(page, demo, f"/console/exchanges?system={SYSTEM}&outcome=timeout", "tbody th a"),
        "submission": await first_link(
            page, demo, f"/console/desk?cause=provider-fault&state=failed&system={SYSTEM}", "tbody th a"
        ),
        "consumer": demo.demo["consumers"][0]["id"],
    }


async def every_look(browser: Any, demo: Running, folder: Path) -> None:
    for look, options in LOOKS:
        page = await browser.new_page(**options)
        await sign_in(page, demo, "operator")
        named = await filled(page, demo)
        for address, name in (*INSIDE, *OTHERS):
            await picture(page, demo, address.format(**named), folder / f"{name}-{look}.png")
        await page.close()


async def main(folder: Path, *, every: bool) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs Chromium: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  nothing else runs yet
    with tempfile.TemporaryDirectory() as data, running(Path(data) / "data") as demo:
        call_every_example(demo)
        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            wide = await browser.new_page(viewport={"width": 1600, "height": 900}, locale="vi-VN")
            await picture(wide, demo, "/status", folder / "board.png")
            break_one(demo)
            await picture(wide, demo, "/status", folder / "board-outage.png")
            dark = await browser.new_page(viewport={"width": 1600, "height": 900}, locale="en-GB", color_scheme="dark")
            await picture(dark, demo, "/status", folder / "board-dark.png")
            narrow = await browser.new_page(viewport={"width": 390, "height": 844}, locale="vi-VN")
            await picture(narrow, demo, "/status", folder / "board-narrow.png")
            await sign_in(wide, demo, "operator")
            named = await filled(wide, demo)
            for address, name in INSIDE:
                await picture(wide, demo, address.format(**named), folder / f"{name}.png")
            if every:
                await every_look(browser, demo, folder)
            await browser.close()
        demo.end()


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each != "--all"]
    asyncio.run(main(Path(given[0]) if given else ROOT / "docs" / "pictures", every="--all" in sys.argv))
