"""Payload evidence under keys that may be destroyed. SQLite's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lgsp.store.port.payloads import HoldRow, PayloadKey, PayloadRow
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment
from lgsp.store.sqlite.database import Database

_KEY = "SELECT name, made, wrapped, destroyed FROM payload_key"
_ROW = "SELECT exchange, kind, at, day, correlation, consumer, system, operation, key, sealed FROM payload"


@dataclass(frozen=True, slots=True)
class SqlitePayloads:
    database: Database

    async def key(self, name: str, wrapped: bytes, at: datetime) -> PayloadKey:
        def work(db: Any) -> PayloadKey:
            db.execute("INSERT OR IGNORE INTO payload_key VALUES (?, ?, ?, NULL)", (name, moment(at), wrapped))
            return _key(db.execute(f"{_KEY} WHERE name = ?", (name,)).fetchone())

        return await self.database.write(work)

    async def keys(self) -> list[PayloadKey]:
        rows = await self.database.read(lambda db: db.execute(f"{_KEY} ORDER BY name").fetchall())
        return [_key(row) for row in rows]

    async def put(self, row: PayloadRow) -> None:
        values = (
            row.exchange, row.kind, moment(row.at), row.day.isoformat(), row.correlation, row.consumer, row.system,
            row.operation, row.key, row.sealed,
        )  # fmt: skip
        await self.database.write(
            lambda db: db.execute(
                "INSERT OR IGNORE INTO payload VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            ).fetchall()
        )

    async def of(self, correlation: str) -> list[PayloadRow]:
        rows = await self.database.read(
            lambda db: db.execute(f"{_ROW} WHERE correlation = ? ORDER BY at, kind DESC", (correlation,)).fetchall()
        )
        return [_row(row) for row in rows]

    async def of_key(self, name: str, after: str, limit: int) -> list[PayloadRow]:
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_ROW} WHERE key = ? AND exchange > ? ORDER BY exchange, kind LIMIT ?", (name, after, limit)
            ).fetchall()
        )
        return [_row(row) for row in rows]

    async def count(self) -> dict[str, int]:
        rows: list[tuple[str, int]] = await self.database.read(
            lambda db: db.execute("SELECT key, count(*) FROM payload GROUP BY key").fetchall()
        )
        return dict(rows)

    async def reseal(self, rows: Sequence[PayloadRow]) -> None:
        values = [(row.key, row.sealed, row.exchange, row.kind) for row in rows]
        query = "UPDATE payload SET key = ?, sealed = ? WHERE exchange = ? AND kind = ?"
        await self.database.write(lambda db: db.executemany(query, values).fetchall())

    async def destroy(self, name: str, at: datetime) -> int:
        def work(db: Any) -> int:
            db.execute("PRAGMA secure_delete = ON")  # the freed bytes are written over, not only forgotten
            gone = db.execute("DELETE FROM payload WHERE key = ? RETURNING 1", (name,)).fetchall()
            db.execute("UPDATE payload_key SET wrapped = NULL, destroyed = ? WHERE name = ?", (moment(at), name))
            return len(gone)

        return await self.database.write(work)

    async def hold(self, row: HoldRow) -> None:
        values = (
            row.id, row.correlation, row.consumer, row.first and row.first.isoformat(),
            row.last and row.last.isoformat(), row.by, row.reason, moment(row.at), None,
        )  # fmt: skip
        await self.database.write(
            lambda db: db.execute("INSERT INTO payload_hold VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values).fetchall()
        )

    async def release(self, hold: str, at: datetime) -> bool:
        query = "UPDATE payload_hold SET released = ? WHERE id = ? AND released IS NULL RETURNING 1"
        return bool(await self.database.write(lambda db: db.execute(query, (moment(at), hold)).fetchall()))

    async def holds(self) -> list[HoldRow]:
        rows = await self.database.read(lambda db: db.execute("SELECT * FROM payload_hold ORDER BY at, id").fetchall())
        return [_hold(row) for row in rows]


def _key(row: Any) -> PayloadKey:
    name, made, wrapped, destroyed = row
    return PayloadKey(name, from_moment(made), wrapped, optional_from_moment(destroyed))


def _row(row: Any) -> PayloadRow:
    exchange, kind, at, day, *rest = row
    return PayloadRow(exchange, kind, from_moment(at), date.fromisoformat(day), *rest)


def _hold(row: Any) -> HoldRow:
    name, correlation, consumer, first, last, by, reason, at, released = row
    begin, end = (date.fromisoformat(each) if each else None for each in (first, last))
    ended = optional_from_moment(released)
    return HoldRow(name, correlation, consumer, begin, end, by, reason, from_moment(at), ended)
