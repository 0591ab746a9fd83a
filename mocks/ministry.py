"""One call at one ministry: find the dialect, let in, read, meet the faults, ask the handler, write the answer."""

from __future__ import annotations

import asyncio
import difflib
import json
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from lgsp.adapters import rest, soap
from lgsp.adapters.envelope import CONTENT_TYPES, VersionMismatch
from lgsp.contract import wsdl
from lgsp.contract.model import Operation
from lgsp.errors import LgspError, UnknownOperation
from lgsp.model import Blob, Data, HttpRequest, HttpResponse
from lgsp.runtime import HANOI
from lgsp_mocks import ngsp, spoil, xroad
from lgsp_mocks.catalogue import SimBackend
from lgsp_mocks.faults import Call, Fault, FaultError
from lgsp_mocks.handler import Ask, Handler, HttpFault, SoapFault
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.work import Job

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator

INLINE = 64 * 1024
"""Bytes above which a message is read away from the loop."""
_BY_MODULE = ("business-error", "duplicate")
"""Answers that only the system's own module can give."""
_SHOWN = ("x-correlation-id", "traceparent", "content-type", "soapaction", "dstcode", "x-systemid")


@dataclass(slots=True)
class Visit:
    """One call, filled step by step; what the journal writes."""

    request: HttpRequest
    backend: SimBackend
    operation: Operation
    path_params: Mapping[str, str] = field(default_factory=dict)
    version: Literal["1.1", "1.2"] = "1.1"
    consumer: str = ""
    data: Data | None = None
    answer: Data | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def public(self) -> str:
        return self.backend.operations.get(self.operation.name, self.operation.name)

    @property
    def soap(self) -> bool:
        return self.backend.adapter == "soap"


