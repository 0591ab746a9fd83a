"""Hostile HTTP: requests that two servers could read differently, and answers that no ministry should give."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

MIB = 1 << 20
_BIG = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of a request as they go out. `refused`: it must not be answered as if it were one good request."""

    name: str
    data: bytes
    refused: bool = True


def requests(path: str, key: str) -> list[Raw]:
    """Framing oddities on a path that exists, with a credential that is good."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n".encode()
    chunked = b"Transfer-Encoding: chunked\r\n"
    smuggled = f"GET /admin HTTP/1.1\r\nX-API-Key: {key}\r\nHost: x\r\n\r\n".encode()
    made = {
        "te-and-cl": head + chunked + b"Content-Length: 4\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled,
        "cl-and-te": head + b"Content-Length: 6\r\n" + chunked + b"\r\n0\r\n\r\nG" + smuggled,
        "cl-twice": head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        "cl-list": head + b"Content-Length: 2, 2\r\n\r\n{}",
        "cl-plus": head + b"Content-Length: +2\r\n\r\n{}",
        "cl-minus": head + b"Content-Length: -1\r\n\r\n{}",
        "cl-hex": head + b"Content-Length: 0x2\r\n\r\n{}",
        "cl-blank": head + b"Content-Length: \r\n\r\n{}",
        "cl-digits": head + "Content-Length: ２\r\n\r\n{}".encode(),
        "cl-huge": head + b"Content-Length: 99999999999999999999999999\r\n\r\n{}",
        "cl-underscore": head + b"Content-Length: 1_0\r\n\r\n{}",
        "te-identity": head + b"Transfer-Encoding: identity\r\n\r\n{}",
        "te-list": head + b"Transfer-Encoding: identity, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-twice": head + chunked + chunked + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-gzip": head + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-space": head + b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-tab": head + b"Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-x": head + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-1.0": head.replace(b"HTTP/1.1", b"HTTP/1.0") + chunked + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        "te-quoted": head + b'Transfer-Encoding: "chunked"\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
        "fold": head + b"X-A: b\r\n c: d\r\nContent-Length: 2\r\n\r\n{}",
        "fold-te": head + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n{}",
        "lf-only": head.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
        "cr-only": head.replace(b"\r\n", b"\r") + b"Content-Length: 2\r\r{}",
        "nul-in-header": head + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        "nul-in-name": head + b"X\0A: b\r\nContent-Length: 2\r\n\r\n{}",
        "name-empty": head + b": b\r\nContent-Length: 2\r\n\r\n{}",
        "name-space": head + b"X A: b\r\nContent-Length: 2\r\n\r\n{}",
        "no-colon": head + b"nothing\r\nContent-Length: 2\r\n\r\n{}",
        "chunk-hex": head + chunked + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
        "chunk-minus": head + chunked + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
        "chunk-0x": head + chunked + b"\r\n0x2\r\n{}\r\n0\r\n\r\n",
        "chunk-plus": head + chunked + b"\r\n+2\r\n{}\r\n0\r\n\r\n",
        "chunk-huge": head + chunked + b"\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "chunk-lf": head + chunked + b"\r\n2\n{}\n0\n\n",
        "chunk-extension-lf": head + chunked + b"\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
        "chunk-no-end": head + chunked + b"\r\n2\r\n{}xx\r\n0\r\n\r\n",
        "line-long": b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "header-long": head + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
        "headers-many": head + b"".join(b"X-%d: 1\r\n" % n for n in range(5000)) + b"\r\n",
        "method-odd": b"G{}T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "method-long": b"A" * 50_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
        "version-2": head.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n",
        "version-9": head.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
        "version-none": b"GET /livez\r\n\r\n",
        "h2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        "random": bytes(range(256)) * 8,
        "target-bytes": b"GET /\xff\xfe\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "target-space": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    good = {
        "connect": b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "expect": head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        "expect-odd": head + b"Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
        "upgrade": head + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
        "upgrade-h2c": head
        + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 2\r\n\r\n{}",
        "host-odd": head.replace(b"Host: x", b"Host: a/b@c:d?e#f") + b"Content-Length: 2\r\n\r\n{}",
        "host-twice": head + b"Host: y\r\nContent-Length: 2\r\n\r\n{}",
        "host-none": head.replace(b"Host: x\r\n", b"") + b"Content-Length: 2\r\n\r\n{}",
        "absolute": b"GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "trace": b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
        "dots": b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        "dots-encoded": b"GET /assets/%2e%2e%2f%2e%2e%2fapp.py HTTP/1.1\r\nHost: x\r\n\r\n",
        "percent": b"GET /%zz%%%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        "slashes": b"GET " + b"/" * 4000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "pipeline": b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 500,
        "encoding-gzip": head + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        # a server ignores an extension that it does not know (RFC 9112, 7.1.1); what counts is that nothing is kept of it
        "chunk-extension-long": head + chunked + b"\r\n2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
        "trailers": head + chunked + b"\r\n2\r\n{}\r\n0\r\nX-API-Key: other\r\nContent-Length: 9\r\n\r\n",
        "chunks-small": head + chunked + b"\r\n" + b"1\r\n \r\n" * 50_000 + b"2\r\n{}\r\n0\r\n\r\n",
    }
    return [Raw(name, data) for name, data in made.items()] + [
        Raw(name, data, refused=False) for name, data in good.items()
    ]


# -- answers -------------------------------------------------------------------------------------------------------------

Pieces = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hostile backend writes, in pieces; an iterator that never ends holds the connection until the other side goes."""

    name: str
    pieces: Pieces
    slow: bool = False
    """Never ends by itself: it costs its caller the whole deadline."""


