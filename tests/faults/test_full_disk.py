"""A process on a disk that fails, in the short form: nothing is acknowledged, refused at once, well again by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import full_disk


@pytest.mark.timeout(600)
async def test_a_gateway_on_a_failing_disk(tmp_path: Path) -> None:
    found = await full_disk.experiment(tmp_path, seconds=1.0, patience=2.0)
    ended = found.pop("in the end")
    assert set(found) == {"full", "write", "sync"}
    for failure, figures in found.items():
        assert figures["acknowledged while it failed"] == 0, (failure, figures)
        assert set(figures["refusals"]) == {"evidence-unavailable"}, (failure, figures)
        assert figures["with Retry-After"], (failure, figures)
        assert figures["process lives"], (failure, figures)
        assert figures["takes updates again after s"] < 30, (failure, figures)
    assert ended["holds"], ended
    assert ended["refused"] >= 45
