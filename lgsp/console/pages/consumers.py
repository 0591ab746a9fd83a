"""Agency systems: who they are, what they may ask, their keys; asked for by one person, admitted by a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from lgsp.compliance import of_consumer, said, standing
from lgsp.console.collate import collation_key
from lgsp.console.typed import iso
from lgsp.console.visit import OFFICERS, READERS_OF_EVIDENCE, Go, Missing, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.model import Consumer

DECIDERS = frozenset({"security-officer"})
"""Who admits, grants and hands out keys; whoever asks may also be an operator."""
_TYPED = ("call", "basis", "fields", "purposes", "from", "until", "quota", "decision", "level", "since", "level_until")
_MALWARE = {"yes": True, "no": False}
"""What is declared of the central anti-malware; anything else leaves it as it was."""


def rows(consumers: Sequence[Consumer], grants: Mapping[str, int], today: date, visit: Visit) -> list[dict[str, Any]]:
    """By name, as the alphabet has it."""
    return [
        {
            "id": each.id,
            "name": each.name[visit.lang],
            "agency": each.agency,
            "level": each.security_level,
            "expires": each.security_expires,
            "standing": said(standing(of_consumer(each), today))[visit.lang],
            "cut": standing(of_consumer(each), today).cut,
            "soon": standing(of_consumer(each), today) == "expiring",
            "grants": grants.get(each.id, 0),
            "active": each.active,
        }
        for each in sorted(consumers, key=lambda each: collation_key(each.name[visit.lang]))
    ]


def calls(visit: Visit) -> list[tuple[str, str]]:
    """Everything that may be granted, "system/operation", by the system's name."""
    found: list[tuple[str, str]] = []
    for name, each in sorted(
        visit.house.registry.connectors.items(), key=lambda item: collation_key(item[1].title[visit.lang])
    ):
        title = each.title[visit.lang]
        found.append((f"{name}/*", f"{title} · {visit.w['consumers']['everything']}"))
        found += [(f"{name}/{operation}", f"{title} · {operation}") for operation in sorted(each.operations)]
    return found


def grants(found: Sequence[Mapping[str, Any]], titles: Mapping[str, str], visit: Visit) -> list[dict[str, Any]]:
    words = visit.w["consumers"]
    return [
        {
            **each,
            "title": titles.get(each["system"], words["every_system"] if each["system"] == "*" else each["system"]),
            "call": words["everything"] if each["operation"] == "*" else each["operation"],
            "shown_fields": ", ".join(each["fields"]) if each["fields"] else words["all_fields"],
            "shown_purposes": ", ".join(each["purposes"]) if each["purposes"] else words["any_purpose"],
            "needs_case": each.get("needs_case", False),
        }
        for each in found
    ]


def place(grant: Mapping[str, Any]) -> tuple[str, str, str]:
    """Where one grant stands at a time."""
    return grant["consumer"], grant["system"], grant["operation"]


def listed(text: str) -> list[str] | None:
    """Names parted by commas or blanks; nothing named is no limit."""
    return text.replace(",", " ").split() or None


# -- all of them -------------------------------------------------------------------------------------------------------


async def show(visit: Visit) -> Shown:
    return await _list(visit)


async def _list(
    visit: Visit, errors: Mapping[str, str] | None = None, secrets: Mapping[str, Any] | None = None
) -> View:
    policy = visit.house.policy
    every = policy.consumers()
    counted = {each.id: len(policy.grants_of(each.id)) for each in every}
    titles = {name: each.title[visit.lang] for name, each in visit.house.registry.connectors.items()}
    standing_now = {(each.id, grant.system, grant.operation) for each in every for grant in policy.grants_of(each.id)}
    asked = [{**each, "own": each["by"] == visit.user} for each in await visit.perform("consumer.requests", {})]
    wished = [
        {
            **each,
            "own": each["by"] == visit.user,
            "grant": grants([each["grant"]], titles, visit)[0],
            "replaces": place(each["grant"]) in standing_now,
        }
        for each in await visit.perform("grant.requests", {})
    ]
    values = {
        "rows": rows(every, counted, policy.today(), visit),
        "asked": asked,
        "wished": wished,
        "secrets": secrets,
        "may_ask": visit.may(*OFFICERS),
        "may_decide": visit.may(*DECIDERS),
        "typed": {name: visit.form.one(name) for name in ("consumer", "name", "agency", "basis")},
        "errors": errors or {},
    }
    return View("consumers.html", values, 422 if errors else 200)


