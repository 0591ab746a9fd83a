"""Damping: one alert a cause, whatever the cause does in between."""

from __future__ import annotations

from collections.abc import Callable

from lgsp.alerting.causes import Cause
from lgsp.alerting.rules import CALM, MOST, Damper
from lgsp.model import Text

STEP = 5.0
DOWN = Cause("health:a", "health", 8, Text("ngắt", "down"), after=60.0)


def played(there: Callable[[float], bool], seconds: float, cause: Cause = DOWN) -> list[tuple[str, float]]:
    """(what, when) of a cause that is there at some moments."""
    damper, found, now = Damper(), [], 0.0
    while now <= seconds:
        turn = damper.look([cause] if there(now) else [], now)
        found += [("raised", now)] * len(turn.raised) + [("cleared", now)] * len(turn.cleared)
        now += STEP
    return found


def test_it_is_raised_once_after_its_time() -> None:
    assert played(lambda now: True, 5000) == [("raised", 60.0)]


def test_a_blip_is_nothing() -> None:
    assert played(lambda now: now < 40, 5000) == []


def test_recovery_clears_after_the_calm() -> None:
    assert played(lambda now: now <= 100, 5000) == [("raised", 60.0), ("cleared", 100.0 + CALM)]


def test_flapping_is_one_alert() -> None:
    found = played(lambda now: now % 60 < 30 and now < 3600, 5000)
    assert [what for what, _ in found] == ["raised", "cleared"]


def test_a_second_outage_is_a_second_alert() -> None:
    found = played(lambda now: now < 100 or 1000 < now < 1100, 5000)
    assert [what for what, _ in found] == ["raised", "cleared"] * 2


def test_what_stood_before_a_restart_is_not_raised_again() -> None:
    damper = Damper()
    damper.resume([DOWN], 0.0)
    assert damper.look([DOWN], 100.0).raised == ()
    assert damper.look([], 100.0 + CALM).cleared == (DOWN.key,)


def test_a_flood_is_bounded_and_keeps_the_gravest() -> None:
    causes = [Cause(str(n), "health", n % 10, DOWN.text, 0.0) for n in range(MOST + 500)]
    damper = Damper()
    raised = damper.look(causes, 0.0).raised
    assert len(raised) == len(damper.seen) == MOST
    assert min(each.severity for each in raised) >= 1
