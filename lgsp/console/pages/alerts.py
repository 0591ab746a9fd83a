"""Alerts: what stands, taken by a name with a note; what is over; where they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lgsp.console.visit import EVERYBODY, OPERATORS, Go, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.model import Lang
from lgsp.store.port.alerts import AlertRow

PAST = 50


def alerts(rows: Sequence[AlertRow], lang: Lang) -> list[dict[str, Any]]:
    """`grave` marks those at which somebody must do something now."""
    return [
        {
            "id": each.id,
            "text": each.text[lang],
            "grave": each.severity >= 8,
            "severity": each.severity,
            "raised": each.raised,
            "cleared": each.cleared,
            "acknowledged": each.acknowledged,
            "by": each.by,
            "note": each.note,
        }
        for each in rows
    ]


async def show(visit: Visit) -> Shown:
    return await _view(visit)


async def _view(visit: Visit, errors: dict[str, str] | None = None, secret: str = "") -> View:
    store = visit.house.store
    values = {
        "standing": alerts(await store.alerts.standing(), visit.lang),
        "past": alerts(await store.alerts.past(PAST), visit.lang),
        "routes": await store.alerts.routes() if visit.may("operator") else [],
        "operator": visit.may("operator"),
        "mails": bool(visit.house.settings.mail.host),
        "errors": errors or {},
        "target": visit.form.one("target"),
        "secret": secret,
    }
    return View("alerts.html", values, 422 if errors else 200)


async def acknowledge(visit: Visit) -> Shown:
    arguments = {"id": visit.path["alert"], "note": visit.form.one("note")}
    try:
        await visit.perform("alert.ack", arguments)
    except Refused:
        return Go("/console/alerts", Said("note", visit.w["alerts"]["taken"]))
    return Go("/console/alerts", Said("good", visit.w["alerts"]["yours"]))


async def add_route(visit: Visit) -> Shown:
    """The secret is in this one answer and nowhere else."""
    missing = visit.form.missing(visit.w, "target")
    if missing:
        return await _view(visit, missing)
    if "@" in visit.form.one("target") and "://" not in visit.form.one("target") and not visit.house.settings.mail.host:
        return await _view(visit, {"target": visit.w["alerts"]["no_mail"]})
    least = visit.form.one("least")
    try:
        made = await visit.perform(
            "alert.route", {"target": visit.form.one("target"), "least": int(least) if least.isdecimal() else 5}
        )
    except Refused as refused:
        return await _view(visit, {"target": refused.said[visit.lang]})
    if made["kind"] == "email":
        return Go("/console/alerts", Said("good", visit.w["alerts"]["mailed"].format(target=made["target"])))
    return await _view(visit, secret=str(made["secret"]))


async def drop_route(visit: Visit) -> Shown:
    await visit.perform("alert.unroute", {"id": visit.path["route"]})
    return Go("/console/alerts", Said("good", visit.w["alerts"]["dropped"]))


async def unseen(house: Any) -> int:
    """How many stand that nobody has taken."""
    return sum(each.acknowledged is None for each in await house.store.alerts.standing())


PAGES = (
    Page("alerts", "alerts", EVERYBODY, show, nav=60, badge=unseen),
    Page("alerts", "alerts/routes", OPERATORS, add_route, method="POST"),
    Page("alerts", "alerts/routes/{route}/drop", OPERATORS, drop_route, method="POST"),
    Page("alerts", "alerts/{alert}/take", OPERATORS, acknowledge, method="POST"),
)
