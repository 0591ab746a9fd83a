"""When a province works: days, hours, peaks, Tết, the end of the month. The times are `traffic.toml`'s, in UTC+7.

Two clocks: the wall, and *working seconds*, which stand still when the offices are shut. Processing times are stated in the
second one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from lgsp.runtime import HANOI

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the day, `weight` being how busy it is beside the others."""

    start: time
    end: time
    weight: float = 1.0

    def seconds(self) -> float:
        return (datetime.combine(date.min, self.end) - datetime.combine(date.min, self.start)).total_seconds()


@dataclass(frozen=True)
class Calendar:
    """`open` are the office hours; `hours` say how busy which hour is, evenings on the portal included."""

    open: tuple[Span, ...]
    hours: tuple[Span, ...]
    closed: frozenset[date] = field(default_factory=frozenset)
    """Public holidays, Tết among them."""
    month_end: float = 1.0
    """How much busier the last working days of a month are than others."""
    month_end_days: int = 3
    night: float = 0.0
    """What is left of the busiest hour when nobody works."""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Calendar:
        closed: set[date] = set()
        for first, last in table["closed"]:
            closed.update(first + _DAY * n for n in range((last - first).days + 1))
        return cls(
            tuple(_span(row) for row in table["open"]),
            tuple(_span(row) for row in table["hours"]),
            frozenset(closed),
            float(table["month_end"]),
            int(table["month_end_days"]),
            float(table["night"]),
        )

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed

    def days(self, first: date, last: date) -> list[date]:
        """Working days, both ends included."""
        return [day for n in range((last - first).days + 1) if self.works(day := first + _DAY * n)]

    def weight(self, day: date) -> float:
        """How busy a working day is beside an ordinary one; 0 where the offices are shut."""
        if not self.works(day):
            return 0.0
        following = (day + _DAY * n for n in range(1, 32) if (day + _DAY * n).month == day.month)
        left = sum(1 for each in following if self.works(each))
        return self.month_end if left < self.month_end_days else 1.0

    def intensity(self, now: datetime) -> float:
        """How busy this moment is; 1.0 is the mean over the office hours of an ordinary working day."""
        here = now.astimezone(HANOI)
        busiest = max(span.weight for span in self.hours)
        if not self.works(here.date()):
            return self.night * busiest / self._mean
        span = next((each for each in self.hours if each.start <= here.time() < each.end), None)
        return (span.weight if span else self.night * busiest) * self.weight(here.date()) / self._mean

    @cached_property
    def _mean(self) -> float:
        return sum(span.weight * span.seconds() for span in self.hours) / self.seconds_a_day

    @cached_property
    def seconds_a_day(self) -> float:
        """Working seconds of a working day."""
        return sum(span.seconds() for span in self.open)

    def moment(self, day: date, share: float) -> datetime:
        """The moment of a working day by which this share (0 to 1) of its work has come in."""
        left = share * sum(span.weight * span.seconds() for span in self.hours)
        for span in self.hours:
            mine = span.weight * span.seconds()
            if left < mine:
                return _at(day, span.start) + timedelta(seconds=left / span.weight)
            left -= mine
        return _at(day, self.hours[-1].end)


@dataclass(frozen=True)
class WorkingTime:
    """Working seconds from the first day on, to the wall and back."""

    calendar: Calendar
    first: date
    last: date

    @cached_property
    def _days(self) -> list[date]:
        return self.calendar.days(self.first, self.last)

    @cached_property
    def _ordinals(self) -> list[int]:
        return [day.toordinal() for day in self._days]

    def of(self, moment: datetime) -> float:
        """Working seconds that have passed at this moment."""
        here = moment.astimezone(HANOI)
        before = bisect_right(self._ordinals, here.date().toordinal() - 1)
        total = before * self.calendar.seconds_a_day
        if before < len(self._days) and self._days[before] == here.date():
            for span in self.calendar.open:
                inside = (min(here, _at(here.date(), span.end)) - _at(here.date(), span.start)).total_seconds()
                total += max(0.0, inside)
        return total

    def wall(self, seconds: float) -> datetime:
        """When so many working seconds have passed; past the last day, an office that never shuts."""
        a_day = self.calendar.seconds_a_day
        whole = int(seconds // a_day)
        if whole >= len(self._days):
            return _at(self.last, self.calendar.open[-1].end) + timedelta(seconds=seconds - len(self._days) * a_day)
        left = seconds - whole * a_day
        for span in self.calendar.open:
            if left <= span.seconds():
                return _at(self._days[whole], span.start) + timedelta(seconds=left)
            left -= span.seconds()
        return _at(self._days[whole], self.calendar.open[-1].end)


def spread(calendar: Calendar, days: Iterable[date], count: int) -> list[int]:
    """`count` things over these days by their weight, whole and summing up."""
    chosen = list(days)
    weights = [calendar.weight(day) for day in chosen]
    total, done, given = sum(weights), 0.0, 0
    found = []
    for weight in weights:
        done += weight
        upto = round(count * done / total)
        found.append(upto - given)
        given = upto
    return found


def _span(row: Mapping[str, Any]) -> Span:
    return Span(row["from"], row["to"], float(row.get("weight", 1.0)))


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, HANOI)
