"""An answer that is whole before its first byte leaves: head and body go out in one piece.

aiohttp's own answer may still change while it is being sent, and asks around for every one (cookies, compression, chunks,
signals). Ours may not: what stands in every head is written once, and the rest is joined to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

SHELL: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of every answer that does not say it itself: whatever it is, no browser may run, frame, guess at or keep it."""
_HSTS = "max-age=31536000"
_DEMONSTRATION = {"X-LGSP-Profile": "demonstration"}
"""Nobody takes it for the bus of a province, whichever page or answer he looks at."""
_WITHOUT_BODY = (204, 304)
SERVER = "lgsp"
"""Of what and which version is nobody's business."""

FRAMED = frozenset({*map(str.lower, SHELL), "server", "date", "content-length", "transfer-encoding", "connection"})
"""Fields (in lower case) that a whole answer has by itself: one that brings its own goes aiohttp's way from the start."""


class Whole(web.StreamResponse):
    """`fields` and `body` as they leave, `shell` the lines that every answer carries. What is unusual (another version of
    HTTP, a status without a body, a field that has to be looked at) goes aiohttp's way."""

    def __init__(self, status: int, fields: Mapping[str, str], body: bytes, shell: bytes) -> None:
        super().__init__(status=status, headers=fields)
        self._whole, self._shell = body, shell

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if self.prepared:
            return await super().prepare(request)
        said = "".join([f"{name}: {value}\r\n" for name, value in self._headers.items()])
        usual = request.version == HttpVersion11 and self._status >= 200 and self._status not in _WITHOUT_BODY
        if not usual or not _plain(said, len(self._headers)):
            await self._slowly(request)
            return None
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        end = "\r\n" if self._keep_alive else "Connection: close\r\n\r\n"
        rest = f"Content-Length: {len(self._whole)}\r\nDate: {rfc822_formatted_time()}\r\n{end}"
        self._eof_sent = True
        line = _line(self._status, self._reason)
        await request.writer.write(b"".join((line, self._shell, (said + rest).encode(), self._carried(request))))
        if request.protocol.writing_paused:
            await request.writer.drain()
        return None

    async def _slowly(self, request: web.BaseRequest) -> None:
        for line in self._shell.decode().splitlines():
            name, _, value = line.partition(": ")
            self._headers.setdefault(name, value)
        self.content_length = len(self._whole)
        await super().prepare(request)
        await self.write_eof(self._carried(request))

    def _carried(self, request: web.BaseRequest) -> bytes:
        """A `HEAD` is told the length and gets no body: what reads the connection next would take it for an answer."""
        return b"" if request.method == "HEAD" else self._whole


@cache
def shell(*, tls: bool, demo: bool = False) -> bytes:
    """The lines that every answer carries."""
    fields = {**dressed(tls=tls, demo=demo), "Server": SERVER}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def dressed(*, tls: bool, demo: bool = False) -> Mapping[str, str]:
    """The same for answers that aiohttp writes, its name put over by ours."""
    return {**SHELL, **({"Strict-Transport-Security": _HSTS} if tls else {}), **(_DEMONSTRATION if demo else {})}


@cache
def _line(status: int, reason: str) -> bytes:
    return f"HTTP/1.1 {status} {reason}\r\n".encode()


def _plain(said: str, lines: int) -> bool:
    """No control character but those that end so many lines."""
    text = said.replace("\r\n", "")
    return len(text) == len(said) - 2 * lines and text.isprintable()
