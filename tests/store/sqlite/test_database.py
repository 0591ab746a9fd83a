"""One file: durable when it returns, shared commits, one work's error its own, and back by itself after the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from lgsp.store import StoreFailed
from lgsp.store.sqlite.database import Database


def prepare(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, v TEXT) STRICT")


def insert(n: int) -> Any:
    return lambda db: db.execute("INSERT INTO t VALUES (?, 'x')", (n,)).fetchall()


def count(db: Any) -> int:
    return int(db.execute("SELECT count(*) FROM t").fetchone()[0])


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.opened(tmp_path / "t.db", inline=False, name="test", prepare=prepare)
    yield opened
    await opened.close()


async def test_settings_of_the_file(database: Database) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys")
    found = await database.write(lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked])
    assert found == ["wal", 2, 1]


async def test_writes_that_come_together_share_a_commit(database: Database) -> None:
    commits = 0

    def hook() -> bool:
        nonlocal commits
        commits += 1
        return False

    await database.write(lambda db: db.set_commit_hook(hook))
    await asyncio.gather(*(database.write(insert(n)) for n in range(500)))
    assert await database.read(count) == 500
    assert commits <= 4


async def test_a_works_own_error_undoes_only_that_work(database: Database) -> None:
    def half(db: Any) -> None:
        db.execute("INSERT INTO t VALUES (100, 'half')")
        raise LookupError("mine")

    alone = database.write(half)
    with pytest.raises(LookupError):
        await alone
    results = await asyncio.gather(
        database.write(insert(1)), database.write(half), database.write(insert(1)), database.write(insert(2)),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(result) for result in results] == [list, LookupError, apsw.ConstraintError, list]
    assert await database.read(count) == 2


async def test_a_full_disk_refuses_the_group_and_comes_back(database: Database) -> None:
    await database.write(
        lambda db: db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}").fetchall()
    )
    big = "INSERT INTO t VALUES (1, printf('%.*c', 100000, 'x'))"
    results = await asyncio.gather(
        *(database.write(lambda db: db.execute(big).fetchall()) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StoreFailed) for result in results)
    assert await database.read(count) == 0
    await database.write(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    await database.write(lambda db: db.execute(big).fetchall())
    assert await database.read(count) == 1


async def test_a_cancelled_caller_disturbs_nobody(database: Database) -> None:
    tasks = [asyncio.create_task(database.write(insert(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await database.read(count) >= 25


async def test_closed_is_closed_and_close_waits(tmp_path: Path) -> None:
    database = await Database.opened(tmp_path / "t.db", inline=False, name="test", prepare=prepare)
    writes = [asyncio.create_task(database.write(insert(n))) for n in range(100)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    for refused in (database.write(count), database.read(count)):
        with pytest.raises(StoreFailed):
            await refused
    again = await Database.opened(tmp_path / "t.db", inline=False, name="test", prepare=prepare)
    assert await again.read(count) == 100
    await again.close()
