"""Reports: any period to look at, print or keep as a file, and the months that are filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from lgsp.console.paper import FORMS, made, written
from lgsp.console.typed import iso
from lgsp.console.visit import EVERYBODY, File, Missing, Page, Shown, View, Visit
from lgsp.console.wording import Words
from lgsp.report.facts import Facts, PeriodError, decode
from lgsp.report.filing import LISTED, collect
from lgsp.report.model import Paper
from lgsp.runtime import HANOI
from lgsp.store.port.reports import ReportRow


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: days as typed, or the name of a filed month."""

    first: str
    last: str
    filed: str = ""

    @property
    def query(self) -> str:
        return urlencode({"filed": self.filed} if self.filed else {"from": self.first, "to": self.last})


def asked(query: Any, today: date) -> Asked:
    """Without days: this month so far."""
    if query.get("filed"):
        return Asked("", "", str(query["filed"])[:20])
    begin = today.replace(day=1)
    return Asked(iso(str(query.get("from") or begin))[:10], iso(str(query.get("to") or today))[:10])


def quick(today: date, w: Words) -> list[tuple[str, str]]:
    """(word, query) of periods that are often wanted."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    spans = (
        ("this_month", month, today),
        ("last_month", before.replace(day=1), before),
        ("quarter", quarter, today),
        ("year", date(today.year, 1, 1), today),
    )
    return [(w["reports"][name], Asked(first.isoformat(), last.isoformat()).query) for name, first, last in spans]


def filed_rows(rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "first": each.first,
            "last": each.last,
            "made": each.made,
            "query": Asked("", "", each.name).query,
            "sentence": decode(each.facts),
        }
        for each in rows
    ]


def reports(paper: Paper | None, wanted: Asked, filed: list[dict[str, Any]], today: date, w: Words) -> dict[str, Any]:
    """`paper` None: the days asked for are none."""
    days = {"first": shown(wanted.first), "last": shown(wanted.last)}
    return {
        "paper": paper,
        "asked": wanted,
        "days": days,
        "filed": filed,
        "quick": quick(today, w),
        "forms": ("docx", "csv"),
    }


def shown(day: str) -> str:
    """As people here write it; what is no day stays as it was typed."""
    try:
        return f"{date.fromisoformat(day):%d/%m/%Y}"
    except ValueError:
        return day


async def show(visit: Visit) -> Shown:
    today = visit.now.astimezone(HANOI).date()
    wanted = asked(visit.query, today)
    rows = filed_rows(await visit.house.store.reports.newest(LISTED))
    for each in rows:
        facts = each["sentence"]
        each["sentence"] = _paper(visit, facts).sentence
    try:
        paper = _paper(visit, await _facts(visit, wanted))
    except ValueError as error:
        said = _said(error, visit.w)
        return View("reports.html", {**reports(None, wanted, rows, today, visit.w), "errors": {"from": said}}, 422)
    return View("reports.html", reports(paper, wanted, rows, today, visit.w))


async def paper_page(visit: Visit) -> Shown:
    """By itself, to print."""
    facts = await _found(visit)
    return View("report_paper.html", {"paper": _paper(visit, facts), "alone": False})


async def file(visit: Visit) -> Shown:
    form = visit.path["form"]
    if form not in FORMS:
        raise Missing
    facts = await _found(visit)
    document = _paper(visit, facts, visit.query.get("number", "")[:20])
    made_file: File = await visit.house.runtime.offload(
        lambda: written(document, facts, visit.house.pages, visit.lang, cast("Any", form))
    )
    return made_file


async def _found(visit: Visit) -> Facts:
    try:
        return await _facts(visit, asked(visit.query, visit.now.astimezone(HANOI).date()))
    except ValueError as error:
        raise Missing from error


async def _facts(visit: Visit, wanted: Asked) -> Facts:
    """Raises `ValueError` for days that are none, `Missing` for a month that is not filed."""
    house = visit.house
    if wanted.filed:
        row = await house.store.reports.get(wanted.filed)
        if row is None:
            raise Missing
        return decode(row.facts)
    await house.keeper.flush()  # the calls of the last seconds too
    first, last = date.fromisoformat(wanted.first), date.fromisoformat(wanted.last)
    return await collect(house.office, first, last)


def _paper(visit: Visit, facts: Facts, number: str = "") -> Paper:
    house = visit.house
    titles = {name: each.title for name, each in house.registry.connectors.items()}
    return made(facts, titles, house.settings, house.pages, visit.lang, number)


def _said(error: Exception, w: Words) -> str:
    words = w["reports"]
    return str(words["period"] if isinstance(error, PeriodError) else words["day"])


PAGES = (
    Page("reports", "reports", EVERYBODY, show, nav=70),
    Page("reports", "reports/paper", EVERYBODY, paper_page),
    Page("reports", "reports/file/{form}", EVERYBODY, file),
)
