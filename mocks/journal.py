"""What was called and what took effect: bounded, in memory, all of it invented data."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lgsp.model import Blob, Data

KEPT = 2_000
"""Entries; older ones are forgotten."""
LONGEST = 4_096
"""Characters of one string that the journal shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call as the ministry saw it."""

    n: int
    at: str
    system: str
    backend: str
    operation: str
    """Public name where there is one, else the ministry's."""
    backend_operation: str
    consumer: str
    status: int
    """Of the answer; 0 where none left."""
    fault: str | None
    request: Any
    """The message, decoded; long strings cut."""
    answer: Any
    headers: dict[str, str]


class Journal:
    """The last `KEPT` calls, and the effects by system and key."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0
        self.effects: dict[str, dict[str, int]] = {}

    def write(self, now: datetime, **facts: Any) -> Entry:
        self._count += 1
        facts["request"], facts["answer"] = shortened(facts["request"]), shortened(facts["answer"])
        entry = Entry(n=self._count, at=now.isoformat(), **facts)
        self._entries.append(entry)
        return entry

    def calls(self, system: str | None = None, operation: str | None = None) -> list[Entry]:
        """Oldest first."""
        return [
            entry
            for entry in self._entries
            if (system is None or entry.system == system)
            and (operation is None or operation in (entry.operation, entry.backend_operation))
        ]

    def effect(self, system: str, key: str) -> None:
        keys = self.effects.setdefault(system, {})
        keys[key] = keys.get(key, 0) + 1

    def clear(self) -> None:
        self._entries.clear()
        self.effects.clear()

    def as_data(self, system: str | None = None, operation: str | None = None) -> list[Data]:
        return [asdict(entry) for entry in self.calls(system, operation)]


def shortened(value: Any) -> Any:
    """The same tree as the journal shows it."""
    if isinstance(value, dict):
        return {key: shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value[:200]]
    if isinstance(value, Blob):
        return f"<{value.size} bytes, sha256 {value.sha256}>"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value)} characters)"
    return value