async def ask(visit: Visit) -> Shown:
    form = visit.form
    errors = form.missing(visit.w, "consumer", "name", "basis")
    if not errors:
        wanted = {name: form.one(name) for name in ("consumer", "name", "agency", "basis")}
        try:
            await visit.perform("consumer.ask", {**wanted, "admits_trial": bool(form.one("trial"))})
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            return Go("/console/consumers", Said("good", visit.w["consumers"]["asked_said"]))
    return await _list(visit, errors)


async def admit(visit: Visit) -> Shown:
    """Its keys are in this one answer and nowhere else."""
    try:
        made = await visit.perform("consumer.admit", {"request": visit.form.one("request")})
    except Refused as refused:
        return await _list(visit, {"": refused.said[visit.lang]})
    return await _list(visit, secrets=made)


async def decline(visit: Visit) -> Shown:
    return await _decided(visit, "consumer.decline", "declined")


async def grant_approve(visit: Visit) -> Shown:
    return await _decided(visit, "grant.approve", "granted")


async def grant_reject(visit: Visit) -> Shown:
    return await _decided(visit, "grant.reject", "declined")


async def _decided(visit: Visit, action: str, text: str) -> Shown:
    try:
        await visit.perform(action, {"request": visit.form.one("request")})
    except Refused as refused:
        return await _list(visit, {"": refused.said[visit.lang]})
    return Go("/console/consumers", Said("good", visit.w["consumers"][text]))


# -- one of them -------------------------------------------------------------------------------------------------------


async def one(visit: Visit) -> Shown:
    return await _one(visit)


async def _one(visit: Visit, errors: Mapping[str, str] | None = None, secrets: Mapping[str, Any] | None = None) -> View:
    policy, name = visit.house.policy, visit.path["consumer"]
    consumer = policy.consumer(name)
    if consumer is None:
        raise Missing
    found = await visit.perform("consumer.show", {"id": name})
    titles = {each: connector.title[visit.lang] for each, connector in visit.house.registry.connectors.items()}
    kinds = visit.w["consumers"]["kinds"]
    values = {
        "one": rows([consumer], {}, policy.today(), visit)[0],
        "decision": consumer.security_decision,
        "malware": visit.w["consumers"]["malware"][{True: "yes", False: "no", None: "unsaid"}[consumer.anti_malware]],
        "malwares": [(each, visit.w["consumers"]["malware"][each]) for each in ("as_was", "yes", "no")],
        "addresses": ", ".join(consumer.addresses),
        "keys": [{**each, "said": kinds[each["kind"]]} for each in found["secrets"]],
        "grants": grants(found["grants"], titles, visit),
        "calls": calls(visit),
        "secrets": secrets,
        "may_ask": visit.may(*OFFICERS),
        "may_decide": visit.may(*DECIDERS),
        "typed": {each: visit.form.one(each) for each in _TYPED},
        "errors": errors or {},
    }  # fmt: skip
    return View("consumer.html", values, 422 if errors else 200)


async def ask_grant(visit: Visit) -> Shown:
    form, name = visit.form, visit.path["consumer"]
    errors = form.missing(visit.w, "call", "basis")
    if form.one("quota") and not form.one("quota").isdecimal():
        errors["quota"] = visit.w["consumers"]["number"]
    if not errors:
        system, _, operation = form.one("call").partition("/")
        wanted = {
            "consumer": name, "system": system, "operation": operation, "legal_basis": form.one("basis"),
            "fields": listed(form.one("fields")), "purposes": listed(form.one("purposes")),
            "valid_from": iso(form.one("from")) or None, "valid_to": iso(form.one("until")) or None,
            "admits_trial": bool(form.one("trial")), "needs_case": bool(form.one("case")),
            "quota_per_minute": int(form.one("quota")) if form.one("quota") else None,
        }  # fmt: skip
        try:
            await visit.perform("grant.ask", wanted)
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            return Go("/console/consumers", Said("good", visit.w["consumers"]["asked_said"]))
    return await _one(visit, errors)


async def remove_grant(visit: Visit) -> Shown:
    system, _, operation = visit.form.one("call").partition("/")
    wanted = {"consumer": visit.path["consumer"], "system": system, "operation": operation}
    return await _done(visit, "grant.remove", wanted, "removed")


async def key(visit: Visit) -> Shown:
    """Fresh secrets, in this one answer and nowhere else."""
    return await _handed_out(visit, "consumer.key", "overlap")


async def password(visit: Visit) -> Shown:
    return await _handed_out(visit, "consumer.password", "password_overlap")


