"""What came out of a telling as one document, inputs and results apart: what `--json` writes and the page shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.month import compared
from lgsp.cli.scenario.stands import AWAY
from lgsp.cli.scenario.tally import Incident, Tally
from lgsp.cli.scenario.troubles import PROBES
from lgsp.model import Text
from lgsp.runtime import HANOI

_ASIDE = re.compile(r"^[^:]*: |; (?:upstream|trục|chưa rõ trục) .*$| (?:To do|Việc cần làm):.*$")
_FIGURES = re.compile(r"\d+:\d+|\d+ of the last \d+")
BY_DAY = 45
"""Days up to which a report goes by the day."""


def document(tally: Tally, seed: int) -> dict[str, Any]:
    return {"inputs": _inputs(tally, seed), "results": _results(tally)}


def _inputs(tally: Tally, seed: int) -> dict[str, Any]:
    given = tally.scenario
    return {
        "scenario": given.name,
        "title": dict(given.title),
        "seed": seed,
        "province": given.province,
        "from": given.first.isoformat(),
        "to": given.last.isoformat(),
        "dossiers_received": given.received,
        "dossiers_carried_in": given.carried_in,
        "sample": f"1:{tally.sample}",
        "thinned": {
            "standing questions and daily work": given.polls_thinned(tally.sample),
            "messages that nobody waits for": given.messages_thinned(tally.sample),
            "probes of a healthy bus": PROBES,
        },
        "policy": asdict(given.policy),
        "outages": [
            {"where": o.where, "kind": o.kind, "from": o.start.isoformat(), "minutes": o.minutes, **o.params}
            for o in given.outages
        ],
        "cuts": [{"system": c.system, "from": c.start.isoformat(), "until": c.until.isoformat()} for c in given.cuts],
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


def _results(tally: Tally) -> dict[str, Any]:
    settled = [each for each in tally.dossiers if each.settled]
    on_time = sum(1 for each in settled if each.ended <= each.due)
    still = len(tally.dossiers) - len(settled)
    days = 1 if (tally.scenario.last - tally.scenario.first).days <= BY_DAY else 7
    found = {
        "settled": len(settled) * tally.sample,
        "on_time_percent": _percent(on_time, len(settled)),
        "open_at_the_end": still * tally.sample,
        "open_percent": _percent(still, len(tally.dossiers)),
    }
    return {
        "dossiers": found,
        "published": _published(tally, found),
        "kinds": _kinds(tally, settled),
        "by": "day" if days == 1 else "week",
        "periods": _periods(tally, days),
        "waiting": _waiting(tally),
        "systems": _systems(tally),
        "submissions": {
            **{name: count * tally.sample for name, count in sorted(tally.submissions.items())},
            "most_waiting_at_once": tally.waiting_most * tally.sample,
            "lost": tally.waiting_now * tally.sample,
            "messages_lost": dict(sorted(tally.messages_lost.items())),
            "waited": {
                system: {
                    "submissions": len(seconds) * tally.sample,
                    "minutes_mean": round(sum(seconds) / len(seconds) / 60, 1),
                    "minutes_most": round(max(seconds) / 60, 1),
                }
                for system, seconds in sorted(tally.late.items())
            },
        },
        "codes_of_before": {
            system: {
                "put_right": tally.stale[system, False] * tally.sample,
                "taken_as_they_were": tally.stale[system, True] * tally.sample,
            }
            for system in sorted({system for system, _ in tally.stale})
        },
        "calls_played": sum(tally.calls.values()),
        "refused_by_ministries": [
            {"system": system, "operation": operation, "submissions": count * tally.sample}
            for (system, operation), count in sorted(tally.refused.items())
        ],
        "incidents": _incidents(tally),
        "in_vain": {
            "calls": sum(count for (_, _, code), count in tally.calls.items() if code in AWAY or code == "unknown"),
            "minutes": round(sum(tally.in_vain.values()) / 60, 1),
            "retries": sum(tally.retries.values()),
        },
        "failures": [
            {"system": system, "operation": operation, "outcome": code, "calls": count}
            for (system, operation, code), count in sorted(tally.calls.items())
            if code not in ("ok", "accepted")
        ],
        "month": compared(tally.scenario, tally.real),
    }


def _published(tally: Tally, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "figure": name,
            "published": value,
            "simulated": found[name],
            "error_percent": _error(found[name], value),
            "source": tally.scenario.source.get("vi", ""),
        }
        for name, value in tally.scenario.published.items()
    ]


def _kinds(tally: Tally, settled: Sequence[Dossier]) -> list[dict[str, Any]]:
    a_day = tally.scenario.calendar.seconds_a_day
    rows = []
    for kind in tally.scenario.kinds:
        mine = [each for each in settled if each.kind.id == kind.id]
        days = sorted((each.ended - each.began) / a_day for each in mine)
        rows.append({
            "id": kind.id,
            "title": dict(kind.title),
            "settled": len(mine) * tally.sample,
            "on_time_percent": _percent(sum(1 for each in mine if each.ended <= each.due), len(mine)),
            "days_median": _quantile(days, 0.5),
            "days_p95": _quantile(days, 0.95),
        })  # fmt: skip
    return rows


def _periods(tally: Tally, days: int) -> list[dict[str, Any]]:
    """By so many days from a Monday on: received, settled, still open when the period ends."""
    received: Counter[int] = Counter()
    settled: Counter[int] = Counter()
    first = _monday(tally.scenario.first) if days > 1 else tally.scenario.first
    for each in tally.dossiers:
        if not each.carried:
            received[(each.received.date() - first).days // days] += 1
        if each.settled:
            settled[(each.settled.astimezone(HANOI).date() - first).days // days] += 1
    open_now, rows = sum(each.carried for each in tally.dossiers), []
    for n in range((tally.scenario.last - first).days // days + 1):
        open_now += received[n] - settled[n]
        start = first + timedelta(days=n * days)
        rows.append({
            "from": max(start, tally.scenario.first).isoformat(),
            "to": min(start + timedelta(days=days - 1), tally.scenario.last).isoformat(),
            "received": received[n] * tally.sample,
            "settled": settled[n] * tally.sample,
            "open": open_now * tally.sample,
        })  # fmt: skip
    return rows


def _waiting(tally: Tally) -> dict[str, Any]:
    """Citizens who wait because something failed; the officer's own corrections are not among them."""
    hours = sorted(each.waited / 3600 for each in tally.dossiers if each.waits)
    by_system: Counter[str] = Counter(system for each in tally.dossiers for system in each.waits)
    return {
        "dossiers_held": len(hours) * tally.sample,
        "working_hours_mean": round(sum(hours) / len(hours), 2) if hours else 0.0,
        "working_hours_p95": _quantile(hours, 0.95),
        "working_hours_most": round(hours[-1], 2) if hours else 0.0,
        "working_hours_all": round(sum(hours) * tally.sample),
        "offices": _offices_waiting(tally),
        "because_of": {system: count * tally.sample for system, count in sorted(by_system.items())},
        "put_right_by_hand": {system: count * tally.sample for system, count in sorted(tally.corrections.items())},
        "checked_on_paper": {system: count * tally.sample for system, count in sorted(tally.paper.items())},
    }


