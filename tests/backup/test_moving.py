"""SQLite to PostgreSQL: chains while the bus serves, records in a pause; killed at each step; bit by bit the same at the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from lgsp.audit import Audit
from lgsp.crash import crash_point
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import StoreRefused, open_store
from lgsp.store.postgres import intake
from lgsp.store.postgres.copies import copy_evidence
from lgsp.store.postgres.moving import Moved, move, tables
from tests.backup.filled import every_table
from tests.backup.house import RUNTIME, keys, missing, rows, states
from tests.backup.life import live
from tests.submissions.house import house


async def moved(data: Path, url: str) -> Moved:
    return await move(data, url, keys(data), "db.example/lgsp", RUNTIME.clock)


async def test_everything_goes_over_killed_at_each_step(
    tmp_path: Path, fresh_postgres_url: str, monkeypatch: Any
) -> None:
    url, data = fresh_postgres_url, tmp_path / "data"
    told: dict[str, str] = {}
    await live(data, None, told.__setitem__, count=12)
    home = await house(RUNTIME, data)
    home.ministry.effects["a"] = 1
    await home.ask("ask", {"code": "a", "person": [{"id": "099096990001"}, {"id": "099096990002"}]})
    await home.store.close()
    every_table(data / "lgsp.db")
    monkeypatch.setattr(intake, "_PAGE", 4)
    store = await open_store(data, RUNTIME)  # the bus serves
    assert killed("intake.page:2", data, url)
    assert not (await moved(data, url)).done
    with pytest.raises(StoreRefused, match="on their way"):
        await open_store(tmp_path / "new", RUNTIME, settings=StoreSettings(url=url))
    await Audit(store, RUNTIME, patience=30.0).note("accepted", "test", submission=next(iter(told)))
    await store.close()

    for point in ("intake.page:1", "intake.records:1", "intake.taken:1", "intake.marking:1"):
        assert killed(point, data, url), point
    done = await moved(data, url)
    assert done.done
    with pytest.raises(StoreRefused, match="have moved to PostgreSQL"):
        await open_store(data, RUNTIME)
    with pytest.raises(StoreRefused, match="have moved already"):
        await moved(data, url)
    await same(data, url, tmp_path / "copy")

    settings = StoreSettings(url=url, node="a")
    second = await open_store(data, RUNTIME, settings=settings)
    for name in told:
        row = await second.submissions.get(name)
        assert row is not None
        assert second.keys.unseal(row.sealed, name) == b"body"
    assert sum((await second.submissions.counts()).values()) == len(states(data))
    for name, column in (("submission", "number"), ("inbox", "place"), ("alert", "number")):
        highest = max(number for (number,) in rows(data / "lgsp.db", f"SELECT {column} FROM {name}"))
        row = await second.database.row(f"SELECT nextval(pg_get_serial_sequence('{name}', '{column}'))")  # type: ignore[attr-defined]
        assert row[0] > highest
    await Audit(second, RUNTIME, patience=30.0).note("accepted", "test", submission="x")
    await second.close()
    assert missing(told, data) == [], "the source is as it was"


async def same(data: Path, url: str, copy: Path) -> None:
    """Each chain byte for byte, each record as the other database tells it."""
    copy.mkdir()  # noqa: ASYNC240
    await copy_evidence(url, "", data / "keys", copy, RUNTIME.clock)
    for table in ("entry", "subject", "checkpoint"):
        query = f"SELECT * FROM {table}"
        assert sorted(rows(data / "evidence-w0.db", query)) == sorted(rows(copy / "evidence-w0.db", query))
    async with connected(url) as connection:
        with apsw.Connection(str(data / "lgsp.db"), flags=apsw.SQLITE_OPEN_READONLY) as file:
            for table in tables(file):  # every one, or the list is wrong
                less = " WHERE name NOT LIKE 'evidence-writer:%'" if table == "meta" else ""
                there = file.execute(f"SELECT count(*) FROM {table}{less}").fetchone()[0]
                less = " WHERE name NOT IN ('keys', 'taken-in')" if table == "meta" else ""
                assert await connection.fetchval(f"SELECT count(*) FROM {table}{less}") == there, table
                assert there, f"{table} is empty: the test says nothing about it"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_what_is_not_empty_or_somebody_elses_is_refused(tmp_path: Path, fresh_postgres_url: str) -> None:
    await live(tmp_path / "one", None, lambda *_: None, count=4)
    await live(tmp_path / "two", None, lambda *_: None, count=4)
    assert killed("intake.records:1", tmp_path / "one", fresh_postgres_url)
    with pytest.raises(StoreRefused, match="another installation"):
        await moved(tmp_path / "two", fresh_postgres_url)
    assert killed("intake.taken:1", tmp_path / "one", fresh_postgres_url)
    await live(tmp_path / "one", None, lambda *_: None, count=4)
    with pytest.raises(StoreRefused, match="gone on without it"):
        await moved(tmp_path / "one", fresh_postgres_url)


def killed(point: str, data: Path, url: str) -> bool:
    """A move in a process of its own that ends at this point."""
    child = os.fork()
    if child == 0:
        name, _, times = point.partition(":")
        crash_point._name, crash_point._left = name, int(times)
        try:
            asyncio.run(move(data, url, keys(data), "", Runtime.system().clock))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
