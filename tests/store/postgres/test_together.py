"""What only one node does, and what all of them share out."""

from __future__ import annotations

import asyncio

from tests.store.postgres.nodes import Heard, Nodes


async def test_a_lease_is_one_nodes_until_it_lets_go(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    taken = await asyncio.gather(one.leases.take("feed", 60.0), two.leases.take("feed", 60.0))
    assert sorted(taken) == [False, True]
    holder, other = (one, two) if taken[0] else (two, one)
    await other.leases.release("feed")
    assert not await other.leases.take("feed", 60.0), "nobody lets go of another's"
    await holder.leases.release("feed")
    assert await other.leases.take("feed", 60.0)
    assert await holder.leases.take("short", 0.0)
    assert await other.leases.take("short", 60.0), "its time is over"


async def test_a_lease_ends_with_its_holder(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    heard = Heard()
    two.changes.subscribe("gone", heard)
    assert await one.leases.take("feed", 3600.0)
    one.changes._task.cancel()  # type: ignore[union-attr]
    one.changes._session.terminate()
    await heard.next()
    assert await two.leases.take("feed", 60.0)


async def test_a_lease_of_an_earlier_process_of_the_same_name(nodes: Nodes) -> None:
    one = await nodes.open("one")
    assert await one.leases.take("feed", 3600.0)
    one.changes._task.cancel()  # type: ignore[union-attr]
    one.changes._session.terminate()
    await one.evidence.close()
    again = await nodes.open("one", patience=60.0)
    assert await again.leases.take("feed", 60.0)
    await one.database.close()


async def test_a_limit_is_never_shared_out_twice(nodes: Nodes) -> None:
    stores = [await nodes.open("one"), await nodes.open("two")]
    drawn = await asyncio.gather(*(stores[n % 2].allowances.draw("portal", 7, 100, 7) for n in range(40)))
    assert sum(each.given for each in drawn) == 100
    assert min(each.left for each in drawn) == 0
