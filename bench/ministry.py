"""A ministry that costs next to nothing: passes calls on to the simulator, and answers from memory those it was told to learn.

Both contenders call it, so what is measured is the bus, not the simulator. `python -m bench.ministry PORT SIMULATOR`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from dataclasses import dataclass, field
from typing import cast

import aiohttp

from lgsp import runtime

_HOP = {"content-length", "transfer-encoding", "connection", "date", "server", "keep-alive"}
_LARGE = 1 << 20


@dataclass(slots=True)
class Memory:
    """Answers by (method, target), and the last request of each, for the contenders that repeat it."""

    simulator: str
    answers: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: dict[tuple[str, str], tuple[dict[str, str], bytes]] = field(default_factory=dict)
    mark: bytes = b""
    """Set by `GET /_bench/learn/MARK`: what is asked with it is kept, and nobody's probe; `GET /_bench/asked` ends it."""
    people: int = 1
    """Set by `GET /_bench/people/N`: so often every SOAP answer repeats its record."""
    grown: dict[tuple[str, str, int], bytes] = field(default_factory=dict)

    async def first(self, session: aiohttp.ClientSession, method: str, target: str, head: bytes, body: bytes) -> bytes:
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if ": " in line)
        sent = {name: value for name, value in headers.items() if name.lower() not in {*_HOP, "host"}}
        async with session.request(method, self.simulator + target, headers=sent, data=body) as answer:
            raw = await answer.read()
            lines = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {len(raw)}"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in _HOP]
        wire = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw
        if self.mark and self.mark in target.encode() + body and answer.status == 200:
            self.answers[method, target] = wire
            self.asked[method, target] = ({name.lower(): value for name, value in sent.items()}, body)
        return wire

    def seen(self) -> bytes:
        """What was learned, for the rig."""
        self.mark = b""
        rows = [
            {"method": m, "target": t, "headers": headers, "body": base64.b64encode(body).decode()}
            for (m, t), (headers, body) in self.asked.items()
        ]
        return _ok(json.dumps(rows).encode())

    def known(self, method: str, target: str) -> bytes | None:
        wire = self.answers.get((method, target))
        if wire is None or self.people == 1 or _RECORD.search(wire) is None:
            return wire
        key = (method, target, self.people)
        if key not in self.grown:
            self.grown[key] = _repeated(wire, self.people)
        return self.grown[key]

    def learn(self, mark: str) -> bytes:
        self.mark = mark.encode()
        return _ok(b"{}")


_RECORD = re.compile(rb"<((?:\w+:)?CongDan)[ >].*</\1>", re.DOTALL)


def _repeated(wire: bytes, times: int) -> bytes:
    """The same answer with its record so many times, and the length that it has then."""
    head, _, body = wire.partition(b"\r\n\r\n")
    body = _RECORD.sub(lambda record: record[0] * times, body)
    head = re.sub(rb"Content-Length: [0-9]+", b"Content-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


def _ok(raw: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw


class _Door(asyncio.Protocol):
    def __init__(self, memory: Memory, session: aiohttp.ClientSession) -> None:
        self._memory, self._session = memory, session
        self._buffer = bytearray()
        self._passing, self._wire = 0, b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by behaviour only

    def data_received(self, data: bytes) -> None:
        if (
            self._passing
        ):  # the rest of a large body, which is neither kept nor copied: other calls wait for nothing here
            self._passing -= len(data)
            if not self._passing:
                self._transport.write(self._wire)
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end])
        mark = head.lower().find(b"content-length:")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        missing = end + 4 + length - len(self._buffer)
        if missing > _LARGE and (wire := self._memory.known(method, target)):
            self._passing, self._wire = missing, wire
            self._buffer.clear()
            return
        if missing > 0:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        if target == "/_bench/asked":
            self._transport.write(self._memory.seen())
        elif target.startswith("/_bench/learn/"):
            self._transport.write(self._memory.learn(target.rpartition("/")[2]))
        elif target.startswith("/_bench/people/"):
            self._memory.people = int(target.rpartition("/")[2])
            self._transport.write(_ok(b"{}"))
        elif target == "/_bench/nothing":
            self._transport.write(_ok(b"{}"))
        elif wire := self._memory.known(method, target):
            self._transport.write(wire)
        else:
            task = asyncio.create_task(self._forward(method, target, head, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, method: str, target: str, head: bytes, body: bytes) -> None:
        self._transport.write(await self._memory.first(self._session, method, target, head, body))


async def main(port: int, simulator: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        memory = Memory(simulator)
        server = await asyncio.get_running_loop().create_server(lambda: _Door(memory, session), "127.0.0.1", port)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    runtime.run(main(int(sys.argv[1]), sys.argv[2]))
