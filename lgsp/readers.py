"""Who asks about how many people: distinct people an hour and consumer, of all processes of the bus together.

What is counted are short pieces of keyed hashes, never a person. A process tells the others what is new to it, so that each
knows the union and a reader who spreads his questions over workers and nodes is seen as one. Memory, and what is told, hold no
more people of a consumer than the limit; which of several processes says it is settled by a lease.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from lgsp.runtime import Clock
from lgsp.store.port import StoreFailed
from lgsp.store.port.together import AGAIN, LONGEST, READERS, Change, Changes, Leases

HOUR = 3600
TOLD_SECONDS = 1.0
_PIECE = 8
"""Bytes of a keyed hash: two of a thousand people share them once in 10^13."""
_CONSUMERS = 10_000
_AT_ONCE = (LONGEST - 300) // 4 * 3 // _PIECE
"""People of one message."""


class Asked(msgspec.Struct, tag="asked"):
    """People that this consumer has asked about in that hour; `said`: the alarm was raised, nothing more need be told."""

    consumer: str
    hour: int
    people: str = ""
    said: bool = False


class Whole(msgspec.Struct, tag="whole"):
    """Somebody may have missed some of it: everybody tells all he knows of this hour."""


@dataclass(slots=True)
class _Hour:
    number: int
    seen: set[bytes] = field(default_factory=set)
    fresh: set[bytes] = field(default_factory=set)
    """Not told yet."""
    over: bool = False
    """The limit is passed; nobody has said so yet."""
    said: bool = False


@dataclass(slots=True)
class Readers:
    """`said` is called once an hour and consumer, by one process of all: with the consumer and how many people it were."""

    clock: Clock
    limit: int
    said: Callable[[str, int], None]
    _changes: Changes | None = None
    _leases: Leases | None = None
    _hours: dict[str, _Hour] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self, changes: Changes, leases: Leases) -> None:
        """There are others: hears them from now on. `run` tells them."""
        self._changes, self._leases = changes, leases
        changes.subscribe(READERS, self._hear)
        changes.subscribe(AGAIN, self._hear_again)

    @property
    def held(self) -> tuple[int, int]:
        """Consumers that are counted, and their bound, for metrics."""
        return len(self._hours), _CONSUMERS

    def note(self, consumer: str, people: Iterable[bytes]) -> None:
        """Called with the keyed hashes of every question about people."""
        hour = self._hour(consumer, self._now())
        if hour.said or hour.over:
            return
        fresh = {each[:_PIECE] for each in people} - hour.seen
        if not fresh:
            return
        hour.seen |= fresh
        if self._changes is not None:
            hour.fresh |= fresh
            self._wake.set()
        self._judge(consumer, hour)

    async def run(self) -> None:
        """The supervised task where there are others."""
        assert self._changes is not None
        await self._publish(Whole())
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.tell()
            await asyncio.sleep(TOLD_SECONDS)

    async def tell(self) -> None:
        """What is new since the last time, in bounded messages; and the alarm, where this process is the one to raise it."""
        for consumer, hour in list(self._hours.items()):
            while hour.fresh:
                part = [hour.fresh.pop() for _ in range(min(_AT_ONCE, len(hour.fresh)))]
                await self._publish(Asked(consumer, hour.number, b64encode(b"".join(part)).decode()))
            if hour.over and not hour.said:
                await self._raise(consumer, hour)

    def _judge(self, consumer: str, hour: _Hour) -> None:
        if len(hour.seen) <= self.limit:
            return
        hour.over = True
        hour.fresh.clear()
        if self._changes is None:
            self._say(consumer, hour)
        else:
            self._wake.set()

    async def _raise(self, consumer: str, hour: _Hour) -> None:
        assert self._leases is not None
        left = HOUR - self.clock.now().timestamp() % HOUR
        try:
            mine = await self._leases.take(f"readers/{consumer}", left)
        except StoreFailed:
            mine = True  # said twice rather than never
        if hour.said:
            return  # heard meanwhile
        if mine:
            self._say(consumer, hour)
            await self._publish(Asked(consumer, hour.number, said=True))
        else:
            self._silent(hour)

    def _say(self, consumer: str, hour: _Hour) -> None:
        count = len(hour.seen)
        self._silent(hour)
        self.said(consumer, count)

    def _silent(self, hour: _Hour) -> None:
        """It was said, here or elsewhere: nothing more is kept of this hour."""
        hour.said = True
        hour.seen.clear()

    # -- hearing ------------------------------------------------------------------------------------------------------

    async def _hear(self, change: Change) -> None:
        try:
            told = _told.decode(change.body)
        except msgspec.DecodeError:
            return  # of a newer version of the bus
        if isinstance(told, Whole):
            self._all_again()
        elif told.hour == self._now():
            hour = self._hour(told.consumer, told.hour)
            if hour.said:
                return
            if told.said:
                hour.said = True
                hour.seen.clear()
                hour.fresh.clear()
            elif not hour.over:
                people = set(_pieces(b64decode(told.people)))
                hour.seen |= people
                hour.fresh -= people  # everybody has just heard of them
                self._judge(told.consumer, hour)

    async def _hear_again(self, change: Change) -> None:
        del change
        self._all_again()
        await self._publish(Whole())

    def _all_again(self) -> None:
        now = self._now()
        for hour in self._hours.values():
            if hour.number == now and not hour.over:
                hour.fresh |= hour.seen
        self._wake.set()

    async def _publish(self, told: Asked | Whole) -> None:
        assert self._changes is not None
        try:
            await self._changes.publish(READERS, msgspec.json.encode(told))
        except StoreFailed:
            return  # the store tells of a gap when it is back, and everything is told again

    def _hour(self, consumer: str, number: int) -> _Hour:
        found = self._hours.get(consumer)
        if found is None or found.number != number:
            if found is None and len(self._hours) >= _CONSUMERS:
                self._hours.clear()
            found = self._hours[consumer] = _Hour(number)
        return found

    def _now(self) -> int:
        """Every process counts the same hours: those of the clock."""
        return int(self.clock.now().timestamp()) // HOUR


def _pieces(raw: bytes) -> Iterator[bytes]:
    return (raw[place : place + _PIECE] for place in range(0, len(raw) - len(raw) % _PIECE, _PIECE))


_told = msgspec.json.Decoder(Asked | Whole)
