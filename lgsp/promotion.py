"""Stages as a workflow: the evidence of a promotion collects itself, one person proposes, another decides, a dossier stays.

`official` needs every criterion; the other moves need a decision and two people. `lgsp stage` goes by the same evidence:
without the documents of an open proposal it is refused with what is missing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal, Protocol

import msgspec

from lgsp.audit import Audit
from lgsp.compliance import Approval, of_system
from lgsp.decisions import Refused, two_people
from lgsp.errors import BusFault, Unavailable, by_code
from lgsp.health.counts import BOUNDS, PROBE, quantile
from lgsp.lifecycle import MOVES, Ledger, Proof, StageRefused
from lgsp.model import Evidence, Stage, StageEntry, Text
from lgsp.runtime import HANOI, Runtime
from lgsp.store.port import CountRow, Store
from lgsp.store.port.stewardship import ProposalRecord

BUS = "lgsp"
"""Who proposes where nobody did: a proposal of the bus itself needs somebody who takes it over, and a second person."""
DOCUMENTS = ("security", "agreement", "sign_off")
"""Decision on the security level, agreement on data, sign-off of samples: by number."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a trial must reach, and below what an official system has broken what it rests on."""

    conformance: float = 99.0
    answers: int = 20
    days: int = 14
    success: float = 0.99
    calls: int = 100
    p95: float = 5.0
    agreement: float = 0.99
    breach_success: float = 0.95
    breach_conformance: float = 95.0


@dataclass(frozen=True, slots=True)
class Criterion:
    name: Literal["conformance", "days", "success", "p95", "agreement", "security", "sign_off"]
    holds: bool
    found: Text
    wanted: Text


@dataclass(frozen=True, slots=True)
class Findings:
    """What the bus knows of a system; gathered by the gateway."""

    entry: StageEntry
    conformance: Mapping[str, Any]
    rows: Sequence[CountRow]
    """Hourly counts, of this system."""
    shadow: Mapping[str, Any]
    """Tallies of its operations."""
    level: Approval


def criteria(known: Findings, documents: Mapping[str, str], now: datetime, bar: Bar) -> tuple[Criterion, ...]:
    """All of them, in the order of the dossier. Nothing measured is nothing proven."""
    begun = datetime.combine(known.entry.since, time(), HANOI)
    answered, failed, buckets = _counted(known.rows, begun)
    asked = answered + failed
    score, answers = known.conformance.get("score"), int(known.conformance.get("answers") or 0)
    days = (now.astimezone(HANOI).date() - known.entry.since).days
    share, p95 = (answered / asked if asked else None), quantile(buckets, 0.95)
    same = sum(int(each["same"]) for each in known.shadow.values())
    compared = same + sum(int(each["differs"]) for each in known.shadow.values())
    agreed = same / compared if compared else None
    paper, sign_off = documents.get("agreement", "").strip(), documents.get("sign_off", "").strip()
    security = documents.get("security", "").strip() or known.level.decision
    level = known.level.level is None or not of_system(known.level, now.astimezone(HANOI).date()).cut
    return (
        Criterion("conformance", score is not None and answers >= bar.answers and score >= bar.conformance,
                  Text(f"{_f(score)} điểm / {answers} trả lời", f"score {_f(score)} of {answers} answers"),
                  Text(f"≥ {bar.conformance:g} / {bar.answers}", f"≥ {bar.conformance:g} / {bar.answers}")),
        Criterion("days", known.entry.stage is Stage.TRIAL and days >= bar.days,
                  Text(f"{days} ngày", f"{days} days"), Text(f"≥ {bar.days} ngày", f"≥ {bar.days} days")),
        Criterion("success", share is not None and asked >= bar.calls and share >= bar.success,
                  Text(f"{_p(share)} / {asked} cuộc gọi", f"{_p(share)} of {asked} calls"),
                  Text(f"≥ {_p(bar.success)} / {bar.calls}", f"≥ {_p(bar.success)} / {bar.calls}")),
        Criterion("p95", p95 is not None and p95 <= bar.p95,
                  Text(f"{_f(p95)} s", f"{_f(p95)} s"), Text(f"≤ {bar.p95:g} s", f"≤ {bar.p95:g} s")),
        Criterion("agreement", bool(paper) and (agreed is None or agreed >= bar.agreement),
                  Text(f"{paper or '—'}; đối chiếu {_p(agreed)} / {compared}",
                       f"{paper or '—'}; shadow {_p(agreed)} of {compared}"),
                  Text(f"biên bản; ≥ {_p(bar.agreement)} nếu có đối chiếu", f"a record; ≥ {_p(bar.agreement)} where compared")),
        Criterion("security", bool(security) and level,
                  Text(security or "—", security or "—"), Text("quyết định còn hiệu lực", "a decision that stands")),
        Criterion("sign_off", bool(sign_off),
                  Text(sign_off or "—", sign_off or "—"), Text("biên bản ký mẫu", "a signed record of samples")),
    )  # fmt: skip


