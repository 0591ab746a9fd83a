"""The only outward HTTP of exchanges: one `HttpRequest` goes down, one `HttpResponse` or one error of the tree comes up.

Per system an own session, pool and name cache, so that one slow database never slows the others (RULES 9). Redirects,
cookies and proxies of the environment are off, TLS is verified, every body has a bound (RULES 10, 21, 22).
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from lgsp.deadlines import Net
from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, Timeout, TooLarge, Unavailable
from lgsp.events import BackendMistrusted, Events
from lgsp.lines import AGENT, ALONE_SECONDS, FIELD, HOP_BY_HOP, LINE, Lines, Trust
from lgsp.model import HttpRequest, HttpResponse, Spooled, Text
from lgsp.names import AddressRefused, connector
from lgsp.runtime import Runtime
from lgsp.spool import chunks_of

MIB = 1024 * 1024
SPOOL_FROM = 64 * 1024
CONNECT_SECONDS = 5.0
"""A host that does not even take a connection is not worth the caller's whole deadline."""
_OPENING_SHARE = 0.95
"""Of what is left of the deadline: opening ends before it, so that a deadline that is met always means "sent"."""


class Until(Protocol):
    """One finite moment on the monotonic clock; `lgsp.exchange.Deadline` is one."""

    @property
    def at(self) -> float: ...


Keep = Callable[[AsyncIterator[bytes], str, int], Awaitable[bytes | Spooled]]
"""Keeps a large answer that arrives: chunks, its media type, the limit in bytes. Raises `TooLarge` over the limit, and
`Overloaded` where there is no room."""


class Transport(Protocol):
    """The port. `base` is the upstream's address from the settings, `request.target` path and query below it.

    Raises `ConnectFailed`, `Timeout` or `BadAnswer`; `error.reached` tells whether the backend may have got the request.
    With `keep` an answer above 64 KiB comes up as that makes it; `limit` bounds the answer's bytes either way.
    """

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse: ...


class AiohttpTransport:
    """The real wire."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        cas: Mapping[str, Path] | None = None,
        resolver: AbstractResolver | None = None,
        events: Events | None = None,
    ) -> None:
        """`cas` names, by address of an upstream, the certificates that its TLS must chain to."""
        self._runtime, self._resolver, self._events = runtime, resolver, events
        self._net = Net(runtime.clock)
        self._trust: dict[str, ssl.SSLContext] = {}
        self._files: dict[str, bytes] = {}
        self.trust(cas or {})
        self._lines: dict[str, Lines] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def trust(self, cas: Mapping[str, Path]) -> None:
        """Reads the certificates again; where a file says what it said, connections stay."""
        files = {_origin(base): ca.read_bytes() for base, ca in cas.items()}
        self._trust = {
            origin: self._trust[origin]
            if self._files.get(origin) == text
            else ssl.create_default_context(cadata=text.decode("ascii"))
            for origin, text in files.items()
        }
        self._files = files

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse:
        left = deadline.at - self._runtime.clock.monotonic()
        if left <= 0:
            raise _reached(Timeout(), reached=False)
        opening = _opening(min(CONNECT_SECONDS, left * _OPENING_SHARE))
        try:
            with self._net.until(deadline.at):
                return await self._exchange(system, base, request, opening, keep, limit)
        except aiohttp.ConnectionTimeoutError:
            if left * _OPENING_SHARE < CONNECT_SECONDS:  # the caller had no more time: that says nothing about the host
                raise _reached(Timeout(), reached=False) from None
            raise _at(
                "tcp", Text("Hết thời gian mở kết nối (TCP)", "Opening the connection took too long (TCP)")
            ) from None
        except TimeoutError:
            raise _reached(Timeout(), reached=True) from None
        except HttpProcessingError:
            raise BadAnswer(_no_http()) from None
        except aiohttp.ClientError as error:
            raise _translated(error) from None  # its text may quote address and query (RULES 25)

    async def _exchange(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        opening: aiohttp.ClientTimeout,
        keep: Keep | None,
        limit: int,
    ) -> HttpResponse:
        trust = self._trust.get(_origin(base), True) if self._trust else True
        if isinstance(request.body, Spooled):
            return await self._streamed(system, base, trust, request, request.body, opening, keep, limit)
        reply = await self._lines_of(system).ask(base, trust, request, request.body or b"", opening)
        try:
            body = await _body(reply.content, reply.headers, keep, limit)
            if not reply.whole and request.method != "HEAD":
                raise BadAnswer(_cut())
        except BaseException:
            reply.broken()
            raise
        reply.kept()
        return HttpResponse(reply.status, reply.headers, body)

    async def _streamed(
        self,
        system: str,
        base: str,
        trust: Trust,
        request: HttpRequest,
        body: Spooled,
        opening: aiohttp.ClientTimeout,
        keep: Keep | None,
        limit: int,
    ) -> HttpResponse:
        """A large body is written while the answer may already come: that is what a session of aiohttp is for."""
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        headers |= {"accept-encoding": "identity", "content-length": str(body.size)}
        async with self._session(system).request(
            request.method,
            URL(base.rstrip("/") + request.target, encoded=True),
            data=chunks_of(body, self._runtime),
            headers=headers,
            allow_redirects=False,
            ssl=trust,
            timeout=opening,
        ) as answer:
            found: dict[str, str] = {}
            for name, value in answer.headers.items():
                key = name.lower()
                found[key] = f"{found[key]}, {value}" if key in found else value
            return HttpResponse(answer.status, found, await _body(answer.content, found, keep, limit))

    def _lines_of(self, system: str) -> Lines:
        lines = self._lines.get(system)
        if lines is None:
            lines = self._lines[system] = Lines(connector(self._resolver), lambda: self._mistrusted(system))
        return lines

    def _mistrusted(self, system: str) -> None:
        if self._events is not None:
            self._events.publish(BackendMistrusted(system, ALONE_SECONDS, self._runtime.clock.now()))

    def _session(self, system: str) -> aiohttp.ClientSession:
        """A large message has a connection of its own: its client would take what lies in a kept one for the answer."""
        session = self._sessions.get(system)
        if session is None:
            session = self._sessions[system] = aiohttp.ClientSession(
                connector=connector(self._resolver, once=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": AGENT},
                trust_env=False,
                auto_decompress=False,
                raise_for_status=False,
                max_line_size=LINE,
                max_field_size=FIELD,
            )
            session._retry_connection = False  # noqa: SLF001  there is one retry layer, and it counts (RULES 7)
        return session

    def trust_of(self, base: str) -> ssl.SSLContext | None:
        """What the TLS of this upstream must chain to; None for what the machine trusts."""
        return self._trust.get(_origin(base))

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()
        lines, self._lines = self._lines, {}
        for each in lines.values():
            await each.connector.close()


async def _body(
    content: aiohttp.StreamReader, headers: dict[str, str], keep: Keep | None, limit: int
) -> bytes | Spooled:
    """The answer's bytes, decompressed within the limit. Raises `BadAnswer` over it."""
    announced = headers.get("content-length", "")
    known = int(announced) if announced.isascii() and announced.isdigit() else None
    if known is not None and known > limit:
        raise BadAnswer(_over())
    coding = headers.pop("content-encoding", "identity").strip().lower()
    if known is not None and known <= SPOOL_FROM and coding == "identity" and "transfer-encoding" not in headers:
        if content.is_eof():  # it came with its head
            return content.read_nowait()
        return await content.read()  # the parser holds it to the length that was announced
    chunks = _decoded(content.iter_any(), coding)
    held: list[bytes] = []
    size = 0
    async for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size > limit:
            raise BadAnswer(_over())
        if keep is not None and size > SPOOL_FROM:
            try:
                return await keep(_resumed(held, chunks), headers.get("content-type", ""), limit)
            except TooLarge:
                raise BadAnswer(_over()) from None
            except InvalidMessage as error:
                raise BadAnswer(Text("Phản hồi không đọc được", "The answer cannot be read")) from error
    return b"".join(held)


