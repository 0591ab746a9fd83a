"""More callers than the cores can serve, and a start with many waiting: short forms with processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import pressure
from tests.faults.flood import flood

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


async def test_a_flood_loses_and_doubles_nothing(tmp_path: Path) -> None:
    found = await pressure.run(tmp_path, flood, seconds=1.5, callers=60, writers=20, rest=1.0)
    assert found["acknowledged"] > 0, found
    assert (found["lost"], found["doubled"], found["refused without Retry-After"]) == (0, 0, 0), found
    assert found["success after"] == 1.0, found


async def test_a_start_with_many_waiting_delivers(tmp_path: Path) -> None:
    found = await pressure.run(tmp_path, pressure.backlog, rows=500)
    assert found["ready after s"] <= found["delivering after s"] < 60, found
