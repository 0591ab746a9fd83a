"""Health over a period, from transitions: how long each state held, and the stretches in which something was wrong, by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lgsp.model import Health, Text
from lgsp.store import HealthRow

PLATFORM = "upstream:"
_BEHIND = "upstream "
"""How the evidence of a transition begins that is a platform's failure and not the system's own."""
_WELL = (Health.UP, Health.DEGRADED)
_WRONG = (Health.DOWN, Health.DEGRADED)
Times = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Spell:
    """One state, as long as it held within the period."""

    begin: datetime
    end: datetime
    row: HealthRow


@dataclass(frozen=True, slots=True)
class Incident:
    """One stretch, whatever states it went through. `end` None: it goes on. `system` or "upstream:<name>"."""

    system: str
    begin: datetime
    end: datetime | None
    seconds: float
    worst: Health
    cause: Text | None


def spells(rows: Iterable[HealthRow], begin: datetime, until: datetime) -> dict[str, list[Spell]]:
    """By system. What began before the period counts from its first moment."""
    by_name: defaultdict[str, list[HealthRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.at):
        by_name[row.system].append(row)
    found = {}
    for name, each in by_name.items():
        ends = [row.at for row in each[1:]] + [until]
        found[name] = [
            Spell(max(begin, row.at), min(end, until), row)
            for row, end in zip(each, ends, strict=True)
            if row.at < until and end > begin and min(end, until) > max(begin, row.at)
        ]
    return found


def watched(line: Sequence[Spell], excused: Times) -> tuple[float, float]:
    """(seconds in which health was known and no maintenance, seconds of them down). Downtime that a person has reclassified
    as maintenance is neither."""
    known = away = 0.0
    for each in line:
        if each.row.now not in (*_WELL, Health.DOWN):
            continue
        seconds = (each.end - each.begin).total_seconds() - _overlap(each, excused)
        known += seconds
        away += seconds if each.row.now is Health.DOWN else 0.0
    return known, away


def incidents(lines: Mapping[str, Sequence[Spell]], until: datetime) -> list[Incident]:
    """In the order in which they began. What a platform has caused is its incident, and not one of each system behind it
    (RULES 15)."""
    found: list[Incident] = []
    for name, line in lines.items():
        run: list[Spell] = []
        for each in line:
            if each.row.now in _WRONG and (not run or run[-1].end == each.begin):
                run.append(each)
                continue
            found += _incident(name, run, until)
            run = [each] if each.row.now in _WRONG else []
        found += _incident(name, run, until)
    return sorted(found, key=lambda each: (each.begin, each.system))


def _incident(name: str, run: Sequence[Spell], until: datetime) -> list[Incident]:
    own = [each for each in run if not each.row.evidence.startswith(_BEHIND)]
    if not own:
        return []
    worst = Health.DOWN if any(each.row.now is Health.DOWN for each in own) else Health.DEGRADED
    cause = next((each.row.cause for each in own if each.row.now is worst and each.row.cause), None)
    begin, end = own[0].begin, own[-1].end
    return [Incident(name, begin, None if end >= until else end, (end - begin).total_seconds(), worst, cause)]


def _overlap(spell: Spell, excused: Times) -> float:
    total, reached = 0.0, spell.begin
    for begin, end in sorted(excused):
        begins, ends = max(begin, reached), min(end, spell.end)
        if ends > begins:
            total += (ends - begins).total_seconds()
            reached = ends
    return total
