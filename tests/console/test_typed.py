"""What people type as a day or a moment."""

from __future__ import annotations

import pytest

from lgsp.console.typed import iso


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("31/12/2026", "2026-12-31"),
        (" 1/2/2026 ", "2026-02-01"),
        ("31/12/2026 08:30", "2026-12-31 08:30"),
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31T08:30", "2026-12-31T08:30"),
        ("31-12-2026", "31-12-2026"),
        ("", ""),
    ],
)
def test_brought_into_one_form(typed: str, read: str) -> None:
    assert iso(typed) == read