async def _resumed(held: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"".join(held)
    held.clear()
    async for chunk in rest:
        yield chunk


async def _decoded(chunks: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """Undoes a content coding that was not asked for, in bounded steps: a small answer must not unfold in memory."""
    if coding in ("", "identity"):
        async for chunk in chunks:
            yield chunk
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise BadAnswer(Text("Mã hoá nội dung lạ", "Unknown content coding"))
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for chunk in chunks:
            waiting = chunk
            while waiting:
                yield inflate.decompress(waiting, SPOOL_FROM)
                waiting = inflate.unconsumed_tail
    except zlib.error as error:
        raise BadAnswer(Text("Nội dung nén bị hỏng", "The compressed answer is damaged")) from error
    if not inflate.eof:
        raise BadAnswer(_cut())


@lru_cache(8)
def _opening(seconds: float) -> aiohttp.ClientTimeout:
    """Nearly always the same one."""
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _translated(error: aiohttp.ClientError) -> Unavailable:
    """One place where foreign errors become ours; the most specific class first."""
    match error:
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, AddressRefused):
            said = Text(
                "Tên máy chủ trỏ tới địa chỉ cấm", "The host's name leads to an address that no upstream may have"
            )
            return _at("dns", said)
        case aiohttp.ClientConnectorDNSError():
            return _at("dns", Text("Không phân giải được tên máy chủ (DNS)", "The host's name does not resolve (DNS)"))
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return _at("tls", Text("Chứng thư TLS không được tin cậy", "TLS failed or its certificate is not trusted"))
        case aiohttp.ClientConnectorError() if isinstance(
            error.os_error, ConnectionResetError | ConnectionAbortedError
        ):
            return _at("tls", Text("Bắt tay TLS bị ngắt", "The TLS handshake was broken off"))
        case aiohttp.ClientConnectorError():
            return _at("tcp", Text("Máy chủ từ chối kết nối (TCP)", "The host refused the connection (TCP)"))
        case aiohttp.ClientPayloadError():
            return BadAnswer(_cut())
        case aiohttp.InvalidURL():
            return _at("dns", Text("Tên máy chủ sai dạng", "The host's name is no name"))
        case _ if isinstance(error.__cause__, ssl.SSLError):
            return _reached(_at("tls", Text("TLS hỏng giữa chừng", "TLS broke in the middle")), reached=True)
        case aiohttp.ClientResponseError():
            return BadAnswer(_no_http())
        case _:  # a connection that stood and broke: whatever had left may have been acted on
            return _reached(_at("tcp", Text("Kết nối bị ngắt giữa chừng", "The connection broke")), reached=True)


def _at(layer: str, said: Text) -> ConnectFailed:
    error = ConnectFailed(said)
    error.layer = layer
    return error


def _reached(error: Unavailable, *, reached: bool) -> Unavailable:
    error.reached = reached
    return error


def _origin(base: str) -> str:
    """Scheme, host and port: one host has one certificate, whatever path is asked there."""
    return str(URL(base).origin())


def _no_http() -> Text:
    return Text("Phản hồi không phải HTTP", "The answer is not HTTP")


def _over() -> Text:
    return Text("Phản hồi vượt giới hạn kích thước", "The answer is over the size limit")


def _cut() -> Text:
    return Text("Phản hồi bị cắt cụt", "The answer was cut off")
