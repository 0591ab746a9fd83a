"""Call: one attempt at a ministry. mapping.ask, encode, signed send, decode, mapping.answer: each validated by contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from lgsp.adapters import rest, soap
from lgsp.adapters.envelope import UsernameToken, Version, security_block
from lgsp.adapters.soap_fault import SoapFaultReceived
from lgsp.errors import (
    BadAnswer,
    BusFault,
    ConnectFailed,
    InvalidMessage,
    LgspError,
    Overloaded,
    ProviderFault,
    Unavailable,
)
from lgsp.events import AttemptMade, Events
from lgsp.exchange import Attempt, Exchange
from lgsp.health import HealthBook
from lgsp.health.conformity import deviation_of
from lgsp.mapping import Context
from lgsp.model import Data, Face, FieldError, HttpRequest, HttpResponse, Spooled, Text
from lgsp.pipeline.heavy import bare, turn
from lgsp.pipeline.verdict import http_fault, platform_fault, refusal, soap_fault
from lgsp.registry import XROAD_FORWARD, BackendRoute, Connector, Operation
from lgsp.runtime import HANOI, Runtime
from lgsp.spool import Drawer
from lgsp.transport import MIB, Keep
from lgsp.upstream import CredentialRefused, Upstreams, UpstreamUnavailable

T = TypeVar("T")

AWAY_FROM = 64 * 1024
"""Bytes from which mapping and codec work away from the loop (RULES 11)."""
_NATIVE_HEADERS = ("content-type", "accept", "accept-language", "soapaction")
"""What of a native caller's headers goes on, beside those that the ministry's contract names."""
_KEPT: tuple[str, tuple[str, ...]] = ("", ())
_CALLERS_FAULT = frozenset({400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422})
"""Statuses that blame a message. On the other faces we have written it ourselves, by the ministry's contract."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What mappings may know of the province and its secrets; by system name where it differs."""

    era: str = ""
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """The innermost handler: sees one attempt, knows nothing of retries.

    Raises for the native face as for the others, so that evidence and health say what happened; what that face sends is
    `exchange.backend_response` wherever it stands: the ministry's own bytes, its refusals included.
    """

    upstreams: Upstreams
    health: HealthBook
    runtime: Runtime
    events: Events
    surroundings: Surroundings = field(default_factory=Surroundings)

    async def __call__(self, exchange: Exchange) -> Data:
        connector, operation, route = exchange.connector, exchange.operation, exchange.route
        if connector is None or operation is None or route is None:
            raise BusFault()
        if route.operation.input.cold or route.operation.output.cold:
            await self.runtime.offload(route.operation.input.warm)
            await self.runtime.offload(route.operation.output.warm)
        context, native = self.context(exchange, connector, route), exchange.face is Face.NATIVE
        write = partial(encode, connector, operation, route, exchange.data or {}, context)
        if native:
            write = partial(passed_on, exchange.request, route, context)
        weight = len(exchange.request.body)
        request = self._timed(exchange, write) if weight <= AWAY_FROM else await self._away(exchange, weight, write)
        answer = await self._attempt(exchange, operation, route, request)
        read = partial(understood if native else decode, connector, operation, route, answer, context)
        weight = len(answer.body)
        outcome, reached, broken = "cancelled", True, _KEPT
        try:
            found = self._timed(exchange, read) if weight <= AWAY_FROM else await self._away(exchange, weight, read)
            outcome = "ok"
        except LgspError as error:
            outcome = error.code if isinstance(error, Unavailable | BusFault) else "business"
            reached = not isinstance(error, Unavailable) or error.reached
            broken = deviation_of(error)
            if isinstance(error, CredentialRefused):
                self.health.upstream_failed(route.backend.upstream, operation.system, error)
            else:
                self.health.upstream_answered(route.backend.upstream)
            raise
        except Exception:
            outcome = BusFault.code
            raise
        finally:
            made = exchange.attempts[-1]
            exchange.attempts[-1] = Attempt(made.number, made.started, made.seconds, outcome, reached)
            self._made(exchange, operation, *broken)
        self.health.upstream_answered(route.backend.upstream)
        return found

    async def _attempt(
        self, exchange: Exchange, operation: Operation, route: BackendRoute, request: HttpRequest
    ) -> HttpResponse:
        """One send. Its `Attempt` is noted whatever happens; the outcome of an answer is judged when it has been read."""
        backend, clock, deadline = route.backend, self.runtime.clock, exchange.deadline
        if deadline is None:
            raise BusFault()
        deadline.remaining(clock)
        exchange.backend_response = None
        started, began, outcome, reached = clock.now(), clock.monotonic(), "cancelled", True
        try:
            answer = await self.upstreams.send(
                operation.system, backend.upstream, backend.dstcode, request, deadline,
                keep=keep(exchange, streamed=operation.streamed), limit=max(MIB, operation.max_body),
            )  # fmt: skip
        except UpstreamUnavailable as error:
            outcome = ""  # the ministry was not even asked
            self.health.upstream_failed(backend.upstream, operation.system, error)
            raise
        except LgspError as error:
            outcome = error.code
            reached = not isinstance(error, Unavailable) or error.reached
            if isinstance(error, ConnectFailed) and not error.reached:
                self.health.upstream_failed(backend.upstream, operation.system, error)
            raise
        else:
            outcome = "answered"
            exchange.backend_response = answer
            return answer
        finally:
            seconds = clock.monotonic() - began
            exchange.timings["backend"] = exchange.timings.get("backend", 0.0) + seconds
            if outcome:
                exchange.attempts.append(Attempt(len(exchange.attempts) + 1, started, seconds, outcome, reached))
                if outcome != "answered":
                    self._made(exchange, operation)

    def _made(self, exchange: Exchange, operation: Operation, deviation: str = "", rules: tuple[str, ...] = ()) -> None:
        attempt = exchange.attempts[-1]
        self.events.publish(
            AttemptMade(
                exchange.correlation_id,
                operation.system,
                operation.name,
                attempt.number,
                attempt.outcome,
                attempt.seconds,
                deviation,
                rules,
            )
        )

    def _timed(self, exchange: Exchange, work: Callable[[], T]) -> T:
        began = self.runtime.clock.monotonic()
        try:
            return work()
        finally:
            _spent(exchange, self.runtime.clock.monotonic() - began)

    async def _away(self, exchange: Exchange, weight: int, work: Callable[[], T]) -> T:
        """Away from the loop (RULES 11)."""
        began = self.runtime.clock.monotonic()
        try:
            async with turn(exchange, weight):
                return await self.runtime.offload(lambda: bare(work))
        finally:
            _spent(exchange, self.runtime.clock.monotonic() - began)

    def context(self, exchange: Exchange, connector: Connector, route: BackendRoute) -> Context:
        """What this system's mapping may know of this exchange."""
        around, backend = self.surroundings, route.backend
        secrets = around.secrets.get(connector.name, {})
        return Context(
            now=self.runtime.clock.now().astimezone(HANOI),
            new_id=self.runtime.ids.new,
            backend=backend.name,
            consumer=exchange.consumer.id if exchange.consumer else "",
            officer=exchange.officer,
            purpose=exchange.purpose,
            case=exchange.case,
            secrets={name: secrets[name] for name in backend.secrets if name in secrets},
            values={**backend.values, **around.values.get(connector.name, {})},
            places=connector.places,
            request=exchange.data or {},
            era=around.era,
            version=connector.version,
        )


