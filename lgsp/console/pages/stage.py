"""The stage of one system: what is proven and what is missing, a proposal, the second person's decision, signed dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lgsp.console.visit import EVERYBODY, OPERATORS, File, Go, Missing, Page, Said, Shown, View, Visit
from lgsp.criteria import Criterion, title_of
from lgsp.decisions import Refused
from lgsp.lifecycle import moves
from lgsp.model import Lang, Stage, StageEntry
from lgsp.promotion import BUS, DOCUMENTS
from lgsp.store.port.stewardship import ProposalRecord

_PAST = 50
_KINDS = {
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "sig": "application/octet-stream",
}


def rows(found: Sequence[Criterion], lang: Lang) -> list[dict[str, Any]]:
    return [
        {"name": title_of(each.name)[lang], "holds": each.holds, "found": each.found[lang], "wanted": each.wanted[lang]}
        for each in found
    ]


def ways(entry: StageEntry) -> list[str]:
    """Where it may go from here, in the order of the ledger's stages."""
    return [each.value for each in Stage if each in moves(entry)]


def divided(proposals: Sequence[ProposalRecord]) -> tuple[ProposalRecord | None, list[ProposalRecord]]:
    """(the one that waits, those that are decided)."""
    waiting = next((each for each in proposals if each.state == "open"), None)
    return waiting, [each for each in proposals if each.state != "open"]


async def view(visit: Visit, **more: Any) -> dict[str, Any]:
    house, system = visit.house, visit.path["system"]
    connector, entry = house.registry.connector(system), house.ledger.stage(system)
    if connector is None or entry is None:
        raise Missing
    waiting, past = divided(await house.store.stewardship.proposals(system, _PAST))
    found = rows(await house.promotion.collect(system), visit.lang)
    return {
        "system": system,
        "title": connector.title[visit.lang],
        "entry": entry,
        "heading": visit.w["stage"]["as_official" if entry.stage is Stage.OFFICIAL else "evidence"],
        "criteria": found,
        "missing": sum(not each["holds"] for each in found),
        "breaches": [each[visit.lang] for each in await house.promotion.breached(system)],
        "choices": [(each, _way(visit, each, entry)) for each in ways(entry)],
        "documents": DOCUMENTS,
        "typed": {
            **{name: visit.form.one(name) for name in ("to", "decision", "reason", *DOCUMENTS)},
            **_taken(visit, waiting),
        },
        "waiting": waiting,
        "past": past,
        "may": visit.may("operator"),
        "other": waiting is not None and waiting.by != visit.user,
        "bus": waiting is not None and waiting.by == BUS,
        **more,
    }


def _way(visit: Visit, to: str, entry: StageEntry) -> str:
    words = visit.w["stage"]["proven_now"] if to == entry.stage.value else visit.w["common"]["stage"][to]
    return str(words)


def _taken(visit: Visit, waiting: ProposalRecord | None) -> dict[str, str]:
    """What the bus proposes stands in the form, for whoever takes it over."""
    if waiting is None or waiting.by != BUS or visit.form.fields:
        return {}
    return {"to": waiting.stage, "reason": waiting.reason}


async def show(visit: Visit) -> Shown:
    return View("stage.html", await view(visit))


async def propose(visit: Visit) -> Shown:
    errors = visit.form.missing(visit.w, "to", "decision")
    if not errors:
        try:
            await visit.perform("stage.propose", {
                "system": visit.path["system"], "to": visit.form.one("to"), "decision": visit.form.one("decision"),
                "reason": visit.form.one("reason"), "documents": {name: visit.form.one(name) for name in DOCUMENTS},
            })  # fmt: skip
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            return _back(visit, "proposed_said")
    return View("stage.html", await view(visit, errors=errors), 422)


async def approve(visit: Visit) -> Shown:
    return await _decide(visit, "stage.approve", "approved_said")


async def reject(visit: Visit) -> Shown:
    return await _decide(visit, "stage.reject", "rejected_said")


async def _decide(visit: Visit, action: str, said: str) -> Shown:
    await _own(visit, visit.form.one("id"))
    try:
        await visit.perform(action, {"id": visit.form.one("id")})
    except Refused as refused:
        return View("stage.html", await view(visit, errors={"": refused.said[visit.lang]}), 422)
    return _back(visit, said)


def _back(visit: Visit, said: str) -> Go:
    return Go(f"/console/systems/{visit.path['system']}/stage", Said("good", visit.w["stage"][said]))


async def dossier(visit: Visit) -> Shown:
    record, kind = await _own(visit, visit.path["id"]), visit.path["kind"]
    content = {"json": record.dossier, "docx": record.document, "sig": record.signature}.get(kind, b"")
    if not content:
        raise Missing
    return File(f"{record.system}-{record.id}.{kind}", content, _KINDS[kind])


async def _own(visit: Visit, name: str) -> ProposalRecord:
    """A proposal of this very system."""
    record: ProposalRecord | None = await visit.house.store.stewardship.proposal(name)
    if record is None or record.system != visit.path["system"]:
        raise Missing
    return record


PAGES = (
    Page("board", "systems/{system}/stage", EVERYBODY, show),
    Page("board", "systems/{system}/stage", OPERATORS, propose, "POST"),
    Page("board", "systems/{system}/stage/approve", OPERATORS, approve, "POST"),
    Page("board", "systems/{system}/stage/reject", OPERATORS, reject, "POST"),
    Page("board", "systems/{system}/dossier/{id}/{kind}", EVERYBODY, dossier),
)
