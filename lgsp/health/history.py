"""Ninety days of health, from transitions alone: each day's worst state and availability, as strips on the board show it.

Nothing is known while the bus is not running: at every start the time since it was last known alive is entered as unknown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from lgsp.events import Event, HealthChanged
from lgsp.model import Health
from lgsp.runtime import HANOI
from lgsp.store.port import HealthRow

DAYS = 90
MOST = 20_000
"""Transitions kept of one system: a flapping one loses its oldest days, not the process its memory."""
_WORST = (Health.DOWN, Health.DEGRADED, Health.MAINTENANCE, Health.UP, Health.UNKNOWN)
_WELL = (Health.UP, Health.DEGRADED)


@dataclass(frozen=True, slots=True)
class Day:
    """One day in Viet Nam. `available` is the share of the watched time, maintenance aside, in which calls were answered;
    None where nothing was watched."""

    day: date
    worst: Health
    available: float | None
    away: float = 0.0
    """Seconds down."""


@dataclass(slots=True)
class _Line:
    """One system's, or one upstream's: moments in order, and what began there."""

    moments: list[datetime] = field(default_factory=list)
    states: list[Health] = field(default_factory=list)
    past: dict[date, Day] = field(default_factory=dict)
    """Days that are over, worked out once."""
    over: tuple[date, int, list[Day]] | None = None
    """Today, how many days were asked for, and those of them that are over: the same all day long."""

    def add(self, moment: datetime, state: Health) -> None:
        place = bisect_right(self.moments, moment)
        self.moments.insert(place, moment)
        self.states.insert(place, state)
        if len(self.moments) > MOST:
            del self.moments[0], self.states[0]


@dataclass(slots=True)
class History:
    """A subscriber of events. `excused` are times that a person has reclassified as maintenance, with a name and a reason."""

    lines: dict[str, _Line] = field(default_factory=dict)
    excused: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        if isinstance(event, HealthChanged):
            self._line(event.system).add(event.at, event.now)

    def resume(self, rows: Iterable[HealthRow]) -> None:
        """What has been kept, as it stands."""
        for row in rows:
            self._line(row.system).add(row.at, row.now)

    def restore(self, rows: Iterable[HealthRow], alive: datetime | None) -> list[HealthRow]:
        """What an earlier process has kept; the answer is what must be added to it: unknown since it was last alive."""
        self.resume(rows)
        ends = []
        for name, line in self.lines.items():
            if line.states[-1] is not Health.UNKNOWN:
                at = max(line.moments[-1], alive) if alive else line.moments[-1]
                ends.append(HealthRow(name, line.states[-1], Health.UNKNOWN, None, "bus not running", at))
                line.add(at, Health.UNKNOWN)
        return ends

    def excuse(self, name: str, begin: datetime, end: datetime) -> None:
        """From now on that time counts as maintenance."""
        self.excused.setdefault(name, []).append((begin, end))
        line = self._line(name)
        line.past.clear()
        line.over = None

    def days(self, name: str, now: datetime, count: int = DAYS) -> list[Day]:
        """Oldest first; today, as far as it has come, last."""
        line, today = self._line(name), now.astimezone(HANOI).date()
        if line.over is not None and line.over[:2] == (today, count):
            return [*line.over[2], self._day(name, line, today, now)]
        found = []
        for back in range(count - 1, -1, -1):
            day = today - timedelta(days=back)
            known = line.past.get(day) if back else None
            if known is None:
                known = self._day(name, line, day, now)
                if back:
                    line.past[day] = known
            found.append(known)
        for gone in [each for each in line.past if each < today - timedelta(days=count + 1)]:
            del line.past[gone]
        line.over = (today, count, found[:-1])
        return found

    def _day(self, name: str, line: _Line, day: date, now: datetime) -> Day:
        begin = datetime(day.year, day.month, day.day, tzinfo=HANOI)
        end = min(begin + timedelta(days=1), now)
        spent = dict.fromkeys(Health, 0.0)
        place = max(0, bisect_right(line.moments, begin) - 1)
        while place < len(line.moments) and line.moments[place] < end:
            after = line.moments[place + 1] if place + 1 < len(line.moments) else end
            since, until = max(begin, line.moments[place]), min(end, after)
            if until > since:
                pardoned = self._excused(name, since, until) if line.states[place] is not Health.UNKNOWN else 0.0
                spent[line.states[place]] += (until - since).total_seconds() - pardoned
                spent[Health.MAINTENANCE] += pardoned
            place += 1
        here = line.states[bisect_right(line.moments, now) - 1] if line.moments and line.moments[0] <= now else None
        standing = here if end == now else None  # what began this very moment has taken no time yet, and is the case
        worst = next((state for state in _WORST if spent[state] > 0 or state is standing), Health.UNKNOWN)
        watched = sum(spent[state] for state in (*_WELL, Health.DOWN))
        well = sum(spent[state] for state in _WELL)
        return Day(day, worst, well / watched if watched else None, spent[Health.DOWN])

    def _excused(self, name: str, since: datetime, until: datetime) -> float:
        """Seconds of a time that were reclassified; windows may overlap."""
        total, reached = 0.0, since
        for begin, end in sorted(self.excused.get(name, ())):
            begins, ends = max(begin, reached), min(end, until)
            if ends > begins:
                total += (ends - begins).total_seconds()
                reached = ends
        return total

    def _line(self, name: str) -> _Line:
        line = self.lines.get(name)
        if line is None:
            line = self.lines[name] = _Line()
        return line
