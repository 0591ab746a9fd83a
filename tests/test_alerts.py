"""What the SOC hears: once a window, in bounded memory, in lines that nobody can break."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from lgsp.alerts import SecurityWatch
from lgsp.events import Events, EvidenceWitnessed, ExchangeFinished, SecurityAlert
from lgsp.model import Consumer, Text

NOW = datetime(2022, 12, 6, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


def house(limit: int = 5) -> tuple[SecurityWatch, Clock, list[SecurityAlert]]:
    events, clock, heard = Events(), Clock(), []
    events.subscribe(lambda event: heard.append(event) if isinstance(event, SecurityAlert) else None)
    return SecurityWatch(events, clock, limit), clock, heard


def finished(outcome: str, consumer: str | None = "x", correlation: str = "c") -> ExchangeFinished:
    return ExchangeFinished("i", correlation, "rest", "births", "ask", consumer, outcome, None, 0.1, 0, 0.0, NOW)


def people(*numbers: int) -> list[bytes]:
    return [number.to_bytes(32, "little") for number in numbers]


def test_bulk_reading_is_said_with_its_consumer_and_how_many() -> None:
    watch, _, heard = house()
    watch.subjects("x", people(1, 2, 3, 4, 5))
    assert heard == []
    watch.subjects("x", people(5, 6))
    assert [(each.what, each.consumer, each.count, each.severity) for each in heard] == [("bulk-reading", "x", 6, 8)]


def test_guessing_and_knocking() -> None:
    watch, clock, heard = house()
    for _ in range(29):
        watch(finished("unauthenticated", None))
        watch(finished("forbidden"))
        watch(finished("ok"))
    assert heard == []
    for _ in range(40):
        watch(finished("unauthenticated", None))
        watch(finished("purpose-required"))
    assert sorted(each.what for each in heard) == ["forbidden-calls", "refused-credentials"]
    clock.passed = 61
    for _ in range(30):
        watch(finished("forbidden", "y"))
    assert heard[-1].consumer == "y"
    watch(EvidenceWitnessed("w", "ok", 5))
    watch(EvidenceWitnessed("w", "disputed", 5))
    assert (heard[-1].what, heard[-1].severity) == ("evidence-disputed", 10)


def test_an_approval_that_ends_is_said_before_and_when_it_has() -> None:
    watch, clock, heard = house()
    consumer = Consumer("x", Text("Mẫu", "Sample"), security_level=2, security_expires=date(2022, 12, 31))
    never = replace(consumer, id="y", security_expires=None)
    for day in range(40):
        clock.passed = day * 86400.0
        watch.levels([consumer, never])
    assert [(each.what, each.consumer, each.count) for each in heard] == [
        ("security-level-ending", "x", 25),
        ("security-level-lost", "x", 1),
    ]
