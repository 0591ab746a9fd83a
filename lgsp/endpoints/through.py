"""`/through/{path}`: an existing gateway's callers, passed on to it, or served by the bus for each system that has been switched.

A caller changes its base address once. The target is one registered upstream, the paths are those that an operator has named
(RULES 21); method, query and body go on untouched, redirects are not followed. What the old gateway says is its own: it
checks its own tokens, and nothing of such a call is the bus's evidence. It is counted as observed. A caller that also sends
`X-API-Key` is known to the bus for the systems that are switched; that key is never shown to the old gateway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from lgsp.endpoints import edge, native, wso2
from lgsp.endpoints.house import Route
from lgsp.errors import LgspError, Overloaded, UnknownOperation
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest, HttpResponse
from lgsp.observer.lines import Line

PREFIX = "/through"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SECONDS = 60.0
AT_ONCE = 128
"""Calls of one path that may be under way; more are refused at once (RULES 10)."""
_ODD = re.compile(r"(^|/)\.{1,2}(/|$)|//|\\|%2e|%2f|%5c|%00", re.IGNORECASE)
"""What two servers may read as two paths: refused, whatever was meant."""
_VERSION = re.compile(r"/v?[0-9]{1,3}(?:\.[0-9]{1,4}){0,3}(?=/|$)")
_OURS = ("x-api-key", "cookie", "forwarded", "via")
_OURS_TOO = ("x-lgsp-", "x-forwarded-")
_OF_ONE_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade", "server", "date",
     "proxy-authenticate", "set-cookie"}
)  # fmt: skip


@dataclass(slots=True)
class _Way:
    """One path: its system, and how many calls of it are under way."""

    prefix: str
    system: str
    under_way: int = 0


def routes(house: Any) -> list[Route]:
    """None where nothing is passed on: then the address does not exist."""
    settings = house.settings.passthrough
    if not settings.upstream:
        return []
    ways = [_Way(prefix.rstrip("/"), system) for prefix, system in settings.paths.items()]
    ways.sort(key=lambda each: len(each.prefix), reverse=True)

    async def carry(request: web.Request) -> web.StreamResponse:
        return await _carry(house, request, ways)

    return [Route(method, PREFIX + "/{path:.+}", "exchange", carry) for method in METHODS]


async def _carry(house: Any, request: web.Request, ways: list[_Way]) -> web.StreamResponse:
    target = request.raw_path.removeprefix(PREFIX)
    path = target.partition("?")[0]
    way = (
        None
        if _ODD.search(path)
        else next((w for w in ways if path == w.prefix or path.startswith(w.prefix + "/")), None)
    )
    headers = edge.lower(request)
    if way is None:
        return await _refused(house, request, headers, UnknownOperation())
    if house.switchboard.by_bus(way.system):
        inside = _native(house, request.method, target)
        if inside is not None:
            return await native.call_at(house, request, inside)
    if way.under_way >= AT_ONCE:
        return await _refused(house, request, headers, Overloaded(retry_after=1))
    way.under_way += 1
    try:
        return await _passed_on(house, request, target, headers)
    finally:
        way.under_way -= 1


def _native(house: Any, method: str, target: str) -> str | None:
    """The ministry's own path, with or without the version that the old gateway has put into it. None: the bus has no such
    operation, so the old gateway keeps it."""
    path, mark, query = target.partition("?")
    for each in (path, _VERSION.sub("", path, count=1)):
        if house.registry.native.at(method, each):
            return each + mark + query
    return None


async def _passed_on(house: Any, request: web.Request, target: str, headers: Mapping[str, str]) -> web.StreamResponse:
    clock, settings = house.runtime.clock, house.settings
    upstream = house.current.settings.upstreams.get(settings.passthrough.upstream)
    if upstream is None or not upstream.url:
        return await _refused(house, request, headers, UnknownOperation())
    began, drawer, status = clock.monotonic(), house.spool.drawer(), 502
    try:
        body = await edge.read_body(house, request, settings.limits.body, drawer, "raw")
        sent = {name: value for name, value in headers.items() if name not in _OURS and not name.startswith(_OURS_TOO)}
        answer: HttpResponse = await house.transport.send(
            f"through:{settings.passthrough.upstream}",
            upstream.url,
            HttpRequest(request.method, target, sent, body),
            Deadline(began + SECONDS),
            keep=lambda chunks, _, limit: drawer.lift(chunks, "raw", limit),
            limit=settings.limits.body,
        )
        status = answer.status
        kept = {name: value for name, value in answer.headers.items() if name not in _OF_ONE_HOP}
        reply = HttpResponse(answer.status, kept, answer.body)
        return await edge.send(house, request, reply, {"X-LGSP-Via": "passthrough"})
    except LgspError as error:
        status = error.status
        return await _refused(house, request, headers, error)
    finally:
        drawer.close()
        if house.observed is not None:
            path = target.partition("?")[0]
            house.observed.passed_on(Line(clock.now(), request.method, path, status, clock.monotonic() - began))


async def _refused(
    house: Any, request: web.Request, headers: Mapping[str, str], error: LgspError
) -> web.StreamResponse:
    """In the words that callers of such a gateway know."""
    reply = wso2.fault(error, headers, edge.language(headers))
    return await edge.send(house, request, reply, {"X-LGSP-Fault-Domain": error.fault_domain})
