"""Processes killed for real, in the short form: a few submissions, one random kill, one crash point."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills import experiment


@pytest.mark.timeout(180)
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(tmp_path: Path) -> None:
    """Who is in doubt at the end is so for at least 30 s by rule; the long form waits for all of them."""
    report = await experiment(tmp_path, 120, 1, points=("submission.answered",), patience=3.0)
    assert report.kills == 1
    assert report.crash_points == ["submission.answered"]
    assert (report.lost, report.doubled, report.failed, report.settled_wrong) == (0, 0, 0, 0), report
    assert report.evidence_ok
    assert report.without_evidence == 0
    assert (report.confirmations_missing, report.inbox_twice) == (0, 0)
