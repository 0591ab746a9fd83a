"""Counts and transitions reach the store, also one that says no for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lgsp.errors import ConnectFailed
from lgsp.events import ExchangeFinished
from lgsp.health import HealthBook, HealthKeeper
from lgsp.store.port import CountRow, HealthRow, StoreFailed
from tests.pipeline.house import House, fails, play


class Records:
    """Keeps in lists; refuses while `full`."""

    def __init__(self) -> None:
        self.rows: list[CountRow] = []
        self.moves: list[HealthRow] = []
        self.full = False

    async def transition(self, row: HealthRow) -> None:
        await self._may()
        self.moves.append(row)

    async def transitions(self, since: datetime) -> list[HealthRow]:
        return [each for each in self.moves if each.at >= since]

    async def add_counts(self, rows: Sequence[CountRow]) -> None:
        await self._may()
        self.rows.extend(rows)

    async def counts(self, since: datetime) -> list[CountRow]:
        return [each for each in self.rows if each.hour >= since]

    async def _may(self) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise StoreFailed


def test_nothing_is_lost_while_the_disk_is_full(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        records = Records()
        keeper = HealthKeeper(house.health, records, house.runtime, house.events)
        task = asyncio.create_task(keeper.run())
        records.full = True
        for _ in range(3):
            await house.ask()
            now = house.runtime.clock.now()
            house.events.publish(
                ExchangeFinished("1", "1", "rest", "register", "hoi", "c", "ok", None, 0.1, 1, 0.1, now)
            )
        await asyncio.sleep(20)
        assert not records.rows
        records.full = False
        await asyncio.sleep(10)
        house.wire.answer = fails(ConnectFailed)
        await asyncio.gather(house.ask("ghi"), return_exceptions=True)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.flush()
        assert sum(each.calls for each in records.rows) == 3
        assert [(each.system, each.now.value) for each in records.moves] == [
            ("upstream:ngsp", "up"), ("register", "up"), ("register", "degraded")
        ]  # fmt: skip
        assert records.moves[-1].evidence == "1/4 connect-failed"
        again = HealthBook(lambda: house.registry, house.runtime, house.events)
        await HealthKeeper(again, records, house.runtime, house.events).restore()
        assert again.system("register").calls == 3

    play(tmp_path, story)
