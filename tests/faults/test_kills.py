"""Processes killed for real, in the short form: a few submissions, one random kill, two crash points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills import experiment


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(tmp_path: Path) -> None:
    """Who is in doubt at the end is so for at least 30 s by rule; the long form waits for all of them."""
    points = ("submission.answered", "callback.answered")
    report = await experiment(tmp_path, 150, 1, points=points, patience=3.0)
    assert report.kills == 1
    assert set(report.crash_points) == set(points)
    assert (report.lost, report.doubled, report.failed, report.settled_wrong) == (0, 0, 0, 0), report
    assert report.evidence_ok
    assert report.without_evidence == 0
    assert (report.confirmations_missing, report.collected_missing, report.inbox_twice) == (0, 0, 0)
    assert report.callbacks > 0
    assert report.callbacks_forged == 0
