"""Exchanges: found by what one knows of a call; one as a timeline of attempts and waits; what was said only with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lgsp.console.collate import collation_key
from lgsp.console.typed import iso
from lgsp.console.visit import READERS_OF_EVIDENCE, Go, Missing, Page, Shown, View, Visit
from lgsp.console.wording import Words
from lgsp.custody import MAY
from lgsp.decisions import Refused
from lgsp.errors import BusFault, Unavailable, by_code, leaves
from lgsp.inquiry import moment_of
from lgsp.model import SYSTEM_CALLS

READ_CONTENT = frozenset(MAY["read"])
Titles = Mapping[str, Mapping[str, str]]
"""Of consumers and systems, by id."""
_FIELDS = ("correlation", "case", "consumer", "system", "outcome", "first", "before")
_BEHIND = 1000
"""Entries of which the page says that the index is still catching up."""
WIDTH, _LABEL, _RIGHT, _ROW, _TOP = 1000, 190, 20, 34, 34
_NARROWEST = 3
_GOOD = frozenset({"ok", "accepted", "business"})


# -- view models -------------------------------------------------------------------------------------------------------


def rows_of(items: Sequence[Mapping[str, Any]], titles: Titles, visit: Visit) -> list[dict[str, Any]]:
    """As the table shows them. What the registers do not know any more stands under its id."""
    domains: Words = visit.w["exchanges"]["domains"]
    return [
        {
            **item,
            "consumer": titles["consumer"].get(item["consumer"], item["consumer"]),
            "system": titles["system"].get(item["system"], item["system"]),
            "outcome": outcome(item["outcome"], visit),
            "kind": kind_of(item["outcome"]),
            "fault": domains[name] if (name := item["fault_domain"] or "none") in set(domains) else name,
        }
        for item in items
    ]


def kind_of(code: str) -> str:
    """`bad` only where something failed: what a ministry answers on business, or a caller does wrong, is an answer (RULES 12)."""
    if code in _GOOD:
        return "good"
    return "bad" if code and issubclass(by_code(code), Unavailable | BusFault) else "told"


def outcome(code: str, visit: Visit) -> str:
    words: Words = visit.w["exchanges"]["outcomes"]
    if code in ("ok", "accepted", ""):
        return str(words[code or "none"])
    kind = by_code(code)
    return kind.title[visit.lang] if kind.code == code else code


@dataclass(frozen=True, slots=True)
class Step:
    """One bar. `begin` and `seconds` count from when the call came in; x and width are the picture's."""

    name: str
    kind: str
    begin: float
    seconds: float
    said: str
    x: float
    width: float
    y: int


def timeline(entries: Sequence[Mapping[str, Any]], visit: Visit) -> dict[str, Any] | None:
    """The steps of one exchange in order, as a picture and as rows. None where no answer tells how the time passed."""
    words = visit.w["exchanges"]
    told = next((each for each in entries if each["kind"] == "answered" and each.get("trace")), None)
    if told is None:
        return None
    trace, whole = told["trace"], max(1, told["trace"]["us"]) / 1e6
    came_in = datetime.fromisoformat(told["at"]).timestamp() - whole
    steps: list[tuple[str, str, float, float, str]] = [("call", "whole", 0.0, whole, outcome(told["outcome"], visit))]
    for each in entries:
        if each["kind"] == "asked":
            since = max(0.0, datetime.fromisoformat(each["at"]).timestamp() - came_in)
            steps.append(("asked", "mark", min(since, whole), 0.0, words["durable"]))
    for number, (begin, seconds, code, reached) in enumerate(trace["attempts"], 1):
        kind = "good" if code in _GOOD else "bad"
        said = words["business"] if code == "business" else outcome(code, visit)
        said = said if reached else f"{said} · {words['unreached']}"
        steps.append((f"attempt {number}", kind, begin / 1e6, seconds / 1e6, said))
    steps += [(name, "wait", begin / 1e6, seconds / 1e6, "") for name, begin, seconds in trace["waits"]]
    steps[1:] = sorted(steps[1:], key=lambda step: step[2])
    room, scale = WIDTH - _LABEL - _RIGHT, max([whole, *(begin + seconds for _, _, begin, seconds, _ in steps)])
    bars = []
    for place, (name, kind, begin, seconds, said) in enumerate(steps):
        width = max(_NARROWEST, room * seconds / scale)
        left = min(_LABEL + room * begin / scale, WIDTH - _RIGHT - width)
        base, _, count = name.partition(" ")
        title = str(words["steps"][base]).format(n=count)
        bars.append(Step(title, kind, begin, seconds, said, round(left, 1), round(width, 1), _TOP + place * _ROW))
    ticks = [(round(_LABEL + room * part / 4, 1), scale * part / 4) for part in range(5)]
    return {
        "width": WIDTH, "height": _TOP + len(bars) * _ROW + 8, "steps": bars, "ticks": ticks,
        "spent": [(words["spent"][name], seconds / 1e6) for name, seconds in trace["spent"].items()
                  if name in words["spent"] and seconds],
    }  # fmt: skip


