"""What one process changes the others know: consumers, keys, tokens, grants, stages, counts; nothing of their own is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lgsp.compliance import Approval
from lgsp.errors import QuotaExceeded, Unauthenticated
from lgsp.events import Events, StageChanged
from lgsp.health.counts import Counts
from lgsp.lifecycle import Ledger
from lgsp.model import Consumer, Evidence, Grant, Stage, StageEntry, Text
from lgsp.policy import Policy
from lgsp.runtime import Runtime
from lgsp.store import CountRow, Store
from lgsp.store.port.together import AGAIN, Change
from lgsp.submissions.desk import Desk
from lgsp.workers.news import News
from tests.store.remote.owned import House, house

PORTAL = Consumer("portal", Text("Một cửa", "One-stop"), "H99.01")


class Process:
    def __init__(self, store: Store, runtime: Runtime) -> None:
        self.policy, self.told = Policy(store, runtime), list[StageChanged]()
        events = Events()
        self.ledger, self.counts = Ledger(store, runtime, events), Counts()
        desk = Desk(store, runtime, events, lambda: None)  # type: ignore[arg-type, return-value]  # delivers nothing
        self.desk = desk
        self.news = News(store.changes, self.policy, self.ledger, desk, self.counts, self.told.append)

    async def load(self) -> None:
        await self.policy.load()
        await self.ledger.load(())
        self.news.begin()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Process, Process, House]]:
    async with house(tmp_path) as found:
        entry = StageEntry(
            "register", Stage.TRIAL, datetime(2022, 1, 1, tzinfo=UTC).date(), "1", "a", "b", Evidence.DECLARED,
            datetime(2022, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        await found.store.stages.append(entry)
        made = [Process(await found.worker(name), found.runtime) for name in ("w0", "w1")]
        for each in made:
            await each.load()
        yield made[0], made[1], found


async def test_when_a_change_returns_the_others_know_it(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    secrets = await one.policy.create_consumer(PORTAL, [Grant("portal", "register", "*")])
    assert other.policy.by_api_key(secrets.api_key).id == "portal"
    assert other.policy.grants_of("portal") == [Grant("portal", "register", "*")]
    token = await one.policy.issue(secrets.client_id, secrets.client_secret)
    assert other.policy.by_token(token.access_token).id == "portal"

    await other.policy.revoke_token(token.access_token, "portal")
    with pytest.raises(Unauthenticated):
        one.policy.by_token(token.access_token)
    await other.policy.revoke_secret("api_key", secrets.api_key.split("_")[1])
    with pytest.raises(Unauthenticated):
        one.policy.by_api_key(secrets.api_key)
    await one.policy.delete_grant("portal", "register", "*")
    assert other.policy.grants_of("portal") == []
    await one.policy.set_active("portal", active=False)
    with pytest.raises(Unauthenticated):
        other.policy.by_secret(secrets.client_id, secrets.client_secret)
    await one.policy.put_level(Approval("register", "register", "", 3))
    assert other.policy.level_of("register").level == 3


async def test_a_token_that_was_issued_while_news_came_in_stands(two: tuple[Process, Process, House]) -> None:
    """What is read again may be older than what this process has written meanwhile."""
    one, other, _ = two
    secrets = await one.policy.create_consumer(PORTAL)
    tokens = await asyncio.gather(
        *(each.policy.issue(secrets.client_id, secrets.client_secret, f"scope{number}") for number in range(30)
          for each in (one, other))
    )  # fmt: skip
    for each in (one, other):
        assert {each.policy.by_token(token.access_token).id for token in tokens} == {"portal"}


async def test_a_stage_that_another_has_moved_is_told_here(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    await one.ledger.move("register", Stage.SUSPENDED, decision="2", by="a", approved_by="b")
    entry = other.ledger.stage("register")
    assert entry is not None
    assert entry.stage is Stage.SUSPENDED
    assert [(each.was, each.now) for each in other.told] == [(Stage.TRIAL, Stage.SUSPENDED)]
    assert one.told == []


async def test_counts_add_up_everywhere(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    now = datetime.now(UTC)
    for number in range(200):
        one.counts.add("register", f"hoi{number}", f"consumer{number}", "ok", 0.1, now)
    rows = one.counts.fresh.drain()
    await one.news.tell_counts(rows)
    assert other.counts.day("register", now).calls == one.counts.day("register", now).calls == 200
    assert isinstance(rows[0], CountRow)
    assert other.counts.fresh.drain() == [], "they are the other's to keep"


async def test_a_limit_holds_for_all_together(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    grant = Grant("portal", "register", "hoi", quota_per_minute=10)

    async def spend(each: Process) -> bool:
        try:
            if each.policy.spend(grant) is None:
                await each.policy.draw(grant)
        except QuotaExceeded:
            return False
        return True

    spent = await asyncio.gather(*(spend(each) for _ in range(20) for each in (one, other)))
    assert sum(spent) in (10, 20), "20 where a minute of the wall clock ended in between"


async def test_after_a_gap_everything_is_read_again(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    one.policy.changed = None  # as if nobody had heard it
    secrets = await one.policy.create_consumer(PORTAL)
    with pytest.raises(Unauthenticated):
        other.policy.by_api_key(secrets.api_key)
    await other.news._hear_again(Change(AGAIN, b"", ""))
    assert other.policy.by_api_key(secrets.api_key).id == "portal"


async def test_a_nonce_is_used_once_by_all_together(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    await one.policy.once_everywhere("portal", "nonce")
    with pytest.raises(Unauthenticated):
        await other.policy.once_everywhere("portal", "nonce")
    await other.policy.once_everywhere("portal", "another")


async def test_a_token_that_no_news_have_told_of_is_looked_up(two: tuple[Process, Process, House]) -> None:
    one, other, _ = two
    secrets = await one.policy.create_consumer(PORTAL)
    one.policy.changed = None  # the news are still under way
    token = (await one.policy.issue(secrets.client_id, secrets.client_secret)).access_token
    assert not other.policy.knows(token)
    await other.policy.meet(token)
    assert other.policy.by_token(token).id == "portal"
    await other.policy.meet("invented")
    assert not other.policy.knows("invented")


async def test_what_was_read_before_a_change_of_ones_own_is_read_again(two: tuple[Process, Process, House]) -> None:
    one, _, _ = two
    secrets = await one.policy.create_consumer(PORTAL)
    tokens: Any = one.policy.store.tokens
    read, go, ask = asyncio.Event(), asyncio.Event(), tokens.live_for

    async def slow(consumer: str) -> Any:
        found = await ask(consumer)
        read.set()
        await go.wait()
        return found

    tokens.live_for = slow
    refresh = asyncio.ensure_future(one.policy.refresh("portal"))
    await read.wait()
    token = await one.policy.issue(secrets.client_id, secrets.client_secret)
    go.set()
    await refresh
    assert one.policy.by_token(token.access_token).id == "portal"
