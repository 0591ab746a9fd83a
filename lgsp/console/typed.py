"""Days and moments as people here type them, 31/12/2026 08:30, brought into the form that actions read."""

from __future__ import annotations

import re

_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")


def iso(text: str) -> str:
    """2026-12-31 08:30. What is written otherwise stays as it is: who reads it refuses it."""
    found = _DAY.fullmatch(text.strip())
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}{found[4]}" if found else text.strip()
