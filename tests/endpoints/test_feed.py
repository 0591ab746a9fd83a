"""Events for wall screens: numbered, bounded, resumable."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from lgsp.endpoints.feed import Feed
from lgsp.events import ExchangeFinished, HealthChanged, ProbeMade, StageChanged
from lgsp.model import Health, Stage, Text

AT = datetime(2022, 11, 16, 3, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return float(self.seconds)


def changed(system: str = "register") -> HealthChanged:
    return HealthChanged(system, Health.UP, Health.DOWN, Text("vì", "why"), AT)


def finished(outcome: str) -> ExchangeFinished:
    return ExchangeFinished("i", "c", "rest", "register", "ask", "portal", outcome, None, 0.1, 1, 0.1, AT)


def test_numbers_grow_also_over_a_restart() -> None:
    clock = Clock()
    first = Feed(clock)
    for _ in range(3):
        first(changed())
    last = first.last
    clock.seconds = 5
    second = Feed(clock)
    second(changed())
    assert [message.number for message in second.since(last)] == [second.last]
    assert second.last > last


def test_who_comes_anew_gets_nothing_old_and_who_comes_back_all_that_came_since() -> None:
    feed = Feed(Clock())
    feed(changed("a"))
    place = feed.last
    feed(StageChanged("b", Stage.TRIAL, Stage.OFFICIAL, "QĐ 1", AT))
    feed(ProbeMade("a", "ask", "ok", 0.1))
    assert list(feed.since(None)) == []
    (message,) = feed.since(place)
    assert (message.name, json.loads(message.data)["decision"]) == ("stage", "QĐ 1")
    assert message.written().startswith(b"id: %d\nevent: stage\ndata: {" % message.number)


def test_traffic_is_told_together_and_names_nobody() -> None:
    feed = Feed(Clock())
    feed.tell_traffic()
    for outcome in ("ok", "ok", "timeout"):
        feed(finished(outcome))
    feed.tell_traffic()
    feed.tell_traffic()
    (message,) = feed.since(0)
    assert json.loads(message.data)["systems"] == {"register": {"ok": 2, "error": 1}}
    assert b"portal" not in message.data


def test_the_ring_has_a_bound() -> None:
    feed = Feed(Clock())
    for _ in range(1500):
        feed(changed())
    assert len(list(feed.since(0))) == 1000
