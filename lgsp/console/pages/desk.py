"""The correction desk: what has failed or waits, by cause and age; one submission; sending many again, counted first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from lgsp.console.collate import collation_key
from lgsp.console.pages import exchanges
from lgsp.console.visit import OPERATORS, READERS_OF_EVIDENCE, Go, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.errors import leaves
from lgsp.model import SYSTEM_CALLS
from lgsp.office import perform
from lgsp.submissions.groups import AGES

PAGE = 25
TROUBLE = ("failed", "expired", "indeterminate", "queued")
STATES = (*TROUBLE, "delivering", "delivered", "cancelled")
_FIELDS = ("system", "consumer", "cause", "state", "age")
_HOUR = timedelta(hours=1)


def asked_for(query: Mapping[str, str], now: datetime) -> tuple[dict[str, str], dict[str, Any]]:
    """(what the address names, what the action is asked). "-" is the cause of those that have none."""
    given = {name: query[name].strip() for name in _FIELDS if query.get(name, "").strip()}
    wanted: dict[str, Any] = {name: given[name] for name in ("system", "consumer", "cause") if name in given}
    if wanted.get("cause") == "-":
        wanted["cause"] = ""
    states = [given["state"]] if given.get("state") in STATES else list(TROUBLE)
    return given, {**wanted, **_between(given.get("age", ""), now), "states": states, "open": True}


def _between(age: str, now: datetime) -> dict[str, str]:
    """The same hours that the groups count under that age."""
    names = [name for name, _, _ in AGES]
    if age not in names:
        return {}
    place, limits = names.index(age), [limit for _, limit, _ in AGES]

    def since(limit: timedelta) -> str:
        first = (now - limit).replace(minute=0, second=0, microsecond=0) + _HOUR
        return f"{int((now - first).total_seconds())}s"

    found = {}
    if limits[place] != timedelta.max:
        found["newer_than"] = since(limits[place])
    if place:
        found["older_than"] = since(limits[place - 1])
    return found


def group_rows(found: Sequence[Mapping[str, Any]], titles: Mapping[str, str], visit: Visit) -> list[dict[str, Any]]:
    """One line a decision can be about, with where it leads."""
    states = visit.w["exchanges"]["states"]
    return [
        {
            "count": each["count"],
            "system": titles.get(each["system"], each["system"]),
            "cause": cause(each["cause"], visit),
            "age": each["age"][visit.lang],
            "states": ", ".join(f"{visit.f.number(n)} {states[state]}" for state, n in each["states"].items()),
            "oldest": each["oldest"],
            "address": "/console/desk?"
            + urlencode({"system": each["system"], "cause": each["cause"] or "-", "age": each["age"]["id"]}),
        }
        for each in found
    ]


def rows(items: Sequence[Mapping[str, Any]], titles: exchanges.Titles, visit: Visit) -> list[dict[str, Any]]:
    states = visit.w["exchanges"]["states"]
    return [
        {
            **item,
            "system": titles["system"].get(item["system"], item["system"]),
            "consumer": titles["consumer"].get(item["consumer"], item["consumer"]),
            "said": states[item["state"]],
            "cause": cause(item["cause"], visit),
        }
        for item in items
    ]


def cause(code: str, visit: Visit) -> str:
    return exchanges.outcome(code, visit) if code else str(visit.w["desk"]["no_cause"])


def proposals(found: Sequence[Mapping[str, Any]], visit: Visit) -> list[dict[str, Any]]:
    words = visit.w["desk"]
    return [{**each, "what": words["kinds"][each["kind"]], "own": each["by"] == visit.user} for each in found]


def choices(visit: Visit, titles: exchanges.Titles) -> dict[str, list[tuple[str, str]]]:
    words = visit.w["desk"]
    every = [("", words["every"])]
    causes = sorted(((each.code, each.title[visit.lang]) for each in leaves()), key=lambda each: collation_key(each[1]))
    return {
        **{
            name: every
            + sorted(
                (each for each in titles[name].items() if not each[0].startswith(SYSTEM_CALLS)),
                key=lambda each: collation_key(each[1]),
            )
            for name in ("system", "consumer")
        },
        "cause": [*every, ("-", words["no_cause"]), *causes],
        "state": [("", words["trouble"]), *((each, visit.w["exchanges"]["states"][each]) for each in STATES)],
        "age": [*every, *((name, text[visit.lang]) for name, _, text in AGES)],
    }


# -- the pages ---------------------------------------------------------------------------------------------------------


async def show(visit: Visit) -> Shown:
    given, wanted = asked_for(visit.query, visit.now)
    titles, after = exchanges.titles_of(visit), visit.query.get("after", "")
    found = await visit.perform(
        "submission.list", {**wanted, "limit": PAGE, "after": after if after.isdecimal() else 0}
    )
    grouped = [] if given else await visit.perform("submission.groups", {})
    next_page = {**given, "after": found["next"]}
    values = {
        "given": {name: given.get(name, "") for name in _FIELDS},
        "narrowed": bool(given),
        "groups": group_rows(grouped, titles["system"], visit),
        "rows": rows(found["items"], titles, visit),
        "total": found["total"],
        "after": f"/console/desk?{urlencode(next_page)}" if found["next"] is not None else "",
        "first": f"/console/desk?{urlencode(given)}" if after else "",
        "again": f"/console/desk/again?{urlencode(given)}",
        "waiting": proposals(await visit.perform("submission.proposals", {}), visit),
        "choices": choices(visit, titles),
        "operator": visit.may("operator"),
    }
    return View("desk.html", values)


async def count(visit: Visit) -> Shown:
    """What would be sent again: nothing is sent yet."""
    return await _counted(visit, visit.query)


async def _counted(visit: Visit, query: Mapping[str, str], errors: Mapping[str, str] | None = None) -> View:
    given, wanted = asked_for(query, visit.now)
    if "state" not in given:
        wanted["states"] = ["failed", "expired"]
    try:
        found = await visit.perform("submission.resend", wanted)
    except Refused as refused:  # too many at once
        found, errors = {"count": 0, "groups": [], "refused": []}, {"": refused.said[visit.lang]}
    titles, why = exchanges.titles_of(visit), Counter(each["code"] for each in found["refused"])
    groups = [
        {
            "system": titles["system"].get(each["system"], each["system"]),
            "cause": cause(each["cause"], visit),
            "count": each["count"],
        }
        for each in found["groups"]
    ]
    values = {
        "given": given,
        "chosen": [(visit.w["desk"][name], dict(choices(visit, titles)[name]).get(value, value))
                   for name, value in given.items()],
        "count": found["count"],
        "groups": groups,
        "refused": [(visit.w["desk"]["why"][code], count) for code, count in why.most_common()],
        "back": f"/console/desk?{urlencode(given)}",
        "errors": errors or {},
        "reason": visit.form.one("reason"),
    }  # fmt: skip
    return View("desk_again.html", values, 422 if errors else 200)


async def send(visit: Visit) -> Shown:
    """Those that were counted, if they are still as many."""
    query = {name: visit.form.one(name) for name in _FIELDS}
    errors = visit.form.missing(visit.w, "reason")
    given, wanted = asked_for(query, visit.now)
    if "state" not in given:
        wanted["states"] = ["failed", "expired"]
    if not errors:
        asked = {**wanted, "yes": visit.form.one("count"), "reason": visit.form.one("reason")}
        try:
            done = await visit.perform("submission.resend", asked)
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            text = visit.w["desk"]["sent"].format(n=visit.f.number(len(done["sent"])))
            return Go(f"/console/desk?{urlencode(given)}", Said("good", text))
    return await _counted(visit, query, errors)


async def troubled(house: Any) -> int:
    """How many the desk lists."""
    wanted = {"states": list(TROUBLE), "open": True, "limit": 1}
    return int((await perform(house.office, "submission.list", "", wanted))["total"])


PAGES = (
    Page("desk", "desk", READERS_OF_EVIDENCE, show, nav=35, badge=troubled),
    Page("desk", "desk/again", OPERATORS, count),
    Page("desk", "desk/again", OPERATORS, send, "POST"),
)
