"""Filing: what a period says of the records, and a month filed once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.health.counts import BOUNDS
from lgsp.model import Consumer, Evidence, Health, Stage, StageEntry, Text
from lgsp.report.facts import Facts, Period, PeriodError, decode, encode
from lgsp.report.filing import collect, file_last_month, report_facts, report_list
from lgsp.report.incidents import Times
from lgsp.runtime import Runtime, SeededIds
from lgsp.store import CountRow, HealthRow, Store
from lgsp.store.port import ReportRow
from lgsp.store.sqlite import open_store

NOW = datetime(2022, 12, 1, 3, tzinfo=UTC)
FIRST, LAST = date(2022, 11, 1), date(2022, 11, 30)
BUCKETS = tuple(1 if bound == 0.5 else 0 for bound in (*BOUNDS, 999))


class Clock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Desk:
    store: Store
    runtime: Runtime
    audit: Audit
    demonstration: bool = True
    excused: Mapping[str, Times] = field(default_factory=dict)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    yield Desk(store, runtime, Audit(store, runtime))
    await store.close()


async def entered(desk: Desk, system: str, stage: Stage, since: date) -> None:
    await desk.store.stages.append(StageEntry(system, stage, since, "1/QĐ", "a", "b", Evidence.PROVEN, NOW))


async def test_stages_are_those_of_the_last_day(desk: Desk) -> None:
    await entered(desk, "a", Stage.TRIAL, date(2022, 10, 1))
    await entered(desk, "a", Stage.OFFICIAL, date(2022, 11, 16))
    await entered(desk, "b", Stage.TRIAL, date(2022, 11, 30))
    await entered(desk, "b", Stage.OFFICIAL, date(2022, 12, 1))
    await entered(desk, "c", Stage.TRIAL, date(2022, 12, 1))

    async def stages(last: date) -> list[Stage]:
        return [each.stage for each in (await collect(desk, date(2022, 10, 1), last)).systems]

    assert await stages(date(2022, 11, 15)) == [Stage.TRIAL, Stage.PLANNED, Stage.PLANNED]
    assert await stages(date(2022, 11, 16)) == [Stage.OFFICIAL, Stage.PLANNED, Stage.PLANNED]
    assert await stages(date(2022, 11, 30)) == [Stage.OFFICIAL, Stage.TRIAL, Stage.PLANNED]
    found = await collect(desk, date(2022, 10, 1), date(2022, 12, 1))
    assert (found.total, found.counted(Stage.OFFICIAL), found.counted(Stage.TRIAL)) == (3, 2, 1)


async def test_calls_are_those_of_the_days_in_viet_nam(desk: Desk) -> None:
    await entered(desk, "a", Stage.OFFICIAL, FIRST)
    await desk.store.consumers.put(Consumer("portal", Text("Cổng", "Portal"), agency="H28.01"))
    begin, end = datetime(2022, 10, 31, 17, tzinfo=UTC), datetime(2022, 11, 30, 17, tzinfo=UTC)
    hour = timedelta(hours=1)
    await desk.store.health.add_counts([
        CountRow("a", "ask", "portal", begin - hour, "ok", 1000, 1.0, BUCKETS),
        CountRow("a", "ask", "portal", begin, "ok", 6, 1.0, BUCKETS),
        CountRow("a", "ask", "portal", end - hour, "timeout", 2, 1.0, BUCKETS),
        CountRow("a", "ask", "portal", end - hour, "forbidden", 1, 1.0, BUCKETS),
        CountRow("a", "ask", "", end - hour, "ok", 500, 1.0, BUCKETS),
        CountRow("a", "ask", "portal", end, "ok", 1000, 1.0, BUCKETS),
    ])  # fmt: skip
    found = await collect(desk, FIRST, LAST)
    (system,), (caller,) = found.systems, found.callers
    assert (system.calls, system.success) == (9, 0.75)
    assert system.p95 is not None
    assert 0.35 < system.p95 <= 0.5
    assert (caller.agency, caller.name, caller.calls, caller.answered, caller.failed) == ("H28.01", "Cổng", 9, 6, 2)


async def test_incidents_and_availability(desk: Desk) -> None:
    await entered(desk, "a", Stage.OFFICIAL, FIRST)
    noon = datetime(2022, 11, 10, 5, tzinfo=UTC)
    for hours, health in ((0, Health.UP), (6, Health.DOWN), (8, Health.UP), (10, Health.UNKNOWN)):
        row = HealthRow("a", Health.UNKNOWN, health, Text("ngắt", "down"), "", noon + timedelta(hours=hours))
        await desk.store.health.transition(row)
    found = await collect(desk, FIRST, LAST)
    assert (found.systems[0].available, found.systems[0].away) == (0.8, 7200)
    assert [(each.system, each.seconds) for each in found.incidents] == [("a", 7200)]


async def test_what_nobody_watched_is_not_said_to_have_been_available(desk: Desk) -> None:
    await entered(desk, "a", Stage.OFFICIAL, FIRST)
    (system,) = (await collect(desk, FIRST, LAST)).systems
    assert (system.available, system.away, system.success, system.p95) == (None, 0.0, None, None)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (LAST, FIRST),
        (date(2022, 12, 2), date(2022, 12, 3)),
        (date(2021, 1, 1), LAST),
        (LAST - timedelta(days=400), LAST),
    ],
)
async def test_no_such_period(desk: Desk, first: date, last: date) -> None:
    with pytest.raises(PeriodError):
        await collect(desk, first, last)
    with pytest.raises(Refused):
        await report_facts(desk, "x", {"first": first.isoformat(), "last": last.isoformat()})


def test_months() -> None:
    assert [Period.month(2022, each).last.day for each in (1, 2, 11, 12)] == [31, 28, 30, 31]


async def test_a_month_is_filed_once(desk: Desk, tmp_path: Path) -> None:
    await entered(desk, "a", Stage.OFFICIAL, FIRST)
    made: list[Facts] = []

    async def files(facts: Facts) -> Mapping[str, bytes]:
        made.append(facts)
        return {"report.csv": b"1", "report.docx": b"2"}

    assert await file_last_month(desk, tmp_path / "reports", files)
    assert not await file_last_month(desk, tmp_path / "reports", files)
    assert len(made) == 1
    assert sorted(each.name for each in (tmp_path / "reports").iterdir()) == ["report.csv", "report.docx"]
    (row,) = await desk.store.reports.newest(9)
    assert (row.name, row.first, row.last) == ("2022-11", FIRST, LAST)
    assert decode(row.facts) == made[0]
    assert [each["period"] for each in await report_list(desk, "x", {})] == ["2022-11"]
    assert (await report_facts(desk, "x", {"filed": "2022-11"}))["systems"][0]["id"] == "a"
    with pytest.raises(Refused):
        await report_facts(desk, "x", {"filed": "2022-10"})


async def test_another_process_was_quicker(desk: Desk, tmp_path: Path) -> None:
    async def files(facts: Facts) -> Mapping[str, bytes]:
        await desk.store.reports.add(_row(facts))
        return {"report.csv": b"1"}

    assert not await file_last_month(desk, tmp_path / "reports", files)
    assert not (tmp_path / "reports").exists()


def _row(facts: Facts) -> ReportRow:
    return ReportRow("2022-11", FIRST, LAST, NOW, "other", encode(facts))
