"""Call-backs on every store: the transaction that makes a fact writes what is to be told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lgsp.model import SubmissionState
from lgsp.store import InboxRow, Move, Store
from lgsp.store.port.callbacks import CallbackRow
from tests.store.test_store import NOW, installation, row, store

__all__ = ["installation", "store"]
S = SubmissionState
LATER = NOW + timedelta(days=3)


async def registered(store: Store, consumer: str = "portal") -> CallbackRow:
    receiver = CallbackRow(consumer, "https://receiver.example/hook", b"sealed", with_data=False, since=NOW)
    await store.callbacks.put(receiver)
    return receiver


async def moved(store: Store, name: str, was: S, now: S, **more: object) -> None:
    move = Move((was,), now, NOW + timedelta(seconds=1), 1, **more)  # type: ignore[arg-type]
    assert await store.submissions.move(name, move)


async def told(store: Store, consumer: str = "portal") -> list[str]:
    return [each.id for each in await store.callbacks.due(consumer, LATER, 100)]


async def test_a_receiver_is_what_was_put(store: Store) -> None:
    assert await store.callbacks.get("portal") is None
    receiver = await registered(store)
    assert await store.callbacks.get("portal") == receiver
    assert await store.callbacks.off("portal", LATER, "http-410") == 0
    assert await store.callbacks.off("portal", LATER, "again") is None
    off = await store.callbacks.get("portal")
    assert off is not None
    assert (off.off, off.why) == (LATER, "http-410")


@pytest.mark.parametrize("end", [S.DELIVERED, S.FAILED, S.EXPIRED, S.INDETERMINATE])
async def test_an_end_of_what_was_left_with_the_bus_is_to_be_told(store: Store, end: S) -> None:
    await registered(store)
    await store.submissions.accept(row("1", consumer="somebody"), None)
    await store.submissions.accept(row("2"), None)
    await store.submissions.take(NOW, {}, 9)
    for name in ("1", "2"):
        await moved(store, name, S.DELIVERING, end)
    assert await told(store) == [f"2-{end.value}"]
    assert await told(store, "somebody") == []
    work = (await store.callbacks.due("portal", LATER, 1))[0]
    assert (work.kind, work.subject, work.attempts, work.outcome) == (f"submission.{end.value}", "2", 0, "")


async def test_what_a_caller_has_heard_itself_is_not_told(store: Store) -> None:
    await registered(store)
    await store.submissions.accept(row("1", queued=False, state=S.DELIVERING, next_at=None), None)
    await moved(store, "1", S.DELIVERING, S.DELIVERED)
    assert await told(store) == []


async def test_a_doubt_is_told_when_it_is_settled_or_left_to_people(store: Store) -> None:
    await registered(store)
    for name in ("1", "2"):
        await store.submissions.accept(row(name, queued=False, state=S.DELIVERING, next_at=None), None)
        await moved(store, name, S.DELIVERING, S.INDETERMINATE, next_at=LATER)
    assert await told(store) == []
    await moved(store, "1", S.INDETERMINATE, S.INDETERMINATE, next_at=LATER + timedelta(hours=1))
    assert await told(store) == [], "asking goes on"
    await moved(store, "1", S.INDETERMINATE, S.INDETERMINATE)
    await moved(store, "2", S.INDETERMINATE, S.DELIVERED)
    assert sorted(await told(store)) == ["1-indeterminate", "2-delivered"]


async def test_the_same_fact_is_told_once(store: Store) -> None:
    await registered(store)
    await store.submissions.accept(row("1"), None)
    await store.submissions.take(NOW, {}, 9)
    await moved(store, "1", S.DELIVERING, S.DELIVERED)
    await moved(store, "1", S.DELIVERED, S.INDETERMINATE, next_at=LATER)
    await moved(store, "1", S.INDETERMINATE, S.DELIVERED)
    assert await told(store) == ["1-delivered"]


async def test_an_item_in_the_inbox_is_to_be_told_once(store: Store) -> None:
    await registered(store)
    for name in ("1", "2"):  # the second one is a repetition
        await store.inbox.put([InboxRow(name, "portal", "register", "notice", b"key", NOW, b"sealed")])
    assert await told(store) == ["1-arrived"]
    found = await store.inbox.one("portal", "1")
    assert found is not None
    assert found.sealed == b"sealed"
    assert await store.inbox.one("somebody", "1") is None
    await store.inbox.acknowledge("portal", "1", NOW)
    assert await store.inbox.one("portal", "1") is None


async def test_what_waits_and_what_is_parked_is_counted(store: Store) -> None:
    await registered(store)
    for name in ("1", "2", "3"):
        await store.submissions.accept(row(name), None)
    await store.submissions.take(NOW, {}, 9)
    for name in ("1", "2", "3"):
        await moved(store, name, S.DELIVERING, S.DELIVERED)
    assert await store.callbacks.open() == {"waiting": 3, "parked": 0}
    first, second, _ = await store.callbacks.due("portal", LATER, 9)
    await store.callbacks.ended(first.id, "delivered", "http-204", LATER)
    await store.callbacks.ended(second.id, "parked", "http-500", LATER)
    assert await store.callbacks.open() == {"waiting": 1, "parked": 1}


async def test_nothing_is_told_where_nobody_listens(store: Store) -> None:
    await registered(store)
    await store.submissions.accept(row("1"), None)
    await store.submissions.accept(row("2"), None)
    await store.submissions.take(NOW, {}, 9)
    await moved(store, "1", S.DELIVERING, S.DELIVERED)
    assert await store.callbacks.off("portal", NOW, "operator") == 1
    await moved(store, "2", S.DELIVERING, S.DELIVERED)
    assert await told(store) == []
    assert await store.callbacks.counts() == {("portal", "off"): 1}


async def test_tries_ends_and_what_is_told_again(store: Store) -> None:
    await registered(store)
    await store.submissions.accept(row("1"), None)
    await store.submissions.accept(row("2"), None)
    await store.submissions.take(NOW, {}, 9)
    for name in ("1", "2"):
        await moved(store, name, S.DELIVERING, S.DELIVERED)
    at = NOW + timedelta(seconds=2)
    assert await store.callbacks.begun(LATER, at) == []
    assert await store.callbacks.consumers_due(at) == ["portal"]
    await store.callbacks.tried("1-delivered", "http-500", at + timedelta(hours=1))
    assert await told(store) == ["2-delivered", "1-delivered"]
    assert await store.callbacks.next_due(at) == at + timedelta(hours=1)
    assert await store.callbacks.ended("2-delivered", "delivered", "http-200", at)
    assert not await store.callbacks.ended("2-delivered", "delivered", "http-200", at)
    assert await store.callbacks.consumers_due(at) == []
    assert await store.callbacks.begun(LATER, LATER - timedelta(seconds=1)) == []
    expired = await store.callbacks.begun(LATER, LATER)
    assert [(each.id, each.attempts, each.last) for each in expired] == [("1-delivered", 1, "http-500")]
    assert await store.callbacks.ended("1-delivered", "parked", "http-500", LATER)
    parked = await store.callbacks.work("portal", "parked", 9)
    assert [(each.id, each.attempts, each.ended) for each in parked] == [("1-delivered", 1, LATER)]
    assert await store.callbacks.begun(LATER, LATER) == []
    assert await store.callbacks.again("portal", LATER) == 1
    assert await told(store) == ["1-delivered"]
    assert await store.callbacks.counts() == {("portal", ""): 1, ("portal", "delivered"): 1}
