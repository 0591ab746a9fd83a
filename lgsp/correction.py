"""The correction desk: operators cancel, settle and send submissions again. Named actions, as in `office.py`.

Nothing is sent again blindly: a doubtful one only when its settlement has given up and two people say that it is not there, and
what a caller sent itself only by two people, because the caller may have repeated it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from lgsp.casebook import CaseDesk, ability, number_of, outcome_of, record_of, wanted_of
from lgsp.decisions import Refused, person_of, two_people
from lgsp.model import SubmissionState
from lgsp.store import KeyClaim, Move, StoreFailed, SubmissionRow
from lgsp.store.port.search import FoundRow
from lgsp.store.port.together import SUBMISSIONS
from lgsp.submissions.record import Decided, Message, Outcome, open_message, seal_message, seal_outcome

S = SubmissionState
_AT_ONCE = 500
_RACE = timedelta(hours=1)


# -- deciding ----------------------------------------------------------------------------------------------------------


async def submission_cancel(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """It is not sent any more. One that is under way to the ministry cannot be called back."""
    found, row = await record_of(desk, arguments["id"])
    person, reason = person_of(by, arguments.get("by")), _reason(arguments)
    if row.state not in (S.QUEUED, S.INDETERMINATE):
        raise Refused(
            f"Yêu cầu {found.id} không còn chờ gửi nên không huỷ được",
            f"{found.id} is {row.state.value}: only a queued or a doubtful one can be cancelled",
        )
    await _decide(desk, by, "submission-cancelled", row, S.CANCELLED, Decided(person, "", reason, row.state))
    return {"id": row.id, "state": S.CANCELLED.value}


async def submission_settle(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Two people have found out what became of a doubtful one: `outcome` is delivered or failed."""
    _, row = await record_of(desk, arguments["id"])
    people, reason = _people(by, arguments), _reason(arguments)
    try:
        now = {"delivered": S.DELIVERED, "failed": S.FAILED}[str(arguments.get("outcome"))]
    except KeyError:
        raise Refused(
            "Chỉ kết luận là đã chuyển hoặc không thành công", "it is settled as delivered or as failed"
        ) from None
    if row.state is not S.INDETERMINATE:
        raise Refused(
            f"Yêu cầu {row.id} không ở trạng thái chưa rõ kết quả nên không kết luận bằng tay",
            f"{row.id} is {row.state.value}: only a doubtful one is settled by hand",
        )
    await _decide(desk, by, "submission-settled", row, now, Decided(*people, reason, row.state))
    return {"id": row.id, "state": now.value}


