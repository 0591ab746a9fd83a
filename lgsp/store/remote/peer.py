"""One end of the owner's socket: framed calls in both directions, many under way at once, written together.

A frame is four bytes of length and a msgpack array `[kind, number, name, body]`. Whatever one turn of the loop asks goes
out in one write, so that the other side's group commit takes it in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec

from lgsp.store.port import StoreFailed

CALL, DONE, FAILED, TELL = range(4)
_LONGEST = 64 << 20
_UNDER_WAY = 20_000
_encode = msgspec.msgpack.Encoder().encode

EMPTY = msgspec.Raw(_encode(None))


class Frame(msgspec.Struct, array_like=True):
    kind: int
    number: int
    name: str
    body: msgspec.Raw


class PeerFailure(msgspec.Struct, array_like=True):
    """What the other side raised: the class's name, and its text."""

    kind: str
    text: str


_frame = msgspec.msgpack.Decoder(Frame)
_failure = msgspec.msgpack.Decoder(PeerFailure)

Answer = Callable[["Peer", str, msgspec.Raw], Awaitable[bytes]]
"""Carries out a call: (who asks, name, msgpack body) -> msgpack body. What it raises goes back by its class's name."""
Hear = Callable[["Peer", str, msgspec.Raw], None]
Lost = Callable[["Peer"], None]


class RemoteFailure(Exception):
    """The other side raised something; `kind` is its class's name."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind, self.text = kind, text


class Peer(asyncio.Protocol):
    """`call` waits for the answer, `tell` for nothing. A connection that ends fails every call that waits with `StoreFailed`."""

    def __init__(self, answer: Answer, hear: Hear, lost: Lost) -> None:
        self._answer, self._hear, self._lost = answer, hear, lost
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._out: list[bytes] = []
        self._number = 0
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.name = ""
        """Who this is, once it has said so."""

    # -- asking -------------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> tuple[int, int]:
        """Calls that wait for their answer, and how many may."""
        return len(self._waiting), _UNDER_WAY

    async def call(self, name: str, body: bytes) -> msgspec.Raw:
        """Raises `StoreFailed` where nobody is there, `RemoteFailure` for what the other side raised."""
        if self._transport is None or len(self._waiting) >= _UNDER_WAY:
            raise StoreFailed("closed" if self._transport is None else "too many calls are waiting")
        self._number += 1
        number = self._number
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._send(CALL, number, name, msgspec.Raw(body))
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    def tell(self, name: str, body: bytes) -> None:
        if self._transport is not None:
            self._send(TELL, 0, name, msgspec.Raw(body))

    @property
    def connected(self) -> bool:
        return self._transport is not None

    def close(self) -> None:
        if self._transport is not None:
            self._flush()
            self._transport.close()

    # -- the wire -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream's; uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(StoreFailed("the other side is gone"))
        self._lost(self)

    def data_received(self, data: bytes) -> None:
        self._held += data
        held, at = self._held, 0
        while len(held) - at >= 4:
            size = int.from_bytes(held[at : at + 4], "big")
            if size > _LONGEST:
                self.close()
                return
            if len(held) - at - 4 < size:
                break
            frame = _frame.decode(bytes(held[at + 4 : at + 4 + size]))
            at += 4 + size
            self._take(frame)
        del held[:at]

    def _take(self, frame: Frame) -> None:
        if frame.kind == CALL:
            task = asyncio.get_running_loop().create_task(self._serve(frame), name=f"answer {frame.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif frame.kind == TELL:
            self._hear(self, frame.name, frame.body)
        elif (future := self._waiting.get(frame.number)) is not None and not future.done():
            if frame.kind == DONE:
                future.set_result(frame.body)
            else:
                failed = _failure.decode(frame.body)
                future.set_exception(RemoteFailure(failed.kind, failed.text))

    async def _serve(self, frame: Frame) -> None:
        try:
            answer = await self._answer(self, frame.name, frame.body)
        except Exception as error:  # noqa: BLE001  handed to whoever asked
            failure = _encode(PeerFailure(type(error).__name__, str(error)))
            self._send(FAILED, frame.number, "", msgspec.Raw(failure))
        else:
            self._send(DONE, frame.number, "", msgspec.Raw(answer))

    def _send(self, kind: int, number: int, name: str, body: msgspec.Raw) -> None:
        if self._transport is None:
            return
        payload = _encode(Frame(kind, number, name, body))
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out += (len(payload).to_bytes(4, "big"), payload)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None:
            self._transport.write(b"".join(out))


def packed(value: Any) -> bytes:
    return _encode(value)
