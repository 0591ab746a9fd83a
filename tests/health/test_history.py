"""Ninety days from transitions: a day's worst state, its availability, and nothing known while the bus is not running."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from lgsp.events import HealthChanged
from lgsp.health.history import MOST, History
from lgsp.model import Health
from lgsp.runtime import HANOI
from lgsp.store.port import HealthRow

NOON = datetime(2022, 11, 16, 12, 0, tzinfo=HANOI)
MIDNIGHT = NOON.replace(hour=0)


def told(*moves: tuple[datetime, Health], name: str = "register") -> History:
    history = History()
    for at, now in moves:
        history(HealthChanged(name, Health.UNKNOWN, now, None, at.astimezone(UTC)))
    return history


def row(at: datetime, now: Health) -> HealthRow:
    return HealthRow("register", Health.UNKNOWN, now, None, "", at)


def test_every_day_has_its_worst_state_and_its_share() -> None:
    history = told(
        (MIDNIGHT - timedelta(days=3), Health.UP),
        (MIDNIGHT - timedelta(days=2) + timedelta(hours=6), Health.DOWN),
        (MIDNIGHT - timedelta(days=2) + timedelta(hours=12), Health.UP),
        (MIDNIGHT - timedelta(days=1), Health.DEGRADED),
        (MIDNIGHT - timedelta(days=1) + timedelta(hours=1), Health.UP),
    )
    days = history.days("register", NOON)
    assert len(days) == 90
    assert days[-1].day == date(2022, 11, 16)
    assert [(each.worst, each.available) for each in days[-4:]] == [
        (Health.UP, 1.0), (Health.DOWN, 0.75), (Health.DEGRADED, 1.0), (Health.UP, 1.0)
    ]  # fmt: skip
    assert days[-3].away == 6 * 3600
    assert {each.worst for each in days[:-4]} == {Health.UNKNOWN}


def test_an_outage_over_midnight_is_two_days() -> None:
    begin = MIDNIGHT - timedelta(hours=1)
    history = told(
        (MIDNIGHT - timedelta(days=5), Health.UP), (begin, Health.DOWN), (MIDNIGHT + timedelta(hours=3), Health.UP)
    )
    yesterday, today = history.days("register", NOON)[-2:]
    assert (yesterday.worst, yesterday.away) == (Health.DOWN, 3600)
    assert (today.worst, today.available) == (Health.DOWN, 0.75)


def test_maintenance_takes_nothing_from_a_day() -> None:
    begin = MIDNIGHT + timedelta(hours=2)
    history = told(
        (MIDNIGHT - timedelta(days=1), Health.UP), (begin, Health.MAINTENANCE), (begin + timedelta(hours=4), Health.UP)
    )
    today = history.days("register", NOON)[-1]
    assert (today.worst, today.available) == (Health.MAINTENANCE, 1.0)


def test_while_the_bus_was_away_nothing_is_known() -> None:
    """It ran until ten in the evening two days ago, with the system up; it starts again today at noon."""
    stopped = MIDNIGHT - timedelta(days=1, hours=2)
    history = History()
    ends = history.restore([row(MIDNIGHT - timedelta(days=4), Health.UP)], stopped)
    assert [(each.now, each.at, each.evidence) for each in ends] == [(Health.UNKNOWN, stopped, "bus not running")]
    history(HealthChanged("register", Health.UNKNOWN, Health.UP, None, NOON))
    days = history.days("register", NOON + timedelta(hours=1))
    assert [each.worst for each in days[-3:]] == [Health.UP, Health.UNKNOWN, Health.UP]
    assert days[-2].available is None
    assert History().restore([*[row(NOON, Health.UP)], ends[0]], NOON) != []


def test_a_closed_line_is_not_closed_twice() -> None:
    history = History()
    assert history.restore([row(NOON, Health.UP), row(NOON, Health.UNKNOWN)], NOON) == []


def test_a_reclassified_time_is_maintenance_also_on_a_day_that_was_worked_out() -> None:
    begin = MIDNIGHT - timedelta(days=1)
    history = told(
        (begin - timedelta(days=1), Health.UP), (begin, Health.DOWN), (begin + timedelta(hours=6), Health.UP)
    )
    assert history.days("register", NOON)[-2].worst is Health.DOWN
    history.excuse("register", begin - timedelta(hours=1), begin + timedelta(hours=4))
    history.excuse("register", begin + timedelta(hours=3), begin + timedelta(hours=6))
    day = history.days("register", NOON)[-2]
    assert (day.worst, day.available, day.away) == (Health.MAINTENANCE, 1.0, 0.0)


def test_a_flapping_system_does_not_take_the_memory() -> None:
    history = History()
    for second in range(MOST + 50):
        history(HealthChanged("a", Health.UP, Health.DOWN, None, NOON + timedelta(seconds=second)))
    assert len(history.lines["a"].moments) == len(history.lines["a"].states) == MOST
