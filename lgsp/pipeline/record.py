"""The outermost step: durable evidence of every outcome, committed before the first byte of the answer leaves."""

from __future__ import annotations

import asyncio
from typing import Protocol

from lgsp.audit import Audit
from lgsp.errors import BusFault, EvidenceUnavailable, LgspError, OutcomeUnknown, Timeout
from lgsp.events import BusFaultFound, Events, ExchangeFinished
from lgsp.exchange import Exchange, Handler
from lgsp.health.attention import said_before
from lgsp.model import Data, Face, Kind
from lgsp.pipeline.deposit import unknown
from lgsp.runtime import Clock


class Doubt(Protocol):
    """What is asked of submissions: to the outside, this outcome is not known any more."""

    async def doubt(self, submission: str) -> None: ...


class Record:
    """Ends every exchange: one error of ours at most, one answered entry, one `ExchangeFinished`."""

    def __init__(self, audit: Audit, events: Events, clock: Clock, submissions: Doubt) -> None:
        self._audit, self._events, self._clock, self._submissions = audit, events, clock, submissions

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        try:
            exchange.answer = await handler(exchange)
        except asyncio.CancelledError:
            exchange.error = _after_the_deadline(exchange, Timeout())
            await self._evidenced(exchange)
            self._finished(exchange)
            raise
        except LgspError as error:
            exchange.error = _after_the_deadline(exchange, error)
        except Exception as error:  # noqa: BLE001  a defect of ours: told as an event, its text never leaves
            exchange.error = BusFault(submission=exchange.submission)
            self._events.publish(BusFaultFound(type(error).__name__, _place(error), exchange.correlation_id))
        if failed := await self._evidenced(exchange):
            exchange.error = await self._without_evidence(exchange, failed)
        self._finished(exchange)
        if exchange.error is not None:
            exchange.error.system, exchange.error.operation = exchange.system, exchange.operation_name
            raise exchange.error
        return exchange.answer or {}

    async def _evidenced(self, exchange: Exchange) -> EvidenceUnavailable | None:
        try:
            await self._audit.answered(exchange)
        except EvidenceUnavailable as error:
            return error
        return None

    async def _without_evidence(self, exchange: Exchange, failed: EvidenceUnavailable) -> LgspError:
        """What was sent, or accepted, has happened: for an update that is "not known", never a refusal (RULES 1)."""
        update = exchange.operation is not None and exchange.operation.kind is Kind.UPDATE
        if exchange.submission is None or not update or exchange.face is Face.INTERNAL:
            return failed
        if exchange.asked and exchange.error is None:
            await self._submissions.doubt(exchange.submission)
        if exchange.asked or exchange.accepted:
            return unknown(exchange.submission)
        return failed

    def _finished(self, exchange: Exchange) -> None:
        error, now = exchange.error, self._clock.monotonic()
        known = exchange.operation is not None or exchange.connector is not None
        # else both names are whatever a stranger wrote: nobody counts or logs them
        self._events.publish(
            ExchangeFinished(
                id=exchange.id,
                correlation_id=exchange.correlation_id,
                face=exchange.face.value,
                system=exchange.system if known else None,
                operation=exchange.operation_name if known else None,
                consumer=exchange.consumer.id if exchange.consumer else None,
                outcome=exchange.outcome,
                fault_domain=error.fault_domain if error else None,
                seconds=now - exchange.started,
                attempts=len(exchange.attempts),
                backend_seconds=exchange.timings.get("backend", 0.0),
                at=self._clock.now(),
                repeated=said_before(error, exchange.answer),
            )
        )


def _place(error: BaseException) -> str:
    """Module and line where it was raised: enough to find it, without any text of it."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return f"{step.tb_frame.f_globals.get('__name__', '?')}:{step.tb_lineno}" if step is not None else "?"


def _after_the_deadline(exchange: Exchange, error: LgspError) -> LgspError:
    """The deadline stands outside the deposit, so its `Timeout` knows nothing of the update that is under way."""
    update = exchange.operation is not None and exchange.operation.kind is Kind.UPDATE
    if (
        update
        and exchange.asked
        and exchange.submission is not None
        and exchange.face is not Face.INTERNAL
        and isinstance(error, Timeout)
        and not isinstance(error, OutcomeUnknown)
        and error.submission is None
    ):
        return unknown(exchange.submission)
    return error
