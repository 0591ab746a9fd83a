"""Before a ministry reads anything: which dialect a call speaks, whether its sign-in holds, what the platform makes of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lgsp.adapters import rest, soap, soap_fault
from lgsp.adapters.envelope import CONTENT_TYPES, VersionMismatch
from lgsp.contract import wsdl
from lgsp.contract.model import Contract, Operation
from lgsp.errors import LgspError, UnknownOperation
from lgsp.model import HttpRequest, HttpResponse
from lgsp_mocks import ngsp, xroad
from lgsp_mocks.catalogue import SimBackend
from lgsp_mocks.expanded import misnamed
from lgsp_mocks.faults import Fault, FaultError
from lgsp_mocks.visit import Refused, Visit, plain, rules
from lgsp_mocks.wsse import Guard

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator


class Reception:
    """Every backend of every system below its mount, and the doors in front of them."""

    def __init__(self, simulator: Simulator) -> None:
        self._sim = simulator
        mounted = [
            (f"{xroad.PREFIX if backend.dstcode else ''}{backend.path}", backend)
            for system in simulator.systems.values()
            for backend in system.backends.values()
        ]
        self._mounted: dict[str, list[SimBackend]] = {}
        for mount, backend in mounted:
            self._mounted.setdefault(mount, []).append(backend)
        self._literal: dict[tuple[str, str, str | None], tuple[SimBackend, Operation | None]] = {}
        """What an address without parameters has led to: the same for everybody, whatever is in the message."""
        self.guards: dict[str, Guard] = {}
        """By system: who asks for a UsernameToken remembers what came."""

    def find(self, request: HttpRequest) -> Visit:
        """The backend and operation that a call means. Raises `Refused`."""
        path = request.target.partition("?")[0]
        destination = xroad.dstcode(request) if path.startswith(xroad.PREFIX) else None
        known = self._literal.get((request.method, path, destination))
        if known is not None:
            backend, operation = known
            return self._open(request, backend) if operation is None else Visit(request, backend, operation)
        near = [
            (backend, path[len(mount) :])
            for mount in _prefixes(path)
            for backend in self._mounted.get(mount, ())
            if not (destination and backend.dstcode and backend.dstcode != destination)
        ]
        for n, (backend, below) in enumerate(near):
            if backend.adapter == "soap":
                if request.method == "POST":
                    if n == 0 and not below:
                        self._literal[request.method, path, destination] = backend, None
                    return self._open(request, backend)
                if "wsdl" in request.target.partition("?")[2].lower():
                    raise Refused(
                        HttpResponse(200, {"content-type": "text/xml; charset=utf-8"}, wsdl(backend.contract, path))
                    )
            body = request.body if isinstance(request.body, bytes) else rest.visible(request.body)[0]
            if found := rest.match(backend.contract, request.method, below or "/", body):
                if n == 0 and _alone(backend.contract, found[0]):
                    self._literal[request.method, path, destination] = backend, found[0]
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
            for mount, backends in self._mounted.items()
            for backend in backends
            for operation in backend.contract.operations.values()
        }
        near = difflib.get_close_matches(f"{method} {path}", sorted(known), n=3, cutoff=0.3)
        return f"{method} {path}" + (f" (nearest: {', '.join(near)})" if near else "")

    def _open(self, request: HttpRequest, backend: SimBackend) -> Visit:
        version = CONTENT_TYPES.get(rest.media_type(request.headers), backend.soap_version)
        try:
            opened = soap.open_request(backend.contract, request)
        except LgspError as error:
            self.unfit(request, backend.contract, error)
            if isinstance(error, VersionMismatch):
                raise Refused(soap_fault.encode_fault(error, version, "vi", "")) from None
            said = "Unknown operation" if isinstance(error, UnknownOperation) else rules(error)
            raise Refused(soap_fault.plain_fault("Client", said, version)) from None
        return Visit(request, backend, opened.operation, version=opened.version, opened=opened)

    def unfit(self, request: HttpRequest, contract: Contract, error: LgspError) -> None:
        """Notes a SOAP message that fits no contract: what is wrong with it, and which elements are in another namespace."""
        said = "no such operation" if isinstance(error, UnknownOperation) else rules(error)
        elsewhere = misnamed(contract, request.body) if isinstance(request.body, bytes) else []
        path = request.target.partition("?")[0]
        self._sim.unmatched.append(f"POST {path}: {'; '.join([said, *elsewhere])}")

    def let_in(self, visit: Visit) -> None:
        """The upstream's manners, and the faults of its platform."""
        sim, request, manner = self._sim, visit.request, visit.backend.manner
        xml = True if sim.xml_faults else None
        client: str | None
        if visit.through:
            client = visit.consumer
        elif manner == "xroad-session":
            client = sim.sessions.user_of(request)
        elif manner in ("oauth2", "password-grant"):
            client = sim.tokens.client_of(request, own=manner == "password-grant")
        elif manner == "basic":
            client = sim.tokens.client_by_basic(request)
            if not client:
                raise Refused(HttpResponse(401, {"www-authenticate": 'Basic realm="ngsp"'}, b""))
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
        if sim.faults.all() or sim.header_faults:
            met = sim.faults.meet(visit.names, visit.call, "platform", but="token-down")
            asked = self.asked_for(visit)
            for fault in (each for each in (met, asked if asked and asked.where == "platform" else None) if each):
                visit.faults.append(fault.kind)
                self._platform(visit, fault, xml=xml)
        if visit.backend.soap_security:
            guard = self.guards.setdefault(visit.backend.system, Guard())
            if no := guard.refusal(visit.token, visit.backend.secrets, sim.runtime.clock.now()):
                raise Refused(soap_fault.plain_fault(*no, visit.version))

    def _platform(self, visit: Visit, met: Fault, *, xml: bool | None) -> None:
        sim, request, manner = self._sim, visit.request, visit.backend.manner
        match met.kind:
            case "session-expired" if manner == "xroad-session":
                sim.sessions.expire(request)
                raise Refused(xroad.expired())
            case "token-expired" if manner in ("oauth2", "password-grant"):
                sim.tokens.revoke(request.headers.get("authorization", ""))
                raise Refused(ngsp.fault(900901, request, xml=xml))
            case "suspend-303001":
                raise Refused(ngsp.fault(303001, request, xml=xml))
            case "xml-fault":
                code, status = int(met.params["code"]), int(met.params["status"])
                raise Refused(ngsp.fault(code, request, xml=True, status=status, message=str(met.params["message"])))
            case _:
                return

    def asked_for(self, visit: Visit) -> Fault | None:
        """`X-Sim-Fault`: a kind, or a fault as JSON; only where the simulator was told to listen to it."""
        said = visit.request.headers.get("x-sim-fault", "")
        if not said or not self._sim.header_faults:
            return None
        try:
            return self._sim.faults.parse(json.loads(said) if said.startswith("{") else {"kind": said.strip()})
        except (FaultError, ValueError) as error:
            raise Refused(plain(400, str(error))) from None


def _alone(contract: Contract, operation: Operation) -> bool:
    """Whether its path is a text without parameters that no other operation has, so that the path alone leads to it."""
    path = operation.http.path
    literal = path.partition("#")[0]
    return "{" not in literal and not any(
        other.http.path.partition("#")[0] == literal and other.http.method.upper() == operation.http.method.upper()
        for other in contract.operations.values()
        if other is not operation
    )


def _prefixes(path: str) -> Iterator[str]:
    """The path and every folder above it, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
