"""Everything that waits for a second person, in one list: stages, corrections, grants, new consumers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgsp.console.visit import READERS_OF_EVIDENCE, Page, Shown, View, Visit
from lgsp.office import perform


def rows(
    stages: Sequence[Mapping[str, Any]],
    corrections: Sequence[Mapping[str, Any]],
    grants: Sequence[Mapping[str, Any]],
    consumers: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    visit: Visit,
) -> list[dict[str, Any]]:
    """The oldest first: who waits longest."""
    words, stage = visit.w["approvals"], visit.w["common"]["stage"]
    found = [
        _row("bus" if each["bus"] else "stage", titles.get(each["system"], each["system"]), stage[each["to"]],
             each["reason"] or each["decision"], each["by"], each["proposed"], f"/console/systems/{each['system']}/stage")
        for each in stages
    ]  # fmt: skip
    found += [
        _row("correction", each["submission"], visit.w["desk"]["kinds"][each["kind"]], each["reason"], each["by"],
             each["proposed"], f"/console/desk/{each['submission']}")
        for each in corrections
    ]  # fmt: skip
    for each in grants:
        grant = each["grant"]
        what = f"{titles.get(grant['system'], grant['system'])} · {grant['operation']}"
        found.append(
            _row("grant", grant["consumer"], what, grant["legal_basis"], each["by"], each["at"], "/console/consumers")
        )
    found += [
        _row("consumer", each["consumer"], each["name"], each["basis"], each["by"], each["at"], "/console/consumers")
        for each in consumers
    ]
    for each in found:
        each["said"], each["own"] = words["kinds"][each["kind"]], each["by"] == visit.user
        each["by"] = words["bus"] if each["kind"] == "bus" else each["by"]
    return sorted(found, key=lambda each: str(each["at"]))


def _row(kind: str, about: str, what: str, reason: str, by: str, at: str, address: str) -> dict[str, Any]:
    return {"kind": kind, "about": about, "what": what, "reason": reason, "by": by, "at": at, "address": address}


async def show(visit: Visit) -> Shown:
    titles = {name: each.title[visit.lang] for name, each in visit.house.registry.connectors.items()}
    stages, corrections = await visit.perform("stage.proposals", {}), await visit.perform("submission.proposals", {})
    grants, consumers = await visit.perform("grant.requests", {}), await visit.perform("consumer.requests", {})
    return View("approvals.html", {"rows": rows(stages, corrections, grants, consumers, titles, visit)})


async def waiting(house: Any) -> int:
    """How many wait."""
    actions = ("stage.proposals", "submission.proposals", "grant.requests", "consumer.requests")
    return sum([len(await perform(house.office, each, "", {})) for each in actions])


PAGES = (Page("approvals", "approvals", READERS_OF_EVIDENCE, show, nav=50, badge=waiting),)
