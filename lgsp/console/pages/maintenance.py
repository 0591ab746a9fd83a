"""Maintenance: what is announced, announcing it, ending it, and calling past downtime what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lgsp.console.collate import collation_key
from lgsp.console.visit import EVERYBODY, OPERATORS, Go, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.health.history import DAYS
from lgsp.runtime import HANOI
from lgsp.store.port.stewardship import MaintenanceRecord


def state_of(record: MaintenanceRecord, now: datetime) -> str:
    """Key of the word for it."""
    if record.past:
        return "reclassified"
    if record.closed is not None:
        return "closed"
    return "over" if record.ends <= now else "open" if record.begins <= now else "announced"


def split(
    records: Sequence[MaintenanceRecord], titles: Mapping[str, str], now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(open and to come, the next first; past, the latest first)."""
    rows = [
        {"record": each, "title": titles.get(each.system, each.system), "state": state_of(each, now)}
        for each in sorted(records, key=lambda each: each.begins)
    ]
    coming = [row for row in rows if row["state"] in ("open", "announced")]
    return coming, [row for row in reversed(rows) if row not in coming]


async def view(visit: Visit, **more: Any) -> dict[str, Any]:
    house, now = visit.house, visit.now
    titles = {each.name: each.title[visit.lang] for each in house.registry.connectors.values()}
    records = await house.store.stewardship.maintenance(now - timedelta(days=DAYS))
    coming, past = split(records, titles, now)
    local = now.astimezone(HANOI)
    return {
        "coming": coming,
        "past": past,
        "choices": sorted(titles.items(), key=lambda each: collation_key(each[1])),
        "system": visit.form.one("system") or visit.query.get("system", ""),
        "typed": {name: visit.form.one(name) for name in ("begins", "ends", "reason")},
        "soon": f"{local + timedelta(minutes=10):%d/%m/%Y %H:%M}",
        "later": f"{local + timedelta(hours=2):%d/%m/%Y %H:%M}",
        "may": visit.may("operator"),
        "past_errors": {},
        **more,
    }


async def show(visit: Visit) -> Shown:
    return View("maintenance.html", await view(visit))


async def announce(visit: Visit) -> Shown:
    return await _decide(visit, "maintenance.announce", "announced_said", "errors")


async def reclassify(visit: Visit) -> Shown:
    return await _decide(visit, "maintenance.reclassify", "reclassified_said", "past_errors")


async def _decide(visit: Visit, action: str, said: str, mistakes: str) -> Shown:
    names = ("system", "begins", "ends", "reason")
    errors = visit.form.missing(visit.w, *names)
    if not errors:
        try:
            made = await visit.perform(action, {name: visit.form.one(name) for name in names})
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            connector = visit.house.registry.connector(made["system"])
            text = visit.w["maintenance"][said].format(
                system=connector.title[visit.lang] if connector else made["system"],
                begins=visit.f.moment(made["begins"], seconds=False),
                ends=visit.f.moment(made["ends"], seconds=False),
            )
            return Go("/console/maintenance", Said("good", text))
    return View("maintenance.html", await view(visit, **{mistakes: errors}), 422)


async def end(visit: Visit) -> Shown:
    made = await visit.perform("maintenance.end", {"id": visit.form.one("id")})
    connector = visit.house.registry.connector(made["system"])
    system = connector.title[visit.lang] if connector else made["system"]
    return Go("/console/maintenance", Said("good", visit.w["maintenance"]["ended_said"].format(system=system)))


async def announced(house: Any) -> int:
    """Windows that are open or to come."""
    return len(house.windows.announced())


PAGES = (
    Page(
        "maintenance",
        "maintenance",
        EVERYBODY,
        show,
        nav=55,
        badge=announced,
    ),
    Page("maintenance", "maintenance", OPERATORS, announce, "POST"),
    Page("maintenance", "maintenance/past", OPERATORS, reclassify, "POST"),
    Page("maintenance", "maintenance/end", OPERATORS, end, "POST"),
)