def breaches(known: Findings, now: datetime, bar: Bar) -> tuple[Text, ...]:
    """Why an official system should be proposed for suspension; a proposal, never a move by itself."""
    if known.entry.stage is not Stage.OFFICIAL:
        return ()
    answered, failed, _ = _counted(known.rows, now - timedelta(days=1))
    asked, found = answered + failed, []
    if asked >= bar.calls and answered / asked < bar.breach_success:
        share = _p(answered / asked)
        found.append(Text(f"24 giờ qua chỉ {share} cuộc gọi có trả lời", f"only {share} of calls answered in 24 hours"))
    score, answers = known.conformance.get("score"), int(known.conformance.get("answers") or 0)
    if score is not None and answers >= bar.answers and score < bar.breach_conformance:
        found.append(Text(f"điểm giữ hợp đồng còn {_f(score)}", f"conformance has fallen to {_f(score)}"))
    return tuple(found)


_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "conformance": Text("Mức giữ hợp đồng", "Conformance"),
        "days": Text("Thời gian thử nghiệm", "Days in trial"),
        "success": Text("Tỷ lệ có trả lời", "Success rate"),
        "p95": Text("Thời gian trả lời p95", "Latency p95"),
        "agreement": Text("Đối soát dữ liệu", "Data agreement"),
        "security": Text("Cấp độ an toàn thông tin", "Security level"),
        "sign_off": Text("Ký xác nhận mẫu", "Sample sign-off"),
    }
)


def title_of(name: str) -> Text:
    return _TITLES[name]


def proof_of(found: Sequence[Criterion]) -> Proof:
    missing = tuple(
        Text(
            f"{title_of(each.name).vi}: {each.found.vi} (cần {each.wanted.vi})",
            f"{title_of(each.name).en}: {each.found.en} (needs {each.wanted.en})",
        )
        for each in found
        if not each.holds
    )
    return Proof(not missing, missing)


@dataclass(frozen=True, slots=True)
class Promotion:
    """`known` gathers; None for a system that is not registered."""

    store: Store
    runtime: Runtime
    known: Callable[[str], Awaitable[Findings | None]]
    bar: Bar = Bar()

    async def collect(self, system: str, documents: Mapping[str, str] | None = None) -> tuple[Criterion, ...]:
        """With the documents given, else with those of the open proposal."""
        found = await self.known(system)
        if found is None:
            raise Refused(f"no system {system}")
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
        raise Refused(f"no system {system} (Không có hệ thống {system})")
    try:
        to = Stage(str(arguments["to"]))
    except ValueError as error:
        raise Refused(f"a stage is one of {', '.join(Stage)}") from error
    if to not in MOVES[entry.stage]:
        raise Refused(f"there is no way from {entry.stage} to {to} (Không chuyển từ {entry.stage} sang {to})")
    if not decision:
        raise Refused("the decision's number is missing (Thiếu số quyết định)")
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
        raise Refused(f"a proposal for {system} is open already (Đã có đề nghị đang chờ)")
    return _shown(record)


