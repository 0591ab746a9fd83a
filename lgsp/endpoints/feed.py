"""What `/status/events` tells: a bounded ring of numbered messages that a reader can take up again, and its streams."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from lgsp.events import Event, ExchangeFinished, HealthChanged, StageChanged
from lgsp.runtime import Clock

HEARTBEAT = 10.0
_RING = 1000
_STREAMS = 500


@dataclass(frozen=True, slots=True)
class Message:
    number: int
    name: str
    data: bytes

    def written(self) -> bytes:
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self.number, self.name.encode(), self.data)


@dataclass(slots=True)
class Feed:
    """A subscriber of events. Numbers grow over restarts too: they begin at the clock, so nothing is taken for read."""

    clock: Clock
    streams: int = 0
    closed: bool = False
    changes: int = 0
    """Transitions so far: what was drawn before the last one is old."""
    _ring: deque[Message] = field(default_factory=lambda: deque(maxlen=_RING))
    _number: int = 0
    _calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: Event) -> None:
        match event:
            case ExchangeFinished():
                if event.system is not None:
                    self._calls[event.system, "ok" if event.outcome == "ok" else "error"] += 1
            case HealthChanged():
                cause = event.cause.as_dict() if event.cause else None
                body = {"system": event.system, "was": event.was, "now": event.now, "cause": cause, "at": event.at}
                self.changes += 1
                self._put("health", body)
            case StageChanged():
                body = {"system": event.system, "was": event.was, "now": event.now, "at": event.at}
                self.changes += 1
                self._put("stage", {**body, "decision": event.decision})
            case _:
                pass

    def tell_traffic(self) -> None:
        """One message for the calls since the last one; called every second by a supervised task."""
        if self._calls:
            systems: dict[str, dict[str, int]] = {}
            for (system, outcome), count in self._calls.items():
                systems.setdefault(system, {"ok": 0, "error": 0})[outcome] = count
            self._calls.clear()
            self._put("traffic", {"systems": systems, "at": self.clock.now()})

    async def run(self) -> None:
        while not self.closed:
            await asyncio.sleep(1)
            self.tell_traffic()

    def close(self) -> None:
        """Every stream ends, so that the process can."""
        self.closed = True
        self._news.set()

    def since(self, number: int | None) -> Iterator[Message]:
        """What came after a number; nothing of the past for a reader who names none."""
        return (message for message in tuple(self._ring) if number is not None and message.number > number)

    def held(self) -> dict[str, tuple[int, int]]:
        """What is kept and who listens, with the bounds, for metrics."""
        return {"feed": (len(self._ring), _RING), "streams": (self.streams, _STREAMS)}

    @property
    def last(self) -> int:
        return self._number

    def _put(self, name: str, body: dict[str, Any]) -> None:
        self._number = max(self._number + 1, int(self.clock.now().timestamp() * 1000))
        self._ring.append(Message(self._number, name, msgspec.json.encode(body)))
        self._news.set()
        self._news = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events until the reader goes or the bus stops. A slow reader misses what the ring has dropped."""
        if self.streams >= _STREAMS:
            return web.Response(status=503, headers={"Retry-After": "30"})
        asked = request.headers.get("last-event-id", "")
        place = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else self.last
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        self.streams += 1
        try:
            await response.write(b"retry: 2000\n\n")
            while not self.closed:
                news = self._news
                for message in self.since(place):
                    await response.write(message.written())
                    place = message.number
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await news.wait()
                except TimeoutError:
                    await response.write(b": alive\n\n")
        except ConnectionError:
            pass
        finally:
            self.streams -= 1
        return response
