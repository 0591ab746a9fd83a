"""What the records say of a period: stages on its last day, calls, availability, incidents, submissions. Plain figures, no words.

Filed as they are, so that a report can be written again after the counts that it was made of have been pruned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import msgspec

from lgsp.errors import Told
from lgsp.health.counts import BOUNDS, PROBE, Tally, quantile
from lgsp.model import Evidence, Stage, StageEntry, SubmissionState
from lgsp.observer.hours import OBSERVED
from lgsp.report.incidents import Incident, Spell, Times, incidents, spells, watched
from lgsp.runtime import HANOI
from lgsp.store import CountRow, Store
from lgsp.store.port.search import CountedRow, Wanted

LONGEST = 400
"""Days: counts are kept no longer."""
_KNOWN = timedelta(days=400)
_OPEN = (SubmissionState.QUEUED, SubmissionState.DELIVERING)


class PeriodError(Told, ValueError):
    """The days asked for are none that can be reported."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Viet Nam, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date, last: date, today: date) -> Period:
        if last < first:
            raise PeriodError("Ngày cuối đứng trước ngày đầu", "the last day is before the first one")
        if first > today:
            raise PeriodError("Kỳ báo cáo chưa bắt đầu", "the period has not begun")
        if (last - first).days >= LONGEST:
            raise PeriodError(f"Một báo cáo dài tối đa {LONGEST} ngày", f"a report covers at most {LONGEST} days")
        return cls(first, last)

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        after = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, month, 1), after - timedelta(days=1))

    @property
    def begin(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=HANOI)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime(self.last.year, self.last.month, self.last.day, tzinfo=HANOI) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """One system. Stage, since and decision as they were on the last day; `available` None where nothing was watched."""

    id: str
    stage: Stage
    since: date | None
    decision: str
    evidence: Evidence
    calls: int = 0
    success: float | None = None
    p95: float | None = None
    available: float | None = None
    away: float = 0.0
    """Seconds down."""


