"""Working days, working seconds, peaks."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.runtime import HANOI
from lgsp_mocks.calendar import WorkingTime, spread
from lgsp_mocks.traffic import Plan

CALENDAR = Plan.load().calendar
YEAR = WorkingTime(CALENDAR, date(2022, 1, 1), date(2022, 12, 31))


def test_tet_weekends_and_holidays_are_no_working_days() -> None:
    assert not CALENDAR.works(date(2022, 2, 2)), "Tết"
    assert not CALENDAR.works(date(2022, 11, 13)), "a Sunday"
    assert CALENDAR.works(date(2022, 11, 14))
    assert len(CALENDAR.days(date(2022, 1, 1), date(2022, 11, 16))) == 217, "228 weekdays, 11 of them holidays"


def test_the_end_of_a_month_is_busier() -> None:
    assert CALENDAR.weight(date(2022, 11, 30)) == CALENDAR.month_end
    assert CALENDAR.weight(date(2022, 11, 28)) == CALENDAR.month_end
    assert CALENDAR.weight(date(2022, 11, 25)) == 1.0
    assert CALENDAR.weight(date(2022, 11, 27)) == 0.0


def test_mornings_are_busier_than_noon_and_night() -> None:
    def at(hour: int) -> float:
        return CALENDAR.intensity(datetime(2022, 11, 16, hour, tzinfo=HANOI))

    assert at(9) > at(16) > at(12) > at(3) > 0


@given(st.integers(0, int(len(CALENDAR.days(YEAR.first, YEAR.last)) * CALENDAR.seconds_a_day)))
def test_working_seconds_to_the_wall_and_back(seconds: int) -> None:
    assert YEAR.of(YEAR.wall(seconds)) == pytest.approx(seconds, abs=0.01)


@given(st.integers(0, 364 * 86_400), st.integers(0, 86_400))
def test_working_time_never_runs_backwards(start: int, later: int) -> None:
    moment = datetime(2022, 1, 1, tzinfo=HANOI) + timedelta(seconds=start)
    assert 0 <= YEAR.of(moment + timedelta(seconds=later)) - YEAR.of(moment) <= later


@given(st.integers(0, 100_000))
def test_a_spread_sums_up(count: int) -> None:
    days = CALENDAR.days(date(2022, 1, 1), date(2022, 6, 30))
    found = spread(CALENDAR, days, count)
    assert sum(found) == count
    assert min(found) >= 0


def test_a_days_shares_come_in_order_within_its_hours() -> None:
    moments = [CALENDAR.moment(date(2022, 11, 16), share / 100) for share in range(100)]
    assert moments == sorted(moments)
    assert moments[0].hour == 7
    assert moments[-1].hour < 22
