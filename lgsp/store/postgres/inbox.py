"""What waits in inboxes, and how far collectors have read. PostgreSQL's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.port import CursorRow, InboxRow
from lgsp.store.postgres.database import Database
from lgsp.store.postgres.locks import INBOX

_CURSOR = """INSERT INTO cursor VALUES ($1, $2, $3, $4)
    ON CONFLICT (system, collector) DO UPDATE SET value = excluded.value, at = excluded.at"""


@dataclass(frozen=True, slots=True)
class PostgresInbox:
    database: Database

    async def put(self, rows: Sequence[InboxRow], cursor: CursorRow | None = None) -> list[str]:
        async def work(db: Any) -> list[str]:
            # A place that is seen later than a higher one would never be read by who pages by places.
            for consumer in sorted({row.consumer for row in rows}):
                await db.execute(f"SELECT pg_advisory_xact_lock({INBOX}, hashtext($1))", consumer)
            new = []
            for row in rows:
                inserted = await db.fetchrow(
                    "INSERT INTO inbox (id, consumer, system, operation, item, received, sealed)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (consumer, system, operation, item) DO NOTHING"
                    " RETURNING 1",
                    row.id, row.consumer, row.system, row.operation, row.key, row.received, row.sealed,
                )  # fmt: skip
                if inserted:
                    new.append(row.id)
            if cursor is not None:
                await db.execute(_CURSOR, cursor.system, cursor.collector, cursor.value, cursor.at)
            return new

        return await self.database.write(work)

    async def page(self, consumer: str, after: int, limit: int) -> list[tuple[int, InboxRow]]:
        rows = await self.database.fetch(
            "SELECT place, id, consumer, system, operation, item, received, sealed FROM inbox"
            " WHERE consumer = $1 AND acknowledged IS NULL AND place > $2 ORDER BY place LIMIT $3",
            consumer, after, limit,
        )  # fmt: skip
        return [(row["place"], InboxRow(*row[1:])) for row in rows]

    async def one(self, consumer: str, item: str) -> InboxRow | None:
        row = await self.database.row(
            "SELECT id, consumer, system, operation, item, received, sealed FROM inbox"
            " WHERE consumer = $1 AND id = $2 AND acknowledged IS NULL",
            consumer, item,
        )  # fmt: skip
        return None if row is None else InboxRow(*row)

    async def acknowledge(self, consumer: str, item: str, at: datetime) -> bool:
        row = await self.database.row(
            "UPDATE inbox SET acknowledged = $3, sealed = '' WHERE consumer = $1 AND id = $2"
            " AND acknowledged IS NULL RETURNING 1",
            consumer, item, at,
        )  # fmt: skip
        return row is not None


@dataclass(frozen=True, slots=True)
class PostgresCursors:
    database: Database

    async def get(self, system: str, collector: str) -> CursorRow | None:
        row = await self.database.row(
            "SELECT system, collector, value, at FROM cursor WHERE system = $1 AND collector = $2", system, collector
        )
        return None if row is None else CursorRow(*row)

    async def put(self, cursor: CursorRow) -> None:
        await self.database.fetch(_CURSOR, cursor.system, cursor.collector, cursor.value, cursor.at)
