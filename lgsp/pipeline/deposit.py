"""Every update has a record before it is sent: delivered within the call, or accepted and delivered later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from lgsp.crash import crash_point
from lgsp.errors import BusFault, Conflict, LgspError, OutcomeUnknown
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Face, Health, Kind, SubmissionState, Text
from lgsp.registry import Operation
from lgsp.store import SubmissionRow
from lgsp.submissions import Submissions
from lgsp.submissions.fate import AWAY, Fate, fate
from lgsp.submissions.record import error_of

S = SubmissionState


class Seen(Protocol):
    """What is asked of a system's health."""

    @property
    def health(self) -> Health: ...


class Board(Protocol):
    def system(self, name: str) -> Seen: ...


class Deposit:
    """`exchange.accepted` says that the update is left with the bus; the returned data is then the submission's view."""

    def __init__(self, submissions: Submissions, health: Board) -> None:
        self._submissions, self._health = submissions, health

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        operation = exchange.operation
        if operation is None or operation.kind is not Kind.UPDATE or exchange.face is Face.INTERNAL:
            return handler(exchange)
        return self._deposited(exchange, handler, operation)

    async def _deposited(self, exchange: Exchange, handler: Handler, operation: Operation) -> Data:
        # 202 is REST's; SOAP and the ministries' dialects know no such answer
        may_leave = exchange.face is Face.REST and self._submissions.may_leave(exchange.data)
        when_away = may_leave and operation.deliver is not None and operation.deliver.when_away
        queued = may_leave and exchange.respond_async
        if when_away and self._health.system(operation.system).health in (Health.DOWN, Health.MAINTENANCE):
            queued = True
        row, new = await self._submissions.accept(exchange, queued=queued)
        if not new:
            return self._again(exchange, row)
        if row.state is S.QUEUED:
            return self._left(exchange, row)
        with self._submissions.desk.working(row):
            return await self._now(exchange, handler, row, when_away=when_away)

    async def _now(self, exchange: Exchange, handler: Handler, row: SubmissionRow, *, when_away: bool) -> Data:
        crash_point("submission.sending")
        try:
            answer = await handler(exchange)
        except asyncio.CancelledError as error:  # the deadline, or the end of the process: written down, then passed on
            await self._judged(exchange, row, error)
            raise
        except Exception as error:
            if when_away and isinstance(error, AWAY) and fate(error, exchange) is Fate.UNSENT:
                await self._submissions.kept(row, exchange.data or {}, error)
                return self._left(exchange, row)
            if await self._judged(exchange, row, error) is Fate.UNKNOWN:
                raise unknown(row.id) from error
            if isinstance(error, LgspError):
                error.submission = row.id
            raise
        crash_point("submission.answered")
        if not await self._submissions.delivered(row, answer):
            raise unknown(row.id)
        return answer

    async def _judged(self, exchange: Exchange, row: SubmissionRow, error: BaseException) -> Fate:
        found = fate(error, exchange)
        if found is Fate.UNKNOWN:
            await self._submissions.doubtful(row, error)
        else:
            await self._submissions.refused(row, error, again=found is Fate.UNSENT)
        return found

    def _again(self, exchange: Exchange, row: SubmissionRow) -> Data:
        """The same idempotency key and body: the same answer, nothing is sent."""
        if row.queued:
            return self._left(exchange, row)
        submission = self._submissions.desk.opened(row)
        problem = submission.outcome.problem
        match row.state:
            case S.DELIVERED if submission.outcome.answer is not None:
                return submission.outcome.answer
            case S.FAILED | S.EXPIRED | S.CANCELLED if problem is not None:
                raise error_of(problem, row.id)
            case S.DELIVERING:
                raise Conflict(retry_after=1, submission=row.id)
            case S.DELIVERED | S.INDETERMINATE | S.QUEUED:
                raise unknown(row.id)
        raise BusFault(submission=row.id)

    def _left(self, exchange: Exchange, row: SubmissionRow) -> Data:
        exchange.accepted = True
        exchange.headers_out["Location"] = f"/submissions/{row.id}"
        return {"id": row.id, "state": row.state.value if row.queued else S.QUEUED.value, "attempts": row.attempts}


def unknown(submission: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        Text(
            "Chưa rõ kết quả: không gửi lại, hãy xem Location",
            "The outcome is not known: do not send it again, see Location",
        ),
        submission=submission,
    )
