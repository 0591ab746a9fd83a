"""What a log has shown, by system: observed, never proven. A health book and counts of its own, so nothing of it mixes in.

An access log says that something was answered, not that it was right: 404 may be a business answer, a 200 may hold a fault.
So statuses are judged as kindly as they can be, contracts are not judged at all, and the bus's own breakers hear nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lgsp.errors import BadAnswer, BusFault, ConnectFailed, Overloaded, Timeout
from lgsp.events import Events
from lgsp.health import HealthBook
from lgsp.health.counts import BOUNDS, KEPT, Counts, Portions, quantile
from lgsp.model import Health
from lgsp.observer.hours import OBSERVED, observed
from lgsp.observer.lines import Line
from lgsp.observer.matching import Matching
from lgsp.runtime import Runtime
from lgsp.store.port import CountRow

OLD = timedelta(minutes=10)
"""A line of longer ago counts in the statistics, and says nothing of how a system is now."""
_OUTCOMES = {500: BusFault.code, 502: ConnectFailed.code, 503: Overloaded.code, 504: Timeout.code}
_CALLER = frozenset({400, 401, 402, 403, 405, 406, 408, 409, 410, 411, 413, 414, 415, 417, 422, 429, 431})


def outcome_of(status: int) -> str:
    """As the bus would name it; what the log cannot tell apart is taken for an answer."""
    if status < 400:
        return "ok"
    if status == 404:
        return "record-not-found"
    if status in _CALLER or status < 500:
        return "invalid-message"
    return _OUTCOMES.get(status, BadAnswer.code)


@dataclass(slots=True)
class Sum:
    """One system, all of the log."""

    calls: int = 0
    answered: int = 0
    failed: int = 0
    first: datetime | None = None
    last: datetime | None = None
    timed: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class ObservedBook:
    """`source` names the log for people: its file's name alone."""

    matching: Matching
    runtime: Runtime
    source: str
    book: HealthBook = field(init=False)
    sums: dict[str, Sum] = field(default_factory=dict)
    unmatched: int = 0
    unreadable: int = 0
    lines: int = 0
    passed: Portions = field(default_factory=Portions)
    """Calls that this process has passed on itself, as far as nobody has kept them."""
    last: dict[str, datetime] = field(default_factory=dict)
    """Of each system's newest line, an earlier process's too."""
    _day: Counts = field(default_factory=Counts)
    _hour: datetime | None = None

    def __post_init__(self) -> None:
        self.book = HealthBook(lambda: self.matching.registry, self.runtime, Events())

    def take(self, line: Line | None) -> None:
        self.lines += 1
        if line is None:
            self.unreadable += 1
            return
        found = self.matching.of(line.method, line.path)
        if found is None:
            self.unmatched += 1
            return
        system, operation = found
        outcome, now = outcome_of(line.status), self.runtime.clock.now()
        self._add(system, operation, outcome, line)
        if now - KEPT < line.at <= now + OLD:
            one = Portions()
            one.add(observed(system, operation, outcome, min(line.at, now)), line.seconds)
            self._into_the_day(one.drain(), now)
        if now - OLD < line.at:
            code = "ok" if outcome in ("ok", "record-not-found", "invalid-message") else outcome
            self.book.take_in(system, operation, code, None, "", slow=False)

    def passed_on(self, line: Line) -> None:
        """A call that the bus has passed on: no log has it, so it is kept from here."""
        self.take(line)
        found = self.matching.of(line.method, line.path)
        if found is not None:
            self.passed.add(observed(*found, outcome_of(line.status), line.at), line.seconds)

    def restore(self, rows: Iterable[CountRow], last: Mapping[str, datetime]) -> None:
        """What an earlier process has kept; `last` where it is known to the moment, else the hour stands for it."""
        kept = [each for each in rows if each.system.startswith(OBSERVED)]
        self._into_the_day(kept, self.runtime.clock.now())
        for row in kept:
            name = row.system.removeprefix(OBSERVED)
            self.last[name] = max(self.last.get(name, row.hour), row.hour, last.get(name, row.hour))

    def _into_the_day(self, rows: Iterable[CountRow], now: datetime) -> None:
        """Under the system's own name, as some caller's: the day's counts are this book's alone."""
        self._day.restore(
            replace(each, system=each.system.removeprefix(OBSERVED), consumer="observed") for each in rows
        )
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour = hour
            for key in [each for each in self._day.tallies if each[1] <= now - KEPT]:
                del self._day.tallies[key]

    def _add(self, system: str, operation: str, outcome: str, line: Line) -> None:
        each = self.sums.setdefault(system, Sum())
        self.last[system] = max(self.last.get(system, line.at), line.at)
        each.calls += 1
        each.answered += outcome in ("ok", "record-not-found")
        each.failed += line.status >= 500
        each.first = min(each.first or line.at, line.at)
        each.last = max(each.last or line.at, line.at)
        each.operations[operation] += 1
        each.statuses[line.status] += 1
        if line.seconds is not None:
            each.timed += 1
            each.buckets[next((index for index, bound in enumerate(BOUNDS) if line.seconds <= bound), len(BOUNDS))] += 1

    def of(self, system: str) -> dict[str, Any] | None:
        """For the board: the last day; None where nothing of it was seen."""
        last = self.last.get(system)
        if last is None:
            return None
        now = self.runtime.clock.now()
        day, seen = self._day.day(system, now), self.book.verdict(system)
        return {
            "source": self.source,
            "health": (seen.health if now - last < OLD else Health.UNKNOWN).value,
            "since": seen.since.isoformat(timespec="seconds"),
            "calls": day.calls,
            "success_rate": day.success_rate,
            "latency_ms": {"p50": _ms(day.p50), "p95": _ms(day.p95)},
            "last": last.isoformat(timespec="seconds"),
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything that was read, for a command or a report."""
        return {
            "source": self.source,
            "evidence": "observed",
            "lines": self.lines,
            "unmatched": self.unmatched,
            "unreadable": self.unreadable,
            "systems": {name: _sum(each) for name, each in sorted(self.sums.items())},
        }


def _sum(each: Sum) -> dict[str, Any]:
    asked = each.answered + each.failed
    return {
        "calls": each.calls,
        "answered": each.answered,
        "failed": each.failed,
        "success_rate": each.answered / asked if asked else None,
        "latency_ms": {"p50": _ms(quantile(each.buckets, 0.5)), "p95": _ms(quantile(each.buckets, 0.95))},
        "timed": each.timed,
        "first": each.first.isoformat() if each.first else None,
        "last": each.last.isoformat() if each.last else None,
        "operations": dict(each.operations.most_common()),
        "statuses": {str(code): count for code, count in sorted(each.statuses.items())},
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