def answers(kind: str) -> list[Answer]:
    """HTTP that lies, for a backend whose bodies are of that media type."""
    ok = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n".encode()
    chunked = ok + b"transfer-encoding: chunked\r\n\r\n"
    bomb = gzip.compress(_BIG * 2048, 9)
    whole = {
        "nothing": b"", "garbage": bytes(range(256)) * 20, "no-http": b"hello\r\n\r\n", "half-line": b"HTTP/1.1 2",
        "status-odd": b"HTTP/1.1 999 X\r\n\r\n", "status-word": b"HTTP/1.1 OK\r\n\r\n", "status-huge": b"HTTP/1.1 20000000000 X\r\n\r\n",
        "status-101": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nzzz", "status-100s": b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
        "status-204-body": b"HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\nhello", "status-304": b"HTTP/1.1 304 No\r\n\r\n", "reason-long": b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
        "redirect": b"HTTP/1.1 307 R\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "auth": b"HTTP/1.1 401 U\r\nwww-authenticate: Negotiate\r\ncontent-length: 0\r\n\r\n",
        "cl-short": ok + b"content-length: 1\r\n\r\n{}{}{}", "cl-long": ok + b"content-length: 1000\r\n\r\n{}", "cl-minus": ok + b"content-length: -5\r\n\r\n{}",
        "cl-huge": ok + b"content-length: 9999999999999999999999\r\n\r\n{}", "cl-word": ok + b"content-length: many\r\n\r\n{}", "cl-twice": ok + b"content-length: 2\r\ncontent-length: 9\r\n\r\n{}",
        "cl-and-te": chunked[:-2] + b"content-length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "te-odd": ok + b"transfer-encoding: xx\r\n\r\n{}", "te-gzip": ok + b"transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "chunk-hex": chunked + b"zz\r\n{}\r\n", "chunk-huge": chunked + b"ffffffffffffffff\r\n{}", "chunk-cut": chunked + b"5\r\n{}", "chunk-extension": chunked + b"2;" + b"a" * 200_000 + b"\r\n{}\r\n0\r\n\r\n",
        "chunk-end-missing": chunked + b"2\r\n{}\r\n", "trailers": chunked + b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
        "header-long": ok + b"x: " + b"a" * 200_000 + b"\r\n\r\n", "headers-many": ok + b"".join(b"x-%d: 1\r\n" % n for n in range(20_000)) + b"\r\n",
        "header-nul": ok + b"x: a\0b\r\ncontent-length: 2\r\n\r\n{}", "header-fold": ok + b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}", "header-bytes": ok + b"x: \xff\xfe\r\ncontent-length: 2\r\n\r\n{}",
        "type-none": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "type-odd": b'HTTP/1.1 200 OK\r\ncontent-type: ;;="\r\ncontent-length: 2\r\n\r\n{}',
        "type-charset": f"HTTP/1.1 200 OK\r\ncontent-type: {kind}; charset=utf-7\r\ncontent-length: 2\r\n\r\n{{}}".encode(),
        "gzip-bomb": ok + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb) + bomb,
        "deflate-bomb": ok + b"content-encoding: deflate\r\nconnection: close\r\n\r\n" + zlib.compress(_BIG * 1024, 9),
        "gzip-nested": ok + b"content-encoding: gzip, gzip\r\nconnection: close\r\n\r\n" + gzip.compress(bomb), "gzip-not": ok + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        "coding-odd": ok + b"content-encoding: br\r\ncontent-length: 2\r\n\r\n{}", "two-answers": (ok + b"content-length: 2\r\n\r\n{}") * 2,
        "big-announced": ok + b"content-length: 80000000\r\n\r\n" + _BIG, "retry-after-huge": b"HTTP/1.1 503 S\r\nretry-after: " + b"9" * 4000 + b"\r\ncontent-length: 0\r\n\r\n",
        "retry-after-odd": b"HTTP/1.1 429 S\r\nretry-after: Inf\r\ncontent-length: 0\r\n\r\n", "retry-after-minus": b"HTTP/1.1 503 S\r\nretry-after: -1e308\r\ncontent-length: 0\r\n\r\n",
        "cookie-flood": ok + b"set-cookie: a=b\r\n" * 100 + b"content-length: 2\r\n\r\n{}", "html-500": b"HTTP/1.1 500 E\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
        "problem-500": b'HTTP/1.1 500 E\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"fault":[1]}', "fault-odd": b'HTTP/1.1 400 E\r\ncontent-type: application/json\r\ncontent-length: 33\r\n\r\n{"fault":{"code":{},"message":1}}',
    }  # fmt: skip

    def once(data: bytes) -> Pieces:
        async def pieces() -> AsyncIterator[bytes]:
            yield data

        return pieces

    def for_ever(first: bytes, again: bytes) -> Pieces:
        async def pieces() -> AsyncIterator[bytes]:
            yield first
            while True:
                yield again

        return pieces

    endless = {
        "endless-body": (ok + b"connection: close\r\n\r\n", _BIG), "endless-chunks": (chunked, b"10000\r\n" + _BIG + b"\r\n"), "endless-small-chunks": (chunked, b"1\r\nx\r\n" * 500),
        "endless-headers": (ok, b"x: y\r\n" * 100), "endless-header": (ok + b"x: ", _BIG), "endless-100s": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), "endless-extension": (chunked + b"2;", _BIG),
        "endless-blank": (chunked, b"1\r\n \r\n" * 500), "endless-status": (b"HTTP/1.1 200 ", _BIG), "endless-trailers": (chunked + b"2\r\n{}\r\n0\r\n", b"x: y\r\n" * 100),
        "endless-gzip": (ok + b"content-encoding: gzip\r\nconnection: close\r\n\r\n" + bomb[:50], bomb[50:60_000]),
    }  # fmt: skip
    return [
        *(Answer(name, once(data)) for name, data in whole.items()),
        *(Answer(name, for_ever(*both), slow=True) for name, both in endless.items()),
    ]


def slow_starts(kind: str) -> dict[str, bytes]:
    """Answers that come a byte a second, or stop: what stands here is sent at once, the rest drips."""
    ok = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n".encode()
    return {
        "silence": b"", "drip-status": b"HTTP", "drip-headers": ok, "drip-body": ok + b"content-length: 500\r\n\r\n{",
        "drip-chunks": ok + b"transfer-encoding: chunked\r\n\r\n", "drip-to-close": ok + b"connection: close\r\n\r\n[",
    }  # fmt: skip
