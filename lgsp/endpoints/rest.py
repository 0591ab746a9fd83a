"""The REST door: `POST /api/{system}/v{n}/{operation}`, JSON in and out, errors as problem+json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import msgspec
from aiohttp import web

from lgsp.adapters.problem import problem
from lgsp.adapters.rest import JSON, media_type
from lgsp.endpoints import edge
from lgsp.endpoints.house import House, Route
from lgsp.errors import BusFault, LgspError, UnknownOperation, UnsupportedMediaType
from lgsp.exchange import Exchange
from lgsp.model import Face, HttpResponse, Lang, Spooled, Text
from lgsp.spool import Drawer

PROBLEM = "application/problem+json"
_VERSION = re.compile(r"v[1-9][0-9]{0,3}")
_CHARSET = re.compile(r'charset="?(?!utf-?8\b)', re.IGNORECASE)


def routes(house: House) -> list[Route]:
    return [Route("POST", "/api/{system}/{version}/{operation}", "exchange", partial(_call, house), short=True)]


async def _call(house: House, request: web.Request) -> web.StreamResponse:
    exchange = edge.new_exchange(house, request, Face.REST)
    exchange.system, exchange.version, exchange.operation_name = edge.names(request)
    drawer = house.spool.drawer()
    try:
        reply = await _answer(house, request, exchange, drawer)
        return await edge.send(house, request, reply, edge.headers_out(exchange))
    finally:
        drawer.close()


async def _answer(house: House, request: web.Request, exchange: Exchange, drawer: Drawer) -> HttpResponse:
    async def read(asking: Exchange) -> bytes | Spooled:
        """It stands in the exchange, so it names none: a circle would be left to the collector by each refused call."""
        require_json(asking.request.headers)
        operation = asking.operation
        if operation is None:
            raise BusFault()
        return await edge.read_body(house, request, operation.max_body, drawer, streamed=operation.streamed)

    exchange.face_state["read"] = read
    exchange.face_state["drawer"] = drawer
    try:
        if not _VERSION.fullmatch(exchange.version):
            raise UnknownOperation()
        exchange.wanted_timeout = edge.timeout_asked(exchange)
    except LgspError as error:
        exchange.error = error
        await house.refuse(exchange)
        return problem_response(error, exchange.lang, exchange.correlation_id)
    try:
        await house.handle(exchange)
        if exchange.reply is None:
            raise BusFault()
    except Exception as error:  # noqa: BLE001  the door is where every error becomes an answer
        return problem_response(edge.as_ours(house, exchange, error), exchange.lang, exchange.correlation_id)
    return exchange.reply


def require_json(headers: Mapping[str, str]) -> None:
    """Exactly `application/json`, in UTF-8 where a charset is named. Raises `UnsupportedMediaType`."""
    if media_type(headers) != JSON or _CHARSET.search(headers.get("content-type", "")):
        raise UnsupportedMediaType(
            Text("Nội dung phải là application/json (UTF-8)", "The body must be application/json")
        )


def problem_response(error: LgspError, lang: Lang, correlation_id: str) -> HttpResponse:
    """RFC 9457. `instance` names this call, so that a person can quote it."""
    members = problem(error, lang, f"/correlation/{correlation_id}")
    headers = {"content-type": PROBLEM, "content-language": lang}
    return HttpResponse(error.status, headers, msgspec.json.encode(members))
