"""The delivery loop: what is due is asked of its system, in order per business key; what is doubtful is settled.

One supervised task. It never switches itself off (RULES 5): what cannot be delivered is parked, not the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from lgsp.crash import crash_point
from lgsp.errors import LgspError, OutcomeUnknown, Overloaded, RecordNotFound
from lgsp.events import BusFaultFound, Event, HealthChanged
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Face, Health, HttpRequest, SubmissionState
from lgsp.registry import Operation, ProvedBy
from lgsp.store import StoreFailed, SubmissionRow
from lgsp.submissions.bodies import PiecesMissing
from lgsp.submissions.desk import Desk
from lgsp.submissions.fate import Fate, fate, waits
from lgsp.submissions.record import Message, Outcome, problem_of

S = SubmissionState
_EACH = 4
"""Deliveries under way at one system: below its slots, so that callers who wait for an answer find room."""
_SETTLING = 16
_LOOK = 150.0
"""Seconds after which the loop looks around even if nothing woke it."""
_POISON = 5
"""Tries after which a message that breaks our own code before anything is sent is parked as failed."""
_DISK_PAUSE = 1.0
"""Seconds before a settlement that could not be written down is tried again."""
_GRACE = 30.0
"""Seconds, at least, before "not found" is believed: the backend may still be at work on what we sent."""


class Delivery:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._back: set[str] = set()
        self._settling: set[str] = set()
        desk.events.subscribe(self._heard, HealthChanged)

    async def run(self, handle: Handler) -> None:
        """Delivers and settles for ever. `handle` is the whole pipeline; our exchanges are `INTERNAL`."""
        await self._recovered()
        async with asyncio.TaskGroup() as group:
            while True:
                self._desk.wake.clear()
                try:
                    await self._round(group, handle)
                    pause = await self._until_due()
                except StoreFailed:
                    pause = _DISK_PAUSE
                try:
                    async with asyncio.timeout(pause):
                        await self._desk.wake.wait()
                except TimeoutError:
                    pass

    async def _recovered(self) -> None:
        """After a start: whatever was being delivered has nobody any more."""
        while True:
            try:
                await self._desk.bodies.sweep()
                while await self._desk.abandoned(before=self._desk.now()):
                    pass
            except StoreFailed:
                await asyncio.sleep(_DISK_PAUSE)
            else:
                return

    async def _round(self, group: asyncio.TaskGroup, handle: Handler) -> None:
        desk, now = self._desk, self._desk.now()
        while self._back:
            await desk.rows.hasten(next(iter(self._back)), now)
            self._back.pop()
        await desk.doubt_unwritten()
        await desk.abandoned()
        for row in await desk.take(_EACH):
            group.create_task(self._deliver(row, handle), name=f"deliver {row.id}")
        for row in await desk.rows.unsettled(now, _SETTLING):
            if row.id not in self._settling and len(self._settling) < _SETTLING:
                self._settling.add(row.id)
                group.create_task(self._settle(row, handle), name=f"settle {row.id}")

    async def _until_due(self) -> float:
        now = self._desk.now()
        due = await self._desk.rows.next_due(now)
        return _LOOK if due is None else min(max((due - now).total_seconds(), 0.01), _LOOK)

    def _heard(self, event: Event) -> None:
        if isinstance(event, HealthChanged) and event.now is Health.UP and event.was is not Health.UNKNOWN:
            self._back.add(event.system)
            self._desk.wake.set()

    async def _deliver(self, row: SubmissionRow, handle: Handler) -> None:
        desk = self._desk
        with desk.working(row):
            try:
                if desk.now() >= row.expires:
                    await desk.move(row, S.EXPIRED)
                    return
                message = desk.message(row)
                async with desk.bodies.restored(row.id, message.data, message.large) as data:
                    await self._send(row, self._exchange(row, message, data), handle)
            except Overloaded as error:  # the spool is full
                await desk.move(row, S.QUEUED, next_at=desk.retry_at(row, error.retry_after))
            except PiecesMissing:
                await desk.move(row, S.INDETERMINATE, next_at=None)
            except StoreFailed:
                desk.not_written(row.id)
            except Exception as error:  # noqa: BLE001  its body cannot be read, or we have a defect: this one waits for a human
                await self._parked(row, error)

    async def _send(self, row: SubmissionRow, exchange: Exchange, handle: Handler) -> None:
        crash_point("submission.sending")
        try:
            answer = await handle(exchange)
        except asyncio.CancelledError as error:
            await self._failed(row, exchange, error)
            raise
        except Exception as error:  # noqa: BLE001  judged by `fate`; the log hears of it by the exchange's event
            await self._failed(row, exchange, error)
        else:
            crash_point("submission.answered")
            await self._desk.move(row, S.DELIVERED, outcome=Outcome(answer))

    async def _failed(self, row: SubmissionRow, exchange: Exchange, error: BaseException) -> None:
        desk = self._desk
        outcome = Outcome(problem=problem_of(error))
        match fate(error, exchange):
            case Fate.REFUSED:
                await desk.move(row, S.FAILED, outcome=outcome)
            case Fate.UNKNOWN:
                await desk.move(row, S.INDETERMINATE, outcome=outcome, next_at=desk.settle_at(row))
            case Fate.UNSENT:
                retry_after = error.retry_after if isinstance(error, LgspError) else None
                at = desk.now() if isinstance(error, asyncio.CancelledError) else desk.retry_at(row, retry_after)
                if at >= row.expires:
                    await desk.move(row, S.EXPIRED, outcome=outcome)
                elif row.attempts >= _POISON and not waits(error) and not isinstance(error, asyncio.CancelledError):
                    await desk.move(row, S.FAILED, outcome=outcome)
                else:
                    await desk.move(row, S.QUEUED, outcome=outcome, next_at=at)

    async def _parked(self, row: SubmissionRow, error: Exception) -> None:
        """The message is set aside, the worker goes on (RULES 5)."""
        self._desk.events.publish(BusFaultFound(type(error).__name__, "lgsp.submissions", row.correlation_id))
        with contextlib.suppress(StoreFailed):  # then the next look-around finds it as abandoned
            await self._desk.move(row, S.INDETERMINATE, outcome=Outcome(problem=problem_of(error)), next_at=None)

    async def _settle(self, row: SubmissionRow, handle: Handler) -> None:
        try:
            operation = self._desk.operation(row)
            message = self._desk.message(row)
            if operation is not None and operation.proved_by is not None:
                await self._prove(row, operation, operation.proved_by, message, handle)
            elif operation is not None and operation.keyed and message.face != Face.NATIVE:
                await self._desk.move(row, S.QUEUED, next_at=self._desk.now())
            else:  # nothing proves it; a native message is in the ministry's dialect, which no mapping can send again
                await self._desk.move(row, S.INDETERMINATE, next_at=None)
        except StoreFailed:
            await asyncio.sleep(_DISK_PAUSE)  # it is due still: at once again would be a storm of questions
        except Exception as error:  # noqa: BLE001  see `_deliver`
            await self._parked(row, error)
        finally:
            self._settling.discard(row.id)
            self._desk.wake.set()

    async def _prove(
        self, row: SubmissionRow, operation: Operation, proof: ProvedBy, message: Message, handle: Handler
    ) -> None:
        """Found: it took effect. Not found, long enough after: it did not. Anything else: ask again later."""
        desk = self._desk
        data = question(proof, message.data)
        if data is None:
            await desk.move(row, S.INDETERMINATE, next_at=None)
            return
        exchange = self._exchange(row, message, data)
        exchange.operation_name = proof.operation
        exchange.version = desk.version_with(row, proof.operation)
        try:
            found = await handle(exchange)
        except RecordNotFound:
            crash_point("submission.settled")
            if (desk.now() - row.changed).total_seconds() < max(2 * operation.timeout, _GRACE):
                await desk.move(row, S.INDETERMINATE, next_at=desk.settle_at(row))
            elif row.queued:
                await desk.move(row, S.QUEUED, next_at=desk.now())
            else:  # the caller was told not to repeat it: now the same key may
                await desk.move(row, S.FAILED, outcome=Outcome(problem=problem_of(OutcomeUnknown())), release_key=True)
        except Exception:  # noqa: BLE001  not answered; not even a defect of ours may end the others' deliveries
            await desk.move(row, S.INDETERMINATE, next_at=desk.settle_at(row))
        else:
            crash_point("submission.settled")
            await desk.move(row, S.DELIVERED, outcome=Outcome(proof=found))

    def _exchange(self, row: SubmissionRow, message: Message, data: Data) -> Exchange:
        runtime = self._desk.runtime
        return Exchange(
            id=runtime.ids.new(),
            face=Face.INTERNAL,
            request=HttpRequest("POST", ""),
            received=runtime.clock.now(),
            started=runtime.clock.monotonic(),
            correlation_id=row.correlation_id,
            traceparent=message.traceparent,
            lang=message.lang,
            system=row.system,
            operation_name=row.operation,
            version=row.version,
            purpose=message.purpose,
            case=message.case,
            officer=message.officer,
            consumer=message.consumer,
            grant=message.grant,
            data=data,
            submission=row.id,
        )


def question(proof: ProvedBy, data: Data) -> Data | None:
    """The settling query's request out of the original one; None where it lacks a field that the query needs."""
    asked: Data = {}
    for name, value in {proof.key: f"${proof.key}", **proof.request}.items():
        if not (isinstance(value, str) and value.startswith("$")):
            asked[name] = value
            continue
        found = list(_leaves(data, value[1:]))
        if len(found) != 1:
            return None
        asked[name] = found[0]
    return asked


def _leaves(data: Any, path: str) -> Iterator[Any]:
    """What a dotted path names, through every list on the way, as it stood: a number stays one, or no contract takes it."""
    if isinstance(data, list):
        for item in data:
            yield from _leaves(item, path)
    elif not path:
        if isinstance(data, str | int | float) and str(data).strip():
            yield data
    elif isinstance(data, dict):
        first, _, rest = path.partition(".")
        if first in data:
            yield from _leaves(data[first], rest)
