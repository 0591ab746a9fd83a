"""The house's own tiles: evidence, store and disk; a full disk is one cause."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lgsp.console.indoors import indoors
from lgsp.store.port import Trouble

NOW = datetime(2022, 11, 16, 3, 0, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=48)


def house(evidence: str | None = None, kept: str | None = None) -> Any:
    trouble = {name: Trouble(SINCE, reason) if reason else None for name, reason in (("e", evidence), ("k", kept))}
    return SimpleNamespace(
        audit=SimpleNamespace(trouble=trouble["e"], entries=1204551),
        keeper=SimpleNamespace(trouble=trouble["k"]),
        settings=SimpleNamespace(data=Path("/")),
    )


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Free bytes of a disk of 100 GB; a test may change them."""
    free = [50 << 30]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=100 << 30, free=free[0]))
    return free


def test_when_all_is_well_there_is_one_tile_with_what_was_written() -> None:
    (tile,) = indoors(house(), NOW)
    assert (tile["id"], tile["health"], tile["said"]["vi"]) == ("evidence", "up", "1.204.551 mục từ khi khởi động")
    assert tile["said"]["en"].startswith("1,204,551 ")


@pytest.mark.parametrize(
    ("reason", "layer"),
    [("FullError", "disk"), ("IOError", "disk"), ("BusyError", "evidence"), ("TimeoutError", "evidence")],
)
def test_evidence_that_cannot_be_written_says_since_when_and_whether_it_is_the_disk(reason: str, layer: str) -> None:
    (tile,) = indoors(house(reason), NOW)
    assert (tile["health"], tile["layer"]) == ("down", layer)
    assert tile["cause"]["vi"].startswith("Sổ chứng cứ: ")
    assert "từ 09:12" in tile["cause"]["vi"]
    assert "gọi quản trị" in tile["next"]["vi"]


def test_a_full_disk_below_both_is_one_cause(room: list[int]) -> None:
    room[0] = 0
    assert [tile["id"] for tile in indoors(house("FullError", "FullError"), NOW)] == ["evidence"]
    assert [tile["id"] for tile in indoors(house(kept="FullError"), NOW)] == ["evidence", "store"]


@pytest.mark.parametrize(("free", "health"), [(900 << 20, "degraded"), (10 << 20, "down"), (6 << 30, None)])
def test_a_disk_that_fills_is_told_before_it_is_full(room: list[int], free: int, health: str | None) -> None:
    room[0] = free
    found = {tile["id"]: tile for tile in indoors(house(), NOW)}.get("disk")
    assert (found and found["health"]) == health
    if found:
        assert f"còn {free >> 20} MB" in found["cause"]["vi"]
        assert found["layer"] == "disk"
