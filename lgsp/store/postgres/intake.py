"""Fills an empty database with what another store had: the chains page by page while that one serves, the records at once.

Until the last transaction the database carries a mark, and no node opens it. Cut off, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec

from lgsp.crash import crash_point
from lgsp.runtime import Clock
from lgsp.store.columns import to_text
from lgsp.store.keys import fingerprints
from lgsp.store.migrations import Migration
from lgsp.store.port import StoreFailed, StoreRefused
from lgsp.store.postgres.database import Address, told
from lgsp.store.postgres.migrate import migrate

MARK = "intake"
"""In `meta`: whose records are on their way here."""
TAKEN = "taken-in"
"""In `meta`, afterwards: whose they were, and where each chain ended then."""
_PAGE = 20_000
_CHAIN = (
    ("checkpoint", "size, root, head, at, signature, frontier"),
    ("subject", "person, number"),
)
OWN = frozenset({"migration", "node", "lease", "allowance", "submission_count", "writer", "entry", "subject", "checkpoint",
                 "exchange", "exchange_mark", "exchange_reader", "exchange_series"})  # fmt: skip
"""Tables that are a database's own business, chains, or made again from the chains."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    identity: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """Open it with `opened`, inside which everything happens."""

    connection: Any
    marked: dict[str, str]

    async def chain(self, path: Path, since: Any) -> int:
        """One writer's chain up to where it is now, each page compared with what the database then has; how many entries."""
        writer = path.stem.removeprefix("evidence-")
        with told():
            await self.connection.execute(
                "INSERT INTO writer (name, since) VALUES ($1, $2) ON CONFLICT DO NOTHING", writer, since
            )
            number = await self.connection.fetchval("SELECT number FROM writer WHERE name = $1", writer)
            taken = 0
            with _snapshot(path) as file:
                start = await self._from(file, writer, number)
                while page := _entries(file, start):
                    async with self.connection.transaction():
                        await self._page(number, page)
                        crash_point("intake.page")
                    start, taken = page[-1][0] + 1, taken + len(page)
                await self._checkpoints(file, number)
        return taken

    async def compared(self, path: Path) -> tuple[int, str]:
        """Length and head of a chain that is here as it is there. Raises `StoreRefused`."""
        writer = path.stem.removeprefix("evidence-")
        number = await self.connection.fetchval("SELECT number FROM writer WHERE name = $1", writer)
        with _snapshot(path) as file:
            for table, columns in (("entry", "number, body, hash"), *_CHAIN):
                count: Any = file.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  of constants
                here = await self.connection.fetchval(f"SELECT count(*) FROM {table} WHERE writer = $1", number)  # noqa: S608
                if here != count[0]:
                    raise StoreRefused(f"{path.name}: {count[0]} rows of {table} there, {here} here")
                if table != "entry":
                    theirs = _sum(file.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608
                    ours = await self._digest(f"SELECT {columns} FROM {table} WHERE writer = {number}")  # noqa: S608
                    if theirs != ours:
                        raise StoreRefused(f"{path.name}: {table} is not the same here and there")
            last: Any = file.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
        query = "SELECT hash FROM entry WHERE writer = $1 ORDER BY number DESC LIMIT 1"
        head = await self.connection.fetchval(query, number)
        if last is not None and head != last[1]:
            raise StoreRefused(f"{path.name}: the chain does not end the same here and there")
        return (last[0] + 1, last[1].hex()) if last is not None else (0, "")

    async def columns(self, table: str) -> list[Column]:
        rows = await self.connection.fetch(
            "SELECT column_name, data_type, is_identity = 'YES' OR column_default LIKE 'nextval%' AS own"
            " FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1"
            " ORDER BY ordinal_position",
            table,
        )
        return [Column(row["column_name"], row["data_type"], bool(row["own"])) for row in rows]

    @asynccontextmanager
    async def records(self, done: Mapping[str, Any]) -> AsyncIterator[None]:
        """The one transaction in which the records come; with its commit the mark is gone and the database may be opened."""
        with told():
            async with self.connection.transaction():
                tables = [row[0] for row in await self.connection.fetch(_TABLES)]
                for table in tables:
                    await self.connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
                await self.connection.execute("DELETE FROM meta WHERE name <> 'keys'")
                yield
                await self.connection.execute(_COUNTS)
                for table in tables:
                    await self.connection.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
                    for column in await self.columns(table):
                        if column.identity:
                            await self.connection.execute(_SEQUENCE.format(table=table, column=column.name))
                await self.connection.execute(
                    "INSERT INTO meta VALUES ($1, $2)", TAKEN, to_text({"of": self.marked, **done})
                )
                crash_point("intake.records")
        crash_point("intake.taken")

    async def _from(self, file: apsw.Connection, writer: str, number: int) -> int:
        query = "SELECT number, hash FROM entry WHERE writer = $1 ORDER BY number DESC LIMIT 1"
        last = await self.connection.fetchrow(query, number)
        if last is None:
            return 0
        there: Any = file.execute("SELECT hash FROM entry WHERE number = ?", (last["number"],)).fetchone()
        if there is None or there[0] != last["hash"]:
            raise StoreRefused(f"the database holds another chain of {writer!r} already")
        return int(last["number"]) + 1

    async def _page(self, writer: int, page: list[Any]) -> None:
        await self.connection.copy_records_to_table(
            "entry", records=((writer, *row) for row in page), columns=("writer", "number", "body", "hash")
        )
        people = [(bytes.fromhex(each), writer, number) for number, body, _ in page for each in _people(body)]
        await self.connection.copy_records_to_table("subject", records=people, columns=("person", "writer", "number"))
        rows = await self.connection.fetch(
            "SELECT number, body, hash FROM entry WHERE writer = $1 AND number BETWEEN $2 AND $3 ORDER BY number",
            writer, page[0][0], page[-1][0],
        )  # fmt: skip
        if [tuple(row) for row in rows] != page:
            raise StoreFailed("the database has not kept what it was given")

    async def _checkpoints(self, file: apsw.Connection, writer: int) -> None:
        known = await self.connection.fetchval(
            "SELECT coalesce(max(size), 0) FROM checkpoint WHERE writer = $1", writer
        )
        names = "size, root, head, at, signature, frontier"
        rows: Any = file.execute(f"SELECT {names} FROM checkpoint WHERE size > ? ORDER BY size", (known,))  # noqa: S608
        await self.connection.copy_records_to_table(
            "checkpoint", records=[(writer, *row) for row in rows], columns=("writer", *names.split(", "))
        )

    async def _digest(self, query: str) -> int:
        total = 0
        async with self.connection.transaction():
            async for row in self.connection.cursor(query, prefetch=5000):
                total += row_mark(tuple(row))
        return total


@asynccontextmanager
async def opened(url: str, keys: Mapping[str, bytes], steps: list[Migration], clock: Clock) -> AsyncIterator[Intake]:
    """Raises `StoreRefused` where the database is in use, or somebody else's records are on their way to it."""
    try:
        connection = await Address(url).connect(slow=True)
    except StoreFailed as error:
        raise StoreRefused(f"the database cannot be used: {error}") from error
    try:
        await migrate(connection, steps, clock.now())
        mine = fingerprints(keys)
        with told():
            mark = await connection.fetchval("SELECT value FROM meta WHERE name = $1", MARK)
            if mark is None:
                if await connection.fetchval("SELECT EXISTS (SELECT FROM meta) OR EXISTS (SELECT FROM writer)"):
                    raise StoreRefused("the database is not empty: it takes in nothing")
                await connection.execute("INSERT INTO meta VALUES ($1, $2), ('keys', $2)", MARK, to_text(mine))
            elif msgspec.json.decode(mark) != mine:
                raise StoreRefused("another installation's records are on their way to this database")
        yield Intake(connection, mine)
    finally:
        connection.terminate()


async def taken_in(url: str) -> dict[str, Any] | None:
    """What a database has taken in earlier, None where nothing. Raises `StoreRefused`."""
    try:
        connection = await Address(url).connect(slow=True)
    except StoreFailed as error:
        raise StoreRefused(f"the database cannot be used: {error}") from error
    try:
        with told():
            if await connection.fetchval("SELECT to_regclass('meta')") is None:
                return None
            value = await connection.fetchval("SELECT value FROM meta WHERE name = $1", TAKEN)
            return None if value is None else dict(msgspec.json.decode(value))
    finally:
        connection.terminate()


def row_mark(row: tuple[Any, ...]) -> int:
    """A number of a row's content; the sum over a table does not depend on the order."""
    from hashlib import sha256

    return int.from_bytes(sha256(repr(row).encode()).digest(), "big")


_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
    " ORDER BY table_name"
)
_COUNTS = """INSERT INTO submission_count SELECT system, state, 0, count(*) FROM submission GROUP BY system, state"""
_SEQUENCE = """SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest(
    coalesce((SELECT max("{column}") FROM "{table}"), 0) + 1,
    (SELECT coalesce(last_value, 0) + 1 FROM pg_sequences WHERE schemaname = current_schema()
        AND format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence('{table}', '{column}'))), false)"""


class _Named(msgspec.Struct):
    subjects: list[str] = []


_NAMED = msgspec.json.Decoder(_Named)


def _people(body: bytes) -> list[str]:
    return _NAMED.decode(body).subjects if b'"subjects":["' in body else []


def _entries(file: apsw.Connection, start: int) -> list[Any]:
    return file.execute(
        "SELECT number, body, hash FROM entry WHERE number >= ? ORDER BY number LIMIT ?", (start, _PAGE)
    ).fetchall()


def _sum(rows: Any) -> int:
    return sum(row_mark(tuple(row)) for row in rows)


class _snapshot:  # noqa: N801  a context manager of one file
    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    def __enter__(self) -> apsw.Connection:
        self._db.set_busy_timeout(10_000)
        self._db.execute("BEGIN")
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close(True)
