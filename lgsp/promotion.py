"""Stages as a workflow: the evidence of a promotion collects itself, one person proposes, another decides, a dossier stays.

`official` needs every criterion; the other moves need a decision and two people. `lgsp stage` goes by the same evidence:
without the documents of an open proposal it is refused with what is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from lgsp.audit import Audit
from lgsp.criteria import BAR, Bar, Criterion, Findings, breaches, criteria, proof_of, since_of, title_of
from lgsp.decisions import Refused, two_people
from lgsp.dossier import docx_of
from lgsp.lifecycle import NAMES, Ledger, Proof, StageRefused, moves
from lgsp.model import Evidence, Stage, Text
from lgsp.registry import Registry
from lgsp.runtime import HANOI, Runtime
from lgsp.store.port import Store
from lgsp.store.port.stewardship import ProposalRecord

BUS = "lgsp"
"""Who proposes where nobody did: a proposal of the bus itself needs somebody who takes it over, and a second person."""
DOCUMENTS = ("security", "agreement", "sign_off")
"""Decision on the security level, agreement on data, sign-off of samples: by number."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """`known` gathers; None for a system that is not registered."""

    store: Store
    runtime: Runtime
    known: Callable[[str], Awaitable[Findings | None]]
    bar: Bar = BAR

    async def collect(self, system: str, documents: Mapping[str, str] | None = None) -> tuple[Criterion, ...]:
        """With the documents given, else with those of the open proposal."""
        found = await self.known(system)
        if found is None:
            raise Refused(f"Không có hệ thống {system}", f"no system {system}")
        if documents is None:
            listed = await self.store.stewardship.proposals(system, 20)
            documents = next((msgspec.json.decode(each.documents) for each in listed if each.state == "open"), {})
        return criteria(found, documents or {}, self.runtime.clock.now(), self.bar)

    async def prove(self, system: str) -> Proof:
        """For the ledger: every way into `official` comes here."""
        return proof_of(await self.collect(system))

    async def breached(self, system: str) -> tuple[Text, ...]:
        found = await self.known(system)
        return breaches(found, self.runtime.clock.now(), self.bar) if found else ()


async def gathered(house: Any, system: str) -> Findings | None:
    """What the gateway `house` knows of a system: its trial, as far back as `since_of` looks."""
    entry, now = house.ledger.stage(system), house.runtime.clock.now()
    if entry is None:
        return None
    first = datetime.combine(since_of(entry, now.astimezone(HANOI).date()), time(), HANOI)
    kept = await house.store.health.counts(min(first, now - timedelta(days=1)), system)
    return Findings(
        entry,
        house.conformity.of(system),
        [*kept, *(each for each in house.health.counts.fresh.waiting() if each.system == system)],
        {name: each.as_dict() for name, each in house.shadow.tallies.items() if name.split("/")[0] == system},
        house.policy.level_of(system),
    )


# -- what people decide ------------------------------------------------------------------------------------------------


class PromotionDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def registry(self) -> Registry | None: ...
    @property
    def promotion(self) -> Promotion | None:
        """None where no bus runs: nothing can be proven there."""


async def stage_evidence(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What is proven and what is missing, as of now."""
    del by
    return [_criterion(each) for each in await _promotion(desk).collect(str(arguments["system"]))]