async def submission_resend(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Counts first. With `yes` naming that very count, each is sent once more, as a new submission that names the old one."""
    two = _people(by, arguments) if arguments.get("approved_by") else None
    plan, refused = await _planned(desk, arguments, 2 if two is not None else 1)
    answer: dict[str, Any] = {
        "count": len(plan),
        "groups": _counted(plan),
        "refused": refused,
        "sent": [],
    }
    if arguments.get("yes") is None:
        return answer
    if number_of(arguments["yes"], -1) != len(plan):
        raise Refused(
            f"Bây giờ là {len(plan)} yêu cầu, không phải {arguments['yes']}: hãy xem lại",
            f"{len(plan)} would be sent again now, not {arguments['yes']}: look once more",
        )
    people, reason = two or (person_of(by, arguments.get("by")), ""), _reason(arguments)
    pairs = [(row, desk.runtime.ids.new()) for _, row in plan]
    for begin in range(0, len(pairs), 100):
        part = pairs[begin : begin + 100]
        facts = {"decided_by": people[0], "approved_by": people[1], "reason": reason}
        await desk.audit.note(
            "submissions-resent", by, submissions=[{"id": row.id, "as": name} for row, name in part], **facts
        )
        for row, name in part:
            if await accepted_again(desk, row, name, Decided(*people, reason, row.state)):
                answer["sent"].append({"id": row.id, "as": name})
    await woken(desk)
    return answer


async def _planned(
    desk: CaseDesk, arguments: Mapping[str, Any], people: int
) -> tuple[list[tuple[FoundRow, SubmissionRow]], list[dict[str, Any]]]:
    if arguments.get("id"):
        chosen = [(await record_of(desk, arguments["id"]))[0]]
    else:
        wanted = wanted_of(desk, arguments)
        wanted = replace(wanted, states=wanted.states or (S.FAILED, S.EXPIRED), open=True)
        chosen = await desk.store.search.page(wanted, 0, _AT_ONCE + 1)
        if len(chosen) > _AT_ONCE:
            raise Refused(
                f"Nhiều hơn {_AT_ONCE} yêu cầu: hãy chọn hẹp hơn theo cơ sở dữ liệu, nguyên nhân, hệ thống hoặc thời gian chờ",
                f"more than {_AT_ONCE}: choose fewer, by system, cause, consumer or age",
            )
    plan, refused = [], []
    for found in chosen:
        row = await desk.store.submissions.get(found.id)
        if row is None:
            continue
        can = await ability(desk, found, row)
        if 0 < can.people <= people:
            plan.append((found, row))
        else:
            refused.append({"id": found.id, "why": can.why.as_dict(), "code": can.code})
    return plan, refused


async def accepted_again(
    desk: CaseDesk,
    row: SubmissionRow,
    name: str,
    decided: Decided,
    message: Message | None = None,
    names: Mapping[str, Any] = MappingProxyType({}),
) -> bool:
    """The old record first: a process that dies between leaves one that is known to have failed, and nothing twice.
    `message` and the `names` drawn from it, where it was corrected."""
    keys, now = desk.store.keys, desk.runtime.clock.now()
    if row.state is S.INDETERMINATE and not await _moved(desk, row, S.FAILED, decided):
        return False
    fresh = replace(
        row,
        id=name,
        queued=True,
        state=S.QUEUED,
        attempts=0,
        accepted=now,
        changed=now,
        next_at=now,
        expires=now + (row.expires - row.accepted),
        sealed=seal_message(keys, name, message or open_message(keys, row)),
        outcome=None,
        cause="",
        follows=row.id,
        **names,
    )
    # Two operators at once: the second finds the first one's.
    claim = KeyClaim(keys.digest(b"resend", row.id.encode()), now + _RACE)
    return (await desk.store.submissions.accept(fresh, claim)).id == name


async def _decide(
    desk: CaseDesk, by: str, kind: str, row: SubmissionRow, now: SubmissionState, decided: Decided
) -> None:
    """Evidence first."""
    facts = {"decided_by": decided.by, "approved_by": decided.approved_by, "reason": decided.reason}
    await desk.audit.note(kind, by, submission=row.id, system=row.system, was=row.state.value, now=now.value, **facts)
    if not await _moved(desk, row, now, decided):
        raise Refused(f"Yêu cầu {row.id} vừa thay đổi; hãy xem lại", f"{row.id} has moved meanwhile; look again")
    await woken(desk)


async def _moved(desk: CaseDesk, row: SubmissionRow, now: SubmissionState, decided: Decided) -> bool:
    """ "Not there" frees the idempotency key of a call whose caller was told not to repeat it."""
    outcome = seal_outcome(desk.store.keys, row.id, _with(outcome_of(desk, row), decided))
    return await desk.store.submissions.move(
        row.id,
        Move(
            was=(row.state,),
            now=now,
            at=desk.runtime.clock.now(),
            attempts=row.attempts,
            outcome=outcome,
            cause="" if now is S.DELIVERED else None,
            release_key=now is S.FAILED and not row.queued,
        ),
    )


async def woken(desk: CaseDesk) -> None:
    desk.wake()
    try:
        await desk.store.changes.publish(SUBMISSIONS, b"")
    except StoreFailed:
        return  # it is durable; who is not told looks by itself


# -- what they share ---------------------------------------------------------------------------------------------------


def _with(outcome: Outcome, decided: Decided) -> Outcome:
    return Outcome(outcome.answer, outcome.problem, outcome.proof, decided)


def _people(by: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    first, second = person_of(by, arguments.get("by")), str(arguments.get("approved_by") or "").strip()
    two_people(first, second)
    return first, second


def _reason(arguments: Mapping[str, Any]) -> str:
    reason = str(arguments.get("reason") or "").strip()
    if len(reason) < 5:
        raise Refused("Nêu rõ lý do: lý do được ghi chứng cứ", "say why: it stands in the evidence")
    return reason


def _counted(plan: list[tuple[FoundRow, SubmissionRow]]) -> list[dict[str, Any]]:
    counted = Counter((found.system, found.cause) for found, _ in plan)
    return [{"system": system, "cause": cause, "count": count} for (system, cause), count in counted.most_common()]


CORRECTION: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "submission.cancel": submission_cancel,
        "submission.settle": submission_settle,
        "submission.resend": submission_resend,
    }
)
