"""Connections of callers: how many one process holds, and who goes where there is one too many; what is no HTTP is refused
in our own words.

aiohttp counts nothing and answers what it cannot parse with a page that quotes it. Both are settled in the two classes that
it lets one hand in.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import msgspec
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from lgsp.adapters.problem import problem
from lgsp.endpoints.rest import PROBLEM
from lgsp.endpoints.short import WAYS
from lgsp.errors import InvalidMessage, LgspError, Overloaded, TooLarge
from lgsp.model import FieldError

UNREAD_SECONDS = 30
"""A caller who takes nothing of his answer for so long is gone: the kernel lets go of his connection."""
_YOUNG_SECONDS = 2.0
"""A connection of that age may still be bringing its first request."""
_HANDSHAKE_SECONDS = 5.0
"""Of TLS: who has not come to an end of it by then talks to nobody."""
_AT_ONCE = 64 * 1024
"""Bytes of one caller that the kernel holds for us before we have looked at any."""


class Runner(web.AppRunner):
    """An application whose connections are counted. `limits.connections` is the bound."""

    __slots__ = ("gate", "handed", "most")

    gate: Gate

    def __init__(self, app: web.Application, most: int, **handed: Any) -> None:
        super().__init__(app, **handed)
        self.most, self.handed = most, handed

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        if (ways := self.app.get(WAYS)) is not None:
            server.request_handler = ways.through(self.app.middlewares, server.request_handler)  # type: ignore[assignment]  # aiohttp names the base of the requests that it makes
        handed = {
            name: value for name, value in self.handed.items() if name not in ("handle_signals", "shutdown_timeout")
        }
        self.gate = Gate(server, self.most, handed)
        return self.gate  # type: ignore[return-value]  # aiohttp asks these members of it only


class Site(web.SockSite):
    """A listener. aiohttp's leaves a handshake a minute, and until it has ended nobody can let go of its socket."""

    __slots__ = ()

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server, tls = self._runner.server, self._ssl_context
        assert server is not None
        patience = _HANDSHAKE_SECONDS if tls is not None else None
        self._server = await asyncio.get_running_loop().create_server(
            server, sock=self._sock, ssl=tls, backlog=self._backlog, ssl_handshake_timeout=patience
        )


class Gate:
    """Makes a protocol for each connection that the kernel hands over."""

    def __init__(self, server: web.Server, most: int, handed: dict[str, Any]) -> None:
        self._server, self._most, self._handed = server, most, handed
        self._loop = asyncio.get_running_loop()
        self._begun: dict[Talk, float] = {}
        """Since when, oldest first."""
        self.refused = 0
        self.pre_shutdown, self.shutdown = server.pre_shutdown, server.shutdown

    def __call__(self) -> asyncio.Protocol:
        if len(self._begun) >= self._most and not self._let_one_go():
            self.refused += 1
            return Refused()
        made = Talk(self._server, loop=self._loop, **self._handed)
        made.gone = self._gone
        self._begun[made] = self._loop.time()
        return made

    @property
    def open(self) -> int:
        """Handshakes that came to nothing are told to nobody: they go here, and where room is made."""
        over = self._loop.time() - _HANDSHAKE_SECONDS - 1
        for each in [each for each, since in self._begun.items() if each.transport is None and since < over]:
            self._gone(each)
        return len(self._begun)

    def _gone(self, which: Talk) -> None:
        self._begun.pop(which, None)

    def _let_one_go(self) -> bool:
        """The oldest connection on which nothing is under way: a caller who keeps one open must be ready to open another."""
        now = self._loop.time()
        if self.open < self._most:
            return True
        for each, since in self._begun.items():
            if each.idle and now - since > _YOUNG_SECONDS:
                each.drop()
                self._gone(each)
                return True
        return False


class Talk(RequestHandler):
    """One connection."""

    __slots__ = ("gone",)

    gone: Callable[[Talk], object]

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.gone(self)

    @property
    def idle(self) -> bool:
        return self._current_request is None

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What could not even be parsed. Its text goes nowhere: not into the answer, not into a log. A head that is none has
        no address either, so the answer is a problem document whatever door was meant."""
        del exc, message
        if request.writer.output_size > 0:
            raise ConnectionError  # an answer has begun: it cannot become another one
        error: LgspError = TooLarge() if status == 413 else InvalidMessage(errors=(FieldError("", "http"),))
        response = web.Response(status=status if 400 <= status < 500 else 400, body=_body(error))
        response.headers.update(_HEADERS)
        response.force_close()
        return response


class Refused(asyncio.Protocol):
    """Says that there is no room, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # a stream's; uvloop's is no subclass
        error = Overloaded(retry_after=1)
        body = _body(error)
        fields = {**_HEADERS, "Retry-After": "1", "Connection": "close", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        transport.write(f"HTTP/1.1 503 Service Unavailable\r\n{head}\r\n".encode() + body)
        transport.close()


def patient(listener: socket.socket) -> None:
    """What every connection of this door inherits: little is taken in unread, and who does not read is let go."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AT_ONCE)
    if (name := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:
        listener.setsockopt(socket.IPPROTO_TCP, name, UNREAD_SECONDS * 1000)


def _body(error: LgspError) -> bytes:
    return msgspec.json.encode(problem(error, "vi", "/"))


_HEADERS = {
    hdrs.CONTENT_TYPE: PROBLEM,
    hdrs.SERVER: "lgsp",
    "X-LGSP-Fault-Domain": "caller",
    "Cache-Control": "no-store",
}
