"""Body to data on the way in, data to body on the way out, by the public contract's codecs and the face's adapter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import msgspec

from lgsp.adapters import rest, soap
from lgsp.errors import BusFault, InvalidMessage, TooLarge
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Face, HttpRequest, HttpResponse, Spooled
from lgsp.pipeline.heavy import bare, turn
from lgsp.registry import Operation
from lgsp.runtime import Runtime
from lgsp.spool import Drawer

T = TypeVar("T")

Read = Callable[[Exchange], Awaitable[bytes | Spooled]]
"""How a face hands over a body that is not read yet: nothing is read of a caller who may not ask."""

OFFLOAD_FROM = 64 * 1024
"""Bytes of small text above which a codec works away from the loop (RULES 11)."""


class Decode:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        if exchange.face is Face.INTERNAL:
            return await handler(exchange)
        operation = exchange.operation
        if operation is None:
            raise BusFault()
        read: Read | None = exchange.face_state.pop("read", None)
        if read is not None:
            came = exchange.request
            exchange.request = HttpRequest(came.method, came.target, came.headers, await read(exchange))
        size, weight = exchange.face_state.pop("came", None) or _measured(exchange.request.body)
        if size > operation.max_body:  # a door that had to read first allowed the largest of many
            raise TooLarge()
        if operation.public.input.cold or operation.public.output.cold:
            await self._runtime.offload(operation.public.input.warm)
            await self._runtime.offload(operation.public.output.warm)
        clock = self._runtime.clock
        began = clock.monotonic()
        if weight <= OFFLOAD_FROM:
            exchange.data = _in(exchange, operation)
        else:
            exchange.data = await self._away(exchange, weight, lambda: _in(exchange, operation))
            _let_go(exchange)
        exchange.timings["codec"] = clock.monotonic() - began
        answer = await handler(exchange)
        began = clock.monotonic()
        if exchange.accepted:
            exchange.reply = HttpResponse(202, {"content-type": rest.JSON}, msgspec.json.encode(answer))
        else:
            theirs = exchange.backend_response
            weight = weight_of(theirs.body) if theirs is not None else 0
            if weight <= OFFLOAD_FROM:
                exchange.reply = _out(exchange, operation, answer)
            else:
                exchange.reply = await self._away(exchange, weight, lambda: _out(exchange, operation, answer))
        exchange.timings["codec"] += clock.monotonic() - began
        return answer

    async def _away(self, exchange: Exchange, weight: int, work: Callable[[], T]) -> T:
        async with turn(exchange, weight):
            return await self._runtime.offload(lambda: bare(work))


def _in(exchange: Exchange, operation: Operation) -> Data:
    if exchange.face is Face.SOAP:
        opened: soap.Opened = exchange.face_state["opened"]
        exchange.face_state["opened"] = replace(opened, body=None)  # the tree is many times its text, and has been read
        return soap.read_body(opened)
    if exchange.face is Face.NATIVE:
        return _native(exchange)
    return rest.decode_request(operation.public, exchange.request)


def _native(exchange: Exchange) -> Data:
    """The ministry judges its own dialect: what our copy of its contract does not read is passed on all the same."""
    route = exchange.route
    if route is None:
        return {}
    try:
        if route.backend.adapter == "soap":
            return soap.decode_request(route.backend.contract, exchange.request).data
        path = exchange.request.target.partition("?")[0].removeprefix(route.backend.native_path)
        found = rest.match(route.backend.contract, exchange.request.method, path, _small(exchange.request))
        return rest.decode_request(route.operation, exchange.request, found[1] if found else {})
    except InvalidMessage:
        return {}


def _out(exchange: Exchange, operation: Operation, answer: Data) -> HttpResponse:
    if exchange.face is Face.NATIVE:
        came = exchange.backend_response
        if came is None:
            raise BusFault()
        kept = {name: value for name, value in came.headers.items() if name in ("content-type", "content-language")}
        return HttpResponse(came.status, kept, came.body)
    if exchange.face is Face.SOAP:
        opened: soap.Opened = exchange.face_state["opened"]
        return soap.encode_response(operation.public, answer, opened.version)
    return rest.encode_response(operation.public, answer)


def _small(request: HttpRequest) -> bytes:
    return rest.visible(request.body)[0]


def _let_go(exchange: Exchange) -> None:
    """The text of a large message is not kept beside its data; what a native client sent goes on as it came."""
    drawer: Drawer | None = exchange.face_state.get("drawer")
    if drawer is not None:
        drawer.share.drop("tree")
    if exchange.face is not Face.NATIVE:
        exchange.request = replace(exchange.request, body=b"")


def _measured(body: bytes | Spooled) -> tuple[int, int]:
    return len(body), weight_of(body)


def weight_of(body: bytes | Spooled) -> int:
    """Bytes of it that stand in memory."""
    if isinstance(body, bytes):
        return len(body)
    return sum(len(piece) for piece in body if isinstance(piece, bytes))
