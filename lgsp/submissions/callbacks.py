"""The teller: signed call-backs for what has come of submissions and for what lies in inboxes, at least once each.

One process of the installation tells. Each receiver has a line of its own, its own connections and pauses, so a dead one
delays nobody; what cannot be told until it expires is parked, where operators see it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from lgsp.audit.entries import flat
from lgsp.crash import crash_point
from lgsp.errors import EvidenceUnavailable, Unavailable
from lgsp.events import BusFaultFound, CallbackEnded, CallbackOff, Event, Events, SubmissionMoved
from lgsp.exchange import Deadline
from lgsp.model import Data, HttpRequest, HttpResponse, SubmissionState
from lgsp.runtime import Runtime
from lgsp.store import Store, StoreFailed
from lgsp.store.port.callbacks import CallbackRow, CallbackWork, WorkOutcome
from lgsp.submissions.inbox import Inbox
from lgsp.submissions.service import Submissions
from lgsp.submissions.webhook import address, open_secrets, signed
from lgsp.transport import Transport

EXPIRES = timedelta(days=3)
_EACH, _MOST = 4, 16
"""Tries under way at one receiver: so many at first, one more with each that it takes, up to the most; one alone while it fails,
so nobody who comes back meets everything at once."""
_SECONDS = 10.0
_ANSWER = 64 * 1024
_LARGEST = 256 * 1024
_FIRST, _LONGEST = 5.0, 3600.0
"""Pauses of one call-back, growing."""
_QUIET = 600.0
"""Longest pause of a receiver that fails whatever it is told."""
_LOOK = 60.0
_NEWS = 1.0
"""Seconds until what another process has written is seen."""
_DISK_PAUSE = 1.0


class Notes(Protocol):
    """What is asked of the evidence."""

    async def note(self, kind: str, by: str, **facts: object) -> None: ...


@dataclass(slots=True)
class _Line:
    """One receiver, as this process has met it."""

    busy: set[str] = field(default_factory=set)
    room: int = _EACH
    failures: int = 0
    quiet_until: datetime | None = None


class Teller:
    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        events: Events,
        audit: Notes,
        transport: Transport,
        submissions: Submissions,
        inbox: Inbox,
        *,
        demonstration: bool = False,
    ) -> None:
        self._rows, self._keys, self._runtime, self._events = store.callbacks, store.keys, runtime, events
        self._consumers = store.consumers
        self._audit, self._transport, self._submissions, self._inbox = audit, transport, submissions, inbox
        self._demonstration = demonstration
        self._look = _LOOK if store.changes.alone else _NEWS
        self._lines: dict[str, _Line] = {}
        self._wake = asyncio.Event()
        events.subscribe(self._heard, SubmissionMoved)
        inbox.arrived = self.wake

    def wake(self) -> None:
        self._wake.set()

    def _heard(self, event: Event) -> None:
        if isinstance(event, SubmissionMoved) and event.now not in (SubmissionState.QUEUED, SubmissionState.DELIVERING):
            self.wake()

    async def run(self) -> None:
        """The supervised task."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                try:
                    await self._round(group)
                    pause = await self._until_due()
                except (StoreFailed, EvidenceUnavailable):
                    pause = _DISK_PAUSE
                try:
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    async def _round(self, group: asyncio.TaskGroup) -> None:
        now = self._runtime.clock.now()
        for work in await self._rows.begun(now + EXPIRES, now):
            await self._end(work, "parked", work.last)
        for consumer in await self._rows.consumers_due(now):
            line = self._lines.setdefault(consumer, _Line())
            if line.quiet_until is not None and line.quiet_until > now:
                continue
            room = line.room - len(line.busy)
            if room <= 0:
                continue
            due = await self._rows.due(consumer, now, line.room)
            wanted = [each for each in due if each.id not in line.busy][:room]
            receiver = await self._rows.get(consumer) if wanted else None
            if receiver is None or receiver.off is not None:
                continue  # switched off meanwhile: its work has ended with it
            known = await self._consumers.get(consumer)
            active = known is not None and known.active
            for work in wanted:
                line.busy.add(work.id)
                group.create_task(self._tell(work, line, receiver, active=active), name=f"call-back {work.id}")

    async def _until_due(self) -> float:
        now = self._runtime.clock.now()
        quiet = [line.quiet_until for line in self._lines.values() if line.quiet_until and line.quiet_until > now]
        due = await self._rows.next_due(now)
        moments = [*quiet, *([due] if due is not None else [])]
        return min([self._look, *(max((each - now).total_seconds(), 0.01) for each in moments)])

    async def _tell(self, work: CallbackWork, line: _Line, receiver: CallbackRow, *, active: bool) -> None:
        try:
            if active:
                await self._tried(work, line, receiver)
            else:  # a disabled one hears nothing; until it expires it may be enabled again
                await self._failed(work, line, "consumer-disabled", None, dead=True)
        except (StoreFailed, EvidenceUnavailable):  # it waits still, and is told again under the same id
            line.quiet_until = self._runtime.clock.now() + timedelta(seconds=_DISK_PAUSE)
        except Exception as error:  # noqa: BLE001  a defect of ours with this one: the others go on (RULES 5)
            self._events.publish(BusFaultFound(type(error).__name__, "lgsp.submissions.callbacks", work.subject))
            line.quiet_until = self._runtime.clock.now() + timedelta(seconds=_FIRST)
        finally:
            line.busy.discard(work.id)
            self._wake.set()

    async def _tried(self, work: CallbackWork, line: _Line, receiver: CallbackRow) -> None:
        body = await self._body(work, receiver)
        if body is None:
            await self._end(work, "delivered", "acknowledged")
            return
        if work.attempts == 0:  # before the first byte leaves
            facts = {"consumer": work.consumer, "callback": work.id, "with_data": receiver.with_data}
            await self._audit.note("callback-begun", "bus", **facts)
        crash_point("callback.sending")
        try:
            answer = await self._sent(work, receiver, body)
        except Unavailable as error:
            await self._failed(work, line, error.code, None, dead=True)
            return
        except ValueError:  # registered in the demonstration, or before the rules were what they are
            await self._failed(work, line, "address-refused", None, dead=True)
            return
        crash_point("callback.answered")
        if 200 <= answer.status < 300:
            line.failures, line.quiet_until, line.room = 0, None, min(line.room + 1, _MOST)
            await self._end(work, "delivered", f"http-{answer.status}")
        elif answer.status == 410:
            await self._switch_off(work.consumer)
        else:
            dead = answer.status >= 500 or answer.status in (408, 429)
            await self._failed(work, line, f"http-{answer.status}", _retry_after(answer), dead=dead)

    async def _sent(self, work: CallbackWork, receiver: CallbackRow, body: bytes) -> HttpResponse:
        base, target = address(receiver.url, demonstration=self._demonstration)
        now = self._runtime.clock.now()
        secrets = open_secrets(self._keys, receiver.consumer, receiver.secrets)
        request = HttpRequest("POST", target, dict(signed(secrets, work.id, body, now)), body)
        until = Deadline(self._runtime.clock.monotonic() + _SECONDS)
        return await self._transport.send(f"callback:{receiver.consumer}", base, request, until, limit=_ANSWER)

    async def _failed(
        self, work: CallbackWork, line: _Line, last: str, retry_after: float | None, *, dead: bool
    ) -> None:
        """`dead`: not this call-back is at fault but the receiver, so the whole line pauses."""
        now, random = self._runtime.clock.now(), self._runtime.random
        asked = min(retry_after or 0.0, _LONGEST)
        line.failures = line.failures + 1 if dead else 0
        line.quiet_until = None
        if dead:
            line.room = 1
            pause = min(2.0 ** min(line.failures, 10), _QUIET) * random.uniform(0.5, 1.0)
            line.quiet_until = now + timedelta(seconds=max(pause, asked))
        pause = min(_FIRST * 2.0 ** min(work.attempts, 10), _LONGEST) * random.uniform(0.5, 1.0)
        await self._rows.tried(work.id, last, now + timedelta(seconds=max(pause, asked)))

    async def _switch_off(self, consumer: str) -> None:
        """410: the receiver wants nothing more. An operator has to switch it on again."""
        await self._audit.note("callback-off", "bus", consumer=consumer, why="http-410")
        now = self._runtime.clock.now()
        if await self._rows.off(consumer, now, "http-410") is not None:
            self._events.publish(CallbackOff(consumer, "http-410", now))

    async def _end(self, work: CallbackWork, outcome: WorkOutcome, last: str) -> None:
        """Evidence first: where it cannot be written, it is told again."""
        attempts = work.attempts + (outcome == "delivered")
        facts = {"consumer": work.consumer, "callback": work.id, "outcome": outcome, "last": last, "attempts": attempts}
        await self._audit.note("callback-ended", "bus", **facts)
        if await self._rows.ended(work.id, outcome, last, self._runtime.clock.now()):
            self._events.publish(CallbackEnded(work.id, work.consumer, work.kind, outcome, attempts))

    async def _body(self, work: CallbackWork, receiver: CallbackRow) -> bytes | None:
        """None where there is nothing to tell any more: the item has been fetched and acknowledged."""
        plain, whole = await (self._item(work) if work.kind.startswith("inbox.") else self._submission(work))
        if plain is None:
            return None
        head = {"type": work.kind, "timestamp": work.created.isoformat()}
        if receiver.with_data and whole is not None:
            body = msgspec.json.encode({**head, "data": {**plain, **whole}}, enc_hook=flat)
            if len(body) <= _LARGEST:
                return body
            plain = {**plain, "truncated": True}
        return msgspec.json.encode({**head, "data": plain})

    async def _submission(self, work: CallbackWork) -> tuple[Data | None, Data | None]:
        """As it stood when this became so: it may have moved since, and then another call-back tells."""
        found = await self._submissions.get(work.subject)
        if found is None:
            return None, None
        state = work.kind.partition(".")[2]
        plain: Data = {"id": found.id, "system": found.system, "operation": found.operation, "state": state}
        plain["attempts"] = found.attempts
        problem = found.outcome.problem
        if problem is not None and state not in ("delivered", "cancelled"):
            plain["error"] = {"code": problem.code}
        return plain, found.view() if state == found.state.value else None

    async def _item(self, work: CallbackWork) -> tuple[Data | None, Data | None]:
        found = await self._inbox.one(work.consumer, work.subject)
        if found is None:
            return None, None
        whole = found.view()
        return {name: whole[name] for name in ("id", "system", "operation", "received")}, whole


def _retry_after(answer: HttpResponse) -> float | None:
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 6 else None
