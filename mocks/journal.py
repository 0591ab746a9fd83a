"""What was called and what took effect: bounded, in memory, all of it invented data."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

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


Told = Data | Callable[[], Data] | None
"""A message, or how to read it again: nearly no entry is ever looked at, so a small one is read when somebody asks."""


@dataclass(frozen=True, slots=True)
class _Kept:
    n: int
    at: datetime
    request: Any
    answer: Any
    raw: bytes | None
    facts: dict[str, Any]

    def entry(self) -> Entry:
        request, answer = (shortened(each()) if callable(each) else each for each in (self.request, self.answer))
        raw = None if self.raw is None else self.raw.decode("utf-8", "replace")
        return Entry(n=self.n, at=self.at.isoformat(), request=request, answer=answer, raw=raw, **self.facts)


class Journal:
    """The last `KEPT` calls, and the effects by system and key."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque(maxlen=KEPT)
        self._count = 0
        self.effects: dict[str, dict[str, int]] = {}

    def write(self, now: datetime, *, request: Told, answer: Told, raw: bytes | None = None, **facts: Any) -> None:
        self._count += 1
        self._kept.append(_Kept(self._count, now, _kept(request), _kept(answer), raw, facts))

    def calls(self, system: str | None = None, operation: str | None = None) -> list[Entry]:
        """Oldest first."""
        return [
            each.entry()
            for each in self._kept
            if (system is None or each.facts["system"] == system)
            and (operation is None or operation in (each.facts["operation"], each.facts["backend_operation"]))
        ]

    def effect(self, system: str, key: str) -> None:
        keys = self.effects.setdefault(system, {})
        keys[key] = keys.get(key, 0) + 1

    def clear(self) -> None:
        self._kept.clear()
        self.effects.clear()

    def as_data(self, system: str | None = None, operation: str | None = None) -> list[Data]:
        return [asdict(replace(entry, raw=None)) for entry in self.calls(system, operation)]


def _kept(told: Told) -> Any:
    return told if callable(told) else shortened(told)


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
