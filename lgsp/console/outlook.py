"""What the board shows, worked out once for all who look: again when something has changed, and at most each second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lgsp.console.board import board
from lgsp.console.format import Formats
from lgsp.console.standing import standing
from lgsp.console.strips import Strips
from lgsp.console.wording import Words
from lgsp.health.history import Day
from lgsp.model import Lang

FRESH_SECONDS = 1.0
Seen = tuple[dict[str, Any], Mapping[str, Sequence[Day]]]


@dataclass(slots=True)
class Outlook:
    """`changes` is a number that grows with every transition: what is older than that is not shown."""

    house: Any
    changes: Callable[[], int]
    strips: Strips = field(default_factory=Strips)
    _held: dict[bool, tuple[int, float, Seen]] = field(default_factory=dict)

    async def seen(self, *, inside: bool = False) -> Seen:
        """(the JSON of `/status`, the days of every system). `inside` says who is concerned, for people who may know."""
        now, change = self.house.runtime.clock.monotonic(), self.changes()
        held = self._held.get(inside)
        if held is not None and held[0] == change and now - held[1] < FRESH_SECONDS:
            return held[2]
        shown = await standing(self.house, inside=inside)
        moment = self.house.runtime.clock.now()
        days = {each["id"]: self.house.history.days(each["id"], moment) for each in shown["systems"]}
        self._held[inside] = (change, now, (shown, days))
        return shown, days

    async def board(self, w: Words, f: Formats, lang: Lang, *, inside: bool) -> dict[str, Any]:
        """The view model of the board."""
        shown, days = await self.seen(inside=inside)

        def strip(each: Mapping[str, Any]) -> Mapping[str, Any] | None:
            return self.strips.of(each["id"], each["title"][lang], days[each["id"]], w, f, lang)

        return board(shown, strip, w, f, lang, inside=inside)