class Refused(Exception):
    """The call ends here with this answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


class Ministry:
    """Every backend of every system, behind its upstream's manners."""

    def __init__(self, simulator: Simulator) -> None:
        self._sim = simulator
        mounted = [
            (f"{xroad.PREFIX if backend.dstcode else ''}{backend.path}", backend)
            for system in simulator.systems.values()
            for backend in system.backends.values()
        ]
        self._mounted = sorted(mounted, key=lambda each: -len(each[0]))

    async def answer(self, request: HttpRequest) -> Outcome:
        """Everything between the caller's bytes and the outcome."""
        try:
            visit = self._find(request)
        except Refused as refusal:
            return Outcome(refusal.response)
        try:
            outcome = await self._visit(visit)
        except Refused as refusal:
            outcome = Outcome(refusal.response)
        self._sim.journal.write(
            self._sim.runtime.clock.now(),
            system=visit.backend.system,
            backend=visit.backend.name,
            operation=visit.public,
            backend_operation=visit.operation.name,
            consumer=visit.consumer,
            status=outcome.response.status if outcome.response else 0,
            fault=", ".join(visit.faults) or None,
            request=visit.data,
            answer=visit.answer,
            headers={name: request.headers[name] for name in _SHOWN if name in request.headers},
        )
        return outcome

    async def _visit(self, visit: Visit) -> Outcome:
        wrong = await self._read(visit)
        self._let_in(visit)
        wire, instead, after = self._meet(visit)
        await self._sim.latency(visit.backend.system)
        if wire and wire.kind == "latency":
            await self.wait(wire)
        if wire and wire.kind == "refuse":
            return Outcome(None, "refused")
        if wire and wire.kind in ("reset", "hang") and not wire.params["effect"]:
            return await self.play(wire, HttpResponse(200))
        response = await self._respond(visit, instead, after, wrong)
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

    def _find(self, request: HttpRequest) -> Visit:
        path = request.target.partition("?")[0]
        destination = xroad.dstcode(request) if path.startswith(xroad.PREFIX) else None
        near = [
            (backend, path[len(mount) :])
            for mount, backend in self._mounted
            if path == mount or path.startswith(f"{mount}/")
            if not (destination and backend.dstcode and backend.dstcode != destination)
        ]
        for backend, below in near:
            if backend.adapter == "soap":
                if request.method == "POST":
                    return self._open(request, backend)
                if "wsdl" in request.target.partition("?")[2].lower():
                    raise Refused(
                        HttpResponse(200, {"content-type": "text/xml; charset=utf-8"}, wsdl(backend.contract, path))
                    )
            body = request.body if isinstance(request.body, bytes) else rest.visible(request.body)[0]
            if found := rest.match(backend.contract, request.method, below or "/", body):
                return Visit(request, backend, found[0], found[1])
        if destination and not near:
            raise Refused(xroad.unknown_destination())
        self._sim.unmatched.append(self._unmatched(request.method, path))
        raise Refused(ngsp.fault(900906, request, xml=True if self._sim.xml_faults else None))

    def _unmatched(self, method: str, path: str) -> str:
        """A call that fits no contract, with the addresses that are nearest to it."""
        known = {
            f"{operation.http.method.upper()} {mount}{operation.http.path.partition('#')[0]}"
            if backend.adapter == "rest"
            else f"POST {mount}"
            for mount, backend in self._mounted
            for operation in backend.contract.operations.values()
        }
        near = difflib.get_close_matches(f"{method} {path}", sorted(known), n=3, cutoff=0.3)
        return f"{method} {path}" + (f" (nearest: {', '.join(near)})" if near else "")

    def _open(self, request: HttpRequest, backend: SimBackend) -> Visit:
        version = CONTENT_TYPES.get(rest.media_type(request.headers), backend.soap_version)
        try:
            opened = soap.open_request(backend.contract, request)
        except UnknownOperation:
            raise Refused(soap.plain_fault("Client", "Unknown operation", version)) from None
        except VersionMismatch as error:
            raise Refused(soap.encode_fault(error, version, "vi", "")) from None
        except LgspError as error:
            raise Refused(soap.plain_fault("Client", _rules(error), version)) from None
        return Visit(request, backend, opened.operation, version=opened.version)

    def _let_in(self, visit: Visit) -> None:
        """The upstream's manners, and the faults of its platform."""
        sim, request, manner = self._sim, visit.request, visit.backend.manner
        xml = True if sim.xml_faults else None
        if manner == "xroad-session":
            client = sim.sessions.user_of(request)
        elif manner == "oauth2":
            client = sim.tokens.client_of(request)
        else:  # direct: no sign-in of the platform's, the system id where one is sent
            client = ngsp.system_header(request)
            client = (sim.tokens.client_of(request) or "nobody") if client is None else client
        if not client:
            raise Refused(
                xroad.expired()
                if manner == "xroad-session"
                else ngsp.fault(900902 if client is None else 900901, request, xml=xml)
            )
        visit.consumer = client
        met = sim.faults.meet(
            (visit.backend.system, visit.backend.upstream), self._call(visit), "platform", but="token-down"
        )
        asked = self._asked_for(visit)
        for fault in (each for each in (met, asked if asked and asked.where == "platform" else None) if each):
            visit.faults.append(fault.kind)
            self._platform(visit, fault, xml=xml)

    def _platform(self, visit: Visit, met: Fault, *, xml: bool | None) -> None:
        sim, request, manner = self._sim, visit.request, visit.backend.manner
        match met.kind:
            case "session-expired" if manner == "xroad-session":
                sim.sessions.expire(request)
                raise Refused(xroad.expired())
            case "token-expired" if manner == "oauth2":
                sim.tokens.revoke(request.headers.get("authorization", ""))
                raise Refused(ngsp.fault(900901, request, xml=xml))
            case "suspend-303001":
                raise Refused(ngsp.fault(303001, request, xml=xml))
            case "xml-fault":
                code, status = int(met.params["code"]), int(met.params["status"])
                raise Refused(ngsp.fault(code, request, xml=True, status=status, message=str(met.params["message"])))
            case _:
                return

    def _meet(self, visit: Visit) -> tuple[Fault | None, Fault | None, Fault | None]:
        """At most one fault each of the wire, instead of the answer and in it; one asked for by header goes first."""
        names, call, asked = (visit.backend.system, visit.backend.upstream), self._call(visit), self._asked_for(visit)
        wire, instead, after = (
            asked if asked and asked.where == where else self._sim.faults.meet(names, call, where)
            for where in ("wire", "instead", "answer")
        )
        visit.faults += [fault.kind for fault in (wire, instead, after) if fault]
        return wire, instead, after

    def _call(self, visit: Visit) -> Call:
        return Call(visit.backend.system, visit.public, visit.operation.name, visit.consumer, visit.data)

    async def _read(self, visit: Visit) -> LgspError | None:
        """Decodes the message; what is wrong with it is for the ministry to say."""
        request = visit.request
        if (
            isinstance(request.body, bytes)
            and b'"session"' in request.body[:200]
            and "session" not in _properties(visit.operation)
        ):
            request = replace(request, body=_without_session(request.body))

        def decode() -> Data:
            if visit.soap:
                return soap.decode_request(visit.backend.contract, request).data
            return rest.decode_request(visit.operation, request, visit.path_params)

        try:
            large = len(request.body) > INLINE
            visit.data = await self._sim.runtime.offload(decode) if large else decode()
        except LgspError as error:
            return error
        return None

    def _asked_for(self, visit: Visit) -> Fault | None:
        """`X-Sim-Fault`: a kind, or a fault as JSON; only where the simulator was told to listen to it."""
        said = visit.request.headers.get("x-sim-fault", "")
        if not said or not self._sim.header_faults:
            return None
        try:
            return self._sim.faults.parse(json.loads(said) if said.startswith("{") else {"kind": said.strip()})
        except (FaultError, ValueError) as error:
            raise Refused(_plain(400, str(error))) from None

    async def _respond(
        self, visit: Visit, instead: Fault | None, after: Fault | None, wrong: LgspError | None
    ) -> HttpResponse:
        """The ministry's answer with what the faults make of it."""
        if instead and instead.kind not in _BY_MODULE:
            if instead.params.get("effect"):
                self._ask(visit, wrong)
            return spoil.instead(instead.kind, instead.params, xml=visit.soap, version=visit.version)
        answer = self._ask(visit, wrong, instead.kind.replace("-", "_") if instead else None)
        if isinstance(answer, HttpResponse):
            return answer
        visit.answer = answer
        if after and after.kind in ("unknown-code", "bad-base64"):
            answer = spoil.data(after.kind, after.params, answer)
        if visit.soap:
            response = soap.encode_response(visit.operation, answer, visit.version)
        else:
            response = rest.encode_response(visit.operation, answer)
        return spoil.response(after.kind, after.params, response, xml=visit.soap) if after else response

    def _ask(self, visit: Visit, wrong: LgspError | None, instead: str | None = None) -> Data | HttpResponse:
        """The handler's data, or a fault of the ministry as bytes."""
        if wrong is not None:
            return self._unreadable(visit, wrong)
        system = self._sim.systems[visit.backend.system]
        handler: Handler | None = visit.backend.handlers.get(visit.operation.name)
        if instead:
            handler = getattr(system.module, instead, None)
        if handler is None:
            return ngsp.fault(900906, visit.request, status=501)
        try:
            answer = handler(
                self.ask(visit.backend, visit.operation.name, visit.data or {}, visit.consumer, visit.request.headers)
            )
            if not _blobs(answer):
                visit.operation.output.check(answer)
        except HttpFault as fault:
            body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body, ensure_ascii=False)
            return HttpResponse(fault.status, {"content-type": fault.content_type}, body.encode())
        except SoapFault as fault:
            return soap.plain_fault(fault.code, fault.text, visit.version, fault.detail)
        except Exception as error:  # noqa: BLE001  a handler's own defect: seen on stderr and in the journal, never by silence
            traceback.print_exc(file=sys.stderr)
            visit.faults.append(
                f"defect: {type(error).__name__} {_rules(error) if isinstance(error, LgspError) else error}"
            )
            self._sim.defects.append(f"{visit.backend.system} {visit.operation.name}: {visit.faults[-1]}")
            return _plain(500, "simulator defect")
        return answer

    def ask(self, backend: SimBackend, operation: str, data: Data, consumer: str, headers: Mapping[str, str]) -> Ask:
        """Everything that a handler may know."""
        sim = self._sim
        return Ask(
            world=sim.world,
            system=backend.system,
            backend=backend.name,
            operation=operation,
            data=data,
            now=sim.runtime.clock.now().astimezone(HANOI),
            state=sim.state_of(backend.system),
            consumer=consumer,
            headers=headers,
            values=backend.values,
            secrets=backend.secrets,
            services=Desk(sim, backend.name, consumer),
        )

    def run_later(self, job: Job) -> None:
        """A function of the system's module whose time has come."""
        system = self._sim.systems.get(job.system)
        function: Handler | None = getattr(system.module, job.name, None) if system else None
        if system is None or function is None:
            return
        try:
            function(self.ask(system.backends[job.backend], job.name, job.data, job.consumer, {}))
        except Exception as error:  # noqa: BLE001  one function's defect must not end the work of all
            traceback.print_exc(file=sys.stderr)
            self._sim.defects.append(f"{job.system} {job.name}: {type(error).__name__} {error}")

    def _unreadable(self, visit: Visit, wrong: LgspError) -> HttpResponse:
        """A message that breaks the ministry's contract."""
        if visit.soap:
            return soap.plain_fault("Client", _rules(wrong), visit.version)
        return _plain(wrong.status, _rules(wrong))


