"""Security levels (Decree 85/2016): the register with its ends, and who would be cut off on a day that somebody names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from lgsp.compliance import COLUMNS, RegisterError, as_record, from_records
from lgsp.console.typed import iso
from lgsp.console.visit import READERS_OF_EVIDENCE, Go, Page, Said, Shown, Upload, View, Visit
from lgsp.decisions import Refused

OFFICER = frozenset({"security-officer"})
_FILE = 2 * 1024 * 1024
_KINDS = {"approved": "good", "expiring": "warn", "undeclared": ""}


def rows(found: Sequence[Mapping[str, Any]], visit: Visit, *, only: bool = False) -> list[dict[str, Any]]:
    """Those whose approval ends first; `only` those that are cut off, or soon will be."""
    shown = [each for each in found if not only or each["cut"] or each["standing"] == "expiring"]
    shown.sort(key=lambda each: (not each["cut"], each["expires"] or "9999", each["name"]))
    return [{**each, "said": each["why"][visit.lang], "kind": _KINDS.get(each["standing"], "bad")} for each in shown]


def moved(today: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, list[str]]:
    """What that day changes: {cut off by then, allowed by then}, by id."""
    before, after = set(today["cut"]), set(then["cut"])
    return {"lost": sorted(after - before), "won": sorted(before - after)}


def register_of(upload: Upload | None) -> list[dict[str, Any]]:
    """The records of a CSV as the register has it. Raises `RegisterError`."""
    try:
        text = (upload.content if upload else b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegisterError("Tệp không phải UTF-8", "the file is not UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise RegisterError(f"Các cột phải là {', '.join(COLUMNS)}", f"the columns are {', '.join(COLUMNS)}")
    return [as_record(each) for each in from_records(reader)]


async def show(visit: Visit) -> Shown:
    return await _view(visit)


async def _view(visit: Visit, errors: Mapping[str, str] | None = None) -> View:
    mistakes, wanted, today = dict(errors or {}), visit.query.get("on", "").strip(), visit.house.policy.today()
    try:
        on = date.fromisoformat(iso(wanted)) if wanted else today
    except ValueError:
        mistakes["on"], on = visit.w["security"]["bad_day"], today
    then = await visit.perform("compliance.show", {"on": on.isoformat()})
    now = then if on == today else await visit.perform("compliance.show", {"on": today.isoformat()})
    names = {each["id"]: each["name"] for part in ("systems", "consumers", "connected") for each in then[part]}
    titles = {name: each.title[visit.lang] for name, each in visit.house.registry.connectors.items()}
    changes = moved(now, then)
    values = {
        "on": on,
        "what_if": on != today,
        "found": then,
        "register": rows(then["systems"], visit),
        "consumers": rows(then["consumers"], visit),
        "connected": rows([{**each, "name": titles.get(each["id"], each["name"])} for each in then["connected"]], visit,
                          only=True),
        "lost": [titles.get(each) or names.get(each) or each for each in changes["lost"]],
        "won": [titles.get(each) or names.get(each) or each for each in changes["won"]],
        "may": visit.may(*OFFICER),
        "columns": ", ".join(COLUMNS),
        "errors": mistakes,
    }  # fmt: skip
    return View("security.html", values, 422 if mistakes else 200)


async def take_over(visit: Visit) -> Shown:
    """The register, whole."""
    try:
        done = await visit.perform("compliance.import", {"register": register_of(visit.form.files.get("file"))})
    except (RegisterError, Refused) as error:
        return await _view(visit, {"file": error.said[visit.lang]})
    text = visit.w["security"]["imported"].format(n=done["systems"], changed=len(done["consumers"]))
    return Go("/console/security", Said("good", text))


PAGES = (
    Page("security", "security", READERS_OF_EVIDENCE, show, nav=45),
    Page("security", "security", OFFICER, take_over, "POST", body=_FILE),
)
