"""What was called and what took effect: bounded, in memory, all of it invented data."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from lgsp.model import Blob, Data

KEPT = 2_000
"""Entries; older ones are forgotten."""
LONGEST = 4_096
"""Characters of one string that the journal shows."""
RAW = 16_384
"""Bytes of a message that the journal keeps as it came."""


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
    raw: str | None = field(default=None, repr=False)
    """The message as it came, credentials in its headers too, where it was no larger than `RAW`: for whoever asks for it."""


class Kept(Protocol):
    """A call that is told when somebody asks."""

    def fits(self, system: str | None, operation: str | None) -> bool:
        """Whether it is of this system and of this operation, by either of its names."""

    def entry(self, n: int, at: datetime) -> Entry: ...


@dataclass(frozen=True, slots=True)
class _Written:
    facts: dict[str, Any]

    def fits(self, system: str | None, operation: str | None) -> bool:
        facts = self.facts
        return (system is None or facts["system"] == system) and (
            operation is None or operation in (facts["operation"], facts["backend_operation"])
        )

    def entry(self, n: int, at: datetime) -> Entry:
        return Entry(n=n, at=at.isoformat(), **self.facts)


class Journal:
    """The last `KEPT` calls, and the effects by system and key."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, datetime, Kept]] = deque(maxlen=KEPT)
        self._count = 0
        self.effects: dict[str, dict[str, int]] = {}

    def keep(self, now: datetime, kept: Kept) -> None:
        self._count += 1
        self._kept.append((self._count, now, kept))

    def write(self, now: datetime, *, request: Data | None, answer: Data | None, **facts: Any) -> None:
        """A call whose entry is known already."""
        self.keep(now, _Written({"request": shortened(request), "answer": shortened(answer), **facts}))

    def calls(self, system: str | None = None, operation: str | None = None) -> list[Entry]:
        """Oldest first."""
        return [kept.entry(n, at) for n, at, kept in self._kept if kept.fits(system, operation)]

    def effect(self, system: str, key: str) -> None:
        keys = self.effects.setdefault(system, {})
        keys[key] = keys.get(key, 0) + 1

    def clear(self) -> None:
        self._kept.clear()
        self.effects.clear()

    def as_data(self, system: str | None = None, operation: str | None = None) -> list[Data]:
        return [asdict(replace(entry, raw=None)) for entry in self.calls(system, operation)]


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
