"""Kept payloads, their keys and holds, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from lgsp.store import Store
from lgsp.store.port.payloads import HoldRow, PayloadKey, PayloadRow
from tests.store.test_store import Installation, installation, store

__all__ = ["installation", "store"]
NOW = datetime(2022, 11, 16, 1, 2, 3, 456789, tzinfo=UTC)
ROW = PayloadRow(
    "e1", "request", NOW, date(2022, 11, 16), "c-1", "portal", "register", "ask", "2022-11-16", b"\0sealed"
)


async def test_a_key_is_made_once(store: Store) -> None:
    first = await store.payloads.key("2022-11-16", b"one", NOW)
    assert first == PayloadKey("2022-11-16", NOW, b"one")
    assert await store.payloads.key("2022-11-16", b"two", NOW + timedelta(hours=1)) == first
    await store.payloads.key("2022-11-15", b"old", NOW)
    assert [each.name for each in await store.payloads.keys()] == ["2022-11-15", "2022-11-16"]


async def test_messages_are_kept_once_and_found_by_correlation(installation: Installation) -> None:
    opened = await installation.open()
    await opened.payloads.key("2022-11-16", b"one", NOW)
    answer = replace(ROW, kind="answer", at=NOW + timedelta(seconds=1))
    other = replace(ROW, exchange="e2", correlation="c-2")
    for row in (answer, ROW, other, replace(ROW, sealed=b"again")):
        await opened.payloads.put(row)
    if installation.folder is not None and not installation.worker:
        await opened.close()
        opened = await installation.open()
    assert await opened.payloads.of("c-1") == [ROW, answer]
    assert await opened.payloads.of("c-3") == []
    assert await opened.payloads.count() == {"2022-11-16": 3}
    assert await opened.payloads.of_key("2022-11-16", "", 2) == [answer, ROW]
    assert await opened.payloads.of_key("2022-11-16", "e1", 9) == [other]
    await opened.close()


async def test_a_destroyed_key_takes_its_messages_and_leaves_the_others(store: Store) -> None:
    for name in ("2022-11-16", "hold:x"):
        await store.payloads.key(name, b"key", NOW)
    other = replace(ROW, exchange="e2")
    for row in (ROW, other):
        await store.payloads.put(row)
    moved = replace(ROW, key="hold:x", sealed=b"anew")
    await store.payloads.reseal([moved])
    assert await store.payloads.destroy("2022-11-16", NOW + timedelta(days=1)) == 1
    assert await store.payloads.of("c-1") == [moved]
    gone, held = await store.payloads.keys()
    assert (gone.wrapped, gone.destroyed) == (None, NOW + timedelta(days=1))
    assert held.wrapped == b"key"
    assert (await store.payloads.key("2022-11-16", b"fresh", NOW)).wrapped is None, "a destroyed key never comes back"


async def test_holds(store: Store) -> None:
    whole = HoldRow("h1", "c-1", "portal", date(2022, 1, 1), date(2022, 12, 31), "Mẫu A", "thanh tra", NOW)
    open_ = HoldRow("h2", None, "portal", None, None, "Mẫu B", "kiểm tra", NOW + timedelta(seconds=1))
    await store.payloads.hold(whole)
    await store.payloads.hold(open_)
    assert await store.payloads.release("h1", NOW + timedelta(days=1))
    assert not await store.payloads.release("h1", NOW + timedelta(days=2))
    assert not await store.payloads.release("none", NOW)
    assert await store.payloads.holds() == [replace(whole, released=NOW + timedelta(days=1)), open_]
