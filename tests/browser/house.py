"""A real bus on loopback with people who may sign in, and Debian's Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lgsp.events import HealthChanged
from lgsp.model import Health
from lgsp.office import put_operator
from tests.endpoints.bus import Bus, running

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MISSING = (
    "needs Chromium (apt-get install chromium)" if CHROMIUM is None
    else "needs the Python package playwright" if find_spec("playwright") is None
    else ""
)  # fmt: skip
REQUIRED = bool(os.environ.get("REQUIRE_BROWSER"))
PASSWORD = "mật khẩu mười hai"
ROLES = ("viewer", "operator", "security-officer", "auditor")


@dataclass(frozen=True)
class House:
    """`bus` runs in this process, so a test may break the world and see what the page says."""

    bus: Bus
    browser: Any
    known: dict[str, Any] = field(default_factory=dict)
    """Cookies of who has signed in before: the door itself is proved once."""

    @property
    def url(self) -> str:
        return self.bus.url

    async def page(self, *, signed_in: str = "", lang: str = "vi-VN", **options: Any) -> Any:
        """A fresh context of its own, so nothing is shared between tests."""
        options.setdefault("viewport", {"width": 1600, "height": 900})
        context = await self.browser.new_context(locale=lang, storage_state=self.known.get(signed_in), **options)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        if signed_in and signed_in not in self.known:
            await self.sign_in(page, signed_in)
            self.known[signed_in] = await context.storage_state()
        return page

    async def sign_in(self, page: Any, user: str, password: str = PASSWORD) -> None:
        await page.goto(f"{self.url}/console/sign-in", wait_until="domcontentloaded")
        await page.fill("input[name=user]", user)
        await page.fill("input[name=password]", password)
        async with arrives(page):
            await page.press("input[name=password]", "Enter")


def arrives(page: Any) -> Any:
    """Around what leads to another page: awaited is the new one, not the one that is still there."""
    return page.expect_navigation(wait_until="domcontentloaded")


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[House]:
    from playwright.async_api import async_playwright

    async with running(data) as bus, async_playwright() as play:
        for role in ROLES:
            await put_operator(bus.gateway.store, bus.gateway.runtime, role, role, PASSWORD)
        await put_operator(bus.gateway.store, bus.gateway.runtime, "approver", "operator", PASSWORD)
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield House(bus, browser)
        finally:
            await browser.close()


def ninety_days(house: House) -> None:
    """An invented past: systems up since 90 days ago, with a bad day here and there."""
    gateway = house.bus.gateway
    now = gateway.runtime.clock.now()
    start = now - timedelta(days=100)
    for place, name in enumerate([*gateway.registry.connectors, "upstream:ngsp"]):
        line = [(start, Health.UP)]
        for day in range(5 + place, 95, 23 + place):
            begin = start + timedelta(days=day, hours=3)
            bad = (Health.DOWN, Health.DEGRADED, Health.MAINTENANCE)[(day + place) % 3]
            line += [(begin, bad), (begin + timedelta(minutes=20 + 13 * place), Health.UP)]
        was = Health.UNKNOWN
        for at, state in line:
            gateway.history(HealthChanged(name, was, state, None, at))
            was = state
