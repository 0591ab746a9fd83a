"""Figures beside names in the navigation: what waits for somebody. Counted at most every few seconds, whoever looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgsp.store import StoreFailed

FRESH_SECONDS = 5.0
Count = Callable[[Any], Awaitable[int]]
"""Of the house: one figure."""


@dataclass(slots=True)
class Badges:
    house: Any
    counts: Mapping[str, Count]
    """By the page's name."""
    figures: dict[str, int] = field(default_factory=dict)
    _at: float | None = None

    async def refresh(self) -> None:
        """Keeps what it has where the store cannot be asked: its own tile says so."""
        now = self.house.runtime.clock.monotonic()
        if self._at is not None and now - self._at < FRESH_SECONDS:
            return
        self._at = now
        try:
            self.figures = {name: await count(self.house) for name, count in self.counts.items()}
        except StoreFailed:
            return

    def forget(self) -> None:
        """Somebody has decided: the next page counts anew."""
        self._at = None
