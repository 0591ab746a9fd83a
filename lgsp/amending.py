"""Two people at the correction desk: one proposes other fields, another try or a settlement, a second one decides.

Who reads what was asked says why, before anything is shown. A correction never changes a record: it is a new submission that
follows the old one; the evidence names both, the fields that changed (never their values) and both digests, which are those
of the *asked* entries.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from lgsp.audit.chain import canonical
from lgsp.audit.entries import digest, values_at
from lgsp.casebook import CaseDesk, ability, outcome_of, record_of
from lgsp.correction import accepted_again, submission_resend, submission_settle, woken
from lgsp.decisions import Refused, two_people
from lgsp.errors import InvalidMessage
from lgsp.model import Data, Face, SubmissionState, Text
from lgsp.pointers import BadPointer, changed, put
from lgsp.registry import Operation, Registry
from lgsp.store import Keys, SubmissionRow
from lgsp.store.port.corrections import CorrectionRecord
from lgsp.store.port.search import FoundRow
from lgsp.submissions.record import Decided, Message, open_message

S = SubmissionState
KINDS = ("correct", "resend", "delivered", "failed")
CORRECTABLE = (S.FAILED, S.EXPIRED, S.CANCELLED)
_LISTED = 200
_FIELDS = 200


class AmendingDesk(CaseDesk, Protocol):
    """What an action may touch here."""

    @property
    def registry(self) -> Registry | None:
        """None where no bus runs: nothing can be checked there."""


# -- looking -----------------------------------------------------------------------------------------------------------


async def submission_read(desk: AmendingDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What was asked, what the ministry said of it, and what an open correction would change. Evidence before it is shown."""
    found, row = await record_of(desk, arguments["id"])
    reason = _reason(arguments)
    if not row.sealed:
        raise Refused("Nội dung không còn được lưu", "what was asked is no longer kept")
    await desk.audit.note("submission-read", by, submission=row.id, system=row.system, reason=reason)
    message, problem = open_message(desk.store.keys, row), outcome_of(desk, row).problem
    record = await _waiting(desk, row.id)
    after = None
    if record is not None and record.kind == "correct":
        whole = await desk.store.corrections.one(record.id)
        after = _unsealed(desk.store.keys, whole) if whole is not None and whole.sealed else None
    why = await _why_not(desk, found, row, message)
    return {
        "id": row.id,
        "data": message.data,
        "face": message.face,
        "complaints": [{"path": each.path, "rule": each.rule} for each in problem.errors] if problem else [],
        "provider": {"code": problem.provider[0], "message": problem.provider[1]} if problem and problem.provider else None,
        "after": after,
        "why_not": why.as_dict() if why else None,
    }  # fmt: skip


