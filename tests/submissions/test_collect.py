"""Collectors: hand over, commit, and only then acknowledge; what comes twice is handed over once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from lgsp.errors import BadAnswer
from lgsp.model import Consumer, Data, Grant, Kind, Text
from lgsp.policy import Policy
from lgsp.registry import Collector
from lgsp.runtime import Runtime
from lgsp.store import CursorRow
from lgsp.submissions import Collectors, Inbox
from lgsp.submissions.collect import cursor_of, items_of, request_of
from lgsp_mocks.clock import run
from tests.submissions.house import PORTAL, House, house, operation

FEED = Collector(
    "register", "feed", "list", "acknowledge", 300.0, "docId", {"lastId": "$cursor"}, "data", "docId", "to"
)
LIST = operation("list", Kind.QUERY)
ACKNOWLEDGE = operation("acknowledge")


async def stand(runtime: Runtime, *granted: str) -> tuple[House, Inbox, Collectors]:
    home = await house(runtime, None, LIST, ACKNOWLEDGE, collectors=(FEED,))
    await home.store.consumers.put(PORTAL)
    await home.store.consumers.put(Consumer("office", Text("Văn thư", "Office"), agency="H99.02"))
    for consumer in granted or ("office", "portal"):
        await home.store.grants.put(Grant(consumer, "register", "*"))
    policy = Policy(home.store, runtime)
    await policy.load()
    inbox = Inbox(home.store, runtime)
    return home, inbox, Collectors(home.store, inbox, runtime, lambda: home.registry, policy)


def item(number: int, to: str = "H99.01") -> Data:
    return {"docId": f"d{number}", "to": to}


def test_handed_over_to_whom_it_concerns_then_acknowledged() -> None:
    async def story(runtime: Runtime) -> None:
        home, inbox, collectors = await stand(runtime)
        home.ministry.lists = [{"data": [item(1), item(2, "H99.02"), item(3, "nobody")]}]
        assert await collectors.collect(FEED, home.handle) == 4, "the third is for both"
        assert [each.key for each in (await inbox.page("portal")).items] == ["d1", "d3"]
        assert [each.key for each in (await inbox.page("office")).items] == ["d2", "d3"], "unnamed: who may ask for it"
        assert [told["docId"] for told in home.ministry.told] == ["d1", "d2", "d3"]
        cursor = await home.store.cursors.get("register", "feed")
        assert cursor is not None
        assert cursor.value == "d3"

    run(story)


def test_an_acknowledgement_may_carry_fixed_fields() -> None:
    async def story(runtime: Runtime) -> None:
        home, _, collectors = await stand(runtime)
        home.ministry.lists = [{"data": [item(1)]}]
        feed = replace(FEED, acknowledge_request={"infoType": "2", "docId": "never instead of the key"})
        await collectors.collect(feed, home.handle)
        assert home.ministry.told == [{"infoType": "2", "docId": "d1"}]

    run(story)


def test_named_without_a_grant_gets_nothing() -> None:
    async def story(runtime: Runtime) -> None:
        home, inbox, collectors = await stand(runtime, "office")
        home.ministry.lists = [{"data": [item(1, "H99.01")]}]
        await collectors.collect(FEED, home.handle)
        assert not (await inbox.page("portal")).items
        assert [each.key for each in (await inbox.page("office")).items] == ["d1"]

    run(story)


def test_a_lost_acknowledgement_is_repeated_and_the_item_is_not() -> None:
    async def story(runtime: Runtime) -> None:
        home, inbox, collectors = await stand(runtime)
        home.ministry.lists = [{"data": [item(1)]}, {"data": [item(1)]}]
        home.ministry.script = [BadAnswer()]
        with pytest.raises(BadAnswer):
            await collectors.collect(FEED, home.handle)
        assert len((await inbox.page("portal")).items) == 1
        await collectors.collect(FEED, home.handle)
        assert len((await inbox.page("portal")).items) == 1
        assert [told["docId"] for told in home.ministry.told] == ["d1"]

    run(story)


def test_each_at_its_own_pace() -> None:
    async def story(runtime: Runtime) -> None:
        home, inbox, collectors = await stand(runtime)
        task = asyncio.create_task(collectors.run(home.handle))
        await asyncio.sleep(3600)
        home.ministry.lists = [{"data": [item(1)]}]
        await asyncio.sleep(400)
        assert len((await inbox.page("portal")).items) == 1
        assert 11 <= len([each for each in home.heard if getattr(each, "operation", "") == "list"]) <= 17
        task.cancel()
        await asyncio.wait({task})

    run(story)


def test_where_the_cursor_stands_in_the_request() -> None:
    async def story(runtime: Runtime) -> None:
        row = CursorRow("register", "feed", "7", runtime.clock.now())
        assert request_of(FEED, None) == {}
        assert request_of(FEED, row) == {"lastId": "7"}

    run(story)


def test_the_list_and_the_cursor_in_the_answer() -> None:
    assert items_of(FEED, {"data": [{"docId": "1"}, "none"]}) == [{"docId": "1"}]
    assert items_of(FEED, {"data": None}) == []
    assert items_of(FEED, {}) == []
    assert cursor_of(FEED, {}, [{"docId": "1"}, {"docId": "2"}]) == "2"
    assert cursor_of(FEED, {"docId": 9}, []) == "9"
    assert cursor_of(FEED, {}, []) is None
