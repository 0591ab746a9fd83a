"""The index of exchanges on every store: what the chains say is found by every name, newest first, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lgsp.runtime import sortable_id
from lgsp.store import EvidenceRow, Store
from lgsp.store.exchange_rows import first_place
from lgsp.store.port.exchanges import ExchangeQuery
from tests.store.test_store import Installation, installation, store

__all__ = ["installation", "store"]
NOW = datetime(2022, 11, 16, 1, 2, 3, 456000, tzinfo=UTC)


def name_of(at: datetime, number: int = 0) -> str:
    return sortable_id(at, number << 59)


def told(kind: str, at: datetime, number: int = 0, **facts: Any) -> bytes:
    name = name_of(at, number)
    entry = {
        "kind": kind, "at": at.isoformat(), "exchange": name, "correlation": name, "face": "rest", "system": "register",
        "operation": "ask", "consumer": "portal", "case": None, "submission": None, "subjects": [],
    }  # fmt: skip
    if kind == "answered":
        entry |= {"outcome": "ok", "fault_domain": None, "attempts": 1, "trace": {"us": 1500}}
    return msgspec.json.encode({**entry, **facts})


async def write(store: Store, *bodies: bytes) -> None:
    def compose(last: EvidenceRow | None) -> list[EvidenceRow]:
        start = last.index + 1 if last else 0
        return [EvidenceRow(start + place, body, b"hash") for place, body in enumerate(bodies)]

    await store.evidence.append(compose)


async def gathered(store: Store, limit: int = 3) -> int:
    """In small steps, as far as there is anything."""
    taken = 0
    while more := await store.exchanges.gather(limit):
        taken += more
    return taken


async def found(store: Store, below: int | None = None, limit: int = 50, **named: Any) -> list[datetime]:
    return [row.at for row in await store.exchanges.find(ExchangeQuery(**named), below, limit)]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def test_an_exchange_is_one_row_however_its_entries_come(installation: Installation) -> None:
    opened = await installation.open()
    await write(
        opened, told("asked", NOW, correlation="c-1"), msgspec.json.encode({"kind": "note", "at": NOW}), b"{broken"
    )
    assert await opened.exchanges.behind() == 3
    assert await gathered(opened) == 3
    (row,) = await opened.exchanges.find(ExchangeQuery(outcome=""), None, 9)
    assert (row.outcome, row.seconds, row.attempts, row.correlation, row.at) == ("", None, 0, "c-1", NOW)
    await write(opened, told("answered", NOW, correlation="c-1", outcome="timeout", fault_domain="network", attempts=3))
    if installation.folder is not None and not installation.worker:
        await opened.close()
        opened = await installation.open()
    assert await gathered(opened) == 1
    (row,) = await opened.exchanges.find(ExchangeQuery(), None, 9)
    assert (row.outcome, row.domain, row.seconds, row.attempts) == ("timeout", "network", 0.0015, 3)
    assert await opened.exchanges.get(name_of(NOW)) == row
    assert await found(opened, outcome="") == []
    kinds = [msgspec.json.decode(each.body)["kind"] for each in await opened.exchanges.entries(name_of(NOW))]
    assert kinds == ["asked", "answered"]
    assert await opened.exchanges.get("not an id") is None
    assert await opened.exchanges.entries(name_of(at(5))) == []
    assert (await gathered(opened), await opened.exchanges.behind()) == (0, 0)
    await opened.close()


async def test_what_the_bus_asks_for_itself_and_puts_no_answer_on_record_is_left_out(store: Store) -> None:
    await write(
        store,
        told("asked", at(0), face="internal", consumer=None),
        told("asked", at(1), face="internal", submission="s-1"),
        told("answered", at(2), face="internal", consumer=None),
    )
    assert await gathered(store) == 3
    assert await found(store) == [at(2), at(1)]


async def test_found_by_every_name_and_by_several(store: Store) -> None:
    person = b"p" * 32
    await write(
        store,
        told("answered", at(0), case="H99-1"),
        told("answered", at(1), consumer="desk", outcome="timeout", fault_domain="network"),
        told("answered", at(2), system="tax", operation="look", subjects=[person.hex(), "aa" * 32]),
        told("answered", at(3), consumer="desk", system="tax", correlation="c-9", submission="s-1"),
        told("answered", at(1440 * 3), system="tax", case="H99-1", correlation="c-9", subjects=[person.hex()]),
    )
    await gathered(store)
    last = at(1440 * 3)
    assert await found(store) == [last, at(3), at(2), at(1), at(0)]
    assert await found(store, system="tax") == [last, at(3), at(2)]
    assert await found(store, system="tax", consumer="desk") == [at(3)]
    assert await found(store, outcome="timeout") == await found(store, domain="network") == [at(1)]
    assert await found(store, operation="look") == [at(2)]
    assert await found(store, case=" H99-1 ") == [last, at(0)]
    assert await found(store, correlation="c-9") == [last, at(3)]
    assert await found(store, submission="s-1") == [at(3)]
    assert await found(store, subject=person) == [last, at(2)]
    assert await found(store, subject=person, case="H99-1") == [last]
    assert await found(store, subject=person, system="tax", operation="look") == [at(2)]
    assert await found(store, subject=b"q" * 32) == await found(store, system="nobody") == []
    assert await found(store, case="H99-1", system="nobody") == []
    assert await found(store, first=at(1), before=at(3)) == [at(2), at(1)]
    assert await found(store, case="H99-1", before=at(1)) == [at(0)]
    assert await found(store, consumer="portal", first=at(1), before=at(3)) == [at(2)]
    known = await store.exchanges.known()
    assert known["consumer"] == ["desk", "portal"]
    assert (known["outcome"], known["domain"]) == (["ok", "timeout"], ["network"])


async def test_pages_leave_nothing_out_and_nothing_twice(store: Store) -> None:
    """Many in one millisecond, of many series, and several that want the very same place."""
    bodies = [
        told("answered", at(number // 9), number % 5 if number < 40 else number, consumer=f"c{number % 7}", system=f"s{number % 3}",
             exchange=sortable_id(at(number // 9), (number % 5 << 59) + number))
        for number in range(60)
    ]  # fmt: skip
    await write(store, *bodies)
    await gathered(store, 50)
    for named, expected in (({}, 60), ({"system": "s1"}, 20), ({"consumer": "c2", "system": "s1"}, 3)):
        seen: list[tuple[int, str]] = []
        below = None
        while rows := await store.exchanges.find(ExchangeQuery(**named), below, 7):  # type: ignore[arg-type]
            seen += [(row.place, row.exchange) for row in rows]
            below = rows[-1].place
        assert len(seen) == len({name for _, name in seen}) == expected
        assert seen == sorted(seen, reverse=True)
    assert {row.exchange for row in await store.exchanges.find(ExchangeQuery(), None, 99)} == {
        msgspec.json.decode(body)["exchange"] for body in bodies
    }


async def test_of_many_series_the_newest_are_found_near_and_far(store: Store) -> None:
    """More series than are asked one by one at once, lively ones and some that were silent for long."""
    bodies = [
        told("answered", at(number), number, consumer=f"c{number % 70 if number > 100 else number % 50 + 70}")
        for number in range(240)
    ]
    await write(store, *bodies)
    await gathered(store, 500)
    for below in (None, 150, 90):
        place = None if below is None else first_place(at(below))
        rows = await store.exchanges.find(ExchangeQuery(system="register"), place, 50)
        top = 240 if below is None else below
        assert [row.at for row in rows] == [at(number) for number in range(top - 1, top - 51, -1)]
    everything = await store.exchanges.find(ExchangeQuery(system="register"), None, 500)
    assert [row.at for row in everything] == [at(number) for number in range(239, -1, -1)]
    early = await store.exchanges.find(ExchangeQuery(system="register", before=at(100)), first_place(at(30)), 50)
    assert [row.at for row in early] == [at(number) for number in range(29, -1, -1)]


async def test_what_is_old_goes_and_all_comes_again_out_of_the_evidence(store: Store) -> None:
    days = [told("answered", at(1440 * day), case="H99-1", correlation=f"c-{day}") for day in range(6)]
    await write(store, *days)
    await gathered(store)
    before = at(1440 * 3 - 1)
    while await store.exchanges.prune(before, 2):
        pass
    assert await found(store, case="H99-1") == await found(store) == [at(1440 * day) for day in (5, 4, 3)]
    assert await found(store, correlation="c-1") == []
    assert await store.exchanges.entries(name_of(NOW)) == []
    await store.exchanges.reset()
    assert (await found(store), await store.exchanges.behind()) == ([], 6)
    assert await gathered(store) == 6
    assert await found(store, case="H99-1") == [at(1440 * day) for day in range(5, -1, -1)]
