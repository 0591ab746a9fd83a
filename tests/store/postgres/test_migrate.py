"""Migrations: each once, whole or not at all, and one node at a time."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from lgsp.store.migrations import Migration, MigrationError
from lgsp.store.postgres.database import Address
from lgsp.store.postgres.migrate import migrate, migrations
from tests.store.postgres.nodes import Nodes

AT = datetime(2022, 11, 16, tzinfo=UTC)
FIRST = Migration(1, "first", "CREATE TABLE a (x integer); INSERT INTO a VALUES (1);")
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN y integer;")


async def test_each_once_and_refusals(fresh_postgres_url: str) -> None:
    connection = await Address(fresh_postgres_url, seconds=20).connect(slow=True)
    assert await migrate(connection, [FIRST], AT) == 1
    assert await migrate(connection, [FIRST, SECOND], AT) == 1
    assert await migrate(connection, [FIRST, SECOND], AT) == 0
    with pytest.raises(MigrationError, match="holds migration 2"):
        await migrate(connection, [FIRST], AT)
    with pytest.raises(MigrationError, match="0001_first was changed"):
        await migrate(connection, [Migration(1, "first", FIRST.sql + " "), SECOND], AT)
    await connection.close()


async def test_a_step_that_breaks_leaves_nothing_behind(fresh_postgres_url: str) -> None:
    connection = await Address(fresh_postgres_url, seconds=20).connect(slow=True)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(connection, [Migration(1, "broken", "CREATE TABLE a (x integer); SELECT nonsense;")], AT)
    assert await connection.fetchval("SELECT to_regclass('a')") is None
    assert await migrate(connection, [FIRST], AT) == 1
    await connection.close()


async def test_two_nodes_at_once(fresh_postgres_url: str) -> None:
    address = Address(fresh_postgres_url, seconds=20)
    connections = [await address.connect(slow=True) for _ in range(3)]
    applied = await asyncio.gather(*(migrate(each, migrations(), AT) for each in connections))
    assert sorted(applied) == [0, 0, len(migrations())]
    for each in connections:
        await each.close()


async def test_first_starts_at_once_share_their_keys_or_are_refused(nodes: Nodes) -> None:
    """Of two first nodes one makes the keys; the other is told to bring them, and has made none of its own."""
    results = await asyncio.gather(nodes.open("one"), nodes.open("two"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["PostgresStore", "StoreRefused"]
    refused = "one" if type(results[0]).__name__ == "StoreRefused" else "two"
    assert not list((nodes.folder / refused).glob("keys/*.key"))


START = """
import asyncio, sys
from pathlib import Path
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import open_store

async def main():
    store = await open_store(Path(sys.argv[1]), Runtime.system(), settings=StoreSettings(url=sys.argv[2], node="one"))
    await store.close()

asyncio.run(main())
"""


async def test_a_start_that_is_killed_in_a_migration(fresh_postgres_url: str, tmp_path: Path, root: Path) -> None:
    """At each of them: the next start goes on where the killed one was, without a word from anybody."""
    nodes = Nodes(fresh_postgres_url, tmp_path)
    for _ in migrations():
        environment = {**os.environ, "LGSP_TEST": "1", "LGSP_CRASH_AT": "migration.before-commit:2"}
        command = [sys.executable, "-c", START, str(nodes.folder / "one"), nodes.url]
        process = await asyncio.create_subprocess_exec(*command, cwd=root, env=environment)
        if await process.wait() != 137:
            break
    one = await nodes.open("one")
    found = await one.database.fetch("SELECT number FROM migration ORDER BY number")
    assert [each["number"] for each in found] == [each.number for each in migrations()]
    await nodes.close()
