"""Memory for message bodies: what is over the bound is refused, what is gone makes room, strangers have their part only."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial

import pytest

from lgsp.errors import Overloaded
from lgsp.room import FREE, HEAVY, Room, Unread, tree_of

MIB = 1 << 20


def test_a_message_grows_within_the_bound_and_gives_back_what_it_held() -> None:
    room = Room(10 * MIB)
    first, second = room.share(), room.share()
    first.grow("request", MIB)
    first.grow("request", MIB)  # the same size again is no more
    assert room.used == 3 * (MIB - FREE)
    second.grow("request", 2 * MIB)
    with pytest.raises(Overloaded) as caught:
        second.grow("request", 4 * MIB)
    assert caught.value.retry_after == 1
    assert (room.refused, caught.value.reached) == (1, False)
    second.close()
    first.close()
    assert (room.used, room.strangers) == (0, 0)


def test_a_small_one_does_not_count_and_a_single_one_has_room_whatever_its_size() -> None:
    room = Room(MIB)
    small, huge = room.share(), room.share()
    small.grow("request", FREE)
    assert room.used == 0
    huge.grow("answer", 50 * MIB)
    with pytest.raises(Overloaded):
        small.grow("request", FREE + 1)


def test_a_single_one_has_room_also_when_it_comes_piece_by_piece() -> None:
    room = Room(3 * MIB)
    share, other = room.share(), room.share()
    for size in range(MIB // 4, 16 * MIB, MIB // 4):
        share.grow("request", size)
    share.grow("answer", 16 * MIB)  # of the same exchange
    assert room.refused == 0
    with pytest.raises(Overloaded):
        other.grow("request", MIB)


def test_a_tree_counts_as_long_as_it_stands() -> None:
    raw = b"<r>" + b'<a b="1"/>' * 45_000 + b"</r>"
    assert tree_of(raw) > 13 * MIB > MIB > tree_of(b"<r>" + b"x" * 16 * MIB + b"</r>")
    assert tree_of(b"<" * 100 * MIB) == tree_of(b"<" * 10 * MIB), "a document may not have more"
    room = Room(20 * MIB)
    first, second = room.share(), room.share()
    first.plant(tree_of(raw))
    with pytest.raises(Overloaded):
        second.plant(tree_of(raw))
    first.drop("tree")
    second.plant(tree_of(raw))
    second.close()
    assert room.used == 0


def test_the_answer_of_an_earlier_attempt_is_gone() -> None:
    room = Room(100 * MIB)
    share = room.share()
    share.grow("request", MIB)
    share.grow("answer", 5 * MIB)
    share.drop("answer")
    assert room.used == 3 * (MIB - FREE)


def test_strangers_leave_room_for_those_who_said_who_they_are() -> None:
    room = Room(12 * MIB)
    stranger, other, known = room.share(), room.share(), room.share()
    stranger.stranger = other.stranger = True
    stranger.grow("request", MIB - FREE)
    with pytest.raises(Overloaded):
        other.grow("request", MIB)
    known.grow("request", 2 * MIB)
    stranger.close()
    other.grow("request", MIB - FREE)
    other.close()
    known.close()
    assert (room.used, room.strangers) == (0, 0)


async def test_large_messages_are_read_one_after_the_other_and_small_ones_beside_them() -> None:
    room, order = Room(100 * MIB), list[str]()
    held, go = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with room.turn(HEAVY + 1):
            held.set()
            await go.wait()
            order.append("first")

    async def other(name: str, size: int) -> None:
        async with room.turn(size):
            order.append(name)

    one = asyncio.create_task(first())
    await held.wait()
    two = asyncio.create_task(other("large", 2 * HEAVY))
    await other("small", HEAVY)
    go.set()
    await asyncio.gather(one, two)
    assert order == ["small", "first", "large"]


async def test_what_earlier_ones_have_left_is_given_back_before_the_next_large_one_is_read() -> None:
    given: list[int] = []

    async def relieve() -> None:
        given.append(room.passed)

    room = Room(100 * MIB, relieve)
    async with room.turn(HEAVY + 1):
        assert given == [], "nothing has passed"
    for _ in range(3):
        share = room.share()
        share.grow("request", 2 * MIB)
        share.close()
        async with room.turn(HEAVY):
            pass  # small: it takes no turn
        async with room.turn(HEAVY + 1):
            assert given[-1:] == [room.passed]
        async with room.turn(HEAVY + 1):
            pass  # nothing more has passed
    assert len(given) == 3


def test_of_answers_that_are_not_taken_the_oldest_goes() -> None:
    unread, gone = Unread(limit=10), list[str]()
    with ExitStack() as readers:
        for name, size in (("first", 4), ("second", 4)):
            readers.enter_context(unread.taking(size, partial(gone.append, name)))
        with unread.taking(2, partial(gone.append, "quick")):
            assert unread.used == 10
        assert gone == []
        with unread.taking(6, partial(gone.append, "third")):
            assert gone == ["first"]
            assert unread.used == 10
        with unread.taking(50, partial(gone.append, "huge")):  # a single one has room whatever its size
            assert gone == ["first", "second"]
            assert unread.used == 50
    assert (unread.used, unread.dropped) == (0, 2)