@dataclass(frozen=True, slots=True)
class CallerFacts:
    """One agency system that called."""

    id: str
    agency: str
    name: str
    calls: int
    answered: int
    failed: int
    """Technically: what a caller does wrong is nobody's failure (RULES 12)."""


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """Updates of one system that were accepted in the period, and where they stand when the report is made."""

    system: str
    accepted: int
    delivered: int
    waiting: int
    failed: int
    indeterminate: int
    expired: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class ObservedFacts:
    """One system as another gateway's log shows it: nothing of it is the bus's own."""

    id: str
    calls: int
    success: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`until` is the end of the period, or the moment of making where the period goes on."""

    period: Period
    made: datetime
    until: datetime
    demonstration: bool
    systems: tuple[SystemFacts, ...] = ()
    callers: tuple[CallerFacts, ...] = ()
    incidents: tuple[Incident, ...] = ()
    work: tuple[WorkFacts, ...] = ()
    observed: tuple[ObservedFacts, ...] = ()

    def counted(self, stage: Stage) -> int:
        return sum(each.stage is stage for each in self.systems)

    @property
    def total(self) -> int:
        """Systems that are connected or were: what is planned or retired is not among them."""
        return sum(map(self.counted, (Stage.OFFICIAL, Stage.TRIAL, Stage.SUSPENDED)))


def encode(facts: Facts) -> bytes:
    return msgspec.json.encode(facts)


def decode(body: bytes) -> Facts:
    return msgspec.json.decode(body, type=Facts)


async def gather(
    store: Store,
    period: Period,
    now: datetime,
    *,
    demonstration: bool,
    excused: Mapping[str, Times] | None = None,
) -> Facts:
    """Reads the records. `excused` are times reclassified as maintenance, by system. Raises `StoreFailed`."""
    until = min(period.end, now)
    entries = {name: await store.stages.entries(name) for name in await store.stages.current()}
    lines = spells(await store.health.transitions(period.begin - _KNOWN), period.begin, until)
    kept = [row for row in await store.health.counts(period.begin) if period.begin <= row.hour < until]
    counts = [row for row in kept if row.consumer != PROBE]
    consumers = {each.id: each for each in await store.consumers.all()}
    work = await store.search.counted(Wanted(accepted_since=period.begin, accepted_before=until))
    pardoned = excused or {}
    by_system, by_caller = _grouped(counts)
    return Facts(
        period=period,
        made=now,
        until=until,
        demonstration=demonstration,
        systems=tuple(
            _system(name, stood(rows, period.last), by_system[name], lines.get(name, ()), pardoned.get(name, ()))
            for name, rows in sorted(entries.items())
        ),
        callers=tuple(
            CallerFacts(
                name,
                consumers[name].agency if name in consumers else "",
                consumers[name].name.vi if name in consumers else name,
                each.tally.calls,
                each.tally.answered,
                each.tally.failed,
            )
            for name, each in sorted(by_caller.items())
        ),
        incidents=tuple(incidents(lines, until)),
        work=tuple(_work(work)),
        observed=tuple(_observed(kept)),
    )


def stood(entries: Sequence[StageEntry], day: date) -> StageEntry | None:
    """The decision that held on a day: the last one entered that was in force by then."""
    return next((entry for entry in reversed(entries) if entry.since <= day), None)


@dataclass(slots=True)
class _Sum:
    tally: Tally = field(default_factory=Tally)

    @property
    def success(self) -> float | None:
        """Of calls that should have been answered."""
        asked = self.tally.answered + self.tally.failed
        return self.tally.answered / asked if asked else None


def _grouped(rows: Iterable[CountRow]) -> tuple[dict[str, _Sum], dict[str, _Sum]]:
    by_system: defaultdict[str, _Sum] = defaultdict(_Sum)
    by_caller: defaultdict[str, _Sum] = defaultdict(_Sum)
    for row in rows:
        for each in (by_system[row.system], by_caller[row.consumer]):
            before = each.tally.answered
            each.tally.add(row.consumer, row.outcome, row.calls)
            if each.tally.answered > before and len(row.buckets) == len(BOUNDS) + 1:
                each.tally.buckets = [a + b for a, b in zip(each.tally.buckets, row.buckets, strict=True)]
    return by_system, by_caller


def _system(name: str, entry: StageEntry | None, each: _Sum, line: Sequence[Spell], excused: Times) -> SystemFacts:
    known, away = watched(line, excused)
    return SystemFacts(
        id=name,
        stage=entry.stage if entry else Stage.PLANNED,
        since=entry.since if entry else None,
        decision=entry.decision if entry else "",
        evidence=entry.evidence if entry else Evidence.DECLARED,
        calls=each.tally.calls,
        success=each.success,
        p95=quantile(each.tally.buckets, 0.95),
        available=(known - away) / known if known else None,
        away=away,
    )


def _observed(rows: Iterable[CountRow]) -> list[ObservedFacts]:
    named = [
        replace(row, system=row.system.removeprefix(OBSERVED), consumer=OBSERVED)
        for row in rows
        if row.system.startswith(OBSERVED)
    ]
    by_system, _ = _grouped(named)
    return [
        ObservedFacts(name, each.tally.calls, each.success, quantile(each.tally.buckets, 0.95))
        for name, each in sorted(by_system.items())
    ]


def _work(rows: Iterable[CountedRow]) -> list[WorkFacts]:
    found: defaultdict[str, dict[SubmissionState, int]] = defaultdict(dict)
    for row in rows:
        found[row.system][row.state] = found[row.system].get(row.state, 0) + row.count
    states = SubmissionState
    return [
        WorkFacts(
            system,
            sum(counted.values()),
            counted.get(states.DELIVERED, 0),
            sum(counted.get(state, 0) for state in _OPEN),
            counted.get(states.FAILED, 0),
            counted.get(states.INDETERMINATE, 0),
            counted.get(states.EXPIRED, 0),
            counted.get(states.CANCELLED, 0),
        )
        for system, counted in sorted(found.items())
    ]
