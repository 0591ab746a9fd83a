"""One system: its last day, whose errors there were, its contract and who calls it, what was decided; a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lgsp.console.charts import bars, labels, lines
from lgsp.console.collate import collation_key
from lgsp.console.format import Formats
from lgsp.console.strips import strip
from lgsp.console.visit import EVERYBODY, OPERATORS, Missing, Page, Shown, View, Visit
from lgsp.console.wording import Words
from lgsp.decisions import Refused
from lgsp.errors import by_code
from lgsp.health.counts import BOUNDS, PROBE, quantile
from lgsp.model import Consumer, Grant, Lang, StageEntry
from lgsp.prober import questions
from lgsp.registry import Connector
from lgsp.runtime import HANOI
from lgsp.store.port import CountRow

HOURS = 24
DOMAINS = ("caller", "policy", "bus", "network", "backend")
"""Whose errors: the taxonomy of `lgsp.errors`."""
KINDS = ("ok", "business", *DOMAINS)
_BUSINESS = frozenset({"provider-fault", "record-not-found"})
_LATEST = 10


def kind_of(outcome: str) -> str:
    """`ok`, `business` for a ministry's "no", else whose fault it was."""
    return "ok" if outcome == "ok" else "business" if outcome in _BUSINESS else by_code(outcome).fault_domain


@dataclass(slots=True)
class Hour:
    """One hour of one system; probes measure latency and are nobody's calls."""

    at: datetime
    kinds: Counter[str] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    @property
    def calls(self) -> int:
        return self.kinds.total()


def by_hour(rows: Iterable[CountRow], system: str, now: datetime) -> list[Hour]:
    """The last 24 hours, oldest first, those without calls too."""
    last = now.replace(minute=0, second=0, microsecond=0)
    found = {at: Hour(at) for back in range(HOURS - 1, -1, -1) for at in (last - timedelta(hours=back),)}
    for row in rows:
        hour = found.get(row.hour)
        if hour is None or row.system != system:
            continue
        kind = kind_of(row.outcome)
        if row.consumer != PROBE:
            hour.kinds[kind] += row.calls
        if kind in ("ok", "business") and len(row.buckets) == len(hour.buckets):
            hour.buckets = [one + other for one, other in zip(hour.buckets, row.buckets, strict=True)]
    return list(found.values())


def traffic(hours: Sequence[Hour], w: Words, f: Formats) -> dict[str, Any]:
    """Two pictures, and the same as a table for who does not look."""
    words = w["system"]
    total = Counter[str]()
    for each in hours:
        total.update(each.kinds)
    p50, p95 = ([quantile(each.buckets, share) for each in hours] for share in (0.5, 0.95))
    clock = [f"{each.at.astimezone(HANOI):%H}" for each in hours]
    outcomes = bars([each.kinds for each in hours], KINDS)
    speed = lines({"p50": p50, "p95": p95})
    for chart in (outcomes, speed):
        chart["labels"] = labels(clock, 3)
    outcomes["marks"] = [(y, f.number(value, 0 if outcomes["top"] >= 2 else 1)) for y, value in outcomes["grid"]]
    speed["marks"] = [(y, f.seconds(value)) for y, value in speed["grid"]]
    good, failed = total["ok"] + total["business"], sum(total[each] for each in DOMAINS)
    return {
        "calls": total.total(),
        "outcomes": outcomes,
        "speed": speed,
        "name": words["outcomes_name"].format(calls=f.number(total.total()), good=f.number(good), bad=f.number(failed)),
        "rows": [
            {"hour": f"{each.at.astimezone(HANOI):%H:%M %d/%m}", "calls": f.number(each.calls),
             "kinds": [f.number(each.kinds[kind]) for kind in KINDS], "p50": f.seconds(a), "p95": f.seconds(b)}
            for each, a, b in zip(hours, p50, p95, strict=True)
        ],
        "used": [kind for kind in KINDS if total[kind]],
    }  # fmt: skip


