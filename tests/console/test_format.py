"""Figures and moments in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lgsp.console.format import Formats
from lgsp.console.wording import load

NOW = datetime(2022, 11, 16, 3, 42, 18, tzinfo=UTC)
VI, EN = Formats(load("vi"), NOW), Formats(load("en"), NOW)


@pytest.mark.parametrize(
    ("value", "digits", "vi", "en"),
    [
        (1204551, 0, "1.204.551", "1,204,551"),
        (0.5, 1, "0,5", "0.5"),
        (-1234.5, 1, "−1.234,5", "−1,234.5"),
        (-0.01, 1, "0,0", "0.0"),
        (None, 0, "—", "—"),
    ],
)
def test_numbers(value: float | None, digits: int, vi: str, en: str) -> None:
    assert (VI.number(value, digits), EN.number(value, digits)) == (vi, en)


def test_a_share_is_whole_only_where_nothing_is_missing() -> None:
    assert (VI.percent(0.991), EN.percent(0.991)) == ("99,1 %", "99.1%")
    assert (VI.percent(1.0), VI.percent(0.99999), VI.percent(None)) == ("100,0 %", "99,9 %", "—")
    assert VI.percent(0.999999, 2) == "99,99 %"


def test_changes() -> None:
    assert (VI.change(146, 100), VI.change(33, 100), VI.change(5, 0)) == ("+46 %", "−67 %", "")
    assert EN.change(1000, 1001) == "±0%"


def test_moments_are_of_viet_nam_and_say_no_more_than_is_needed() -> None:
    assert VI.dateline(NOW) == "Lúc 10:42:18, thứ Tư 16/11/2022"
    assert EN.dateline(NOW) == "At 10:42:18, Wednesday 16/11/2022"
    assert VI.clock(NOW - timedelta(hours=1)) == "09:42"
    assert VI.clock(NOW - timedelta(hours=11)) == "23:42 15/11"
    assert VI.clock(NOW - timedelta(days=400)).endswith("/2021")
    assert VI.moment("2022-11-15T18:00:00+00:00") == "01:00:00 16/11/2022"
    assert (VI.day(date(2022, 11, 1)), VI.day("2022-11-01"), VI.day(None)) == ("01/11/2022", "01/11/2022", "—")


def test_spans() -> None:
    assert VI.span(5400) == "1 giờ 30 phút"
    assert EN.span(timedelta(days=1, minutes=3, seconds=9)) == "1 day 3 minutes"
    assert (EN.span(0), EN.span(2), VI.ago(NOW - timedelta(seconds=61))) == ("0 seconds", "2 seconds", "1 phút 1 giây")


def test_sizes_and_seconds() -> None:
    assert (VI.bytes(512), VI.bytes(1536), EN.bytes(250 << 20)) == ("512 B", "1,5 KB", "250 MB")
    assert (VI.seconds(0.214), VI.seconds(4.123), VI.seconds(None)) == ("0,21", "4,1", "—")
