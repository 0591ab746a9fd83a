"""How well each ministry keeps its contract: every real answer counts, by class of deviation, over the last days.

An observation like health, and apart from it: a system may be up and drift. Told by class, path and rule, never by value.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from lgsp.errors import BadAnswer, ConnectFailed, LgspError, Timeout
from lgsp.events import AttemptMade, Event
from lgsp.runtime import HANOI, Runtime
from lgsp.store.port import Meta, StoreFailed

Deviation = Literal[
    "",
    "unreachable",
    "timeout",
    "sign-in",
    "status",
    "form",
    "missing",
    "unknown",
    "type",
    "value",
    "not-asked",
    "defect",
]
"""Class of what is wrong: "" nothing; `form` is no message of this contract at all, `value` breaks a facet or rule,
`not-asked` means that our own sample breaks the ministry's contract, `defect` that our mapping failed."""

DAYS = 30
"""Days that the score looks back; older ones are forgotten."""
LATEST = 20
"""Deviations that are remembered one by one."""
RULES = 3
EVERY_SECONDS = 5.0
_ANSWERS = frozenset({"ok", "business"})


def judged(error: LgspError) -> Deviation:
    """The class of a failed call."""
    if isinstance(error, Timeout):
        return "timeout"
    if isinstance(error, ConnectFailed):
        return "unreachable" if type(error) is ConnectFailed else "sign-in"
    if not isinstance(error, BadAnswer):
        return "status"
    first = error.errors[0].rule if error.errors else ""
    if not first:
        detail = error.detail.en if error.detail else ""
        return "status" if detail.startswith("HTTP ") and "not SOAP" not in detail else "form"
    if first.startswith("required"):
        return "missing"
    if first.startswith("unknown"):
        return "unknown"
    if first.startswith("type:"):
        return "type"
    return "form" if first.startswith(("xml:", "json", "soap", "element", "utf-8")) else "value"


def deviation_of(error: LgspError) -> tuple[Deviation, tuple[str, ...]]:
    """What an answer that breaks its contract says of it, with the first rules; nothing of one that never came."""
    if not isinstance(error, BadAnswer):
        return "", ()
    return judged(error), tuple(f"{each.path or '/'} {each.rule}" for each in error.errors[:RULES])


@dataclass(slots=True)
class Day:
    """One system's answers of one day."""

    answers: int = 0
    deviations: dict[str, int] = field(default_factory=dict)

    def add(self, other: Day) -> None:
        self.answers += other.answers
        for name, times in other.deviations.items():
            self.deviations[name] = self.deviations.get(name, 0) + times


@dataclass(slots=True)
class Tally:
    """One system: its days, and its latest deviations, oldest first."""

    days: dict[str, Day] = field(default_factory=dict)
    latest: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LATEST))

    def add(self, other: Tally) -> None:
        for day, each in other.days.items():
            self.days.setdefault(day, Day()).add(each)
        for stale in sorted(self.days)[:-DAYS]:
            del self.days[stale]
        self.latest.extend(other.latest)

    def as_json(self) -> dict[str, Any]:
        days = {day: {"answers": each.answers, "deviations": each.deviations} for day, each in self.days.items()}
        return {"days": days, "latest": list(self.latest)}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any] | None) -> Tally:
        found = cls()
        for day, each in (kept or {}).get("days", {}).items():
            found.days[day] = Day(each["answers"], dict(each["deviations"]))
        found.latest.extend((kept or {}).get("latest", ()))
        return found


def summary(tally: Tally, today: date) -> dict[str, Any]:
    """Of the last days: `score` is the share of answers without deviation, 0 to 100; None where nothing was answered."""
    since = (today - timedelta(days=DAYS - 1)).isoformat()
    whole = Day()
    days = {day: each for day, each in sorted(tally.days.items()) if day >= since}
    for each in days.values():
        whole.add(each)
    return {
        "score": _score(whole),
        "answers": whole.answers,
        "deviations": dict(sorted(whole.deviations.items())),
        "since": min(days, default=None),
    }


