"""The chains of a PostgreSQL database as evidence files, byte for byte: what verifies, searches and exports reads files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from lgsp.runtime import Clock
from lgsp.store.keys import folder_keys, write_readers_keys, written_keys
from lgsp.store.port import StoreFailed, StoreRefused
from lgsp.store.postgres.database import Address, told
from lgsp.store.sqlite.migrate import migrate, migrations

_PAGE = 5000
_TABLES = (
    ("entry", "number, body, hash"),
    ("subject", "person, number"),
    ("checkpoint", "size, root, head, at, signature, frontier"),
)


async def copy_evidence(url: str, secret: str, keys: Path, into: Path, clock: Clock) -> None:
    """One snapshot of all writers, and the two keys that a reader needs, in a folder laid out like a data folder.

    Raises `StoreRefused` where the database cannot be read or this machine has no keys of it.
    """
    try:
        own = written_keys(secret) if secret else folder_keys(keys)
    except ValueError as error:
        raise StoreRefused(f"store.keys: {error}") from None
    if own is None:
        raise StoreRefused(f"no keys in {keys}")
    write_readers_keys(into / "keys", own)
    try:
        connection = await Address(url).connect(slow=True)
        try:
            with told():
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await copy_chains(connection, into, clock)
        finally:
            connection.terminate()
    except StoreFailed as error:
        raise StoreRefused(f"the database cannot be read: {error}") from error


async def copy_chains(connection: Any, into: Path, clock: Clock) -> None:
    """Within the transaction that the connection is in."""
    shared = _file(into / "lgsp.db", "shared", clock)
    shared.execute("BEGIN")
    for name, value in await connection.fetch("SELECT name, value FROM meta WHERE name LIKE 'witnessed:%'"):
        shared.execute("INSERT INTO meta VALUES (?, ?)", (name, value))
    for number, writer in await connection.fetch("SELECT number, name FROM writer ORDER BY number"):
        shared.execute("INSERT INTO meta VALUES (?, '\"\"')", (f"evidence-writer:{writer}",))
        file = _file(into / f"evidence-{writer}.db", "evidence", clock)
        file.execute("BEGIN")
        for table, columns in _TABLES:
            await _table(connection, number, file, table, columns)
        file.execute("COMMIT")
        file.close()
    shared.execute("COMMIT")
    shared.close()


async def _table(connection: Any, writer: int, file: apsw.Connection, table: str, columns: str) -> None:
    places = ", ".join("?" * (columns.count(",") + 1))
    rows = await connection.cursor(f"SELECT {columns} FROM {table} WHERE writer = $1", writer)  # noqa: S608  of constants
    while page := await rows.fetch(_PAGE):
        file.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", (tuple(row) for row in page))  # noqa: S608


def _file(path: Path, family: str, clock: Clock) -> apsw.Connection:
    """Of a passing copy: nothing need be safe on the disk."""
    file = apsw.Connection(str(path))
    file.execute("PRAGMA journal_mode=OFF")
    file.execute("PRAGMA synchronous=OFF")
    migrate(file, migrations(family), clock.now())
    return file
