"""Payload evidence under keys that may be destroyed. PostgreSQL's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.port.payloads import HoldRow, PayloadKey, PayloadRow
from lgsp.store.postgres.database import Database

_KEY = "SELECT name, made, wrapped, destroyed FROM payload_key"
_ROW = "SELECT exchange, kind, at, day, correlation, consumer, system, operation, key, sealed FROM payload"


@dataclass(frozen=True, slots=True)
class PostgresPayloads:
    database: Database

    async def key(self, name: str, wrapped: bytes, at: datetime) -> PayloadKey:
        async def work(db: Any) -> PayloadKey:
            await db.execute("INSERT INTO payload_key VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", name, at, wrapped)
            return PayloadKey(*await db.fetchrow(f"{_KEY} WHERE name = $1", name))

        return await self.database.write(work)

    async def keys(self) -> list[PayloadKey]:
        return [PayloadKey(*row) for row in await self.database.fetch(f"{_KEY} ORDER BY name")]

    async def put(self, row: PayloadRow) -> None:
        await self.database.fetch(
            "INSERT INTO payload VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            row.exchange, row.kind, row.at, row.day, row.correlation, row.consumer, row.system, row.operation,
            row.key, row.sealed,
        )  # fmt: skip

    async def of(self, correlation: str) -> list[PayloadRow]:
        query = f"{_ROW} WHERE correlation = $1 ORDER BY at, kind DESC"
        return [PayloadRow(*row) for row in await self.database.fetch(query, correlation)]

    async def of_key(self, name: str, after: str, limit: int) -> list[PayloadRow]:
        query = f"{_ROW} WHERE key = $1 AND exchange > $2 ORDER BY exchange, kind LIMIT $3"
        return [PayloadRow(*row) for row in await self.database.fetch(query, name, after, limit)]

    async def count(self) -> dict[str, int]:
        rows = await self.database.fetch("SELECT key, count(*) FROM payload GROUP BY key")
        return {row["key"]: row["count"] for row in rows}

    async def reseal(self, rows: Sequence[PayloadRow]) -> None:
        async def work(db: Any) -> None:
            for row in rows:
                await db.execute(
                    "UPDATE payload SET key = $1, sealed = $2 WHERE exchange = $3 AND kind = $4",
                    row.key, row.sealed, row.exchange, row.kind,
                )  # fmt: skip

        await self.database.write(work)

    async def destroy(self, name: str, at: datetime) -> int:
        async def work(db: Any) -> int:
            gone = await db.fetch("DELETE FROM payload WHERE key = $1 RETURNING 1", name)
            await db.execute("UPDATE payload_key SET wrapped = NULL, destroyed = $2 WHERE name = $1", name, at)
            return len(gone)

        return await self.database.write(work)

    async def hold(self, row: HoldRow) -> None:
        await self.database.fetch(
            "INSERT INTO payload_hold VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            row.id, row.correlation, row.consumer, row.first, row.last, row.by, row.reason, row.at,
        )  # fmt: skip

    async def release(self, hold: str, at: datetime) -> bool:
        query = "UPDATE payload_hold SET released = $2 WHERE id = $1 AND released IS NULL RETURNING 1"
        return bool(await self.database.fetch(query, hold, at))

    async def holds(self) -> list[HoldRow]:
        return [HoldRow(*row) for row in await self.database.fetch("SELECT * FROM payload_hold ORDER BY at, id")]
