"""The door for clients written for the published NGSP guides: `/native/{path}` in each ministry's own dialect.

Such a client changes its base URL and nothing else: path, query and body go through untouched, the answer is the ministry's
bytes, and what the bus itself refuses it says in the platform's words. Grants, resilience and evidence are the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

import msgspec
from aiohttp import web

from lgsp.adapters.rest import JSON, media_type, visible
from lgsp.endpoints import edge, token, wso2
from lgsp.endpoints.house import House, Route
from lgsp.errors import BadAnswer, BusFault, LgspError, ProviderFault, Unauthenticated, UnknownOperation
from lgsp.exchange import Exchange
from lgsp.model import Consumer, Face, HttpResponse
from lgsp.pipeline.authenticate import by_headers, missing
from lgsp.registry import XROAD_FORWARD, NativeEntry
from lgsp.spool import Drawer

_STRANGER_LIMIT = 1 << 20
"""Bytes that are read of somebody whose session or token stands in the body itself."""
_LOGIN_LIMIT = 16 * 1024
_IN_BODY = ("session", "accessToken", "access_token")


def routes(house: House) -> list[Route]:
    call = partial(_call, house)

    async def login(request: web.Request) -> web.StreamResponse:
        return await _login(house, request)

    async def issue(request: web.Request) -> web.StreamResponse:
        return await token.issue(house, request)

    return [
        Route("POST", "/native/token", "client", issue),
        Route("POST", f"/native{XROAD_FORWARD}/mapi/login", "client", login),
        Route("POST", "/native/{path:.+}", "exchange", call, short=True),
        Route("GET", "/native/{path:.+}", "exchange", call, short=True),
    ]


class _Login(msgspec.Struct):
    username: str
    password: str


async def _login(house: House, request: web.Request) -> web.StreamResponse:
    """The X-Road adapter's dance (DOMAIN §1.5). The session is the bus's own; its session with the ministry stays inside."""
    headers = edge.lower(request)
    try:
        raw = await edge.read_body(house, request, _LOGIN_LIMIT)
        asked = msgspec.json.decode(raw if isinstance(raw, bytes) else b"", type=_Login)
        found = await house.policy.issue(asked.username, asked.password, "session", edge.peer(house, request))
    except (LgspError, msgspec.DecodeError, RecursionError) as error:
        refused = error if isinstance(error, LgspError) else Unauthenticated(missing())
        reply = wso2.fault(refused, headers, edge.language(headers), session=True)
        return await edge.send(house, request, reply, {"X-LGSP-Fault-Domain": refused.fault_domain})
    body = msgspec.json.encode({"session": found.access_token, "error_code": "0"})
    return web.Response(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})


async def call_at(house: House, request: web.Request, target: str) -> web.StreamResponse:
    """The same for a call that came in at another address. An API key goes before a token: that one is another gateway's."""
    return await _call(house, request, target)


async def _call(house: House, request: web.Request, target: str | None = None) -> web.StreamResponse:
    exchange = edge.new_exchange(house, request, Face.NATIVE)
    exchange.request = replace(exchange.request, target=target or request.raw_path.removeprefix("/native"))
    if target is not None and "x-api-key" in exchange.request.headers:
        headers = {name: value for name, value in exchange.request.headers.items() if name != "authorization"}
        exchange.request = replace(exchange.request, headers=headers)
    exchange.respond_async = False
    exchange.idempotency_key = None  # a replayed answer would not be the ministry's bytes
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
        await house.refuse(exchange)
        return _fault(exchange, error)
    try:
        await house.handle(exchange)
        if exchange.reply is None:
            raise BusFault()
    except Exception as error:  # noqa: BLE001  the door is where every error becomes an answer
        refused = edge.as_ours(house, exchange, error)
        came = exchange.backend_response
        if came is not None and isinstance(refused, ProviderFault | BadAnswer):
            return as_it_came(came)  # what the ministry said is for its client to read, also where we call it an error
        return _fault(exchange, refused)
    return exchange.reply


def as_it_came(came: HttpResponse) -> HttpResponse:
    """Status, media type and bytes untouched; the other headers belong to one hop."""
    kept = {name: value for name, value in came.headers.items() if name in ("content-type", "content-language")}
    return HttpResponse(came.status, kept, came.body)


async def _open(house: House, request: web.Request, exchange: Exchange, drawer: Drawer) -> None:
    """The credential first where a header carries it; then the body, within what the operations of this path allow."""
    exchange.wanted_timeout = edge.timeout_asked(exchange)
    entries = house.registry.native.at(request.method, exchange.request.target.partition("?")[0])
    if not entries:
        raise UnknownOperation()
    exchange.system = entries[0].connector.name
    exchange.consumer = by_headers(house.policy, exchange) or _by_session(house, exchange)
    known = exchange.consumer is not None
    largest = max(each.operation.max_body for each in entries)
    streamed = known and any(each.operation.streamed for each in entries)
    body = await edge.read_body(
        house,
        request,
        largest if known else min(largest, _STRANGER_LIMIT),
        drawer,
        _syntax(exchange, entries),
        streamed=streamed,
        known=known,
    )
    exchange.request = replace(exchange.request, body=body)
    if exchange.consumer is None:
        exchange.consumer = _by_body(house, exchange)


def _by_session(house: House, exchange: Exchange) -> Consumer | None:
    """X-Road document paths carry the session in a header."""
    session = exchange.header("session")
    return None if session is None else house.policy.by_token(session)


def _by_body(house: House, exchange: Exchange) -> Consumer | None:
    """`{session, …}` of X-Road, `{accessToken, …}` of the façades (DOMAIN §1.5, §6.1)."""
    if media_type(exchange.request.headers) != JSON:
        return None
    try:
        found = msgspec.json.decode(visible(exchange.request.body)[0], type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    said = next((found[name] for name in _IN_BODY if isinstance(found.get(name), str) and found[name]), None)
    return None if said is None else house.policy.by_token(said)


def _syntax(exchange: Exchange, entries: tuple[NativeEntry, ...]) -> Literal["json", "xml", "raw"]:
    kind = media_type(exchange.request.headers)
    if kind == JSON:
        return "json"
    return "xml" if kind.endswith("xml") or entries[0].route.backend.adapter == "soap" else "raw"


def _fault(exchange: Exchange, error: LgspError) -> HttpResponse:
    sent = {"authorization", "x-api-key", "lgspaccesstoken", "x-systemid", "session"} & exchange.request.headers.keys()
    missing_all = not sent and exchange.consumer is None
    in_session = exchange.request.target.startswith(XROAD_FORWARD)
    return wso2.fault(error, exchange.request.headers, exchange.lang, missing=missing_all, session=in_session)