async def stage_approve(desk: PromotionDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Another person decides; for `official` the evidence must hold at this moment. The dossier is signed and stays."""
    record = await _open(desk, arguments)
    if record.by == BUS:
        raise Refused(
            "somebody has to take it over with a decision's number first (Phải có người đứng tên đề nghị trước)"
        )
    two_people(record.by, by)
    before, promotion = desk.ledger.stage(record.system), _promotion(desk)
    found = await promotion.collect(record.system, msgspec.json.decode(record.documents))
    try:
        entry = await desk.ledger.move(
            record.system, Stage(record.stage), decision=record.decision, by=record.by, approved_by=by
        )
    except StageRefused as error:
        raise Refused(f"{error.reason.vi} / {error.reason.en}") from error
    whole = {
        "system": record.system, "from": before.stage.value if before else None, "to": record.stage,
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


def docx_of(whole: Mapping[str, Any]) -> bytes:
    """The dossier for people: every fact of the JSON, in Vietnamese."""
    from docx import Document  # a tenth of a second to import, and seldom wanted

    document: Any = Document()
    document.add_heading("Hồ sơ chuyển giai đoạn kết nối", 0)
    for name, key in (
        ("Hệ thống", "system"), ("Từ giai đoạn", "from"), ("Sang giai đoạn", "to"), ("Từ ngày", "since"),
        ("Quyết định", "decision"), ("Lý do", "reason"), ("Người đề nghị", "proposed_by"), ("Người phê duyệt", "approved_by"),
        ("Thời điểm phê duyệt", "approved"), ("Chứng cứ", "evidence"),
    ):  # fmt: skip
        document.add_paragraph(f"{name}: {whole[key] or '—'}")
    if whole["criteria"]:
        table = document.add_table(rows=1, cols=4)
        table.style = "Table Grid"
        for cell, word in zip(table.rows[0].cells, ("Tiêu chí", "Kết quả", "Yêu cầu", "Đạt"), strict=True):
            cell.text = word
        for each in whole["criteria"]:
            words = (
                each["title"]["vi"],
                each["found"]["vi"],
                each["wanted"]["vi"],
                "đạt" if each["holds"] else "chưa đạt",
            )
            for cell, word in zip(table.add_row().cells, words, strict=True):
                cell.text = word
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


async def _open(desk: PromotionDesk, arguments: Mapping[str, Any]) -> ProposalRecord:
    record = await desk.store.stewardship.proposal(str(arguments["id"]))
    if record is None or record.state != "open":
        raise Refused("no such proposal waits (Không có đề nghị này đang chờ)")
    return record


def _promotion(desk: PromotionDesk) -> Promotion:
    if desk.promotion is None:
        raise Refused("the bus is not running, so nothing can be proven (Trục chưa chạy)")
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


def _counted(rows: Sequence[CountRow], since: datetime) -> tuple[int, int, list[int]]:
    """(answered, failed, latencies); a caller's own mistakes are neither."""
    answered, failed, buckets = 0, 0, [0] * (len(BOUNDS) + 1)
    for row in rows:
        good = row.outcome in ("ok", "provider-fault", "record-not-found")
        if row.hour < since - timedelta(hours=1) or row.consumer == PROBE:
            continue
        answered += row.calls * good
        failed += row.calls * (not good and issubclass(by_code(row.outcome), Unavailable | BusFault))
        if good and len(row.buckets) == len(buckets):
            buckets = [one + other for one, other in zip(buckets, row.buckets, strict=True)]
    return answered, failed, buckets


def since_of(entry: StageEntry, today: date) -> date:
    """From when counts are wanted: of the whole trial, at most a year."""
    return max(entry.since, today - timedelta(days=366))


def _p(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f} %"


def _f(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


PROMOTION: Mapping[str, Callable[[PromotionDesk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "stage.evidence": stage_evidence,
        "stage.propose": stage_propose,
        "stage.proposals": stage_proposals,
        "stage.approve": stage_approve,
        "stage.reject": stage_reject,
    }
)
