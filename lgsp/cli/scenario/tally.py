"""What comes out of a scenario: counted while it is lived, told as one document with inputs and results apart."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.plan import Scenario, Step
from lgsp.events import SubmissionMoved
from lgsp.model import Health, SubmissionState
from lgsp.runtime import HANOI

S = SubmissionState


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

    def on_paper(self, step: Step) -> None:
        self.paper[step.system] += 1

    def health(self, system: str, now: Health, at: datetime) -> None:
        since = self.down_since.pop(system, None)
        if since is not None:
            self.down[system] += (at - since).total_seconds()
        if now is Health.DOWN:
            self.down_since[system] = at
            self.outages[system] += 1

    def submission(self, event: SubmissionMoved) -> None:
        was, now = event.was, event.now
        if was is None:
            self.submissions["accepted"] += 1
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
        from lgsp.cli.scenario.life import PROBES, thinned

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
                "standing questions and daily work": thinned(self.sample),
                "messages that nobody waits for": given.thin,
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
        late_open = sum(1 for each in self.dossiers if not each.settled)
        found = {
            "settled": len(settled) * self.sample,
            "on_time_percent": _percent(on_time, len(settled)),
            "open_at_the_end": late_open * self.sample,
            "open_percent": _percent(still, len(self.dossiers)),
        }
        return {
            "dossiers": found,
            "published": self._published(found),
            "kinds": self._kinds(settled),
            "weeks": self._weeks(),
            "waiting": self._waiting(),
            "systems": self._systems(),
            "submissions": {
                **{name: self.submissions[name] for name in sorted(self.submissions)},
                "most_waiting_at_once": self.waiting_most,
                "lost": 0 if self.waiting_now == 0 else self.waiting_now,
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
            "month": self._month(),
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

    def _weeks(self) -> list[dict[str, Any]]:
        """By the Monday: received, settled, still open when the week ends."""
        received: Counter[date] = Counter()
        settled: Counter[date] = Counter()
        open_now = 0
        for each in self.dossiers:
            if each.carried:
                open_now += 1
            else:
                received[_monday(each.received.date())] += 1
            if each.settled:
                settled[_monday(each.settled.astimezone(HANOI).date())] += 1
        rows = []
        week = _monday(self.scenario.first)
        while week <= self.scenario.last:
            open_now += received[week] - settled[week]
            rows.append({
                "week": week.isoformat(),
                "received": received[week] * self.sample,
                "settled": settled[week] * self.sample,
                "open": open_now * self.sample,
            })  # fmt: skip
            week += timedelta(days=7)
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
            "because_of": {system: count * self.sample for system, count in sorted(by_system.items())},
            "put_right_by_hand": {system: count * self.sample for system, count in sorted(self.corrections.items())},
            "checked_on_paper": {system: count * self.sample for system, count in sorted(self.paper.items())},
        }

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

    def _month(self) -> dict[str, Any]:
        """The skew over systems beside a real month of a province elsewhere: predicted from mix, steps and intervals."""
        days = (self.scenario.last - self.scenario.first).days + 1
        stated = {each.system for each in self.scenario.daily}
        rows: list[dict[str, Any]] = []
        for systems, real in self.scenario.month:
            mine = sum(self.real[system] for system in systems) * 30 / days
            rows.append({
                "systems": list(systems),
                "real_month": real,
                "predicted_month": round(mine),
                "error_factor": round(10 ** abs(math.log10(max(mine, 0.5) / real)), 1),
                "fed_in": bool(stated & set(systems)) and len(systems) == 1,
            })  # fmt: skip
        rows, given = [row for row in rows if not row["fed_in"]], [row for row in rows if row["fed_in"]]
        logs = [math.log10(max(row["predicted_month"], 0.5) / row["real_month"]) for row in rows]
        return {
            "rows": rows,
            "stated_and_not_compared": given,
            "rank_correlation": round(
                _spearman([row["predicted_month"] for row in rows], [row["real_month"] for row in rows]), 2
            ),
            "mean_error_factor": round(10 ** (sum(map(abs, logs)) / len(logs)), 1) if logs else None,
            "calls_a_month": round(sum(self.real.values()) * 30 / days),
        }


def _spearman(one: Sequence[float], other: Sequence[float]) -> float:
    def ranks(values: Sequence[float]) -> list[float]:
        order = sorted(values)
        return [order.index(value) + (order.count(value) - 1) / 2 for value in values]

    a, b, n = ranks(one), ranks(other), len(one)
    return 1 - 6 * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / (n * (n * n - 1)) if n > 1 else 1.0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _error(found: float | None, real: float) -> float | None:
    return None if found is None else round(100 * (found - real) / real, 2)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None
