"""Figures of the navigation: counted seldom, anew after a decision, and kept where the store says nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lgsp.console.badges import FRESH_SECONDS, Badges
from lgsp.console.pages import counts
from lgsp.store import StoreFailed


class House:
    def __init__(self) -> None:
        self.now, self.asked, self.waiting, self.broken = 100.0, 0, 3, False
        self.runtime = SimpleNamespace(clock=SimpleNamespace(monotonic=lambda: self.now))


async def waiting(house: Any) -> int:
    house.asked += 1
    if house.broken:
        raise StoreFailed("BusyError")
    return int(house.waiting)


async def test_counted_at_most_every_few_seconds() -> None:
    house = House()
    badges = Badges(house, {"desk": waiting})
    for _ in range(3):
        await badges.refresh()
    assert (house.asked, badges.figures) == (1, {"desk": 3})
    house.now, house.waiting = house.now + FRESH_SECONDS, 4
    await badges.refresh()
    assert badges.figures == {"desk": 4}


async def test_a_decision_is_seen_on_the_next_page() -> None:
    house = House()
    badges = Badges(house, {"desk": waiting})
    await badges.refresh()
    house.waiting = 2
    badges.forget()
    await badges.refresh()
    assert badges.figures == {"desk": 2}


async def test_a_store_that_is_away_leaves_what_was_known() -> None:
    house = House()
    badges = Badges(house, {"desk": waiting})
    await badges.refresh()
    house.broken, house.now = True, house.now + FRESH_SECONDS
    await badges.refresh()
    assert badges.figures == {"desk": 3}


def test_what_waits_for_somebody_has_a_figure() -> None:
    assert set(counts()) == {"alerts", "approvals", "desk", "maintenance"}
