"""The dossiers of a scenario: when each comes in, how long it will take. Pure; everything is drawn from the seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from lgsp.cli.scenario.plan import Kind, Scenario
from lgsp_mocks.calendar import WorkingTime, spread

_BURST_SHARES = (0.42, 0.95)
"""By which share of the day's work the communes without a line of their own send: before noon, before the evening."""
SIDE_BY_SIDE = 3
"""Dossiers of a sample that an office has before it at once without one waiting for the other: where one stands for days of an
office's work, chance alone would make queues that the whole does not have (one in 400: 93 % on time instead of 98)."""


@dataclass(slots=True)
class Dossier:
    """Times are working seconds since the scenario's time began."""

    number: int
    kind: Kind
    received: datetime
    began: float
    due: float
    desk: float
    """Still to be worked on in the office."""
    ministry: float
    luck: random.Random = field(default_factory=random.Random, repr=False, compare=False)
    """Its own: what becomes of one dossier moves no other's, so two tellings side by side are of the same dossiers."""
    carried: bool = False
    effort: float = 1.0
    """Of an officer's share in a whole dossier: what was done in an earlier year is not done again."""
    waits: dict[str, float] = field(default_factory=dict)
    """Working seconds that failures have held it, by the system that failed."""
    held_since: float | None = None
    held_by: str = ""
    by_hand: int = 0
    settled: datetime | None = None
    ended: float = 0.0

    @property
    def waited(self) -> float:
        return sum(self.waits.values())

    def waits_for(self, system: str, seconds: float) -> None:
        self.waits[system] = self.waits.get(system, 0.0) + seconds


@dataclass(slots=True)
class Office:
    """What one kind's officers can finish: first come, first served.

    A dossier waits for an officer only where more has come in than a day's work: within the day, order is the office's own
    business and part of the stated times. So a sample waits as the whole does; one in twenty that queued behind each other at a
    twentieth of the pace would wait twenty times as long.
    """

    seconds_each: float
    a_day: float = 0.0
    """Working seconds within which the order does not matter."""
    free_at: float = 0.0

    def finished(self, ready: float, work: float, effort: float = 1.0) -> float:
        """When a dossier that is ready now leaves the desk."""
        self.free_at = max(self.free_at, ready) + self.seconds_each * effort
        return max(self.free_at - self.a_day, ready + work)


def time_of(scenario: Scenario) -> WorkingTime:
    """Working time from two months before, where the carried dossiers came in, to three months after."""
    return WorkingTime(scenario.calendar, scenario.first - timedelta(days=60), scenario.last + timedelta(days=90))


def offices(scenario: Scenario, sample: int) -> dict[str, Office]:
    a_day = scenario.calendar.seconds_a_day
    found = {}
    for kind in scenario.kinds:
        each = a_day * sample / (kind.a_day * scenario.capacity)
        found[kind.id] = Office(each, max(a_day, SIDE_BY_SIDE * each))
    return found


def draw(scenario: Scenario, sample: int, source: random.Random) -> Iterator[Dossier]:
    """All dossiers, those carried in first, then as they come in."""
    time = time_of(scenario)
    number, salt = 0, source.random()
    start = time.of(_morning(scenario.first))
    shares = [kind.share for kind in scenario.kinds]
    # what lies about on a given day is of a kind by share and by how long it lies about
    lying = [kind.share * _mean(kind.desk, kind.ministry) for kind in scenario.kinds]
    for kind in source.choices(scenario.kinds, lying, k=scenario.carried_in // sample):
        number += 1
        whole = _drawn(kind.desk, source) + _drawn(kind.ministry, source)
        done = source.random()
        a_day = scenario.calendar.seconds_a_day
        began = start - done * min(whole, 40.0) * a_day
        left = (1 - done) * whole * a_day
        due = began + kind.term * a_day
        yield Dossier(number, kind, time.wall(began), began, due, left, 0.0, _luck(salt, number), True, 1 - done)
    days = scenario.calendar.days(scenario.first, scenario.last)
    for day, count in zip(days, spread(scenario.calendar, days, scenario.received // sample), strict=True):
        for share in sorted(source.random() for _ in range(count)):
            number += 1
            kind = source.choices(scenario.kinds, shares)[0]
            yield _received(scenario, time, number, kind, day, share, source, _luck(salt, number))


def _received(
    scenario: Scenario,
    time: WorkingTime,
    number: int,
    kind: Kind,
    day: date,
    share: float,
    source: random.Random,
    luck: random.Random,
) -> Dossier:
    if source.random() < scenario.bursts:
        share = min(_BURST_SHARES, key=lambda burst: (burst < share, burst))
    moment = scenario.calendar.moment(day, share)
    began, a_day = time.of(moment), scenario.calendar.seconds_a_day
    desk, ministry = _drawn(kind.desk, source) * a_day, _drawn(kind.ministry, source) * a_day
    return Dossier(number, kind, moment, began, began + kind.term * a_day, desk, ministry, luck)


def _luck(salt: float, number: int) -> random.Random:
    return random.Random(f"{salt} {number}")  # noqa: S311  a simulated world


def _morning(day: date) -> datetime:
    from lgsp.runtime import HANOI

    return datetime(day.year, day.month, day.day, tzinfo=HANOI)


def _drawn(times: tuple[float, float] | None, source: random.Random) -> float:
    """Log-normal, by median and 95th percentile."""
    if times is None:
        return 0.0
    median, p95 = times
    return source.lognormvariate(math.log(median), math.log(p95 / median) / 1.645)


def _mean(*times: tuple[float, float] | None) -> float:
    return sum(each[0] * math.exp((math.log(each[1] / each[0]) / 1.645) ** 2 / 2) for each in times if each)