async def stage_propose(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    system, decision = str(arguments["system"]), str(arguments.get("decision") or "").strip()
    entry = desk.ledger.stage(system)
    if entry is None:
        raise Refused(f"Không có hệ thống {system}", f"no system {system}")
    try:
        to = Stage(str(arguments["to"]))
    except ValueError as error:
        raise Refused(
            f"Giai đoạn phải là một trong: {', '.join(Stage)}", f"a stage is one of {', '.join(Stage)}"
        ) from error
    if to not in moves(entry):
        raise Refused(
            f"Không chuyển từ {NAMES[entry.stage].vi} sang {NAMES[to].vi}",
            f"there is no way from {entry.stage} to {to}",
        )
    if not decision:
        raise Refused("Thiếu số quyết định", "the decision's number is missing")
    given = arguments.get("documents") or {}
    documents = {name: str(given.get(name) or "").strip()[:200] for name in DOCUMENTS}
    record = ProposalRecord(
        desk.runtime.ids.new()[-12:].lower(), system, to.value, decision[:200], str(arguments.get("reason") or "")[:500],
        msgspec.json.encode(documents).decode(), by, desk.runtime.clock.now(),
    )  # fmt: skip
    await desk.audit.note(
        "stage-proposed", by, proposal=record.id, system=system, to=to.value, decision=record.decision
    )
    for each in await desk.store.stewardship.proposals(system, 20):
        if each.state == "open" and each.by == BUS:  # a person's takes its place
            closed = replace(each, state="rejected", closed=desk.runtime.clock.now(), closed_by=by)
            await desk.store.stewardship.close_proposal(closed)
    if not await desk.store.stewardship.propose(record):
        raise Refused("Đã có đề nghị đang chờ", f"a proposal for {system} is open already")
    return _shown(record)


async def stage_approve(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Another person decides; for `official` the evidence must hold at this moment. The dossier is signed and stays."""
    record = await _open(desk, arguments)
    if record.by == BUS:
        raise Refused(
            "Phải có người đứng tên đề nghị trước", "somebody has to take it over with a decision's number first"
        )
    two_people(record.by, by)
    before, promotion = desk.ledger.stage(record.system), _promotion(desk)
    found = await promotion.collect(record.system, msgspec.json.decode(record.documents))
    try:
        entry = await desk.ledger.move(
            record.system,
            Stage(record.stage),
            decision=record.decision,
            by=record.by,
            approved_by=by,
        )
    except StageRefused as error:
        raise Refused(error.reason.vi, error.reason.en) from error
    connector = desk.registry.connector(record.system) if desk.registry is not None else None
    title = connector.title if connector is not None else Text(record.system, record.system)
    whole = {
        "system": record.system, "title": title.as_dict(), "from": before.stage.value if before else None, "to": record.stage,
        "since": entry.since.isoformat(), "decision": record.decision, "reason": record.reason,
        "documents": msgspec.json.decode(record.documents), "proposed_by": record.by, "approved_by": by,
        "approved": entry.recorded.isoformat(), "evidence": entry.evidence.value,
        "criteria": [_criterion(each) for each in found] if entry.evidence is Evidence.PROVEN else [],
    }  # fmt: skip
    document = await desk.runtime.offload(lambda: docx_of(whole))
    whole["document_sha256"] = hashlib.sha256(document).hexdigest()
    whole["public_key"] = desk.store.keys.public.hex()
    dossier = msgspec.json.encode(whole, order="deterministic")
    closed = replace(
        record, state="approved", closed=entry.recorded, closed_by=by, dossier=dossier, document=document,
        signature=desk.store.keys.sign(dossier),
    )  # fmt: skip
    await desk.store.stewardship.close_proposal(closed)
    await desk.audit.note(
        "stage-moved", by, system=record.system, stage=record.stage, since=entry.since.isoformat(),
        decision=record.decision, proposal=record.id, dossier_sha256=hashlib.sha256(dossier).hexdigest(),
    )  # fmt: skip
    return _shown(closed)


async def stage_proposals(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """All that wait for a second person, or for somebody who takes over what the bus proposes."""
    del by, arguments
    return [{**_shown(each), "reason": each.reason, "bus": each.by == BUS}
            for each in await desk.store.stewardship.proposals(None, 200) if each.state == "open"]  # fmt: skip


async def stage_reject(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Anybody may say no, who proposed it too."""
    record = await _open(desk, arguments)
    await desk.audit.note("stage-rejected", by, proposal=record.id, system=record.system, to=record.stage)
    closed = replace(record, state="rejected", closed=desk.runtime.clock.now(), closed_by=by)
    await desk.store.stewardship.close_proposal(closed)
    return _shown(closed)


async def _open(desk: PromotionDesk, arguments: Mapping[str, Any]) -> ProposalRecord:
    record = await desk.store.stewardship.proposal(str(arguments["id"]))
    if record is None or record.state != "open":
        raise Refused("Không có đề nghị này đang chờ", "no such proposal waits")
    return record


def _promotion(desk: PromotionDesk) -> Promotion:
    if desk.promotion is None:
        raise Refused("Trục chưa chạy", "the bus is not running, so nothing can be proven")
    return desk.promotion


def _criterion(each: Criterion) -> dict[str, Any]:
    return {
        "name": each.name, "title": title_of(each.name).as_dict(), "holds": each.holds,
        "found": each.found.as_dict(), "wanted": each.wanted.as_dict(),
    }  # fmt: skip


def _shown(record: ProposalRecord) -> dict[str, Any]:
    return {
        "id": record.id, "system": record.system, "to": record.stage, "decision": record.decision, "by": record.by,
        "proposed": record.proposed.isoformat(), "state": record.state, "closed_by": record.closed_by,
    }  # fmt: skip


PROMOTION: Mapping[str, Callable[[PromotionDesk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "stage.evidence": stage_evidence,
        "stage.propose": stage_propose,
        "stage.proposals": stage_proposals,
        "stage.approve": stage_approve,
        "stage.reject": stage_reject,
    }
)
