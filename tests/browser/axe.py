"""axe-core from npm, in a cache of the test environment: never in the product, never in the repository."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

PACKAGE = "axe-core@4"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "lgsp-tests" / "axe"


def source() -> str:
    """The script, fetched once; "" where there is no npm or it gets nothing."""
    place = folder()
    file = place / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists() and shutil.which("npm"):
        place.mkdir(parents=True, exist_ok=True)
        with (place / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of a test run fetch it once
            if not file.exists():
                command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), PACKAGE]
                subprocess.run(command, check=False, timeout=100, capture_output=True)
    return file.read_text("utf-8") if file.exists() else ""


async def violations(page: Any, script: str) -> list[str]:
    """`rule: where`, of the page as it stands."""
    await page.evaluate(script)
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{each['id']}: {node['html'][:200]} — {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


async def in_both(page: Any, script: str) -> list[str]:
    """The same by daylight and in the dark, for a page that is reached by doing something."""
    found = await violations(page, script)
    await page.emulate_media(color_scheme="dark")
    found += await violations(page, script)
    await page.emulate_media(color_scheme="light")
    return found