class Desk:
    """What the engine does for one handler's call."""

    def __init__(self, simulator: Simulator, backend: str, consumer: str) -> None:
        self._sim, self._backend, self._consumer = simulator, backend, consumer

    def effect(self, system: str, key: str) -> None:
        self._sim.journal.effect(system, key)

    def later(self, system: str, seconds: float, function: str, data: Data) -> None:
        due = self._sim.runtime.clock.now().timestamp() + seconds / self._sim.time_factor
        self._sim.work.put(Job(due, "function", system, self._backend, function, data, self._consumer))

    def call_province(self, system: str, operation: str, data: Data) -> None:
        backend = self._sim.systems[system].inbound[operation][0].name
        self._sim.work.put(
            Job(self._sim.runtime.clock.now().timestamp(), "call", system, backend, operation, data, self._consumer)
        )

    def keep(self, value: str | Blob) -> str:
        return self._sim.keeping.keep(value)

    def kept(self, reference: str) -> str | Blob:
        return self._sim.keeping.kept(reference)

    def new_id(self) -> str:
        return self._sim.runtime.ids.new()


def _rules(error: LgspError) -> str:
    return "; ".join(f"{each.path or '/'} {each.rule}" for each in error.errors) or error.title.vi


def _plain(status: int, message: str) -> HttpResponse:
    return HttpResponse(
        status,
        {"content-type": "application/json; charset=utf-8"},
        json.dumps({"message": message}, ensure_ascii=False).encode(),
    )


def _properties(operation: Operation) -> Mapping[str, Any]:
    found = operation.input.json_schema().get("properties", {})
    return found if isinstance(found, dict) else {}


def _without_session(body: bytes) -> bytes:
    try:
        sent = json.loads(body)
    except ValueError:
        return body
    if not isinstance(sent, dict):
        return body
    sent.pop("session", None)
    return json.dumps(sent, ensure_ascii=False).encode()


def _blobs(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_blobs(each) for each in value.values())
    if isinstance(value, list):
        return any(_blobs(each) for each in value)
    return isinstance(value, Blob)