def _offices_waiting(tally: Tally) -> list[dict[str, Any]]:
    """Whose dossiers were held, by kind of dossier: each kind is another office's."""
    rows = []
    for kind in tally.scenario.kinds:
        hours = [each.waited / 3600 for each in tally.dossiers if each.kind.id == kind.id and each.waits]
        if hours:
            rows.append({
                "id": kind.id,
                "title": dict(kind.title),
                "dossiers_held": len(hours) * tally.sample,
                "working_hours_mean": round(sum(hours) / len(hours), 2),
                "working_hours_most": round(max(hours), 2),
            })  # fmt: skip
    return rows


def _systems(tally: Tally) -> list[dict[str, Any]]:
    whole = timedelta(days=(tally.scenario.last - tally.scenario.first).days + 1).total_seconds()
    names = sorted({system for system, _, _ in tally.calls} | set(tally.down))
    rows = []
    for name in names:
        played = sum(count for (system, _, _), count in tally.calls.items() if system == name)
        well = sum(
            count for (system, _, code), count in tally.calls.items() if system == name and code in ("ok", "accepted")
        )
        held = [each.waits[name] / 3600 for each in tally.dossiers if name in each.waits]
        rows.append({
            "system": name,
            "calls": round(tally.real[name]),
            "played": played,
            "success_percent": _percent(well, played),
            "seconds_mean": round(tally.seconds[name] / played, 3) if played else None,
            "retries": tally.retries[name],
            "availability_percent": round(100 * (1 - tally.down[name] / whole), 3),
            "outages": tally.outages[name],
            "dossiers_held": len(held) * tally.sample,
            "working_hours_mean": round(sum(held) / len(held), 2) if held else 0.0,
            "working_hours_most": round(max(held), 2) if held else 0.0,
        })  # fmt: skip
    return rows


def _incidents(tally: Tally) -> list[dict[str, Any]]:
    """What the bus saw down, and why in its own words: one cause one row, however often it struck and whomever it took along."""
    alike: dict[str, list[Incident]] = {}
    for each in tally.incidents:
        alike.setdefault(_FIGURES.sub("", _why(each)["en"]), []).append(each)
    return [
        {
            "systems": sorted({each.system for each in those}),
            "times": max(Counter(each.system for each in those).values()),
            "minutes": round(max(_by_system(those).values()) / 60, 1),
            "first": those[0].start.astimezone(HANOI).isoformat(sep=" ", timespec="minutes")[:16],
            "cause": _why(those[0]),
        }
        for those in alike.values()
    ]


def _why(incident: Incident) -> dict[str, str]:
    """The bus's sentence without whom it is about, its word on the upstream's own door, and what to do."""
    said = incident.cause or Text("", "")
    return {name: _ASIDE.sub("", text) for name, text in (("vi", said.vi), ("en", said.en))}


def _by_system(incidents: Sequence[Incident]) -> Counter[str]:
    seconds: Counter[str] = Counter()
    for each in incidents:
        seconds[each.system] += round(each.seconds)
    return seconds


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _error(found: float | None, real: float) -> float | None:
    return None if found is None else round(100 * (found - real) / real, 2)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None
