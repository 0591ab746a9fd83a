"""The journal is bounded, shortens what is long, and counts effects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lgsp.model import Blob
from lgsp_mocks.journal import KEPT, LONGEST, Journal, shortened

NOW = datetime(2022, 11, 16, tzinfo=UTC)


def write(journal: Journal, operation: str) -> None:
    journal.write(
        NOW, system="so-mau", backend="rest", operation=operation, backend_operation=operation.upper(), consumer="",
        status=200, fault=None, request={}, answer=None, headers={},
    )  # fmt: skip


def test_old_entries_are_forgotten_and_numbers_go_on() -> None:
    journal = Journal()
    for _ in range(KEPT + 5):
        write(journal, "traCuu")
    entries = journal.calls("so-mau")
    assert len(entries) == KEPT
    assert (entries[0].n, entries[-1].n) == (6, KEPT + 5)


def test_entries_are_found_by_either_name() -> None:
    journal = Journal()
    write(journal, "traCuu")
    write(journal, "ghiNhan")
    assert [e.operation for e in journal.calls(operation="TRACUU")] == ["traCuu"]
    assert [e.operation for e in journal.calls("so-mau", "ghiNhan")] == ["ghiNhan"]
    assert journal.calls("khac") == []


def test_long_values_are_shortened() -> None:
    blob = Blob(Path("x"), 50_000_000, "abc", 1, 1)
    short = shortened({"a": ["x" * (LONGEST + 1)], "b": blob, "c": 1, "d": None})
    assert short["a"][0].endswith(f"… ({LONGEST + 1} characters)")
    assert short["b"] == "<50000000 bytes, sha256 abc>"
    assert (short["c"], short["d"]) == (1, None)


def test_effects_are_counted_by_system_and_key() -> None:
    journal = Journal()
    for key in ("A", "A", "B"):
        journal.effect("so-mau", key)
    assert journal.effects == {"so-mau": {"A": 2, "B": 1}}
    journal.clear()
    assert journal.effects == {}