async def submission_proposals(desk: AmendingDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Those that wait for a second person; with `id` all of that submission, newest first."""
    del by
    name = arguments.get("id")
    rows = (
        await desk.store.corrections.of(str(name)) if name is not None else await desk.store.corrections.open(_LISTED)
    )
    return [shown(each) for each in rows]


# -- the first person --------------------------------------------------------------------------------------------------


async def submission_propose(desk: AmendingDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """`kind` is one of `KINDS`; for `correct`, `fields` are new values by JSON Pointer, null takes a field out."""
    found, row = await record_of(desk, arguments["id"])
    kind, reason = str(arguments.get("kind") or ""), _reason(arguments)
    if kind not in KINDS:
        raise Refused(f"Đề nghị phải là một trong: {', '.join(KINDS)}", f"a proposal is one of {', '.join(KINDS)}")
    name = desk.runtime.ids.new()[-12:].lower()
    sealed, paths, facts = b"", [], {}
    if kind == "correct":
        message = open_message(desk.store.keys, row) if row.sealed else None
        if why := await _why_not(desk, found, row, message):
            raise Refused(why.vi, why.en)
        assert message is not None
        data = await _corrected(desk, row, message.data, arguments.get("fields"))
        paths = changed(message.data, data)
        if not paths:
            raise Refused("Chưa sửa trường nào", "nothing is changed")
        sealed = desk.store.keys.seal(msgspec.json.encode(data), f"correction:{name}")
        facts = {"paths": paths, **_lineage(desk.store.keys, message.data, data)}
    elif kind == "resend":
        can = await ability(desk, found, row)
        if can.people == 0:
            raise Refused(can.why.vi, can.why.en)
    elif row.state is not S.INDETERMINATE:
        raise Refused(
            f"Yêu cầu {row.id} không ở trạng thái chưa rõ kết quả nên không kết luận bằng tay",
            f"{row.id} is {row.state.value}: only a doubtful one is settled by hand",
        )
    record = CorrectionRecord(
        name, row.id, kind, reason, msgspec.json.encode(paths).decode(), by, desk.runtime.clock.now(), sealed  # type: ignore[arg-type]
    )  # fmt: skip
    await desk.audit.note(
        "correction-proposed", by, proposal=name, submission=row.id, system=row.system, change=kind, reason=reason, **facts
    )  # fmt: skip
    if not await desk.store.corrections.propose(record):
        raise Refused("Đã có đề nghị đang chờ", "a proposal about this submission waits already")
    return shown(record)


# -- the second one ----------------------------------------------------------------------------------------------------


async def submission_approve(desk: AmendingDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Carried out at once, if it still can be. The first person cannot."""
    record = await _open(desk, arguments)
    two_people(record.by, by)
    people = {"id": record.submission, "by": record.by, "approved_by": by, "reason": record.reason}
    became = ""
    if record.kind == "correct":
        became = await _sent(desk, by, record)
    elif record.kind == "resend":
        done = await submission_resend(desk, by, {**people, "yes": 1})
        became = next((each["as"] for each in done["sent"]), "")
    else:
        await submission_settle(desk, by, {**people, "outcome": record.kind})
    closed = replace(record, state="approved", closed=desk.runtime.clock.now(), closed_by=by, became=became, sealed=b"")
    await desk.store.corrections.close(closed)
    return shown(closed)


async def submission_reject(desk: AmendingDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Anybody may say no, who proposed it too."""
    record = await _open(desk, arguments)
    await desk.audit.note(
        "correction-rejected", by, proposal=record.id, submission=record.submission, change=record.kind
    )
    closed = replace(record, state="rejected", closed=desk.runtime.clock.now(), closed_by=by, sealed=b"")
    await desk.store.corrections.close(closed)
    return shown(closed)


async def _sent(desk: AmendingDesk, by: str, record: CorrectionRecord) -> str:
    """Judged again: contract and state may have moved since it was proposed."""
    found, row = await record_of(desk, record.submission)
    if not record.sealed or not row.sealed:
        raise Refused("Nội dung không còn được lưu", "what was asked is no longer kept")
    keys, before = desk.store.keys, open_message(desk.store.keys, row)
    if why := await _why_not(desk, found, row, before):
        raise Refused(why.vi, why.en)
    data, operation = _unsealed(keys, record), _operation(desk, row)
    await _checked(desk, operation, data)
    name, decided = desk.runtime.ids.new(), Decided(record.by, by, record.reason, row.state)
    await desk.audit.note(
        "submission-corrected", by, submission=row.id, system=row.system, proposal=record.id, decided_by=record.by,
        approved_by=by, reason=record.reason, paths=msgspec.json.decode(record.paths),
        **{"as": name, **_lineage(keys, before.data, data)},
    )  # fmt: skip
    message = Message(
        data, before.face, before.consumer, before.grant, before.purpose, before.case, before.officer, before.traceparent,
        before.lang,
    )  # fmt: skip
    if not await accepted_again(desk, row, name, decided, message, named(keys, operation, data)):
        raise Refused("Đã được gửi lại", "it has been sent again meanwhile; look once more")
    await woken(desk)
    return name


# -- what they share ---------------------------------------------------------------------------------------------------


def named(keys: Keys, operation: Operation, data: Data) -> dict[str, Any]:
    """The keyed names of a message: of its order, its record and itself, as the desk of submissions draws them."""
    system, deliver = operation.system.encode(), operation.deliver
    order = "\n".join(values_at(data, deliver.order_by)) if deliver is not None and deliver.order_by is not None else ""
    record = next(values_at(data, operation.key), "") if operation.key else ""
    return {
        "order_key": keys.digest(b"order", system, order.encode()) if order else None,
        "natural_key": keys.digest(b"natural", system, record.encode()) if record else None,
        "digest": keys.digest(b"body", canonical(data), b""),
    }


async def _corrected(desk: AmendingDesk, row: SubmissionRow, data: Data, fields: Any) -> Data:
    if not isinstance(fields, Mapping) or len(fields) > _FIELDS:
        raise Refused(
            f"Tối đa {_FIELDS} trường, ghi theo JSON Pointer", f"fields are at most {_FIELDS} values by JSON Pointer"
        )
    for path, value in fields.items():
        try:
            data = put(data, str(path), value)
        except BadPointer as error:
            raise Refused(f"Không có trường {path}", f"no field {path}") from error
    await _checked(desk, _operation(desk, row), data)
    return data


async def _checked(desk: AmendingDesk, operation: Operation, data: Data) -> None:
    """By the contract that callers are held to."""
    try:
        await desk.runtime.offload(lambda: operation.public.input.check(data))
    except InvalidMessage as error:
        listed = "; ".join(f"{each.path or '/'}: {each.rule}" for each in error.errors[:10])
        raise Refused(f"Trái hợp đồng dữ liệu: {listed}", f"it breaks the contract: {listed}") from error


async def _why_not(desk: AmendingDesk, found: FoundRow, row: SubmissionRow, message: Message | None) -> Text | None:
    """Why it cannot be corrected; None where it can."""
    can = await ability(desk, found, row)
    if can.people == 0:
        return can.why
    if row.state not in CORRECTABLE:
        return Text("Chưa rõ kết quả, phải kết luận trước", "its outcome is not known: settle it first")
    if message is None:
        return Text("Nội dung không còn được lưu", "what was asked is no longer kept")
    if message.face == Face.NATIVE:
        return Text(
            "Yêu cầu gửi theo giao diện gốc của Bộ: bên gọi tự sửa",
            "it was asked in the ministry's own dialect: the consumer corrects it",
        )
    return None


def _operation(desk: AmendingDesk, row: SubmissionRow) -> Operation:
    if desk.registry is None:
        raise Refused("Trục chưa chạy", "the bus is not running, so nothing can be checked")
    connector = desk.registry.connector(row.system)
    connector = connector.at(row.version) if connector is not None else None
    operation = connector.operations.get(row.operation) if connector is not None else None
    if operation is None:
        raise Refused(
            f"{row.system} không còn chức năng {row.operation}",
            f"{row.system} has no operation {row.operation} any more",
        )
    return operation


async def _open(desk: AmendingDesk, arguments: Mapping[str, Any]) -> CorrectionRecord:
    record = await desk.store.corrections.one(str(arguments["proposal"]))
    if record is None or record.state != "open":
        raise Refused("Không có đề nghị này đang chờ", "no such proposal waits")
    return record


async def _waiting(desk: AmendingDesk, submission: str) -> CorrectionRecord | None:
    return next((each for each in await desk.store.corrections.of(submission) if each.state == "open"), None)


def _unsealed(keys: Keys, record: CorrectionRecord) -> Data:
    data: Data = msgspec.json.decode(keys.unseal(record.sealed, f"correction:{record.id}"))
    return data


def _lineage(keys: Keys, before: Data, after: Data) -> dict[str, Any]:
    return {"was_digest": digest(keys, before), "digest": digest(keys, after)}


def _reason(arguments: Mapping[str, Any]) -> str:
    reason = str(arguments.get("reason") or "").strip()[:500]
    if len(reason) < 5:
        raise Refused("Nêu rõ lý do", "say why: it stands in the evidence")
    return reason


def shown(record: CorrectionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "submission": record.submission,
        "kind": record.kind,
        "reason": record.reason,
        "paths": msgspec.json.decode(record.paths),
        "by": record.by,
        "proposed": record.proposed.isoformat(),
        "state": record.state,
        "closed": record.closed.isoformat() if record.closed else None,
        "closed_by": record.closed_by,
        "became": record.became,
    }


AMENDING: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "submission.read": submission_read,
        "submission.proposals": submission_proposals,
        "submission.propose": submission_propose,
        "submission.approve": submission_approve,
        "submission.reject": submission_reject,
    }
)