async def _handed_out(visit: Visit, action: str, overlap: str) -> Shown:
    try:
        made = await visit.perform(action, {"id": visit.path["consumer"], "overlap": visit.form.one(overlap)})
    except Refused as refused:
        return await _one(visit, {"": refused.said[visit.lang]})
    return await _one(visit, secrets=made)


async def revoke(visit: Visit) -> Shown:
    wanted = {"key_id": visit.form.one("key"), "kind": visit.form.one("kind")}
    return await _done(visit, "consumer.revoke", wanted, "revoked")


async def active(visit: Visit) -> Shown:
    on = visit.form.one("active") == "yes"
    return await _done(visit, "consumer.active", {"active": on}, "enabled" if on else "disabled")


async def level(visit: Visit) -> Shown:
    form = visit.form
    errors = form.missing(visit.w, "level", "decision", "level_until")
    if errors:
        return await _one(visit, errors)
    wanted = {
        "level": form.one("level"), "decision": form.one("decision"), "since": iso(form.one("since")) or None,
        "until": iso(form.one("level_until")) or None, "anti_malware": _MALWARE.get(form.one("malware")),
    }  # fmt: skip
    return await _done(visit, "consumer.approve", wanted, "levelled")


async def _done(visit: Visit, action: str, wanted: Mapping[str, Any], text: str) -> Shown:
    name = visit.path["consumer"]
    try:
        await visit.perform(action, {"id": name, **wanted})
    except Refused as refused:
        return await _one(visit, {"": refused.said[visit.lang]})
    except ValueError:
        return await _one(visit, {"": visit.w["consumers"]["number"]})
    return Go(f"/console/consumers/{name}", Said("good", visit.w["consumers"][text]))


# -- why a call would be allowed or not --------------------------------------------------------------------------------


async def explain(visit: Visit) -> Shown:
    query = visit.query
    consumer, call, purpose, case = (query.get(each, "").strip() for each in ("consumer", "call", "purpose", "case"))
    found = None
    if consumer and call:
        system, _, operation = call.partition("/")
        found = await visit.perform(
            "grant.explain",
            {
                "consumer": consumer,
                "system": system,
                "operation": operation,
                "purpose": purpose or None,
                "case": case or None,
            },
        )
    every = sorted(visit.house.policy.consumers(), key=lambda each: collation_key(each.name[visit.lang]))
    values = {
        "found": found,
        "consumers": [(each.id, each.name[visit.lang]) for each in every],
        "calls": [each for each in calls(visit) if not each[0].endswith("/*")],
        "given": {"consumer": consumer, "call": call, "purpose": purpose, "case": case},
    }
    return View("explain.html", values)


async def to_list(visit: Visit) -> Shown:
    """Whoever reloads the answer to a form, or asks for it in the other language, begins anew."""
    name = visit.path.get("consumer")
    return Go(f"/console/consumers/{name}" if name else "/console/consumers")


PAGES = (
    Page("consumers", "consumers", READERS_OF_EVIDENCE, show, nav=40),
    Page("consumers", "consumers", OFFICERS, ask, "POST"),
    Page("consumers", "explain", READERS_OF_EVIDENCE, explain),
    Page("consumers", "consumers/requests/{deed}", READERS_OF_EVIDENCE, to_list),
    Page("consumers", "consumers/requests/admit", DECIDERS, admit, "POST"),
    Page("consumers", "consumers/requests/decline", OFFICERS, decline, "POST"),
    Page("consumers", "consumers/requests/grant", DECIDERS, grant_approve, "POST"),
    Page("consumers", "consumers/requests/refuse", OFFICERS, grant_reject, "POST"),
    Page("consumers", "consumers/{consumer}", READERS_OF_EVIDENCE, one),
    Page("consumers", "consumers/{consumer}/{deed}", READERS_OF_EVIDENCE, to_list),
    Page("consumers", "consumers/{consumer}/grants", OFFICERS, ask_grant, "POST"),
    Page("consumers", "consumers/{consumer}/ungrant", DECIDERS, remove_grant, "POST"),
    Page("consumers", "consumers/{consumer}/key", DECIDERS, key, "POST"),
    Page("consumers", "consumers/{consumer}/password", DECIDERS, password, "POST"),
    Page("consumers", "consumers/{consumer}/revoke", DECIDERS, revoke, "POST"),
    Page("consumers", "consumers/{consumer}/active", DECIDERS, active, "POST"),
    Page("consumers", "consumers/{consumer}/level", DECIDERS, level, "POST"),
)
