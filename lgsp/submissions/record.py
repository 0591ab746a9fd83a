"""What a submission is: the update as it was asked, what came of it, and how the outside sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from lgsp.audit.entries import flat
from lgsp.errors import LgspError, by_code
from lgsp.exchange import Exchange
from lgsp.model import Consumer, Data, FieldError, Grant, Lang, SubmissionState, Text
from lgsp.store import Keys, SubmissionRow
from lgsp.submissions.bodies import Large, without_blobs


class Message(msgspec.Struct, frozen=True):
    """All that is needed to ask again, without the caller. Encrypted at rest."""

    data: Data
    face: str
    consumer: Consumer | None = None
    grant: Grant | None = None
    purpose: str | None = None
    case: str | None = None
    officer: str | None = None
    traceparent: str | None = None
    lang: Lang = "vi"
    large: tuple[Large, ...] = ()
    """Values too large for a record, null in `data`."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as a record, enough to raise the same error again."""

    code: str
    detail: Text | None = None
    errors: tuple[FieldError, ...] = ()
    provider: tuple[str, str] | None = None


class Decided(msgspec.Struct, frozen=True):
    """What people have decided about it, and from which state."""

    by: str
    approved_by: str
    reason: str
    was: SubmissionState


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it. Encrypted at rest, for an answer holds personal data and a ministry's words may."""

    answer: Data | None = None
    problem: Problem | None = None
    proof: Data | None = None
    """What the settling query answered, where the delivery's own answer was lost."""
    decided: Decided | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An update that the bus has on record, opened."""

    id: str
    consumer: str
    system: str
    operation: str
    state: SubmissionState
    attempts: int
    queued: bool
    """Left with the bus (202); else delivered within the caller's own call."""
    accepted: datetime
    changed: datetime
    expires: datetime
    outcome: Outcome

    def view(self) -> Data:
        """What `GET /submissions/{id}` answers."""
        view: Data = {"id": self.id, "state": self.state.value, "attempts": self.attempts}
        if self.outcome.answer is not None:
            view["answer"] = self.outcome.answer
        if self.outcome.proof is not None:
            view["proof"] = self.outcome.proof
        if self.outcome.problem is not None and self.state is not SubmissionState.DELIVERED:
            view["error"] = problem_view(self.outcome.problem)
        return view


def message_of(exchange: Exchange) -> Message:
    data, large = without_blobs(exchange.data or {})
    return Message(
        data=data,
        large=large,
        face=exchange.face.value,
        consumer=exchange.consumer,
        grant=exchange.grant,
        purpose=exchange.purpose,
        case=exchange.case,
        officer=exchange.officer,
        traceparent=exchange.traceparent,
        lang=exchange.lang,
    )


def problem_of(error: BaseException) -> Problem:
    """The text of an error that is none of ours stays in the log."""
    if not isinstance(error, LgspError):
        return Problem("bus-fault")
    return Problem(error.code, error.detail, error.errors, error.provider)


def error_of(problem: Problem, submission: str) -> LgspError:
    """The same error again, for a repetition under the same idempotency key."""
    return by_code(problem.code)(
        problem.detail, errors=problem.errors, provider=problem.provider, submission=submission
    )


def problem_view(problem: Problem) -> dict[str, Any]:
    kind = by_code(problem.code)
    view: dict[str, Any] = {
        "code": problem.code,
        "title": kind.title.as_dict(),
        "fault_domain": kind.fault_domain,
    }
    if problem.detail is not None:
        view["detail"] = problem.detail.as_dict()
    if problem.errors:
        view["errors"] = [{"path": error.path, "rule": error.rule} for error in problem.errors]
    if problem.provider is not None:
        view["provider"] = {"code": problem.provider[0], "message": problem.provider[1]}
    return view


def seal_message(keys: Keys, submission: str, message: Message) -> bytes:
    return keys.seal(msgspec.json.encode(message), f"submission:{submission}")


def open_message(keys: Keys, row: SubmissionRow) -> Message:
    return msgspec.json.decode(keys.unseal(row.sealed, f"submission:{row.id}"), type=Message)


def seal_outcome(keys: Keys, submission: str, outcome: Outcome) -> bytes:
    return keys.seal(msgspec.json.encode(outcome, enc_hook=flat), f"outcome:{submission}")


def open_outcome(keys: Keys, row: SubmissionRow) -> Outcome:
    if row.outcome is None:
        return Outcome()
    return msgspec.json.decode(keys.unseal(row.outcome, f"outcome:{row.id}"), type=Outcome)


def opened(keys: Keys, row: SubmissionRow) -> Submission:
    return Submission(
        id=row.id,
        consumer=row.consumer,
        system=row.system,
        operation=row.operation,
        state=row.state,
        attempts=row.attempts,
        queued=row.queued,
        accepted=row.accepted,
        changed=row.changed,
        expires=row.expires,
        outcome=open_outcome(keys, row),
    )