def facts_of(entries: Sequence[Mapping[str, Any]], titles: Titles, visit: Visit) -> list[tuple[str, str]]:
    """Who asked for what, why, and where that stands in the evidence."""
    words: Words = visit.w["exchanges"]["facts"]
    said: dict[str, Any] = {}
    for entry in entries:
        said |= {name: value for name, value in entry.items() if value not in (None, "")}
    found = [(words[name], str(said[name])) for name in ("operation", "case", "purpose", "officer", "legal_basis", "backend",
                                                         "face", "correlation") if name in said]  # fmt: skip
    for name in ("system", "consumer"):
        if name in said:
            found.insert(0, (words[name], titles[name].get(said[name], said[name])))
    if said.get("fields") is not None:
        found.append((words["fields"], str(len(said["fields"]))))
    places = ", ".join(f"{each['writer']} #{each['index']}" for each in entries)
    return [*found, (words["evidence"], places)]


def choices(visit: Visit, known: Mapping[str, Sequence[str]], titles: Titles) -> dict[str, Any]:
    """What may be chosen: what has occurred, and what the registers have."""
    words: Words = visit.w["exchanges"]
    every = [("", words["every"])]
    made: dict[str, Any] = {}
    for name in ("consumer", "system"):
        standing = {each for each in titles[name] if not each.startswith(SYSTEM_CALLS)}
        named = {each: titles[name].get(each, each) for each in {*known[name], *standing}}
        made[name] = every + sorted(named.items(), key=lambda each: collation_key(each[1]))
    codes = {"ok", "accepted", *(leaf.code for leaf in leaves())}
    failures = sorted(
        ((each, outcome(each, visit)) for each in codes - {"ok", "accepted"}), key=lambda each: collation_key(each[1])
    )
    good = [(each, outcome(each, visit)) for each in ("ok", "accepted")]
    made["outcome"] = [*every, *good, *failures, ("-", words["outcomes"]["none"])]
    return made


def titles_of(visit: Visit) -> dict[str, dict[str, str]]:
    house, inbound = visit.house, visit.w["exchanges"]["inbound"]
    return {
        "consumer": {
            **{
                f"{SYSTEM_CALLS}{name}": inbound.format(system=each.title[visit.lang])
                for name, each in house.registry.connectors.items()
            },
            **{each.id: each.name[visit.lang] for each in house.policy.consumers()},
        },
        "system": {name: each.title[visit.lang] for name, each in house.registry.connectors.items()},
    }


def asked_for(query: Mapping[str, str]) -> dict[str, Any]:
    """The search that an address names. "-" is the outcome of those that have none."""
    wanted: dict[str, Any] = {name: query[name].strip() for name in _FIELDS if query.get(name, "").strip()}
    wanted |= {name: iso(wanted[name]) for name in ("first", "before") if name in wanted}
    if wanted.get("outcome") == "-":
        wanted["outcome"] = ""
    return wanted


def mistakes(wanted: Mapping[str, Any], visit: Visit) -> dict[str, str]:
    errors = {}
    for name in ("first", "before"):
        try:
            moment_of(wanted.get(name))
        except Refused:
            errors[name] = visit.w["exchanges"]["bad_time"]
    return errors


# -- the pages ---------------------------------------------------------------------------------------------------------


async def search(visit: Visit) -> Shown:
    wanted = asked_for(visit.query)
    errors = mistakes(wanted, visit)
    below = visit.query.get("below", "")
    if below and not below.isdecimal():
        raise Missing
    found: dict[str, Any] = {"items": [], "next": None, "behind": 0}
    if not errors:
        found = await visit.perform("exchange.find", {**wanted, "below": below})
    given = {name: visit.query.get(name, "").strip() for name in _FIELDS}
    named = {name: value for name, value in given.items() if value}
    address = "/console/exchanges"
    after = f"{address}?{urlencode({**named, 'below': found['next']})}" if found["next"] is not None else ""
    newest = f"{address}?{urlencode(named)}" if below else ""
    return await _listed(visit, found, errors, given=given, after=after, newest=newest, narrowed=bool(named))


