"""One HTTP exchange on a kept connection to a backend: what is written and what is read, in as few steps as it takes.

The connections are aiohttp's: its pool, names, TLS, limits and parser. What its session does around every request (cookies,
redirects, proxies, traces, decompression) is off for a backend anyway, and was two thirds of what a call cost there.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from lgsp.model import HttpRequest

HOP_BY_HOP = frozenset({
    "connection", "content-length", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "expect", "accept-encoding",
})  # fmt: skip
LINE, FIELD = 16 * 1024, 16 * 1024
"""Bytes of the first line of an answer, and of one of its header fields."""
AGENT = "lgsp"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that announce no length where they carry nothing."""
_TARGETS = 64
_EMPTY = (101, 204, 304)
_INTERIM = 16
"""Heads with 1xx before the answer; who sends more means nothing by it."""
ALONE_SECONDS = 600.0
"""After a backend has said something that nobody had asked for, each question to it goes over a connection of its own."""
Trust = ssl.SSLContext | bool
"""What the TLS of a backend must chain to; True for what the machine trusts."""


@dataclass(slots=True)
class Lines:
    """Of one system: its connections, and where they lead to."""

    connector: aiohttp.TCPConnector
    mistrusted: Callable[[], None] = lambda: None
    """Told when it begins that a backend has said more than it was asked."""
    _alone_until: float = 0.0
    _targets: dict[tuple[str, Trust], aiohttp.ClientRequest] = field(default_factory=dict)

    async def ask(
        self, base: str, trust: Trust, request: HttpRequest, body: bytes, opening: aiohttp.ClientTimeout
    ) -> Reply:
        """Its head has come when it returns; the rest is read from `Reply.content`, then `kept`, or at any time `broken`.

        Raises what aiohttp's client raises, `HttpProcessingError` for what is no HTTP, and `ValueError` for a request that
        would be another one on the wire.
        """
        target = self._target(base, trust)
        wire = written(request, body, target.url.raw_path.rstrip("/"), target.headers["Host"])
        connection = await self._connection(target, opening)
        try:
            protocol: Any = connection.protocol
            tls = protocol.transport.get_extra_info("ssl_object")
            protocol.set_response_params(
                skip_payload=request.method == "HEAD", read_until_eof=True, auto_decompress=False, max_line_size=LINE,
                max_field_size=FIELD,
            )  # fmt: skip
            protocol.transport.write(wire)
            for _ in range(_INTERIM):
                message, content = await protocol.read()
                if message.code >= 200 or message.code == 101:
                    break
            else:
                raise HttpProcessingError
        except BaseException:
            connection.close()
            raise
        return Reply(message.code, _joined(message.headers), content, connection, self, tls)

    def _target(self, base: str, trust: Trust) -> aiohttp.ClientRequest:
        """What the pool wants to know of an address, worked out once."""
        target = self._targets.get((base, trust))
        if target is None:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            target = self._targets[base, trust] = aiohttp.ClientRequest("GET", URL(base, encoded=True), ssl=trust)
        return target

    async def _connection(self, target: aiohttp.ClientRequest, opening: aiohttp.ClientTimeout) -> Any:
        while True:
            try:
                connection = await self.connector.connect(target, [], opening)
            except TimeoutError:
                raise aiohttp.ConnectionTimeoutError from None
            protocol = connection.protocol
            if protocol is not None and not protocol.should_close:
                return connection
            alone, more = self._alone, protocol is not None and _said_more(protocol)
            connection.close()  # what came on it would be taken for our answer
            if more:
                self._mistrust()
                if alone:  # this one is new: the backend speaks before it is asked
                    raise HttpProcessingError

    @property
    def _alone(self) -> bool:
        return self._alone_until > 0.0 and asyncio.get_running_loop().time() < self._alone_until

    def _mistrust(self) -> None:
        """Whose answer is whose cannot be known of such a backend: one too many becomes the next caller's, and his the one
        after that. What waits in the pool goes, and nothing is kept for a while."""
        begins = not self._alone
        self._alone_until = asyncio.get_running_loop().time() + ALONE_SECONDS
        if begins:
            self.mistrusted()
        for waiting in self.connector._conns.values():  # noqa: SLF001  the pool has no word for it
            for protocol, _ in waiting:
                protocol.close()

    def _end(self, connection: Any) -> None:
        if connection.protocol is not None and _said_more(connection.protocol):
            self._mistrust()
        if self._alone:
            connection.close()
        else:
            connection.release()


@dataclass(slots=True)
class Reply:
    """Status, headers by lower-case name, and the stream of the body."""

    status: int
    headers: dict[str, str]
    content: aiohttp.StreamReader
    _connection: Any
    _lines: Lines
    _tls: ssl.SSLObject | None

    @property
    def whole(self) -> bool:
        """Whether what ended it was its length or the backend's own good-bye: whoever sits on the way can end a connection, too,
        but not say good-bye in TLS (RFC 9112, section 9.8)."""
        headers = self.headers
        if self._tls is None or "content-length" in headers or "transfer-encoding" in headers or self.status in _EMPTY:
            return True
        return _said_good_bye(self._tls)

    def kept(self) -> None:
        """Everything was read: the connection is for the next one, unless it said that it will close, or more than it was
        asked."""
        self._lines._end(self._connection)  # noqa: SLF001  the two are one

    def broken(self) -> None:
        self._connection.close()


def written(request: HttpRequest, body: bytes, prefix: str, host: str) -> bytes:
    """The request as it goes over the wire. Raises `ValueError` where a part of it would end its line."""
    first, fields = f"{request.method} {prefix}{request.target.partition('#')[0]} HTTP/1.1", request.headers
    lines = [first, f"Host: {host}", *[f"{name}: {fields[name]}" for name in fields if name not in HOP_BY_HOP]]
    if "user-agent" not in fields:
        lines.append(f"user-agent: {AGENT}")
    if "accept" not in fields:
        lines.append("accept: */*")
    lines.append("accept-encoding: identity")
    if body and "content-type" not in fields:
        lines.append("content-type: application/octet-stream")
    if body or request.method not in _BODILESS:
        lines.append(f"content-length: {len(body)}")
    text = "\r\n".join(lines)
    ends = len(lines) - 1
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text or first.count(" ") != 2:
        raise ValueError("a part of the request holds the end of a line, a blank or a zero byte")
    return text.encode() + b"\r\n\r\n" + body


def _said_good_bye(tls: ssl.SSLObject) -> bool:
    try:
        tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        pass
    return False


def _said_more(protocol: Any) -> bool:
    """A whole message stands behind the answer, or before the question."""
    return bool(protocol._buffer or protocol._tail)  # noqa: SLF001  `should_close` does not tell it from a good-bye


def _joined(headers: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
