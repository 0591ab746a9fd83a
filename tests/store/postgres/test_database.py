"""The pool: bounded in connections and in time, and back by itself after whatever became of the server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from lgsp.store import StoreFailed
from lgsp.store.postgres.database import Address, Database
from tests.postgres import Server


@pytest.fixture
async def database(fresh_postgres_url: str) -> AsyncIterator[Database]:
    opened = await Database.opened(Address(fresh_postgres_url, pool=2, seconds=5.0))
    await opened.fetch("CREATE TABLE t (n integer PRIMARY KEY)")
    yield opened
    await opened.close()


def insert(n: int) -> Any:
    return lambda db: db.execute("INSERT INTO t VALUES ($1)", n)


async def test_settings_of_a_session(database: Database) -> None:
    names = ("synchronous_commit", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    found = [(await database.row(f"SHOW {name}"))[0] for name in names]
    assert found == ["on", "5s", "5s", "10s"]


async def test_a_works_own_error_undoes_only_that_work(database: Database) -> None:
    async def half(db: Any) -> None:
        await insert(1)(db)
        raise LookupError("mine")

    with pytest.raises(LookupError):
        await database.write(half)
    results = await asyncio.gather(*(database.write(insert(n)) for n in (1, 1, 2)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["UniqueViolationError", "str", "str"]
    assert (await database.row("SELECT count(*) FROM t"))[0] == 2


async def test_more_work_than_connections(database: Database) -> None:
    await asyncio.gather(*(database.write(insert(n)) for n in range(100)))
    assert (await database.row("SELECT count(*) FROM t"))[0] == 100
    assert len(await database.fetch("SELECT 1 FROM pg_stat_activity WHERE application_name = 'lgsp'")) <= 3


async def test_a_cancelled_caller_leaves_a_usable_pool(database: Database) -> None:
    tasks = [asyncio.create_task(database.row("SELECT pg_sleep(4)")) for _ in range(2)]
    while len(await _sleeping(database)) < 2:  # noqa: ASYNC110  the server's doing
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*tasks, return_exceptions=True)
    )
    await asyncio.gather(*(database.write(insert(n)) for n in range(4)))


async def _sleeping(database: Database) -> list[Any]:
    connection = await database._address.connect()
    try:
        return await connection.fetch(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        )
    finally:
        connection.terminate()


async def test_nothing_waits_for_ever(postgres_url: str) -> None:
    database = await Database.opened(Address(postgres_url, pool=1, seconds=0.3))
    with pytest.raises(StoreFailed):
        await database.row("SELECT pg_sleep(60)")
    await asyncio.gather(*(_refused(database.row("SELECT pg_sleep(60)")) for _ in range(3)))
    assert (await database.row("SELECT 1"))[0] == 1
    await database.close()
    with pytest.raises(StoreFailed, match="closed"):
        await database.row("SELECT 1")


async def _refused(work: Any) -> None:
    with pytest.raises(StoreFailed):
        await work


async def test_a_deadlock_is_tried_again(database: Database) -> None:
    await asyncio.gather(*(database.write(insert(n)) for n in (1, 2)))
    met = asyncio.Barrier(2)
    tries = 0

    def crossing(first: int, second: int) -> Any:
        async def work(db: Any) -> None:
            nonlocal tries
            tries += 1
            await db.execute("SELECT 1 FROM t WHERE n = $1 FOR UPDATE", first)
            if tries <= 2:  # the two first ones cross
                await met.wait()
                await db.execute("SELECT 1 FROM t WHERE n = $1 FOR UPDATE", second)

        return work

    await asyncio.gather(database.write(crossing(1, 2)), database.write(crossing(2, 1)))
    assert tries == 3


async def test_a_server_that_is_killed_and_comes_back(database: Database, postgres_server: Server) -> None:
    loop = asyncio.get_running_loop()
    await database.write(insert(1))
    under_way = asyncio.create_task(_refused(database.row("SELECT pg_sleep(60)")))
    await asyncio.sleep(0)
    await loop.run_in_executor(None, postgres_server.stop, signal.SIGKILL)
    await under_way
    with pytest.raises(StoreFailed):
        await database.write(insert(2))
    await loop.run_in_executor(None, postgres_server.start)
    await database.write(insert(3))
    assert [row["n"] for row in await database.fetch("SELECT n FROM t ORDER BY n")] == [1, 3]


async def test_a_server_that_never_answers(database: Database, postgres_server: Server) -> None:
    """Stopped, not dead: no connection breaks, nothing comes back. Only time tells."""
    other = await Database.opened(Address(database._address.url, pool=2, seconds=0.3))
    backends = [
        row["pid"] for row in await database.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'lgsp'")
    ]
    assert postgres_server.process is not None
    stopped = [postgres_server.process.pid, *backends]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(3):
            await _refused(other.write(insert(1)))
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    await other.write(insert(2))
    await other.close()


async def test_what_is_wrong_with_a_statement_stays_what_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await database.fetch("SELECT nonsense")
    with pytest.raises(asyncpg.exceptions.DataError):
        await database.fetch("SELECT $1::integer", "text")