async def person(visit: Visit) -> Shown:
    """By identifier, in the body of a form and never in an address; that it was looked for is evidence."""
    form = visit.form
    hashed = form.one("subject_hash")
    errors = form.missing(visit.w, "reason") if hashed else form.missing(visit.w, "subject", "reason")
    if "reason" not in errors and len(form.one("reason")) < 5:
        errors["reason"] = visit.w["exchanges"]["why_short"]
    found: dict[str, Any] = {"items": [], "next": None, "behind": 0}
    subject = hashed
    if not errors:
        if form.one("subject"):
            subject = visit.house.store.keys.subject(form.one("subject")).hex()
        wanted = {"subject_hash": subject, "reason": form.one("reason"), "below": form.one("below")}
        found = await visit.perform("exchange.find", wanted)
    return await _listed(
        visit, found, errors, subject="" if errors else subject, reason=form.one("reason"), narrowed=True
    )


async def _listed(visit: Visit, found: Mapping[str, Any], errors: Mapping[str, str], **values: Any) -> View:
    titles = titles_of(visit)
    known = await visit.house.store.exchanges.known()
    shown = {
        "given": dict.fromkeys(_FIELDS, ""), "after": "", "newest": "", "subject": "", "reason": "", **values,
        "rows": rows_of(found["items"], titles, visit),
        "next": found["next"],
        "behind": found["behind"] if found["behind"] > _BEHIND else 0,
        "choices": choices(visit, known, titles),
        "errors": errors,
    }  # fmt: skip
    return View("exchanges.html", shown, 422 if errors else 200)


async def one(visit: Visit) -> Shown:
    return await _one(visit)


async def content(visit: Visit) -> Shown:
    """What was asked and answered, where it was kept: for a role that may, with a reason, and evidence before it is shown."""
    reason = visit.form.one("reason")
    if len(reason) < 5:
        return await _one(visit, errors={"reason": visit.w["exchanges"]["why_short"]})
    found = await _shown(visit)
    role = visit.session.role if visit.session else ""
    wanted = {"correlation": found["correlation"], "role": role, "reason": reason}
    kept = await visit.perform("payload.read", wanted)
    texts = [
        {"kind": each["kind"], "at": each["at"], "text": None if each["data"] is None else _written(each["data"])}
        for each in kept
        if each["exchange"] == found["id"]
    ]
    return await _one(visit, texts=texts)


async def _one(visit: Visit, *, errors: Mapping[str, str] | None = None, texts: Sequence[Any] | None = None) -> Shown:
    found, titles = await _shown(visit), titles_of(visit)
    kept = [each for each in await visit.house.store.payloads.of(found["correlation"]) if each.exchange == found["id"]]
    values = {
        "found": rows_of([found], titles, visit)[0],
        "facts": facts_of(found["entries"], titles, visit),
        "line": timeline(found["entries"], visit),
        "related": rows_of(found["related"], titles, visit),
        "submission": found["submission"],
        "kept": bool(kept),
        "may_read": visit.may(*READ_CONTENT),
        "texts": texts,
        "errors": errors or {},
    }
    return View("exchange.html", values, 422 if errors else 200)


async def _shown(visit: Visit) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await visit.perform("exchange.show", {"id": visit.path["exchange"]})
    except Refused:
        raise Missing from None
    return found


async def to_search(visit: Visit) -> Shown:
    """Whoever reloads the answer about a person begins anew."""
    del visit
    return Go("/console/exchanges")


def _written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


PAGES = (
    Page("exchanges", "exchanges", READERS_OF_EVIDENCE, search, nav=30),
    Page("exchanges", "exchanges/person", READERS_OF_EVIDENCE, to_search),
    Page("exchanges", "exchanges/person", READERS_OF_EVIDENCE, person, "POST"),
    Page("exchanges", "exchanges/{exchange}", READERS_OF_EVIDENCE, one),
    Page("exchanges", "exchanges/{exchange}/content", READ_CONTENT, content, "POST"),
)
