"""Submissions of many nodes: one delivery a key, one count of slots, one claim, and a delivery that changes hands once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from lgsp.runtime import Runtime
from lgsp.store import KeyClaim, Move
from lgsp.store.postgres.locks import ORDER
from tests.store.postgres.nodes import NOW, Heard, Nodes, S, row


async def test_a_thousand_posts_with_one_key_over_two_nodes(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    claim = KeyClaim(b"k", NOW + timedelta(hours=72))
    stand = await asyncio.gather(*((one, two)[n % 2].submissions.accept(row(f"{n:04}"), claim) for n in range(1000)))
    assert len({each.id for each in stand}) == 1
    assert await two.submissions.counts() == {("register", S.QUEUED): 1}


async def test_slots_and_order_hold_across_nodes(nodes: Nodes) -> None:
    """Both look all the time, at once, while rows come in: never more than the slots, never two of a key, all in order."""
    stores = [await nodes.open("one"), await nodes.open("two")]
    under_way: dict[str, bytes | None] = {}
    delivered: list[str] = []

    async def deliver(number: int) -> None:
        mine = stores[number]
        while len(delivered) < 60:
            taken = await mine.submissions.take(NOW, {}, 4)
            for each in taken:
                assert each.order_key not in under_way.values(), "two deliveries of one key"
                under_way[each.id] = each.order_key
            assert len(under_way) <= 4, "more than the slots of the system"
            for each in taken:
                await asyncio.sleep(0)
                del under_way[each.id]
                delivered.append(each.id)
                assert await mine.submissions.move(each.id, Move((S.DELIVERING,), S.DELIVERED, NOW, 1))

    async def accept(number: int) -> None:
        for n in range(number, 60, 2):
            await stores[number].submissions.accept(row(f"{n:03}", order_key=b"k%d" % (n % 6)), None)

    async with asyncio.timeout(60):
        await asyncio.gather(deliver(0), deliver(1), accept(0), accept(1))
    assert len(delivered) == len(set(delivered)) == 60
    for key in range(6):  # of one key all were accepted by one node, one after the other
        of_key = [each for each in delivered if int(each) % 6 == key]
        assert of_key == sorted(of_key)


async def test_a_node_that_ends_leaves_its_deliveries_to_the_others(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    heard = Heard()
    two.changes.subscribe("gone", heard)
    await one.submissions.accept(row("queued"), None)
    await one.submissions.accept(row("called", queued=False, state=S.DELIVERING, next_at=None), None)
    await one.submissions.take(NOW, {}, 4)
    later = NOW + timedelta(hours=1)
    assert await two.submissions.interrupted((), later) == [], "whoever lives is at work, however long"
    one.changes._task.cancel()  # type: ignore[union-attr]
    one.changes._session.terminate()
    assert (await heard.next()).body == b"one-w0"
    found = await two.submissions.interrupted((), NOW - timedelta(hours=1))
    assert [each.id for each in found] == ["queued", "called"]
    assert not await one.submissions.move("queued", Move((S.DELIVERING,), S.DELIVERED, NOW, 1)), (
        "it is no longer its own"
    )
    assert await two.submissions.move("queued", Move((S.DELIVERING,), S.INDETERMINATE, NOW, 1, next_at=NOW))


async def test_the_same_node_started_again_need_not_wait(nodes: Nodes) -> None:
    one = await nodes.open("one")
    await one.submissions.accept(row("1"), None)
    await one.submissions.take(NOW, {}, 4)
    one.changes._task.cancel()  # type: ignore[union-attr]
    one.changes._session.terminate()
    await one.evidence.close()
    again = await nodes.open("one", patience=60.0)
    assert [each.id for each in await again.submissions.interrupted((), NOW)] == ["1"]
    await one.database.close()


async def test_a_call_whose_caller_waits_is_nobodys_but_its_own(nodes: Nodes) -> None:
    """No delivery of the loop knows it; only time could tell that it was left alone."""
    one = await nodes.open("one")
    now = Runtime.system().clock.now()
    await one.submissions.accept(row("1", queued=False, state=S.DELIVERING, next_at=None, changed=now), None)
    assert await one.submissions.interrupted((), now + timedelta(seconds=1)) == []


async def test_a_row_that_comes_while_the_first_of_its_line_goes(nodes: Nodes) -> None:
    """Acceptance and end of the same key meet, in both orders of their locks: nobody is left standing behind nobody."""
    one = await nodes.open("one")
    for turn, key in enumerate((b"accept", b"move")):
        first, second = f"{turn}a", f"{turn}b"
        await one.submissions.accept(row(first, order_key=key), None)
        other = await one.database._address.connect()
        await other.execute("BEGIN")
        await other.execute("SELECT pg_advisory_xact_lock($1, $2)", ORDER, int.from_bytes(key[:4], "big", signed=True))
        if key == b"accept":
            await other.execute("UPDATE submission SET state = 'cancelled' WHERE id = $1", first)
            waits = asyncio.create_task(one.submissions.accept(row(second, order_key=key), None))
        else:
            waits = asyncio.create_task(one.submissions.move(first, Move((S.QUEUED,), S.CANCELLED, NOW, 0)))
        while not waits.done() and not await one.database.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
            pass
        if key == b"move":
            await other.execute(
                "INSERT INTO submission (id, consumer, system, operation, version, queued, state, attempts, accepted,"
                " changed, next_at, expires, order_key, digest, correlation, sealed, behind) VALUES ($1, 'portal',"
                " 'register', 'push', 'v1', true, 'queued', 0, $2, $2, $2, $2, $3, 'd', 'c', 's', true)",
                second, NOW, key,
            )  # fmt: skip
        await other.execute("COMMIT")
        await waits
        await other.close()
        assert [each.id for each in await one.submissions.take(NOW, {}, 4)] == [second]
        await one.submissions.move(second, Move((S.DELIVERING,), S.DELIVERED, NOW, 1))


TAKE = """
import asyncio, sys
from pathlib import Path
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import open_store
from tests.store.postgres.nodes import NOW

async def main():
    store = await open_store(Path(sys.argv[1]), Runtime.system(), settings=StoreSettings(url=sys.argv[2], node="killed"))
    await store.leases.take("feed", 3600.0)
    print(len(await store.submissions.take(NOW, {}, 4)), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_process_that_is_killed(nodes: Nodes, root: Path) -> None:
    """As the kernel ends it, with nothing said: its deliveries and its lease are another's within ten seconds."""
    one = await nodes.open("one", patience=3.0)
    heard = Heard()
    one.changes.subscribe("gone", heard)
    await one.submissions.accept(row("1"), None)
    data = nodes.folder / "killed"
    shutil.copytree(nodes.folder / "one" / "keys", data / "keys")
    command = [sys.executable, "-c", TAKE, str(data), nodes.url]
    process = await asyncio.create_subprocess_exec(*command, cwd=root, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"1\n"
    process.kill()
    async with asyncio.timeout(10):
        assert (await heard.next()).body == b"killed-w0"
        assert [each.id for each in await one.submissions.interrupted((), NOW)] == ["1"]
        assert await one.leases.take("feed", 60.0)
    await process.wait()
