"""The inbox: oldest first, each item once, gone when acknowledged."""

from __future__ import annotations

from pathlib import Path

from lgsp.runtime import Runtime
from lgsp.store import open_store
from lgsp.submissions import Inbox
from lgsp_mocks.clock import run


def test_pages_oldest_first() -> None:
    async def story(runtime: Runtime) -> None:
        inbox = Inbox(await open_store(None, runtime), runtime)
        for number in range(5):
            assert await inbox.put("portal", "register", "CONFIRM", f"k{number}", {"n": number})
        await inbox.put("other", "register", "CONFIRM", "k0", {"n": 0})
        first = await inbox.page("portal", limit=2)
        assert [item.data["n"] for item in first.items] == [0, 1]
        second = await inbox.page("portal", first.cursor, 2)
        third = await inbox.page("portal", second.cursor, 2)
        assert [item.data["n"] for item in (*second.items, *third.items)] == [2, 3, 4]
        assert third.cursor is None
        assert [item.key for item in (await inbox.page("portal", "nonsense")).items] == ["k0", "k1", "k2", "k3", "k4"]

    run(story)


def test_a_repetition_is_recognised_also_after_acknowledgement(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        store = await open_store(tmp_path, runtime, inline=True)
        inbox = Inbox(store, runtime)
        assert await inbox.put("portal", "register", "CONFIRM", "k", {"canary": 1})
        assert not await inbox.put("portal", "register", "CONFIRM", "k", {"canary": 1})
        (item,) = (await inbox.page("portal")).items
        assert not await inbox.acknowledge("other", item.id)
        assert await inbox.acknowledge("portal", item.id)
        assert not await inbox.acknowledge("portal", item.id)
        await store.close()
        store = await open_store(tmp_path, runtime, inline=True)
        inbox = Inbox(store, runtime)
        assert (await inbox.page("portal")).view() == {"items": [], "cursor": None}
        assert not await inbox.put("portal", "register", "CONFIRM", "k", {"canary": 1})
        await store.close()

    run(story)
    assert all(b"canary" not in file.read_bytes() for file in tmp_path.glob("lgsp.db*"))