def taxonomy(rows: Iterable[CountRow], system: str, since: datetime, f: Formats, lang: Lang) -> list[dict[str, Any]]:
    """Errors by whose they are: every domain, also where it has none."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in DOMAINS}
    for row in rows:
        kind = kind_of(row.outcome)
        if row.system == system and row.consumer != PROBE and row.hour >= since and kind in counted:
            counted[kind][row.outcome] += row.calls
    return [
        {
            "domain": name,
            "calls": f.number(codes.total()),
            "any": codes.total() > 0,
            "codes": [(code, by_code(code).title[lang], f.number(times)) for code, times in codes.most_common()],
        }
        for name, codes in counted.items()
    ]


def callers(
    consumers: Iterable[tuple[Consumer, Sequence[Grant]]], rows: Iterable[CountRow], system: str, since: datetime,
    f: Formats, lang: Lang,
) -> list[dict[str, Any]]:  # fmt: skip
    """Who holds a grant, or has called: the most calls first."""
    calls, bad = Counter[str](), Counter[str]()
    for row in rows:
        if row.system == system and row.consumer != PROBE and row.hour >= since:
            calls[row.consumer] += row.calls
            bad[row.consumer] += row.calls * (kind_of(row.outcome) in DOMAINS)
    found = []
    for consumer, grants in consumers:
        own = [each for each in grants if each.system in (system, "*")]
        if own or calls[consumer.id]:
            found.append({
                "id": consumer.id, "name": consumer.name[lang], "agency": consumer.agency,
                "operations": ["*"] if any(each.operation == "*" for each in own) else sorted(e.operation for e in own),
                "calls": calls[consumer.id], "bad": bad[consumer.id],
                "share": f.percent(bad[consumer.id] / calls[consumer.id]) if calls[consumer.id] else "—",
            })  # fmt: skip
    return sorted(found, key=lambda each: (-each["calls"], collation_key(each["name"])))


def contract(connector: Connector, states: Mapping[str, str]) -> list[dict[str, Any]]:
    """Its operations as callers know them; `states` are the breakers that are not closed."""
    return [
        {
            "name": each.name, "kind": each.kind.value, "safe": each.safe, "personal": each.personal,
            "timeout": each.timeout, "breaker": states.get(each.name, "closed"), "probe": each.probe is not None,
        }
        for each in sorted(connector.operations.values(), key=lambda each: each.name)
    ]  # fmt: skip


def kept(history: Mapping[str, Any], w: Words, f: Formats) -> dict[str, Any]:
    """Conformance as it goes on: every real answer counts, over thirty days."""
    words = w["system"]
    score = history["score"]
    return {
        "score": f.percent(score / 100, 2) if score is not None else "—",
        "answers": f.number(history["answers"]),
        "deviations": [(words["deviation"][name], f.number(n)) for name, n in history["deviations"].items()],
        "latest": [
            {**each, "word": words["deviation"][each["deviation"]], "rules": "; ".join(each["rules"])}
            for each in reversed(history["latest"][-_LATEST:])
        ],
    }


def decisions(entries: Sequence[StageEntry]) -> list[dict[str, Any]]:
    """The ledger, newest first."""
    return [
        {
            "stage": each.stage.value, "since": each.since, "decision": each.decision, "by": each.by,
            "approved_by": each.approved_by, "evidence": each.evidence.value, "recorded": each.recorded,
        }
        for each in reversed(entries)
    ]  # fmt: skip


# -- the page ----------------------------------------------------------------------------------------------------------


async def view(visit: Visit, **more: Any) -> dict[str, Any]:
    house, now, f = visit.house, visit.now, visit.f
    connector = house.registry.connector(visit.path["system"])
    if connector is None:
        raise Missing
    name, since = connector.name, now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    rows = await house.store.health.counts(since, name)
    rows += [each for each in house.health.counts.fresh.waiting() if each.system == name]
    shown, days = await house.outlook.seen(inside=True)
    mine = next(each for each in shown["systems"] if each["id"] == name)
    slots = house.bulkhead.systems.get(name)
    states = {operation: state for system, operation, state, _ in house.health.breakers.not_closed() if system == name}
    parties = [(each, house.policy.grants_of(each.id)) for each in house.policy.consumers()]
    testable = [each.name for each in questions(connector, house.settings.province.era) if each.safe]
    return {
        "system": mine,
        "title": connector.title[visit.lang],
        "cause": mine["cause"][visit.lang] if mine["cause"] else "",
        "strip": strip(connector.title[visit.lang], days[name], visit.w, f),
        "traffic": traffic(by_hour(rows, name, now), visit.w, f),
        "taxonomy": taxonomy(rows, name, since, f, visit.lang),
        "callers": callers(parties, rows, name, since, f, visit.lang),
        "operations": contract(connector, states),
        "conformance": kept(house.conformity.history(name), visit.w, f),
        "slots": (slots.taken if slots else 0, connector.slots, len(slots.queue) if slots else 0),
        "decisions": decisions(await house.ledger.entries(name)),
        "testable": testable,
        "operation_choices": [(each, each) for each in testable],
        "windows": house.windows.announced(name),
        "test": None,
        "may": visit.may("operator"),
        "version": connector.version,
        **more,
    }


async def show(visit: Visit) -> Shown:
    return View("system.html", await view(visit))


async def test(visit: Visit) -> Shown:
    """Not `Go`: what was found is of this moment, and a reload asks again by intent."""
    try:
        found = await visit.perform(
            "system.test", {"system": visit.path["system"], "operation": visit.form.one("operation")}
        )
    except Refused as refused:
        return View("system.html", await view(visit, errors={"": refused.said[visit.lang]}), 422)
    return View("system.html", await view(visit, test=found))


PAGES = (
    Page("board", "systems/{system}", EVERYBODY, show),
    Page("board", "systems/{system}/test", OPERATORS, test, "POST"),
)
