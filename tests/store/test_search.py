"""Operators' search on every store: filters, pages, groups, history, lineage."""

from __future__ import annotations

from datetime import timedelta

from lgsp.model import SubmissionState
from lgsp.store import Move, Store
from lgsp.store.port.search import Wanted
from tests.store.test_store import NOW, installation, row, store

__all__ = ["installation", "store"]
S = SubmissionState


async def filled(store: Store) -> None:
    await store.submissions.accept(row("1", system="births", accepted=NOW - timedelta(hours=5)), None)
    await store.submissions.accept(row("2", system="births", consumer="other"), None)
    await store.submissions.accept(row("3", system="land"), None)
    await store.submissions.take(NOW, {"land": 9}, 9)
    at = NOW + timedelta(seconds=1)
    await store.submissions.move("1", Move((S.DELIVERING,), S.FAILED, at, 1, cause="provider-fault"))
    await store.submissions.move("2", Move((S.DELIVERING,), S.INDETERMINATE, at, 1, cause="timeout"))


async def ids(store: Store, wanted: Wanted, after: int = 0, limit: int = 9) -> list[str]:
    return [each.id for each in await store.search.page(wanted, after, limit)]


async def test_filters(store: Store) -> None:
    await filled(store)
    for wanted, expected in (
        (Wanted(), ["1", "2", "3"]),
        (Wanted(states=(S.FAILED, S.QUEUED)), ["1", "3"]),
        (Wanted(system="births"), ["1", "2"]),
        (Wanted(consumer="other"), ["2"]),
        (Wanted(cause="timeout"), ["2"]),
        (Wanted(cause=""), ["3"]),
        (Wanted(accepted_before=NOW), ["1"]),
        (Wanted(accepted_since=NOW, system="births"), ["2"]),
    ):
        assert await ids(store, wanted) == expected
        assert await store.search.count(wanted) == len(expected)


async def test_pages(store: Store) -> None:
    await filled(store)
    first = await store.search.page(Wanted(), 0, 2)
    assert [each.id for each in first] == ["1", "2"]
    assert await ids(store, Wanted(), first[-1].place, 2) == ["3"]


async def test_counted_by_the_hour(store: Store) -> None:
    await filled(store)
    found = await store.search.counted(Wanted(states=(S.FAILED, S.INDETERMINATE)))
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    assert [(each.system, each.state, each.cause, each.hour, each.count) for each in found] == [
        ("births", S.FAILED, "provider-fault", hour - timedelta(hours=5), 1),
        ("births", S.INDETERMINATE, "timeout", hour, 1),
    ]


async def test_history_is_that_of_the_moves(store: Store) -> None:
    await filled(store)
    at = NOW + timedelta(hours=1)
    await store.submissions.move("2", Move((S.INDETERMINATE,), S.DELIVERED, at, 1, cause=""))
    found = await store.search.history("2", 9)
    assert [(each.at, each.state, each.attempts, each.cause) for each in found] == [
        (NOW + timedelta(seconds=1), S.INDETERMINATE, 1, "timeout"),
        (at, S.DELIVERED, 1, ""),
    ]
    assert [each.state for each in await store.search.history("2", 1)] == [S.DELIVERED]
    assert await store.search.history("3", 9) == []


async def test_what_was_sent_again_is_not_open_any_more(store: Store) -> None:
    await filled(store)
    await store.submissions.accept(row("4", system="births", follows="1"), None)
    first, fourth = await store.search.one("1"), await store.search.one("4")
    assert first is not None
    assert fourth is not None
    assert (first.followed_by, fourth.follows) == ("4", "1")
    assert await ids(store, Wanted(states=(S.FAILED,))) == ["1"]
    assert await ids(store, Wanted(states=(S.FAILED,), open=True)) == []
    assert await store.search.one("none") is None
