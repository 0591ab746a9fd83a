"""The pages, one module each. What is not listed here is not served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from lgsp.console.pages import (
    account,
    alerts,
    approvals,
    consumers,
    desk,
    exchanges,
    maintenance,
    overview,
    reports,
    security,
    stage,
    submission,
    system,
    topology,
)
from lgsp.console.visit import Page

MODULES: tuple[ModuleType, ...] = (
    account,
    alerts,
    approvals,
    consumers,
    desk,
    exchanges,
    maintenance,
    overview,
    reports,
    security,
    stage,
    submission,
    system,
    topology,
)
"""In the order of the alphabet; the navigation has an order of its own (`Page.nav`)."""


def pages() -> list[Page]:
    return [page for module in MODULES for page in module.PAGES]


def counts() -> dict[str, Callable[[Any], Awaitable[int]]]:
    """The figures of the navigation, by page."""
    return {page.name: page.badge for page in pages() if page.badge is not None}


def navigation() -> list[Page]:
    return sorted((page for page in pages() if page.nav is not None), key=lambda page: page.nav or 0)
