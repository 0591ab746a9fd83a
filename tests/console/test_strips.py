"""Strips: every day can be had back from a short text, trouble is told in words, and what has not changed is not drawn again."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from lgsp.console.format import Formats
from lgsp.console.strips import Strips, encoded, strip
from lgsp.console.wording import load
from lgsp.health.history import Day
from lgsp.model import Health

TODAY = date(2022, 11, 16)
W = load("vi")
F = Formats(W, datetime(2022, 11, 16, 3, 42, 18, tzinfo=UTC))


def days(*worst: Health) -> list[Day]:
    first = TODAY - timedelta(days=len(worst) - 1)
    share = {Health.UNKNOWN: None, Health.DOWN: 0.992}
    return [Day(first + timedelta(days=place), each, share.get(each, 1.0)) for place, each in enumerate(worst)]


PAST = days(*[Health.UP] * 40, Health.DOWN, Health.MAINTENANCE, *[Health.UNKNOWN] * 3, *[Health.UP] * 45)


def test_a_strip_is_told_in_words_too() -> None:
    made = strip("Hộ tịch", PAST, W, F)
    assert made["name"].startswith("Hộ tịch, 90 ngày qua; sẵn sàng 99,99 %; 2 ngày có sự cố hoặc bảo trì; ")
    assert "gián đoạn 99,20 %" in made["name"]
    assert made["last"] == "2022-11-16"
    assert set(made["paths"]) == {"u", "x", "m", "n"}


def test_runs_of_days_are_written_short_and_each_can_be_had_again() -> None:
    text = encoded(PAST, F)
    assert text == "40u x=99,20_% m 3n 45u"
    letters = "".join(match[2] * int(match[1] or 1) for match in re.finditer(r"(\d*)([udxmn])(?:=(\S+))?", text))
    assert len(letters) == 90
    assert letters[40] == "x"


def test_a_system_nobody_knows_yet_has_an_empty_strip() -> None:
    made = strip("A", days(*[Health.UNKNOWN] * 90), W, F)
    assert made["name"] == "A, 90 ngày qua; chưa có số liệu"


def test_a_strip_is_drawn_again_when_a_day_changes() -> None:
    strips = Strips()
    first = strips.of("a", "A", PAST, W, F, "vi")
    assert strips.of("a", "A", list(PAST), W, F, "vi") is first
    assert strips.of("a", "A", [*PAST[:-1], Day(TODAY, Health.DOWN, 0.5)], W, F, "vi") is not first
    assert strips.of("b", "B", (), W, F, "vi") is None
