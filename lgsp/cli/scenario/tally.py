"""What comes out of a scenario: counted while it is lived, told as one document with inputs and results apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.month import compared
from lgsp.cli.scenario.plan import Scenario, Step
from lgsp.events import SubmissionMoved
from lgsp.model import Health, SubmissionState
from lgsp.runtime import HANOI

S = SubmissionState
BY_DAY = 45
"""Days up to which a report goes by the day."""
NOTICED = 60.0
"""Seconds in the bus beyond which a submission has waited."""


@dataclass
class Tally:
    """Counts are of the sample; `document` scales them."""

    WAITING: ClassVar[tuple[SubmissionState, ...]] = (S.QUEUED, S.DELIVERING)

    scenario: Scenario
    sample: int
    start: datetime
    dossiers: list[Dossier] = field(default_factory=list)
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Played, by (system, operation, outcome)."""
    real: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """What they stand for, by system."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    retries: Counter[str] = field(default_factory=Counter)
    corrections: Counter[str] = field(default_factory=Counter)
    paper: Counter[str] = field(default_factory=Counter)
    submissions: Counter[str] = field(default_factory=Counter)
    waiting_now: int = 0
    waiting_most: int = 0
    delivering: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Submissions that the ministry refused, by (system, operation)."""
    down_since: dict[str, datetime] = field(default_factory=dict)
    down: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds, by system."""
    outages: Counter[str] = field(default_factory=Counter)
    messages_lost: Counter[str] = field(default_factory=Counter)
    """What agencies told a system that was away and nobody tells again, by system; not of the sample, but of the whole."""
    stale: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """Messages with the codes of before, by (system, taken as they were)."""
    accepted_at: dict[str, datetime] = field(default_factory=dict)
    """Submissions that are not delivered yet."""
    late: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds that submissions waited at the bus, where it was more than a minute, by system."""

    def came_in(self, dossier: Dossier) -> None:
        self.dossiers.append(dossier)

    def went_out(self, dossier: Dossier) -> None:
        """`settled` stands on the dossier itself."""

    def called(self, system: str, operation: str, code: str, weight: float, seconds: float) -> None:
        self.calls[system, operation, code] += 1
        self.real[system] += weight
        self.seconds[system] += seconds

    def corrected(self, step: Step) -> None:
        self.corrections[step.system] += 1

    def sent_stale(self, step: Step, *, accepted: bool) -> None:
        self.stale[step.system, accepted] += 1

    def message_lost(self, step: Step) -> None:
        thin = self.scenario.messages_thinned(self.sample) if step.thinned else 1
        self.messages_lost[step.system] += thin * self.sample

    def on_paper(self, step: Step) -> None:
        self.paper[step.system] += 1

    def health(self, system: str, now: Health, at: datetime) -> None:
        since = self.down_since.pop(system, None)
        if since is not None:
            self.down[system] += (at - since).total_seconds()
        if now is Health.DOWN:
            self.down_since[system] = at
            self.outages[system] += 1

    def submission(self, event: SubmissionMoved, at: datetime) -> None:
        was, now = event.was, event.now
        if was is None:
            self.submissions["accepted"] += 1
            self.accepted_at[event.id] = at
        if now not in self.WAITING and (since := self.accepted_at.pop(event.id, None)):
            waited = (at - since).total_seconds()
            if waited > NOTICED:
                self.late[event.system].append(waited)
        self.delivering += (now is S.DELIVERING) - (was is S.DELIVERING)
        self.waiting_now += (now in self.WAITING) - (was in self.WAITING)
        self.waiting_most = max(self.waiting_most, self.waiting_now)
        if now not in self.WAITING:
            self.submissions[now.value] += 1
        if now is S.FAILED:
            self.refused[event.system, event.operation] += 1

    def closed(self, end: datetime) -> None:
        for system, since in self.down_since.items():
            self.down[system] += max(0.0, (end - since).total_seconds())
        self.down_since.clear()

    # -- the document ---------------------------------------------------------------------------------------------------

    def document(self, seed: int) -> dict[str, Any]:
        return {"inputs": self._inputs(seed), "results": self._results()}

    def _inputs(self, seed: int) -> dict[str, Any]:
        from lgsp.cli.scenario.troubles import PROBES

        given = self.scenario
        return {
            "scenario": given.name,
            "title": dict(given.title),
            "seed": seed,
            "province": given.province,
            "from": given.first.isoformat(),
            "to": given.last.isoformat(),
            "dossiers_received": given.received,
            "dossiers_carried_in": given.carried_in,
            "sample": f"1:{self.sample}",
            "thinned": {
                "standing questions and daily work": given.polls_thinned(self.sample),
                "messages that nobody waits for": given.messages_thinned(self.sample),
                "probes of a healthy bus": PROBES,
            },
            "policy": asdict(given.policy),
            "outages": [
                {"where": o.where, "kind": o.kind, "from": o.start.isoformat(), "minutes": o.minutes, **o.params}
                for o in given.outages
            ],
            "cuts": [
                {"system": c.system, "from": c.start.isoformat(), "until": c.until.isoformat()} for c in given.cuts
            ],
            "switch": {
                "at": given.switch.at.isoformat(),
                "province": given.switch.province,
                "messages_with_codes_of_before_percent": round(100 * given.switch.stale, 1),
                "falling_to_none_on": given.switch.until.isoformat(),
            }
            if given.switch
            else None,
            "kinds": [
                {
                    "id": kind.id,
                    "title": dict(kind.title),
                    "share": kind.share,
                    "term_days": kind.term,
                    "desk_days": list(kind.desk),
                    "ministry_days": list(kind.ministry) if kind.ministry else None,
                    "capacity_a_day": round(kind.a_day * given.capacity),
                }
                for kind in given.kinds
            ],
            "agency_asks_again_minutes": given.agency_retry / 60,
            "correction_hours": given.correction,
            "paper_days": given.paper,
        }

    def _results(self) -> dict[str, Any]:
        settled = [each for each in self.dossiers if each.settled]
        on_time = sum(1 for each in settled if each.ended <= each.due)
        still = len(self.dossiers) - len(settled)
        days = 1 if (self.scenario.last - self.scenario.first).days <= BY_DAY else 7
        found = {
            "settled": len(settled) * self.sample,
            "on_time_percent": _percent(on_time, len(settled)),
            "open_at_the_end": still * self.sample,
            "open_percent": _percent(still, len(self.dossiers)),
        }
        return {
            "dossiers": found,
            "published": self._published(found),
            "kinds": self._kinds(settled),
            "by": "day" if days == 1 else "week",
            "periods": self._periods(days),
            "waiting": self._waiting(),
            "systems": self._systems(),
            "submissions": {
                **{name: count * self.sample for name, count in sorted(self.submissions.items())},
                "most_waiting_at_once": self.waiting_most * self.sample,
                "lost": self.waiting_now * self.sample,
                "messages_lost": dict(sorted(self.messages_lost.items())),
                "waited": {
                    system: {
                        "submissions": len(seconds) * self.sample,
                        "minutes_mean": round(sum(seconds) / len(seconds) / 60, 1),
                        "minutes_most": round(max(seconds) / 60, 1),
                    }
                    for system, seconds in sorted(self.late.items())
                },
            },
            "codes_of_before": {
                system: {
                    "put_right": self.stale[system, False] * self.sample,
                    "taken_as_they_were": self.stale[system, True] * self.sample,
                }
                for system in sorted({system for system, _ in self.stale})
            },
            "calls_played": sum(self.calls.values()),
            "refused_by_ministries": [
                {"system": system, "operation": operation, "submissions": count * self.sample}
                for (system, operation), count in sorted(self.refused.items())
            ],
            "failures": [
                {"system": system, "operation": operation, "outcome": code, "calls": count}
                for (system, operation, code), count in sorted(self.calls.items())
                if code not in ("ok", "accepted")
            ],
            "month": compared(self.scenario, self.real),
        }

    def _published(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"figure": name, "published": value, "simulated": found[name], "error_percent": _error(found[name], value)}
            for name, value in self.scenario.published.items()
        ]

    def _kinds(self, settled: Sequence[Dossier]) -> list[dict[str, Any]]:
        a_day = self.scenario.calendar.seconds_a_day
        rows = []
        for kind in self.scenario.kinds:
            mine = [each for each in settled if each.kind.id == kind.id]
            days = sorted((each.ended - each.began) / a_day for each in mine)
            rows.append({
                "id": kind.id,
                "title": dict(kind.title),
                "settled": len(mine) * self.sample,
                "on_time_percent": _percent(sum(1 for each in mine if each.ended <= each.due), len(mine)),
                "days_median": _quantile(days, 0.5),
                "days_p95": _quantile(days, 0.95),
            })  # fmt: skip
        return rows

    def _periods(self, days: int) -> list[dict[str, Any]]:
        """By so many days from a Monday on: received, settled, still open when the period ends."""
        received: Counter[int] = Counter()
        settled: Counter[int] = Counter()
        first = _monday(self.scenario.first) if days > 1 else self.scenario.first
        for each in self.dossiers:
            if not each.carried:
                received[(each.received.date() - first).days // days] += 1
            if each.settled:
                settled[(each.settled.astimezone(HANOI).date() - first).days // days] += 1
        open_now, rows = sum(each.carried for each in self.dossiers), []
        for n in range((self.scenario.last - first).days // days + 1):
            open_now += received[n] - settled[n]
            start = first + timedelta(days=n * days)
            rows.append({
                "from": max(start, self.scenario.first).isoformat(),
                "to": min(start + timedelta(days=days - 1), self.scenario.last).isoformat(),
                "received": received[n] * self.sample,
                "settled": settled[n] * self.sample,
                "open": open_now * self.sample,
            })  # fmt: skip
        return rows

    def _waiting(self) -> dict[str, Any]:
        """Citizens who wait because something failed; the officer's own corrections are not among them."""
        hours = sorted(
            (each.waited + (0.0 if each.held_since is None else 1.0)) / 3600 for each in self.dossiers if each.reasons
        )
        by_system: Counter[str] = Counter(system for each in self.dossiers for system in each.reasons)
        return {
            "dossiers_held": len(hours) * self.sample,
            "working_hours_mean": round(sum(hours) / len(hours), 2) if hours else 0.0,
            "working_hours_p95": _quantile(hours, 0.95),
            "working_hours_most": round(hours[-1], 2) if hours else 0.0,
            "working_hours_all": round(sum(hours) * self.sample),
            "offices": self._offices_waiting(),
            "because_of": {system: count * self.sample for system, count in sorted(by_system.items())},
            "put_right_by_hand": {system: count * self.sample for system, count in sorted(self.corrections.items())},
            "checked_on_paper": {system: count * self.sample for system, count in sorted(self.paper.items())},
        }

    def _offices_waiting(self) -> list[dict[str, Any]]:
        """Whose dossiers were held, by kind of dossier: each kind is another office's."""
        rows = []
        for kind in self.scenario.kinds:
            hours = [each.waited / 3600 for each in self.dossiers if each.kind.id == kind.id and each.reasons]
            if hours:
                rows.append({
                    "id": kind.id,
                    "title": dict(kind.title),
                    "dossiers_held": len(hours) * self.sample,
                    "working_hours_mean": round(sum(hours) / len(hours), 2),
                    "working_hours_most": round(max(hours), 2),
                })  # fmt: skip
        return rows

    def _systems(self) -> list[dict[str, Any]]:
        whole = timedelta(days=(self.scenario.last - self.scenario.first).days + 1).total_seconds()
        names = sorted({system for system, _, _ in self.calls} | set(self.down))
        rows = []
        for name in names:
            played = sum(count for (system, _, _), count in self.calls.items() if system == name)
            well = sum(
                count
                for (system, _, code), count in self.calls.items()
                if system == name and code in ("ok", "accepted")
            )
            rows.append({
                "system": name,
                "calls": round(self.real[name]),
                "played": played,
                "success_percent": _percent(well, played),
                "seconds_mean": round(self.seconds[name] / played, 3) if played else None,
                "retries": self.retries[name],
                "availability_percent": round(100 * (1 - self.down[name] / whole), 3),
                "outages": self.outages[name],
            })  # fmt: skip
        return rows


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _error(found: float | None, real: float) -> float | None:
    return None if found is None else round(100 * (found - real) / real, 2)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None