def _spent(exchange: Exchange, seconds: float) -> None:
    exchange.timings["codec"] = exchange.timings.get("codec", 0.0) + seconds


def encode(
    connector: Connector, operation: Operation, route: BackendRoute, data: Data, context: Context
) -> HttpRequest:
    """The ministry's request. `InvalidMessage` where its contract does not admit what the caller says."""
    mapping, backend = connector.mapping, route.backend
    asked: Data = mapping.ask(operation.name, data, context) if mapping else data
    try:
        if backend.adapter == "soap":
            blocks = security(route, context)
            return soap.encode_request(route.operation, asked, backend.soap_version, blocks, backend.path)
        return rest.encode_request(route.operation, asked, backend.path)
    except InvalidMessage as error:
        raise InvalidMessage(
            Text("Hợp đồng của cơ sở dữ liệu không nhận nội dung này", "The database's contract does not admit this"),
            errors=tuple(FieldError(_path_of(each.path, data), each.rule) for each in error.errors),
        ) from error


def security(route: BackendRoute, context: Context) -> tuple[bytes, ...]:
    """The header block that proves to this ministry who calls, fresh for each attempt; none where it wants none."""
    if route.backend.soap_security is None:
        return ()
    username, password = (context.secrets.get(name, "") for name in ("username", "password"))
    if not username or not password:
        raise ConnectFailed(
            Text("Chưa khai báo tài khoản WS-Security của hệ thống này", "This system's WS-Security account is not set")
        )
    token = UsernameToken.digested(username, password, context.new_id().encode(), context.now)
    return (security_block(token),)


