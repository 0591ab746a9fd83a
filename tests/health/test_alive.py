"""Over a restart: what was between is unknown, on record, and said once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lgsp.health.alive import Alive
from lgsp.health.history import History
from lgsp.model import Health
from lgsp.runtime import Runtime, SeededIds
from lgsp.store import HealthRow, open_store

START = datetime(2022, 11, 16, 1, 0, tzinfo=UTC)


class Hand:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


async def test_a_killed_bus_leaves_a_gap_that_the_next_one_enters(tmp_path: Path) -> None:
    clock = Hand()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(tmp_path / "data", runtime)
    try:
        first = Alive(History(), store.health, store.meta, clock)
        await first.restore()
        await store.health.transition(HealthRow("register", Health.UNKNOWN, Health.UP, None, "1/1 ok", START))
        clock.at = START + timedelta(hours=1)
        await first.note()  # the last that is heard of it
        clock.at = START + timedelta(hours=5)
        for _ in range(2):  # and a second start changes nothing more
            history = History()
            await Alive(history, store.health, store.meta, clock).restore()
            rows = await store.health.transitions(START - timedelta(days=1))
            assert [(each.now, each.at) for each in rows] == [
                (Health.UP, START), (Health.UNKNOWN, START + timedelta(hours=1))
            ]  # fmt: skip
            today = history.days("register", clock.at)[-1]
            assert (today.worst, today.available) == (Health.UP, 1.0)
    finally:
        await store.close()


async def test_where_others_lived_on_nothing_was_unknown(tmp_path: Path) -> None:
    clock = Hand()
    store = await open_store(tmp_path / "data", Runtime(clock, SeededIds(clock, 1), random.Random(1)))
    try:
        await store.health.transition(HealthRow("register", Health.UNKNOWN, Health.UP, None, "1/1 ok", START))
        clock.at = START + timedelta(hours=1)
        other = Alive(History(), store.health, store.meta, clock)
        await other.note()
        clock.at += timedelta(seconds=50)
        history = History()
        await Alive(history, store.health, store.meta, clock).restore(alone=False)
        assert len(await store.health.transitions(START)) == 1
        assert history.days("register", clock.at)[-1].worst is Health.UP
        clock.at += timedelta(hours=1)
        await Alive(History(), store.health, store.meta, clock).restore(alone=False)
        assert len(await store.health.transitions(START)) == 2, "all of them were away"
    finally:
        await store.close()
