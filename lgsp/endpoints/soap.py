"""The SOAP door: `POST /soap/{system}/v{n}`, 1.1 and 1.2 by content type, and the contract's WSDL and XSD for anybody."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from aiohttp import web

from lgsp.adapters import soap, soap_fault
from lgsp.adapters.envelope import version_of
from lgsp.endpoints import edge
from lgsp.endpoints.documents import Documents
from lgsp.endpoints.house import House, Route
from lgsp.endpoints.notices import notices
from lgsp.endpoints.signed import verified
from lgsp.errors import BusFault, LgspError, UnknownOperation
from lgsp.exchange import Exchange
from lgsp.model import Face, HttpResponse
from lgsp.pipeline.authenticate import by_headers, by_username
from lgsp.pipeline.decode import OFFLOAD_FROM, weight_of
from lgsp.pipeline.heavy import bare
from lgsp.registry import Connector
from lgsp.room import tree_of
from lgsp.spool import Drawer

_STRANGER_LIMIT = 1 << 20
"""Bytes that are read of somebody whose credential stands in the envelope itself."""
_PATH = "/soap/{system}/{version}"


def routes(house: House) -> list[Route]:
    kept = Documents(house)

    call = partial(_call, house)

    async def documents(request: web.Request) -> web.StreamResponse:
        return await _documents(house, kept, request)

    return [Route("POST", _PATH, "exchange", call, short=True), Route("GET", _PATH, "public", documents)]


async def _call(house: House, request: web.Request) -> web.StreamResponse:
    exchange = edge.new_exchange(house, request, Face.SOAP)
    exchange.system, exchange.version = edge.names(request)
    exchange.respond_async = False  # asynchronous acceptance is REST's
    exchange.idempotency_key = None
    drawer = house.spool.drawer()
    try:
        reply = await _answer(house, request, exchange, drawer)
        return await edge.send(house, request, reply, edge.headers_out(exchange))
    finally:
        drawer.close()


async def _answer(house: House, request: web.Request, exchange: Exchange, drawer: Drawer) -> HttpResponse:
    exchange.face_state["drawer"] = drawer
    try:
        await _open(house, request, exchange, drawer)
    except LgspError as error:
        exchange.error = error
        error.system = exchange.system if house.registry.connector(exchange.system or "") else None
        await house.refuse(exchange)
        return _fault(exchange, error)
    try:
        await house.handle(exchange)
        if exchange.reply is None:
            raise BusFault()
    except Exception as error:  # noqa: BLE001  the door is where every error becomes an answer
        return _fault(exchange, edge.as_ours(house, exchange, error))
    return exchange.reply


async def _open(house: House, request: web.Request, exchange: Exchange, drawer: Drawer) -> None:
    """Reads the envelope once: header credential before the body, then operation, message id and UsernameToken from it."""
    version_of(exchange.request.headers)
    connector = _connector(house, exchange)
    exchange.wanted_timeout = edge.timeout_asked(exchange)
    exchange.consumer = by_headers(house.policy, exchange)
    operations = connector.operations.values()
    known = exchange.consumer is not None
    limit = max((each.max_body for each in operations), default=0) if known else _STRANGER_LIMIT
    streamed = known and any(each.streamed for each in operations)
    body = await edge.read_body(house, request, limit, drawer, "xml", streamed=streamed, known=known)
    exchange.request = replace(exchange.request, body=body)
    texts = (body,) if isinstance(body, bytes) else (piece for piece in body if isinstance(piece, bytes))
    drawer.share.plant(sum(map(tree_of, texts)))

    def work() -> soap.Opened:
        return soap.open_request(connector.public, exchange.request)

    small = isinstance(body, bytes) and len(body) <= OFFLOAD_FROM

    async def done() -> soap.Opened:
        if small:
            return work()
        async with house.spool.memory.turn(len(body)):
            return await house.runtime.offload(lambda: bare(work))

    opened = await done()
    if opened.signed:
        exchange.consumer, message = await verified(house, exchange, body)
        exchange.request = replace(exchange.request, body=message)
        opened = await done()
    exchange.face_state["opened"] = opened
    if not small:  # it has been read: the tree is all that is needed of it
        exchange.face_state["came"] = len(exchange.request.body), weight_of(exchange.request.body)
        exchange.request = replace(exchange.request, body=b"")
    exchange.operation_name = opened.operation.name
    exchange.idempotency_key = opened.message_id
    if exchange.consumer is None and opened.username_token is not None:
        exchange.consumer = by_username(house.policy, opened.username_token, exchange.peer)
        if opened.username_token.digest:
            await house.policy.once_everywhere(opened.username_token.username, opened.username_token.nonce or "")


def _connector(house: House, exchange: Exchange) -> Connector:
    newest = house.registry.connector(exchange.system or "")
    connector = newest.at(exchange.version) if newest is not None else None
    if connector is None:
        raise UnknownOperation()
    return connector


def _fault(exchange: Exchange, error: LgspError) -> HttpResponse:
    version = edge.wants_soap(exchange.request.headers)
    return soap_fault.encode_fault(error, version, exchange.lang, exchange.correlation_id)


async def _documents(house: House, kept: Documents, request: web.Request) -> web.StreamResponse:
    """`?wsdl` and `?xsd=name`, with the address by which the reader came."""
    asked = {name.lower(): value for name, value in request.query.items()}
    exchange = edge.new_exchange(house, request, Face.SOAP)
    exchange.system, exchange.version = request.match_info["system"], request.match_info["version"]
    headers = {"X-Correlation-ID": exchange.correlation_id}
    try:
        connector = _connector(house, exchange)
        headers |= notices(connector, None, Face.SOAP)
        address = edge.address(house, request)
        if "wsdl" in asked:
            document = await kept.wsdl(connector, address, request.path)
        elif "xsd" in asked:
            document = await kept.xsd(connector, asked["xsd"], address, request.path)
        else:
            raise edge.MethodNotAllowed()
    except KeyError:
        return await edge.send(house, request, _fault(exchange, UnknownOperation()), headers)
    except LgspError as error:
        return await edge.send(house, request, _fault(exchange, error), headers)
    reply = HttpResponse(200, {"content-type": "text/xml; charset=utf-8", "vary": "Host"}, document)
    return await edge.send(house, request, reply, headers)
