"""Groups of what waits for operators: nothing is counted twice or left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lgsp.model import SubmissionState
from lgsp.store.port.search import CountedRow
from lgsp.submissions.groups import age_of, groups

S = SubmissionState
NOW = datetime(2022, 11, 16, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "age"),
    [
        (timedelta(minutes=59), "hour"), (timedelta(hours=1), "day"), (timedelta(hours=23, minutes=59), "day"),
        (timedelta(days=1), "week"), (timedelta(days=7), "older"), (timedelta(days=400), "older"),
    ],
)  # fmt: skip
def test_ages(ago: timedelta, age: str) -> None:
    assert age_of(NOW - ago, NOW) == age


def test_by_system_cause_and_age_the_largest_first() -> None:
    recent, old = NOW - timedelta(minutes=30), NOW - timedelta(days=2)
    found = groups(
        [
            CountedRow("births", S.FAILED, "timeout", old, 2),
            CountedRow("births", S.INDETERMINATE, "timeout", old + timedelta(hours=1), 3),
            CountedRow("births", S.FAILED, "timeout", recent, 1),
            CountedRow("births", S.FAILED, "bad-answer", old, 1),
            CountedRow("land", S.QUEUED, "", recent, 7),
        ],
        NOW,
    )
    assert [(each["system"], each["cause"], each["age"]["id"], each["count"]) for each in found] == [
        ("land", "", "hour", 7),
        ("births", "timeout", "week", 5),
        ("births", "bad-answer", "week", 1),
        ("births", "timeout", "hour", 1),
    ]
    assert found[1]["states"] == {"failed": 2, "indeterminate": 3}
    assert found[1]["oldest"] == old.isoformat()
    assert found[1]["age"]["vi"]
    assert groups([], NOW) == []