def decode(
    connector: Connector, operation: Operation, route: BackendRoute, answer: HttpResponse, context: Context
) -> Data:
    """The public answer. Raises the platform's or the ministry's fault, or `BadAnswer` where a contract is broken."""
    data = _read(route, answer, route.backend.soap_version)
    mapping = connector.mapping
    try:
        found: Data = mapping.answer(operation.name, data, context) if mapping else data
    except LgspError:
        raise
    except Exception as error:
        raise BadAnswer(Text("Không hiểu được phản hồi", "The answer was not understood")) from error
    try:
        operation.public.output.check(found)
    except InvalidMessage as error:
        said = Text("Phản hồi không đúng hợp đồng công bố", "The answer does not keep the public contract")
        raise BadAnswer(said, errors=error.errors) from error
    return found


def understood(
    connector: Connector, operation: Operation, route: BackendRoute, answer: HttpResponse, context: Context
) -> Data:
    """A native answer is judged, not translated: the mapping may refuse it as business; what it cannot tell is fine."""
    if answer.status in _CALLERS_FAULT and platform_fault(answer) is None:
        raise ProviderFault(provider=(str(answer.status), ""))  # the message was the caller's, not ours: business
    data, mapping = _read(route, answer, None), connector.mapping  # the caller chose the SOAP version
    if mapping is None:
        return data
    try:
        mapping.answer(operation.name, data, context)
    except BadAnswer:
        return data
    except LgspError:
        raise
    except Exception:  # noqa: BLE001  it was written for the public request, which a native caller has not sent
        return data
    return data


def _read(route: BackendRoute, answer: HttpResponse, version: Version | None) -> Data:
    backend = route.backend
    if fault := platform_fault(answer):
        raise fault
    good = 200 <= answer.status < 300
    if backend.adapter == "soap":
        if not good and "xml" not in answer.headers.get("content-type", ""):
            raise http_fault(answer)
        try:
            return soap.decode_response(route.operation, answer, version)
        except SoapFaultReceived as fault_received:
            raise soap_fault(fault_received) from None
    if good:
        return rest.decode_response(route.operation, answer)
    if backend.reads_errors and 400 <= answer.status < 500 and answer.status not in (401, 429) and not _is_page(answer):
        return rest.decode_response(route.operation, replace(answer, status=200))
    raise refusal(answer, route.operation.faults) or http_fault(answer)


def _is_page(answer: HttpResponse) -> bool:
    """A page for people, from whatever stands in front of the ministry: its status says more than it."""
    return "html" in answer.headers.get("content-type", "")


def passed_on(request: HttpRequest, route: BackendRoute, context: Context) -> HttpRequest:
    """A native call with the province's credential in the place of the caller's."""
    request = forwarded(request, route, context)
    blocks = security(route, context)
    return soap.with_security(request, blocks[0]) if blocks else request


def forwarded(request: HttpRequest, route: BackendRoute, context: Context) -> HttpRequest:
    """A native call as it goes on: body and path untouched, the target ours (RULES 21), the caller's credentials gone and
    the province's own in the headers where this ministry wants them."""
    backend = route.backend
    path, _, query = request.target.removeprefix("/native").partition("?")
    if backend.dstcode is not None:
        path = path.removeprefix(XROAD_FORWARD)
        query = "&".join(
            part for part in query.split("&") if not part.startswith(("dstcode=", "providerurl=", "session="))
        )
    named = {each.name.lower() for each in route.operation.http.parameters if each.place == "header"}
    headers = {name: value for name, value in request.headers.items() if name in _NATIVE_HEADERS or name in named}
    own = {
        header: context.secrets.get(name) or context.values.get(name, "")
        for header, name in backend.native_headers.items()
    }
    return HttpRequest(request.method, path + (f"?{query}" if query else ""), headers | own, request.body)


def keep(exchange: Exchange, *, streamed: bool) -> Keep | None:
    """Large answers count in the drawer that the face has opened for this exchange, those of a streamed operation go into
    it; the one of an earlier attempt is gone."""
    drawer: Drawer | None = exchange.face_state.get("drawer")
    if drawer is None:
        return None
    drawer.share.drop("answer")

    async def spooled(chunks: AsyncIterator[bytes], content_type: str, limit: int) -> bytes | Spooled:
        kind = content_type.partition(";")[0].lower()
        syntax: Any = "xml" if kind.endswith("xml") else "raw" if kind.startswith("multipart/") else "json"
        drawer.share.stranger = False
        try:
            if streamed:
                return await drawer.lift(chunks, syntax, limit, "answer")
            return await drawer.gather(chunks, limit, "answer")
        except Overloaded as full:
            full.reached = True  # the ministry has answered, whatever that was
            raise

    return spooled


def _path_of(path: str, data: Data) -> str:
    """A pointer into the ministry's message means the caller's field where both have one of that name."""
    first = path.split("/")[1] if path.startswith("/") else ""
    return path if first in data else ""