def history(tally: Tally, today: date) -> dict[str, Any]:
    """The summary with each day's score, oldest first, and the latest deviations."""
    days = [
        {"day": day, "score": _score(each), "answers": each.answers, "deviations": dict(each.deviations)}
        for day, each in sorted(tally.days.items())
    ]
    return {**summary(tally, today), "days": days, "latest": list(tally.latest)}


def _score(day: Day) -> float | None:
    if not day.answers:
        return None
    share = 100 * (day.answers - sum(day.deviations.values())) / day.answers
    return min(round(share, 2), 99.99) if day.deviations else 100.0


def place_of(system: str) -> str:
    """Where the store keeps a system's tally."""
    return f"conformity:{system}"


class ConformityBook:
    """A subscriber of attempts: two additions an answer. What is new since the last flush is added to what the store has,
    so that a restart forgets nothing and several processes may count."""

    def __init__(self, records: Meta, runtime: Runtime) -> None:
        self._records, self._runtime = records, runtime
        self._whole: dict[str, Tally] = {}
        self._fresh: dict[str, Tally] = {}
        self._waiting = asyncio.Event()
        self._today, self._until = "", 0.0

    def __call__(self, event: Event) -> None:
        if type(event) is not AttemptMade or not (event.deviation or event.outcome in _ANSWERS):
            return
        day, moment = self._day(), None
        if event.deviation:
            moment = self._runtime.clock.now().astimezone(HANOI).isoformat(timespec="seconds")
        for book in (self._whole, self._fresh):
            tally = book.get(event.system)
            if tally is None:
                tally = book[event.system] = Tally()
            today = tally.days.get(day)
            if today is None:
                tally.add(Tally({day: Day()}))
                today = tally.days[day]
            today.answers += 1
            if event.deviation:
                today.deviations[event.deviation] = today.deviations.get(event.deviation, 0) + 1
                tally.latest.append(
                    {
                        "at": moment,
                        "operation": event.operation,
                        "deviation": event.deviation,
                        "rules": list(event.rules),
                    }
                )
        self._waiting.set()

    def of(self, system: str) -> dict[str, Any]:
        """`score`, `answers`, `deviations` by class, `since`."""
        return summary(self._whole.get(system) or Tally(), self._date())

    def history(self, system: str) -> dict[str, Any]:
        """The same with `days` and `latest`."""
        return history(self._whole.get(system) or Tally(), self._date())

    async def restore(self, systems: list[str]) -> None:
        """What earlier processes have counted."""
        for system in systems:
            kept = Tally.of_json(await self._records.get(place_of(system)))
            kept.add(self._fresh.get(system) or Tally())
            self._whole[system] = kept

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled. Sleeps while nothing is answered."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            await asyncio.sleep(EVERY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Also called last, at the end of the process. What a store does not take is offered again."""
        for system in list(self._fresh):
            fresh = self._fresh.pop(system)
            try:
                kept = Tally.of_json(await self._records.get(place_of(system)))
                kept.add(fresh)
                await self._records.put(place_of(system), kept.as_json())
                kept.add(self._fresh.get(system) or Tally())
                self._whole[system] = kept
            except BaseException as error:
                fresh.add(self._fresh.pop(system, Tally()))
                self._fresh[system] = fresh
                if not isinstance(error, StoreFailed):
                    raise
                self._waiting.set()
                return

    def _date(self) -> date:
        return self._runtime.clock.now().astimezone(HANOI).date()

    def _day(self) -> str:
        """Today; the calendar is asked once an hour at most, an answer costs no date."""
        moment = self._runtime.clock.monotonic()
        if moment >= self._until:
            now = self._runtime.clock.now().astimezone(HANOI)
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            self._today = now.date().isoformat()
            self._until = moment + min(3600.0, (midnight - now).total_seconds())
        return self._today
