"""One call at one ministry: find the dialect, let in, read, meet the faults, ask the handler, write the answer."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from lgsp.adapters import rest, soap, soap_fault
from lgsp.contract.model import Operation
from lgsp.errors import LgspError
from lgsp.lift import has_blob
from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp_mocks import ngsp, spoil
from lgsp_mocks.desk import question
from lgsp_mocks.faults import Fault
from lgsp_mocks.handler import Handler, HttpFault, SoapFault
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.page import Page
from lgsp_mocks.reading import read
from lgsp_mocks.reception import Reception
from lgsp_mocks.visit import Refused, Visit, plain, rules

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator

INLINE = 64 * 1024
"""Bytes above which a message is read away from the loop."""
_BY_MODULE = ("business-error", "duplicate")
"""Answers that only the system's own module can give."""
_IN_DATA = ("unknown-code", "bad-base64")
"""What is wrong with the data itself, before it is written."""


class Ministry:
    """Every backend of every system, behind its upstream's manners."""

    def __init__(self, simulator: Simulator) -> None:
        self._sim = simulator
        self._reception = Reception(simulator)

    def forget(self) -> None:
        """Messages that came once may come again."""
        self._reception.guards.clear()

    async def answer(self, request: HttpRequest, *, through: str = "", client: str = "") -> Outcome:
        """Everything between the caller's bytes and the outcome. `through` is a platform that has let `client` in itself."""
        try:
            visit = self._reception.find(request)
        except Refused as refusal:
            return Outcome(refusal.response)
        visit.through, visit.consumer = through, client
        try:
            outcome = await self._visit(visit)
        except Refused as refusal:
            outcome = Outcome(refusal.response)
        status = outcome.response.status if outcome.response else 0
        self._sim.journal.keep(self._sim.runtime.clock.now(), Page(visit, status))
        return outcome

    def at_once(self, request: HttpRequest) -> HttpResponse:
        """The same for a small message that meets no fault and no latency: nobody else has his turn meanwhile."""
        try:
            visit = self._reception.find(request)
        except Refused as refusal:
            return refusal.response
        wrong = None
        try:
            try:
                visit.data = read(visit)
            except LgspError as error:
                wrong = error
            self._reception.let_in(visit)
            response = self._respond(visit, None, None, wrong)
        except Refused as refusal:
            response = refusal.response
        self._sim.journal.keep(self._sim.runtime.clock.now(), Page(visit, response.status))
        return response

    async def _visit(self, visit: Visit) -> Outcome:
        wrong = await self._read(visit)
        self._reception.let_in(visit)
        wire, instead, after = self._meet(visit)
        await self._sim.latency(visit.backend.system)
        if wire and wire.kind == "latency":
            await self.wait(wire)
        if wire and wire.kind == "refuse":
            return Outcome(None, "refused")
        if wire and wire.kind in ("reset", "hang") and not wire.params["effect"]:
            return await self.play(wire, HttpResponse(200))
        response = self._respond(visit, instead, after, wrong)
        return await self.play(wire, response) if wire else Outcome(response)

    async def play(self, fault: Fault, response: HttpResponse) -> Outcome:
        """An answer under a fault of the wire."""
        params, size = fault.params, len(response.body)
        match fault.kind:
            case "refuse":
                return Outcome(None, "refused")
            case "hang":
                await self.wait(fault)
                return Outcome(None, "reset")
            case "reset" | "lost-answer":
                return Outcome(None, "reset")
            case "truncate":
                kept = max(0, int(size * float(params["fraction"])))
                if params["framed"] and isinstance(response.body, bytes):
                    return Outcome(replace(response, body=response.body[:kept]))
                return Outcome(response, cut=kept)
            case "dribble":
                return Outcome(response, pieces=int(params["pieces"]), seconds=float(params["seconds"]))
            case "bandwidth":
                seconds = size / float(params["bytes_per_second"])
                return Outcome(response, pieces=max(1, min(1_000, int(seconds * 10))), seconds=seconds)
            case "slow-close":
                return Outcome(response, linger=float(params["seconds"]))
            case _:  # latency has passed already
                return Outcome(response)

    async def wait(self, fault: Fault) -> None:
        """The pause of `latency` or `hang`."""
        jitter = float(fault.params.get("jitter", 0.0))
        await asyncio.sleep(
            float(fault.params["seconds"]) + (self._sim.runtime.random.random() * jitter if jitter else 0.0)
        )

    # the steps of a visit

    def _meet(self, visit: Visit) -> tuple[Fault | None, Fault | None, Fault | None]:
        """At most one fault each of the wire, instead of the answer and in it; one asked for by header goes first."""
        asked = self._reception.asked_for(visit)
        if asked is None and not self._sim.faults.all():
            return None, None, None
        wire, instead, after = (
            asked if asked and asked.where == where else self._sim.faults.meet(visit.names, visit.call, where)
            for where in ("wire", "instead", "answer")
        )
        visit.faults += [fault.kind for fault in (wire, instead, after) if fault]
        return wire, instead, after

    async def _read(self, visit: Visit) -> LgspError | None:
        """Decodes the message; what is wrong with it is for the ministry to say."""
        try:
            large = len(visit.request.body) > INLINE
            visit.data = await self._sim.runtime.offload(lambda: read(visit)) if large else read(visit)
        except LgspError as error:
            return error
        return None

    def _respond(
        self, visit: Visit, instead: Fault | None, after: Fault | None, wrong: LgspError | None
    ) -> HttpResponse:
        """The ministry's answer with what the faults make of it."""
        if instead and instead.kind not in _BY_MODULE:
            if instead.params.get("effect"):
                self._ask(visit, wrong)
                visit.answer = None  # it never left
            return spoil.instead(instead.kind, instead.params, xml=visit.soap, version=visit.version)
        response = self._ask(visit, wrong, instead.kind.replace("-", "_") if instead else None, after)
        if visit.answer is None:
            return response
        if after:
            return spoil.response(after.kind, after.params, response, xml=visit.soap)
        visit.reply = response
        return response

    def _ask(
        self, visit: Visit, wrong: LgspError | None, instead: str | None = None, after: Fault | None = None
    ) -> HttpResponse:
        """What the handler gave, proved and written, or a fault of the ministry; `visit.answer` tells them apart."""
        if wrong is not None:
            return self._unreadable(visit, wrong)
        system = self._sim.systems[visit.backend.system]
        handler: Handler | None = visit.backend.handlers.get(visit.operation.name)
        if instead:
            handler = getattr(system.module, instead, None)
        if handler is None:
            return ngsp.fault(900906, visit.request, status=501)
        try:
            asked = question(
                self._sim, visit.backend, visit.operation.name, visit.data or {}, visit.consumer, visit.request.headers
            )
            answer = handler(asked)
            response = _written(visit, answer, after)
        except HttpFault as fault:
            body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body, ensure_ascii=False)
            return HttpResponse(fault.status, {"content-type": fault.content_type}, body.encode())
        except SoapFault as fault:
            return soap_fault.plain_fault(fault.code, fault.text, visit.version, fault.detail)
        except Exception as error:  # noqa: BLE001  a handler's own defect: seen on stderr and in the journal, never by silence
            traceback.print_exc(file=sys.stderr)
            visit.faults.append(
                f"defect: {type(error).__name__} {rules(error) if isinstance(error, LgspError) else error}"
            )
            self._sim.defects.append(f"{visit.backend.system} {visit.operation.name}: {visit.faults[-1]}")
            return plain(500, "simulator defect")
        visit.answer = answer
        return response

    def _unreadable(self, visit: Visit, wrong: LgspError) -> HttpResponse:
        """A message that breaks the ministry's contract."""
        if visit.soap:
            self._reception.unfit(visit.request, visit.backend.contract, wrong)
            return soap_fault.plain_fault("Client", rules(wrong), visit.version)
        return plain(wrong.status, rules(wrong))


def _written(visit: Visit, answer: Data, after: Fault | None) -> HttpResponse:
    """An answer that keeps its contract, as bytes; `after` may spoil it then. Raises `InvalidMessage`."""
    operation = visit.operation
    spoiled = after is not None and after.kind in _IN_DATA
    if visit.soap and not spoiled:
        return soap.encode_proved_response(operation, answer, visit.version)
    _check(operation, answer)
    if after is not None and spoiled:
        answer = spoil.data(after.kind, after.params, answer)
    if visit.soap:
        return soap.encode_response(operation, answer, visit.version)
    return rest.encode_response(operation, answer)


def _check(operation: Operation, answer: Data) -> None:
    try:
        operation.output.check(answer)
    except LgspError:
        if not has_blob(answer):  # no value that a schema knows
            raise
