"""Bulk reading is seen as one, however a reader spreads his questions over processes; in bounded memory, and said once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lgsp.readers import HOUR, Readers
from lgsp.store.hub import Hub
from lgsp.store.port import StoreFailed
from lgsp.store.port.together import AGAIN, LONGEST, READERS, Change
from tests.store.postgres.nodes import Nodes
from tests.workers.members import Member

NOW = datetime(2022, 12, 6, 1, 30, tzinfo=UTC)


@dataclass
class Clock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()


@dataclass
class House:
    clock: Clock = field(default_factory=Clock)
    said: list[tuple[str, str, int]] = field(default_factory=list)
    """Who said it, of whom, how many."""

    def readers(self, name: str = "w0", limit: int = 5) -> Readers:
        return Readers(self.clock, limit, lambda consumer, count: self.said.append((name, consumer, count)))

    async def process(self, hub: Hub, name: str, limit: int = 5) -> tuple[Readers, Member]:
        member, made = await Member(hub, name).join(), self.readers(name, limit)
        made.join(member, member)
        return made, member


def people(numbers: Sequence[int]) -> list[bytes]:
    return [number.to_bytes(8, "little") + bytes(24) for number in numbers]


def test_distinct_people_once_an_hour() -> None:
    house = House()
    readers = house.readers()
    for _ in range(50):
        readers.note("x", people([1, 2, 3]))
    readers.note("y", people([4, 5, 6]))
    assert house.said == []
    readers.note("x", people([4, 5, 6]))
    readers.note("x", people(range(100)))
    assert house.said == [("w0", "x", 6)]
    house.clock.at += timedelta(seconds=HOUR)
    readers.note("x", people(range(9)))
    assert house.said[1:] == [("w0", "x", 9)]


def test_memory_is_bounded() -> None:
    readers, chance = House().readers(limit=10), random.Random(1)
    for _ in range(30_000):
        readers.note(f"c{chance.randrange(20_000)}", people([chance.randrange(1 << 60)]))
    assert len(readers._hours) <= 10_000
    assert all(len(hour.seen) <= 11 for hour in readers._hours.values())
    assert all(len(each) == 8 for hour in readers._hours.values() for each in hour.seen)


async def test_questions_spread_over_processes_are_one_reader() -> None:
    house = House()
    hub = Hub(house.clock)
    (one, _), (other, _) = await house.process(hub, "w0"), await house.process(hub, "w1")
    one.note("x", people([1, 2, 3]))
    other.note("x", people([2, 3, 4]))
    for each in (one, other):
        await each.tell()
    assert house.said == [], "four people, whoever was asked"
    one.note("x", people([5]))
    other.note("x", people([6]))
    for each in (one, other, one, other):
        await each.tell()
    assert [(consumer, count) for _, consumer, count in house.said] == [("x", 6)]
    for each in (one, other):
        each.note("x", people(range(100)))
        await each.tell()
        assert not each._hours["x"].seen, "nothing is kept of who has been told of"
    assert len(house.said) == 1
    house.clock.at += timedelta(seconds=HOUR)
    other.note("x", people(range(6)))
    await other.tell()
    assert house.said[1:] == [("w1", "x", 6)]


async def test_two_that_pass_the_limit_at_the_same_moment_say_it_once() -> None:
    house = House()
    hub = Hub(house.clock)
    (one, _), (other, _) = await house.process(hub, "w0"), await house.process(hub, "w1")
    one.note("x", people(range(10)))
    other.note("x", people(range(10, 20)))
    await asyncio.gather(one.tell(), other.tell())
    assert len(house.said) == 1


async def test_one_that_comes_late_or_has_missed_something_is_told_all_of_this_hour() -> None:
    house = House()
    hub = Hub(house.clock)
    one, _ = await house.process(hub, "w0")
    one.note("x", people(range(4)))
    await one.tell()
    late, member = await house.process(hub, "w1")
    await member._hear(Change(AGAIN, b"", ""))
    await one.tell()
    late.note("x", people([8, 9]))
    await late.tell()
    assert house.said == [("w1", "x", 6)]


async def test_messages_have_a_bound_and_strange_ones_do_no_harm() -> None:
    house = House()
    hub = Hub(house.clock)
    one, _ = await house.process(hub, "w0", limit=100_000)
    heard: list[Change] = []

    async def hear(change: Change) -> None:
        heard.append(change)

    await hub.join("spy", hear)
    one.note("x", people(range(5000)))
    await one.tell()
    assert len(heard) > 5
    assert max(len(each.body) for each in heard) <= LONGEST
    for body in (b"", b"{}", b'{"type":"asked","consumer":1}', b'{"type":"later"}', b"\xff"):
        await one._hear(Change(READERS, body, "spy"))
    await one._hear(Change(READERS, b'{"type":"asked","consumer":"x","hour":1,"people":"AAAA"}', "spy"))
    assert len(one._hours["x"].seen) == 5000


async def test_where_the_others_cannot_be_asked_it_is_said_all_the_same() -> None:
    class Away(Member):
        async def publish(self, topic: str, body: bytes) -> None:
            raise StoreFailed("away")

        async def take(self, name: str, seconds: float) -> bool:
            raise StoreFailed("away")

    house = House()
    readers = house.readers()
    away = Away(Hub(house.clock), "w0")
    readers.join(away, away)
    readers.note("x", people(range(10)))
    await readers.tell()
    assert house.said == [("w0", "x", 10)]


@pytest.fixture
async def nodes(postgres_url: str, tmp_path: Path) -> AsyncIterator[Nodes]:
    made = Nodes(postgres_url, tmp_path)
    yield made
    await made.close()


async def test_two_nodes_of_one_database(nodes: Nodes) -> None:
    """The real tasks over a real PostgreSQL: neither node alone passes the limit."""
    house, heard = House(), asyncio.Event()

    def saying(name: str) -> Readers:
        def say(consumer: str, count: int) -> None:
            house.said.append((name, consumer, count))
            heard.set()

        return Readers(house.clock, 5, say)

    both = {}
    async with AsyncExitStack() as stack:
        for name in ("a", "b"):
            store = await nodes.open(name)
            both[name] = saying(name)
            both[name].join(store.changes, store.leases)
            stack.callback(asyncio.create_task(both[name].run()).cancel)
        for name, asked in (("a", range(4)), ("b", range(2, 7))):
            for number in asked:
                both[name].note("x", people([number]))
        async with asyncio.timeout(60):
            await heard.wait()
        for each in both.values():
            await each.tell()
    assert [(consumer, count >= 6) for _, consumer, count in house.said] == [("x", True)]
