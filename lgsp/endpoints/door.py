"""The outer door: framing, the number of requests under way, who may use which route, and errors that never became exchanges.

Whatever is refused here is refused in the format of the path: problem+json, a SOAP Fault below `/soap`, a WSO2 fault below
`/native`; never a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.typedefs import Middleware

from lgsp.adapters import soap_fault
from lgsp.endpoints import edge, wso2
from lgsp.endpoints.house import Answer, House, Route
from lgsp.endpoints.reads import CONSUMER
from lgsp.endpoints.rest import problem_response
from lgsp.endpoints.short import WAYS, Ways
from lgsp.endpoints.table import ANSWERS, continues, resources
from lgsp.endpoints.whole import SERVER, Whole, dressed
from lgsp.errors import (
    InvalidMessage,
    LgspError,
    Overloaded,
    TooLarge,
    Unauthenticated,
    UnknownOperation,
    UnsupportedMediaType,
)
from lgsp.events import EdgeRefused
from lgsp.exchange import Exchange
from lgsp.model import Face, FieldError, Text
from lgsp.pipeline.authenticate import by_headers, missing

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(house: House, routes: Iterable[Route]) -> web.Application:
    """The table of routes as an aiohttp application; an address that is not in the table does not exist."""
    built = web.Application(client_max_size=house.settings.limits.body, middlewares=[_middleware(house)])
    table = [(route, _guarded(house, route)) for route in routes]
    built[ANSWERS] = [answer for _, answer in table]
    for resource in resources(tuple((route.method, route.path) for route, _ in table)):
        built.router.register_resource(resource)
    built[WAYS] = Ways(table)
    shell = dressed(tls=house.settings.tls.certificate is not None, demo=house.settings.demo)

    async def dress(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in shell.items():
            response.headers.setdefault(name, value)
        response.headers[hdrs.SERVER] = SERVER

    built.on_response_prepare.append(dress)
    return built


def _guarded(house: House, route: Route) -> Answer:
    """Access "consumer" is checked here, so that no handler can forget it; the other kinds prove themselves inside."""
    if route.access != "consumer":
        return route.answer

    async def answer(request: web.Request) -> web.StreamResponse:
        exchange = edge.new_exchange(house, request, Face.REST)
        try:
            consumer = by_headers(house.policy, exchange)
            if consumer is None:
                raise Unauthenticated(missing())
            request[CONSUMER] = consumer
            response = await route.answer(request)
        except LgspError as error:
            return await _refused(house, request, exchange, error, "read")
        response.headers["X-Correlation-ID"] = exchange.correlation_id
        if consumer.sandbox:
            response.headers["X-LGSP-Environment"] = "sandbox"
        return response

    return answer


def _middleware(house: House) -> Middleware:
    under_way = 0

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal under_way
        if under_way >= house.settings.limits.connections:
            return await _outside(house, request, Overloaded(retry_after=1))
        under_way += 1
        try:
            if not _well_framed(request):
                error = InvalidMessage(errors=(FieldError("", "http: transfer-encoding"),))
                response = await _outside(house, request, error)
                response.force_close()
                return response
            if request.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() != "identity":
                return await _outside(house, request, UnsupportedMediaType(_COMPRESSED))
            if hdrs.EXPECT in request.headers and not continues(request):
                return await _outside(
                    house, request, InvalidMessage(errors=(FieldError("", "header Expect: 100-continue"),))
                )
            response = await handler(request)
            return response if response.__class__ is Whole else await edge.delivered(house, request, response)
        except ConnectionError:  # the caller has gone, or was let go: nobody is there to be told
            raise
        except web.HTTPNotFound:
            return await _outside(house, request, UnknownOperation())
        except web.HTTPMethodNotAllowed as refused:
            response = await _outside(house, request, edge.MethodNotAllowed())
            response.headers[hdrs.ALLOW] = refused.headers.get(hdrs.ALLOW, "")
            return response
        except web.HTTPRequestEntityTooLarge:
            return await _outside(house, request, TooLarge())
        except LgspError as error:
            return await _outside(house, request, error)
        except web.HTTPException:
            return await _outside(house, request, InvalidMessage())
        except Exception as error:  # noqa: BLE001  nothing of it may reach a caller
            return await _outside(house, request, error)
        finally:
            under_way -= 1

    return door


def _well_framed(request: web.Request) -> bool:
    """What two servers in a row could read differently is refused (RULES 23); the parser has refused the plainer cases."""
    if hdrs.TRANSFER_ENCODING not in request.headers:
        return True
    coding = request.headers.getall(hdrs.TRANSFER_ENCODING)
    return request.version >= HttpVersion11 and [each.strip().lower() for each in coding] == ["chunked"]


async def _outside(house: House, request: web.Request, error: Exception) -> web.StreamResponse:
    exchange = edge.new_exchange(house, request, Face.REST)
    found = edge.as_ours(house, exchange, error)
    return await _refused(house, request, exchange, found, request.path.split("/")[1] if "/" in request.path else "")


async def _refused(
    house: House, request: web.Request, exchange: Exchange, error: LgspError, first: str
) -> web.StreamResponse:
    kind = first if first in _KINDS else "other"
    house.events.publish(EdgeRefused(error.code, kind))
    exchange.error = error
    if kind == "soap":
        version = edge.wants_soap(exchange.request.headers)
        reply = soap_fault.encode_fault(error, version, exchange.lang, exchange.correlation_id)
    elif kind == "native":
        reply = wso2.fault(error, exchange.request.headers, exchange.lang)
    else:
        reply = problem_response(error, exchange.lang, exchange.correlation_id)
    return await edge.send(house, request, reply, edge.headers_out(exchange))


_COMPRESSED = Text("Nội dung gửi không được nén", "A body is sent uncompressed: no Content-Encoding")
_KINDS = frozenset({"api", "soap", "native", "inbound", "token", "status", "docs", "read", "assets", "console"})
