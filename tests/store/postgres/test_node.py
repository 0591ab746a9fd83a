"""News between nodes, and who is there: also when the server goes away and comes back."""

from __future__ import annotations

import asyncio
import signal

import pytest

from lgsp.store.port.together import AGAIN, LONGEST, POLICY, Change
from tests.postgres import Server
from tests.store.postgres.nodes import Heard, Nodes


async def test_the_others_hear_and_never_the_publisher(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    mine, theirs = Heard(), Heard()
    one.changes.subscribe(POLICY, mine)
    two.changes.subscribe(POLICY, theirs)
    for n in range(3):
        await one.changes.publish(POLICY, b'{"n":%d}\n"\xc4\x90"' % n)
    assert [await theirs.next() for _ in range(3)] == [
        Change(POLICY, b'{"n":%d}\n"\xc4\x90"' % n, "one-w0") for n in range(3)
    ]
    await two.changes.publish(POLICY, b"x" * LONGEST)
    assert len((await mine.next()).body) == LONGEST
    assert mine.changes == []
    with pytest.raises(ValueError, match="7001"):
        await one.changes.publish(POLICY, b"x" * (LONGEST + 1))


async def test_a_hearer_that_fails_keeps_nobody_from_hearing(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")

    async def broken(_: Change) -> None:
        raise LookupError

    heard = Heard()
    two.changes.subscribe(POLICY, broken)
    two.changes.subscribe(POLICY, heard)
    await one.changes.publish(POLICY, b"1")
    assert (await heard.next()).body == b"1"


async def test_a_gap_is_said(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    heard, news = Heard(), Heard()
    two.changes.subscribe(AGAIN, heard)
    two.changes.subscribe(POLICY, news)
    await one.database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1", two.changes.number
    )
    assert await heard.next() == Change(AGAIN, b"", "")
    await one.changes.publish(POLICY, b"after")
    assert (await news.next()).body == b"after"


async def test_a_session_that_is_opened_again_in_time(nodes: Nodes) -> None:
    one, two = await nodes.open("one", patience=60.0), await nodes.open("two")
    two.changes._task.cancel()  # type: ignore[union-attr]
    two.changes._session.terminate()
    while two.changes.number not in one.changes._missed:  # noqa: ASYNC110  another task's look
        await asyncio.sleep(0)
    assert len(await one.database.fetch("SELECT 1 FROM node")) == 2
    await two.changes._connect()
    while one.changes._missed:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert len(await one.database.fetch("SELECT 1 FROM node")) == 2


async def test_a_restart_of_the_server_kills_nobody(nodes: Nodes, postgres_server: Server) -> None:
    """Every session is lost at once; who comes back first must not take the others for dead."""
    one, two = await nodes.open("one", patience=2.0), await nodes.open("two", patience=2.0)
    gone, again = Heard(), (Heard(), Heard())
    for store, heard in zip((one, two), again, strict=True):
        store.changes.subscribe(AGAIN, heard)
        store.changes.subscribe("gone", gone)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, postgres_server.stop, signal.SIGQUIT)
    await loop.run_in_executor(None, postgres_server.start)
    for heard in again:
        assert (await heard.next()).topic == AGAIN
    assert [row["member"] for row in await one.database.fetch("SELECT member FROM node ORDER BY 1")] == [
        "one-w0",
        "two-w0",
    ]
    assert gone.changes == []


async def test_a_node_that_leaves_says_so(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    heard = Heard()
    one.changes.subscribe("gone", heard)
    await two.close()
    assert (await heard.next()).body == b"two-w0"
    del nodes.stores["two"]
