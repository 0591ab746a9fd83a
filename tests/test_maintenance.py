"""Windows open and close by themselves, calls are refused with the time left, downtime is reclassified with name and reason."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.errors import Maintenance
from lgsp.events import Events, HealthChanged
from lgsp.exchange import Exchange
from lgsp.health import HealthBook, History
from lgsp.lifecycle import Ledger
from lgsp.maintenance import Windows
from lgsp.model import Data, Evidence, Face, Health, HttpRequest, Stage, StageEntry
from lgsp.office import Office, perform
from lgsp.policy import Policy
from lgsp.registry import Registry
from lgsp.runtime import HANOI, Clock, Runtime, SeededIds
from lgsp.store import open_store

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that a test moves."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()


@dataclass
class Bench:
    office: Office
    windows: Windows
    clock: Hands
    seen: list[HealthChanged] = field(default_factory=list)

    async def do(self, action: str, **arguments: Any) -> Any:
        return await perform(self.office, f"maintenance.{action}", "an", arguments)

    def local(self, **after: float) -> str:
        return f"{(self.clock.now() + timedelta(**after)).astimezone(HANOI):%Y-%m-%dT%H:%M}"

    async def announce(self, begins: float, ends: float) -> Any:
        return await self.do("announce", system="births", begins=self.local(minutes=begins),
                             ends=self.local(minutes=ends), reason="Nâng cấp máy chủ")  # fmt: skip

    def health(self) -> Health:
        return self.windows.health.verdict("births").health


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    hands = Hands()
    clock = cast(Clock, hands)
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    await store.stages.append(
        StageEntry("births", Stage.OFFICIAL, date(2022, 11, 1), "01/QĐ", "a", "b", Evidence.DECLARED, START)
    )
    events = Events()
    ledger, history = Ledger(store, runtime, events), History()
    await ledger.load(())
    events.subscribe(history)
    windows = Windows(store, HealthBook(lambda: Registry({}), runtime, events), history, runtime)
    office = Office(store, Policy(store, runtime), Audit(store, runtime), runtime, ledger, decided=windows.refresh)
    made = Bench(office, windows, hands)
    events.subscribe(lambda event: made.seen.append(event) if isinstance(event, HealthChanged) else None)
    yield made
    await store.close()


async def asked(windows: Windows) -> Data:
    async def answer(_: Exchange) -> Data:
        return {"ok": True}

    exchange = Exchange("1", Face.REST, HttpRequest("POST", "/"), START, 0.0, "c", system="births")
    return await windows(exchange, answer)


async def test_a_window_opens_refuses_and_closes_by_itself(bench: Bench) -> None:
    await bench.announce(10, 40)
    assert (await asked(bench.windows), bench.health()) == ({"ok": True}, Health.UNKNOWN), "announced, not begun"
    bench.clock.moment += timedelta(minutes=12)
    bench.windows.look()
    assert bench.health() is Health.MAINTENANCE
    with pytest.raises(Maintenance) as refused:
        await asked(bench.windows)
    assert refused.value.retry_after == 28 * 60
    assert refused.value.status == 503
    bench.clock.moment += timedelta(minutes=28)
    assert await asked(bench.windows) == {"ok": True}, "at the end nobody waits for a look"
    bench.windows.look()
    assert bench.health() is Health.UNKNOWN, "never verified since is unknown, never up"
    assert [each.now for each in bench.seen] == [Health.MAINTENANCE, Health.UNKNOWN]


async def test_of_two_windows_the_later_end_counts_and_ending_one_leaves_the_other(bench: Bench) -> None:
    first = await bench.announce(0, 60)
    await bench.announce(0, 30)
    with pytest.raises(Maintenance) as refused:
        await asked(bench.windows)
    assert refused.value.retry_after == 3600
    await bench.do("end", id=first["id"])
    assert bench.windows.open("births") is not None
    with pytest.raises(Refused):
        await bench.do("end", id=first["id"])


async def test_another_process_is_in_the_window_too_and_a_restart_as_well(bench: Bench) -> None:
    other = Windows(bench.office.store, bench.windows.health, History(), bench.windows.runtime)
    await bench.announce(0, 30)
    await other.refresh()
    with pytest.raises(Maintenance):
        await asked(other)


async def test_past_downtime_counts_as_maintenance_and_stays_so(bench: Bench) -> None:
    history, begin = bench.windows.history, START - timedelta(days=2)
    for at, was, now in (
        (begin - timedelta(hours=20), Health.UNKNOWN, Health.UP),
        (begin, Health.UP, Health.DOWN),
        (begin + timedelta(hours=1), Health.DOWN, Health.UP),
    ):
        history(HealthChanged("births", was, now, None, at))
    before = history.days("births", START)[-3]
    assert (before.worst, before.available is not None and before.available < 1) == (Health.DOWN, True)
    await bench.do("reclassify", system="births", begins=begin.isoformat(),
                   ends=(begin + timedelta(hours=1)).isoformat(), reason="Bộ thay máy chủ, báo muộn")  # fmt: skip
    after = history.days("births", START)[-3]
    assert (after.worst, after.available) == (Health.MAINTENANCE, 1.0)
    await bench.windows.refresh()
    assert history.excused["births"] == [(begin, begin + timedelta(hours=1))], "once, however often it is read"
    (note,) = [row for row in await bench.office.store.evidence.rows(0, 9) if b"downtime-reclassified" in row.body]
    assert "Bộ thay máy chủ".encode() in note.body
    assert b'"an"' in note.body


@pytest.mark.parametrize(
    ("action", "wrong", "why"),
    [
        ("announce", {"system": "tax"}, "no system"),
        ("announce", {"reason": " "}, "reason"),
        ("announce", {"ends": "2026-03-02T08:00"}, "end after"),
        ("announce", {"begins": "2026-03-02T08:00"}, "now or later"),
        ("announce", {"ends": "2026-09-02T08:00"}, "at most"),
        ("announce", {"begins": "mai"}, "moment"),
        ("reclassify", {}, "over"),
        ("reclassify", {"begins": "2025-03-02T08:00", "ends": "2025-03-02T09:00"}, "last 90 days"),
        ("end", {"id": "none"}, "no window"),
    ],
)
async def test_what_is_refused_leaves_nothing(bench: Bench, action: str, wrong: dict[str, str], why: str) -> None:
    right = {
        "system": "births",
        "begins": bench.local(minutes=5),
        "ends": bench.local(minutes=65),
        "reason": "Nâng cấp",
    }
    with pytest.raises(Refused, match=why):
        await bench.do(action, **{**right, **wrong})
    assert await bench.do("list") == []
    assert await bench.office.store.evidence.rows(0, 9) == []
