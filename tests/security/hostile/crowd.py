"""Many callers, and callers who never say the same thing twice: what fills a bus that remembers."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import quote

from tests.security.hostile.messages import FORM, JSON, envelope

PAD = "bia-dat" * 12
"""In whatever a bounded memory may not keep either; names of callers, of which some are remembered, go without."""
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def http(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    fields = {"Host": "x", **headers, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


def strangers(path: str, soap: str, key: str, question: bytes) -> dict[str, Callable[[int], bytes]]:
    """The n-th request of each kind; no two of a kind say the same. `path` and `soap` exist, `question` is good there."""
    known = {"X-API-Key": key, "Content-Type": JSON}

    def packed(number: int) -> str:
        fields = {"AccessKey": f"a{number}", "SecretKey": "x", "AppName": f"n{number}"}
        return base64.b64encode(json.dumps(fields).encode()).decode()

    def username(number: int) -> bytes:
        token = f"<w:Username>u{number}</w:Username><w:Password>x</w:Password><w:Nonce>{number}</w:Nonce>"
        head = f'<w:Security xmlns:w="{_WSSE}"><w:UsernameToken xmlns:u="{_WSU}">{token}</w:UsernameToken></w:Security>'
        return envelope(b"<x/>", header=head.encode())

    return {
        "systems": lambda n: http("POST", f"/api/sys{n}{PAD}/v1/op", {}, b"{}"),
        "systems with a key": lambda n: http("POST", f"/api/sys{n}{PAD}/v1/op", known, b"{}"),
        "operations": lambda n: http("POST", f"/api/civil-status/v1/op{n}{PAD}", known, b"{}"),
        "versions": lambda n: http("POST", f"/api/sys{n}/v{n}x/op", known, b"{}"),
        "inbound": lambda n: http("POST", f"/inbound/sys{n}{PAD}/op{n}", {"X-API-Key": f"k{n}"}, b"{}"),
        "native": lambda n: http("POST", f"/native/api{n}{PAD}/x{n}?service=s{n}&a{n}=1", known, b"{}"),
        "services": lambda n: http(
            "POST", f"/native/XrdAdapter/RestService/forward/mapi/g?dstcode=d{n}", known, b'{"service":"s%d"}' % n
        ),
        "actions": lambda n: http(
            "POST", soap, {"X-API-Key": key, "Content-Type": "text/xml", "SOAPAction": f'"urn:{n}{PAD}"'}, envelope(b"<x/>")
        ),
        "user names": lambda n: http("POST", soap, {"Content-Type": "text/xml"}, username(n)),
        "keys": lambda n: http("POST", path, {"X-API-Key": f"k{n}{PAD}", "Content-Type": JSON}, question),
        "tokens": lambda n: http("POST", path, {"Authorization": f"Bearer t{n}{PAD}", "Content-Type": JSON}, question),
        "packed": lambda n: http("POST", "/native/token", {"lgspaccesstoken": packed(n), "Content-Type": FORM}, b"a=b"),
        "clients": lambda n: http("POST", "/token", {"Content-Type": FORM}, b"client_id=c%d&client_secret=x" % n),
        "scopes": lambda n: http("POST", "/token", {"Content-Type": FORM}, b"client_id=khong-co&scope=s%d" % n),
        "headers": lambda n: http(
            "POST", path,
            {**known, "X-LGSP-Case": f"{n}{PAD}", "X-LGSP-Officer": f"o{n}", "X-Correlation-ID": f"c{n}", "Cookie": f"c{n}=1",
             "Idempotency-Key": f"k{n}", "Accept": f"a/{n}", "Accept-Language": f"l{n}", f"X-{n}": PAD, "Host": f"h{n}"},
            b'{"k%d":%d}' % (n, n),
        ),
        "submissions": lambda n: http("GET", f"/submissions/{n:026d}", known),
        "cursors": lambda n: http("GET", f"/inbox?cursor={n}&k{n}=1", known),
        "sessions": lambda n: http("GET", f"/console/?{n}", {"Cookie": f"lgsp-session=s{n}{PAD}", "Accept": "text/html"}),
        "pages": lambda n: http("GET", f"/p{n}/{PAD}?k{n}={quote('ệ')}{n}", {"Host": f"h{n}"}),
        "languages": lambda n: http("GET", f"/status?lang=l{n}", {"Accept-Language": f"l{n}", "Host": f"h{n}"}),
        "hosts": lambda n: http("GET", f"{soap}?xsd=x{n}", {"Host": f"h{n}"}),
    }  # fmt: skip


async def pour(port: int, make: Callable[[int], bytes], numbers: range, at_once: int = 16) -> Counter[int]:
    """All of them on a few connections that are kept; how often each status came. 0: none."""
    seen: Counter[int] = Counter()
    waiting = iter(numbers)

    async def caller() -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        for number in waiting:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            status, stays = 0, False
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                writer.write(make(number))
                head = await reader.readuntil(b"\r\n\r\n")
                status, stays = int(head[9:12]), b"\r\nconnection: close\r\n" not in head.lower()
                length = re.search(rb"(?i)\r\ncontent-length: ([0-9]+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
            seen[status] += 1
            if not stays:
                writer.close()
                reader = writer = None
        if writer is not None:
            writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(caller())
    return seen
