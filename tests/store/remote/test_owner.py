"""The owner and its workers: news reach all, a dead worker's leases and deliveries are free, a stranger is refused."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lgsp.model import SubmissionState
from lgsp.runtime import Runtime
from lgsp.store import KeyClaim, Move, StoreFailed
from lgsp.store.port import Change
from lgsp.store.port.together import GONE
from lgsp.store.remote import Line, open_remote
from lgsp.store.remote.methods import edition, groups
from lgsp.store.remote.peer import packed
from tests.store.remote.owned import house, opened
from tests.store.test_store import row

S = SubmissionState


async def test_news_are_taken_in_before_the_publisher_goes_on_and_never_by_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        one, two = await found.worker("w0"), await found.worker("w1")
        heard: list[tuple[str, Change]] = []

        async def hear(who: str, change: Change) -> None:
            await asyncio.sleep(0.01)
            heard.append((who, change))

        one.changes.subscribe("policy", lambda change: hear("w0", change))
        two.changes.subscribe("policy", lambda change: hear("w1", change))
        await one.changes.publish("policy", b"portal")
        assert heard == [("w1", Change("policy", b"portal", "w0"))]


async def test_a_lease_has_one_holder_and_is_free_when_he_dies(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        one, two = await found.worker("w0"), await found.worker("w1")
        assert await one.leases.take("collectors", 60)
        assert await one.leases.take("collectors", 60)
        assert not await two.leases.take("collectors", 60)
        await found.kill("w0")
        assert await two.leases.take("collectors", 60)
        await two.leases.release("collectors")


async def test_all_together_never_draw_more_than_the_limit(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        workers = [await found.worker(f"w{number}") for number in range(3)]
        drawn = await asyncio.gather(*(each.allowances.draw("x", 7, 10, 4) for each in workers))
        assert sorted(each.given for each in drawn) == [2, 4, 4]
        assert (await workers[0].allowances.draw("x", 8, 10, 4)).given == 4, "a new window"
        assert (await workers[1].allowances.draw("x", 7, 10, 4)).given == 0, "one that is over"


async def test_what_a_dead_worker_delivered_is_nobodys_and_what_a_living_one_delivers_is_left_alone(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as found:
        one, two = await found.worker("w0"), await found.worker("w1")
        gone = asyncio.Event()

        async def hear(change: Change) -> None:
            assert change.body == b"w0"
            gone.set()

        two.changes.subscribe(GONE, hear)
        now = datetime.now(UTC)
        await one.submissions.accept(row("sync", state=S.DELIVERING, queued=False), None)
        await one.submissions.accept(row("queued"), None)
        assert [each.id for each in await one.submissions.take(now, {}, 4)] == ["queued"]
        later = now + timedelta(seconds=1)
        assert await two.submissions.interrupted((), later) == []
        await found.kill("w0")
        async with asyncio.timeout(10):
            await gone.wait()
        assert {each.id for each in await two.submissions.interrupted((), later)} == {"sync", "queued"}


async def test_what_was_moved_on_is_no_longer_at_work(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        one, two = await found.worker("w0"), await found.worker("w1")
        now = datetime.now(UTC)
        await one.submissions.accept(row("1", state=S.DELIVERING, queued=False), None)
        assert await one.submissions.move("1", Move((S.DELIVERING,), S.QUEUED, now, 1, now))
        assert [each.id for each in await two.submissions.take(now, {}, 4)] == ["1"]
        assert await one.submissions.interrupted((), now + timedelta(seconds=1)) == [], "it is the other's now"


async def test_one_key_claimed_a_thousand_times_by_two_workers_is_one_submission(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        workers = [await found.worker("w0"), await found.worker("w1")]
        claim = KeyClaim(b"key", datetime.now(UTC) + timedelta(days=3))
        names = [f"{number:04}" for number in range(1000)]
        stands = await asyncio.gather(*(workers[int(name) % 2].submissions.accept(row(name), claim) for name in names))
        assert len({each.id for each in stands}) == 1
        assert sum((await workers[0].submissions.counts()).values()) == 1


async def test_errors_come_back_as_what_they_were(tmp_path: Path) -> None:
    found = await opened(tmp_path, Runtime.system())
    worker = await found.worker("w0")
    await found.store.close()
    with pytest.raises(StoreFailed, match="closed"):
        await worker.meta.get("x")
    await worker.close()
    await found.owner.close()
    await found.listening.close()


async def test_a_call_that_waits_when_the_owner_dies_fails(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        worker = await found.worker("w0")
        waiting = asyncio.ensure_future(worker.meta.put("x", 1))
        await asyncio.sleep(0)
        for peer in found.owner.peers.values():
            peer._transport.abort()
        with pytest.raises(StoreFailed):
            await waiting
        async with asyncio.timeout(5):
            await found.lines["w0"].cut.wait()
        with pytest.raises(StoreFailed):
            await worker.meta.get("x")


async def test_who_is_of_another_version_or_has_a_living_ones_name_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as found:
        await found.worker("w0")
        with pytest.raises(StoreFailed, match="already"):
            await open_remote(tmp_path, Runtime.system(), "w0")
        line = await Line.open(tmp_path, "w9")
        assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600
        line.peer.close()
        stranger = Line()
        await asyncio.get_running_loop().create_unix_connection(lambda: stranger.peer, str(tmp_path / "control.sock"))
        with pytest.raises(Exception, match="say who you are"):
            await stranger.peer.call("meta.get", packed(["x"]))
        with pytest.raises(Exception, match="another version"):
            await stranger.peer.call("hello", packed(["w5", "0" * 16]))
        stranger.peer.close()
    assert len(edition()) == 16


async def test_without_an_owner_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="nobody owns"):
        await open_remote(tmp_path, Runtime.system(), "w0")


def test_every_group_of_the_port_is_served_but_the_workers_own() -> None:
    found = groups()
    assert {"consumers", "grants", "tokens", "submissions", "inbox", "meta", "health", "stages"} <= set(found)
    assert not {"keys", "evidence", "changes", "leases", "allowances"} & set(found)
    assert all(methods for methods in found.values())
