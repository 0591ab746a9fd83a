"""Causes that are no health: the house's own parts, approvals, what waits, single events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lgsp.alerting.causes import NEWS, SILENT, WAITING, News, of_approvals, of_house, of_waiting
from lgsp.compliance import Approval
from lgsp.events import EvidenceWitnessed, SecurityAlert
from lgsp.model import Consumer, SubmissionState, Text
from lgsp.store.port.search import CountedRow, Wanted

NOW = datetime(2022, 12, 6, 1, tzinfo=UTC)
TODAY = date(2022, 12, 6)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


def house(consumers: list[Consumer] | None = None, rows: list[CountedRow] | None = None) -> Any:
    asked: list[Wanted] = []

    async def counted(wanted: Wanted) -> list[CountedRow]:
        asked.append(wanted)
        return rows or []

    return SimpleNamespace(
        asked=asked,
        store=SimpleNamespace(search=SimpleNamespace(counted=counted)),
        policy=SimpleNamespace(
            consumers=lambda: consumers or [],
            levels=lambda: [Approval("a", "A", "", 3, "1/QĐ", date(2020, 1, 1), date(2022, 12, 1))],
        ),
        windows=SimpleNamespace(open=lambda name: None),
        registry=SimpleNamespace(connector=lambda name: SimpleNamespace(title=Text("Hệ A", "System A"))),
    )


def test_the_houses_own_parts() -> None:
    cause = {"vi": "đầy", "en": "full"}
    tiles: list[dict[str, Any]] = [
        {"id": "evidence", "health": "up", "cause": None},
        {"id": "disk", "health": "degraded", "cause": cause},
        {"id": "store", "health": "down", "cause": cause},
    ]
    assert [(each.key, each.severity) for each in of_house(tiles)] == [("house:disk", 7), ("house:store", 10)]


@pytest.mark.parametrize(
    ("ends", "severity"), [(TODAY + timedelta(days=1), 5), (TODAY - timedelta(days=1), 7), (date(2030, 1, 1), None)]
)
def test_approvals_that_end(ends: date, severity: int | None) -> None:
    consumer = Consumer("portal", Text("Cổng", "Portal"), security_level=3, security_expires=ends)
    found = {each.key: each.severity for each in of_approvals(house([consumer]), TODAY)}
    assert found.pop("approval:system:a") == 7
    assert found == ({} if severity is None else {"approval:portal": severity})


async def test_what_waits_too_long_is_one_cause_a_system() -> None:
    rows = [
        CountedRow("a", SubmissionState.QUEUED, "timeout", NOW, 3),
        CountedRow("a", SubmissionState.QUEUED, "", NOW, 4),
    ]
    place = house(rows=rows)
    (one,) = await of_waiting(place, NOW)
    assert (one.key, one.text.en) == ("waiting:a", "System A: 7 submissions wait for over 4 hours")
    assert place.asked[0].accepted_before == NOW - WAITING
    assert SubmissionState.INDETERMINATE in place.asked[0].states


def test_bulk_reading_is_shown_for_a_while_and_once() -> None:
    clock = Clock()
    news = News(clock)
    for _ in range(5):
        news(SecurityAlert("bulk-reading", "portal", 300, 8, NOW))
    assert [each.key for each in news.causes(NOW)] == ["bulk-reading:portal"]
    assert news.causes(NOW + NEWS) == []


def test_a_silent_witness() -> None:
    clock = Clock()
    news = News(clock)
    news(EvidenceWitnessed("w", "timeout", 0))
    clock.at = NOW + SILENT
    news(EvidenceWitnessed("w", "timeout", 0))
    assert news.causes(clock.at - timedelta(seconds=1)) == []
    assert [each.key for each in news.causes(clock.at)] == ["witness:w"]
    news(EvidenceWitnessed("w", "ok", 9))
    assert news.causes(clock.at) == []
