"""The case-book of submissions: operators look for them, and see what may be done about each. Named actions."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.model import SubmissionState, Text
from lgsp.runtime import Runtime
from lgsp.store import Store, SubmissionRow
from lgsp.store.port.search import FoundRow, Wanted
from lgsp.submissions.groups import groups
from lgsp.submissions.record import Decided, Outcome, open_message, open_outcome, problem_view

S = SubmissionState
_PAGE = 500
NO_REASON = Text("", "")
_HISTORY = 100
_TROUBLE = (S.QUEUED, S.INDETERMINATE, S.FAILED, S.EXPIRED)
_AGE = re.compile(r"([0-9]{1,6})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class CaseDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def wake(self) -> Callable[[], None]:
        """Something is due in this process's queues."""


@dataclass(frozen=True, slots=True)
class Ability:
    """What may be done about one submission. `people` that it takes to send it again; 0 where it cannot be, with the reason."""

    cancel: bool
    settle: bool
    people: int
    why: Text = NO_REASON
    code: str = ""
    """Of the reason, for pages in two languages."""


# -- looking -----------------------------------------------------------------------------------------------------------


async def submission_list(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A page, oldest first. `next` is where the following page begins."""
    del by
    wanted = wanted_of(desk, arguments)
    limit = number_of(arguments.get("limit"), 100)
    if not 1 <= limit <= _PAGE:
        raise Refused(f"Một trang có từ 1 đến {_PAGE} dòng", f"a page has 1 to {_PAGE} rows")
    rows = await desk.store.search.page(wanted, number_of(arguments.get("after"), 0), limit)
    total = await desk.store.search.count(wanted)
    return {
        "items": [_shown(row) for row in rows],
        "next": rows[-1].place if len(rows) == limit else None,
        "total": total,
    }


async def submission_groups(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What waits for somebody, by system, cause and age; without a state, whatever is not at a good end."""
    del by
    wanted = wanted_of(desk, arguments)
    wanted = replace(wanted, states=wanted.states or _TROUBLE, open=True)
    return groups(await desk.store.search.counted(wanted), desk.runtime.clock.now())


async def submission_show(desk: CaseDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Everything but what was asked and answered: no body, and of the ministry's words only their code."""
    del by
    found, row = await record_of(desk, arguments["id"])
    outcome = outcome_of(desk, row)
    shown = {**_shown(found), "version": row.version, "last_error": None, "decided": None}
    if outcome.problem is not None and row.state is not S.DELIVERED:
        shown["last_error"] = problem_view(outcome.problem)
        shown["last_error"].pop("detail", None)
        if outcome.problem.provider is not None:
            shown["last_error"]["provider"] = {"code": outcome.problem.provider[0]}
    if outcome.decided is not None:
        shown["decided"] = _decided(outcome.decided)
    can = await ability(desk, found, row)
    shown["may"] = {
        "cancel": can.cancel,
        "settle": can.settle,
        "resend": can.people > 0,
        "people": can.people,
        "why": can.why.as_dict(),
        "code": can.code,
    }
    shown["history"] = [
        {"at": each.at.isoformat(), "state": each.state.value, "attempts": each.attempts, "cause": each.cause}
        for each in await desk.store.search.history(found.id, _HISTORY)
    ]
    return shown


# -- what may be done --------------------------------------------------------------------------------------------------


async def ability(desk: CaseDesk, found: FoundRow, row: SubmissionRow) -> Ability:
    cancel, settle = row.state in (S.QUEUED, S.INDETERMINATE), row.state is S.INDETERMINATE
    people, why, code = 1, NO_REASON, ""
    if found.followed_by is not None:
        people, why, code = (
            0,
            Text(f"Đã được gửi lại thành {found.followed_by}", f"sent again already, as {found.followed_by}"),
            "followed",
        )
    elif row.state in (S.QUEUED, S.DELIVERING, S.DELIVERED):
        people, code = 0, row.state.value
        why = Text("Yêu cầu đang chờ, đang gửi hoặc đã chuyển", f"it is {row.state.value}")
    elif row.state is S.INDETERMINATE and row.next_at is not None:
        people, code = 0, "settling"
        why = Text("Đang hỏi lại Bộ để kết luận", "its settlement is under way: the ministry is being asked")
    elif not row.sealed or open_message(desk.store.keys, row).large:
        people, code = 0, "gone"
        why = Text(
            "Nội dung không còn được lưu: bên gọi phải gửi lại",
            "what was asked is no longer kept: the consumer has to submit it again",
        )
    elif row.state is S.INDETERMINATE:
        people, code = 2, "doubtful"
        why = Text(
            "Chưa rõ kết quả: phải hai người xác nhận là chưa tới",
            "its outcome is not known: two people must say that it is not there",
        )
    elif row.state is S.CANCELLED and _was_doubtful(outcome_of(desk, row)):
        people, code = 2, "doubtful"
        why = Text(
            "Đã bị huỷ khi chưa rõ kết quả: phải hai người xác nhận là chưa tới",
            "it was cancelled while its outcome was not known: two people must say that it is not there",
        )
    elif not row.queued:
        people, code = 2, "repeated"
        why = Text(
            "Bên gọi đã được báo lỗi và có thể đã tự gửi lại: phải hai người xác nhận là chưa tới",
            "its caller was told and may have repeated it: two people must say that it is not there",
        )
    return Ability(cancel, settle, people, why, code)


def _was_doubtful(outcome: Outcome) -> bool:
    return outcome.decided is not None and outcome.decided.was is S.INDETERMINATE


# -- what they share -------------------------------------------------------------------------------------------------


async def record_of(desk: CaseDesk, name: Any) -> tuple[FoundRow, SubmissionRow]:
    found, row = await desk.store.search.one(str(name)), await desk.store.submissions.get(str(name))
    if found is None or row is None:
        raise Refused(
            f"Không có yêu cầu {name}; xem danh sách bằng `lgsp submission list`",
            f"no submission {name}; `lgsp submission list` shows them",
        )
    return found, row


def outcome_of(desk: CaseDesk, row: SubmissionRow) -> Outcome:
    return open_outcome(desk.store.keys, row)


def _decided(decided: Decided) -> dict[str, str]:
    return {
        "by": decided.by,
        "approved_by": decided.approved_by,
        "reason": decided.reason,
        "was": decided.was.value,
    }


def wanted_of(desk: CaseDesk, arguments: Mapping[str, Any]) -> Wanted:
    states = arguments.get("states") or ()
    now = desk.runtime.clock.now()
    older, newer = _age(arguments.get("older_than")), _age(arguments.get("newer_than"))
    try:
        chosen = tuple(S(each) for each in ([states] if isinstance(states, str) else states))
    except ValueError as error:
        raise Refused(f"Trạng thái phải là một trong: {', '.join(S)}", f"a state is one of {', '.join(S)}") from error
    cause = arguments.get("cause")
    return Wanted(
        states=chosen,
        system=arguments.get("system") or None,
        consumer=arguments.get("consumer") or None,
        cause=None if cause is None else str(cause),
        accepted_since=None if newer is None else now - newer,
        accepted_before=None if older is None else now - older,
        open=bool(arguments.get("open")),
    )


def _age(text: Any) -> timedelta | None:
    if text is None or text == "":
        return None
    found = _AGE.fullmatch(str(text))
    if found is None:
        raise Refused("Thời gian viết 90s, 30m, 2h hoặc 7d", "an age is written 90s, 30m, 2h or 7d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def number_of(value: Any, default: int) -> int:
    try:
        return default if value is None or value == "" else int(value)
    except ValueError as error:
        raise Refused(f"{value} không phải là số", f"{value} is no number") from error


def _shown(row: FoundRow) -> dict[str, Any]:
    shown = asdict(row)
    del shown["place"]
    moments = {name: getattr(row, name) for name in ("accepted", "changed", "next_at", "expires")}
    return {
        **shown,
        "state": row.state.value,
        **{name: at.isoformat() if at is not None else None for name, at in moments.items()},
    }


CASES: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "submission.list": submission_list,
        "submission.groups": submission_groups,
        "submission.show": submission_show,
    }
)
