"""Incidents and availability from transitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lgsp.model import Health, Text
from lgsp.report.incidents import incidents, spells, watched
from lgsp.store import HealthRow

BEGIN = datetime(2022, 12, 31, 17, tzinfo=UTC)
UNTIL = BEGIN + timedelta(days=1)
SLOW, DOWN = Text("chậm", "slow"), Text("ngắt", "down")


def row(hours: float, now: Health, cause: Text | None = None, evidence: str = "", system: str = "a") -> HealthRow:
    return HealthRow(system, Health.UNKNOWN, now, cause, evidence, BEGIN + timedelta(hours=hours))


def found(*rows: HealthRow) -> list[tuple[str, float, bool, Health, Text | None]]:
    lines = spells(rows, BEGIN, UNTIL)
    return [
        (each.system, each.seconds / 3600, each.end is None, each.worst, each.cause) for each in incidents(lines, UNTIL)
    ]


def test_one_stretch_is_one_incident() -> None:
    rows = (row(1, Health.DEGRADED, SLOW), row(2, Health.DOWN, DOWN), row(3, Health.DEGRADED, SLOW), row(5, Health.UP))
    assert found(*rows) == [("a", 4.0, False, Health.DOWN, DOWN)]


def test_two_stretches_are_two() -> None:
    rows = (row(1, Health.DOWN, DOWN), row(2, Health.UP), row(3, Health.DOWN, DOWN), row(4, Health.UNKNOWN))
    assert [each[1] for each in found(*rows)] == [1.0, 1.0]


def test_what_began_before_counts_from_the_first_moment_and_what_goes_on_has_no_end() -> None:
    assert found(row(-50, Health.DOWN, DOWN)) == [("a", 24.0, True, Health.DOWN, DOWN)]
    assert found(row(-50, Health.DOWN, DOWN), row(-1, Health.UP)) == []
    assert found(row(30, Health.DOWN, DOWN)) == []


def test_a_platform_is_one_cause() -> None:
    rows = [row(1, Health.DOWN, DOWN, "upstream ngsp", name) for name in "abc"]
    rows += [row(2, Health.UP, system=name) for name in "abc"]
    rows += [row(1, Health.DOWN, DOWN, system="upstream:ngsp"), row(2, Health.UP, system="upstream:ngsp")]
    assert [each[0] for each in found(*rows)] == ["upstream:ngsp"]


def test_maintenance_is_no_incident_and_nobodys_time() -> None:
    rows = (row(0, Health.UP), row(6, Health.MAINTENANCE), row(12, Health.DOWN), row(15, Health.UNKNOWN))
    line = spells(rows, BEGIN, UNTIL)["a"]
    assert watched(line, ()) == (9 * 3600, 3 * 3600)
    assert [each[1] for each in found(*rows)] == [3.0]


@pytest.mark.parametrize(("begin", "end", "away"), [(13, 14, 2.0), (0, 24, 0.0), (14, 99, 2.0), (1, 2, 3.0)])
def test_reclassified_downtime_is_nobodys(begin: float, end: float, away: float) -> None:
    line = spells((row(12, Health.DOWN), row(15, Health.UNKNOWN)), BEGIN, UNTIL)["a"]
    excused = [(BEGIN + timedelta(hours=begin), BEGIN + timedelta(hours=end))] * 2
    assert watched(line, excused) == (away * 3600, away * 3600)
