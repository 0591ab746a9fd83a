"""Calls by hour over the last day: how many, how well, how quick. In memory, handed in portions to whoever keeps them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lgsp.errors import BusFault, Unavailable, leaves
from lgsp.runtime import HANOI
from lgsp.store.port import CountRow

BOUNDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0,
    30.0, 60.0, 120.0,
)  # fmt: skip
"""Upper bounds of the latency buckets in seconds; one more bucket holds what is above."""
PROBE = ""
"""Stands for the bus itself where a consumer would stand: probes measure latency, and are nobody's calls."""
_NEVER = datetime.min.replace(tzinfo=UTC)
DAY, _HOUR = timedelta(hours=24), timedelta(hours=1)
KEPT = timedelta(hours=49)
"""Until the end of today, yesterday is compared with."""
_TECHNICAL = frozenset(leaf.code for leaf in leaves() if issubclass(leaf, Unavailable | BusFault))
_ANSWERED = frozenset({"ok", "provider-fault", "record-not-found"})


_BUCKETS = len(BOUNDS) + 1


@dataclass(slots=True)
class Tally:
    """One system, one hour."""

    calls: int = 0
    answered: int = 0
    failed: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    def add(self, consumer: str, outcome: str, calls: int) -> None:
        if consumer != PROBE:
            self.calls += calls
            self.answered += calls * (outcome in _ANSWERED)
            self.failed += calls * (outcome in _TECHNICAL)


@dataclass(slots=True)
class Portion:
    """What is not kept yet of one key."""

    calls: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * _BUCKETS)


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours of one system. `success_rate` is of calls that it should have answered; times in seconds."""

    calls: int
    success_rate: float | None
    p50: float | None
    p95: float | None


Key = tuple[str, str, str, datetime, str]
"""(system, operation, consumer, hour, outcome)"""


@dataclass(slots=True)
class Portions:
    """What was counted since the store last took it, by key."""

    pending: dict[Key, Portion] = field(default_factory=dict)

    def add(self, key: Key, seconds: float | None) -> None:
        """A call that does not say how long it took counts, and is in no bucket."""
        portion = self.pending.get(key)
        if portion is None:
            portion = self.pending[key] = Portion()
        portion.calls += 1
        if seconds is not None:
            portion.seconds += seconds
            portion.buckets[bisect_left(BOUNDS, seconds)] += 1

    def drain(self) -> list[CountRow]:
        """What is not kept yet; give it back by `undrain` where keeping failed."""
        found = self.waiting()
        self.pending = {}
        return found

    def waiting(self) -> list[CountRow]:
        """What `drain` would give, left where it is."""
        return [CountRow(*key, each.calls, each.seconds, tuple(each.buckets)) for key, each in self.pending.items()]

    def undrain(self, rows: Iterable[CountRow]) -> None:
        for row in rows:
            key = (row.system, row.operation, row.consumer, row.hour, row.outcome)
            portion = self.pending.setdefault(key, Portion())
            portion.calls += row.calls
            portion.seconds += row.seconds
            portion.buckets = _sum(portion.buckets, row.buckets)


@dataclass(slots=True)
class Counts:
    tallies: dict[tuple[str, datetime], Tally] = field(default_factory=dict)
    fresh: Portions = field(default_factory=Portions)
    _hour: datetime = _NEVER
    """Of the last call; nearly always the next one's too."""

    def add(self, system: str, operation: str, consumer: str, outcome: str, seconds: float, at: datetime) -> None:
        hour = self._hour
        if not hour <= at < hour + _HOUR:
            hour = self._hour = _hour(at)
        tally = self.tallies.get((system, hour))
        if tally is None:
            self._forget(at)
            tally = self.tallies[system, hour] = Tally()
        tally.add(consumer, outcome, 1)
        if outcome in _ANSWERED:
            tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.fresh.add((system, operation, consumer, hour, outcome), seconds)

    def restore(self, rows: Iterable[CountRow]) -> None:
        """What an earlier process has kept."""
        for row in rows:
            tally = self.tallies.setdefault((row.system, row.hour), Tally())
            tally.add(row.consumer, row.outcome, row.calls)
            if row.outcome in _ANSWERED and len(row.buckets) == _BUCKETS:
                tally.buckets = _sum(tally.buckets, row.buckets)

    def day(self, system: str, now: datetime) -> Day:
        total, hour = Tally(), _hour(now)
        for back in range(24):
            tally = self.tallies.get((system, hour - timedelta(hours=back)))
            if tally is not None:
                total.calls += tally.calls
                total.answered += tally.answered
                total.failed += tally.failed
                total.buckets = _sum(total.buckets, tally.buckets)
        asked = total.answered + total.failed
        rate = total.answered / asked if asked else None
        return Day(total.calls, rate, quantile(total.buckets, 0.5), quantile(total.buckets, 0.95))

    def today(self, system: str, now: datetime) -> tuple[int, int]:
        """Calls since midnight in Viet Nam, and of yesterday until the same time; of its last hour the same share."""
        midnight = now.astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        calls, before, hour = 0, 0.0, midnight
        while hour <= now:
            tally, earlier = self.tallies.get((system, hour)), self.tallies.get((system, hour - DAY))
            calls += tally.calls if tally else 0
            before += (earlier.calls if earlier else 0) * min(1.0, (now - hour) / timedelta(hours=1))
            hour += timedelta(hours=1)
        return calls, round(before)

    def _forget(self, now: datetime) -> None:
        for key in [each for each in self.tallies if each[1] <= now - KEPT]:
            del self.tallies[key]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _sum(one: Iterable[int], other: Iterable[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


def quantile(buckets: list[int], share: float) -> float | None:
    """Seconds, interpolated inside the bucket; the last bucket answers with its lower bound."""
    total = sum(buckets)
    if not total:
        return None
    wanted, seen = share * total, 0
    for index, count in enumerate(buckets):
        if count and seen + count >= wanted:
            low = BOUNDS[index - 1] if index else 0.0
            high = BOUNDS[index] if index < len(BOUNDS) else low
            return low + (high - low) * (wanted - seen) / count
        seen += count
    return BOUNDS[-1]
