"""Observed calls by the hour, in the form that the store keeps: under names that no system has, so that nothing mixes in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from lgsp.health.counts import BOUNDS, PROBE, Key, Portion
from lgsp.store.port import CountRow

OBSERVED = "observed:"
"""Before a system's name; and no consumer: whoever counts the bus's own calls finds none of these."""


@dataclass(slots=True)
class Hours:
    pending: dict[Key, Portion] = field(default_factory=dict)

    def add(self, system: str, operation: str, outcome: str, at: datetime, seconds: float | None) -> None:
        """A line that does not say how long it took counts, and is in no bucket."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        portion = self.pending.setdefault((f"{OBSERVED}{system}", operation, PROBE, hour, outcome), Portion())
        portion.calls += 1
        if seconds is not None:
            portion.seconds += seconds
            portion.buckets[bisect_left(BOUNDS, seconds)] += 1

    def drain(self) -> list[CountRow]:
        """What is not kept yet; give it back by `undrain` where keeping failed."""
        taken, self.pending = self.pending, {}
        return [CountRow(*key, each.calls, each.seconds, tuple(each.buckets)) for key, each in taken.items()]

    def undrain(self, rows: Iterable[CountRow]) -> None:
        for row in rows:
            key = (row.system, row.operation, row.consumer, row.hour, row.outcome)
            portion = self.pending.setdefault(key, Portion())
            portion.calls += row.calls
            portion.seconds += row.seconds
            portion.buckets = [a + b for a, b in zip(portion.buckets, row.buckets, strict=True)]
