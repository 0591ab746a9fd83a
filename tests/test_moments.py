"""Moments as text: letter for letter what the standard library writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp import moments

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.just(UTC) | ZONES | st.none()))
def test_it_is_what_isoformat_writes(moment: datetime) -> None:
    assert moments.written(moment) == moment.isoformat()
    assert moments.short(moment) == moment.isoformat(timespec="milliseconds")


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 120_000, 999_999])
def test_seconds_that_are_whole_and_nearly(microsecond: int) -> None:
    moment = datetime(2022, 11, 16, 3, 0, 0, microsecond, UTC)
    assert moments.written(moment) == moment.isoformat()
    assert moments.short(moment) == moment.isoformat(timespec="milliseconds")
