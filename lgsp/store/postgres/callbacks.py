"""Call-backs and what waits for them. PostgreSQL's form."""

# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.port.callbacks import CallbackRow, CallbackWork, WorkOutcome
from lgsp.store.postgres.database import Database

_COLUMNS = "id, consumer, kind, subject, created, next_at, expires, attempts, ended, outcome, last"
_WORK = f"SELECT {_COLUMNS} FROM callback_work"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PostgresCallbacks:
    database: Database

    async def put(self, row: CallbackRow) -> None:
        await self.database.fetch(
            "INSERT INTO callback VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (consumer) DO UPDATE SET"
            " (url, secrets, with_data, since, off, why) = ROW(excluded.url, excluded.secrets, excluded.with_data,"
            " excluded.since, excluded.off, excluded.why)",
            row.consumer, row.url, row.secrets, row.with_data, row.since, row.off, row.why,
        )  # fmt: skip

    async def get(self, consumer: str) -> CallbackRow | None:
        row = await self.database.row("SELECT * FROM callback WHERE consumer = $1", consumer)
        return None if row is None else CallbackRow(*row)

    async def off(self, consumer: str, at: datetime, why: str) -> int | None:
        async def work(db: Any) -> int | None:
            query = "UPDATE callback SET off = $1, why = $2 WHERE consumer = $3 AND off IS NULL RETURNING 1"
            if await db.fetchrow(query, at, why, consumer) is None:
                return None
            ended = "UPDATE callback_work SET ended = $1, outcome = 'off' WHERE consumer = $2 AND ended IS NULL"
            done: str = await db.execute(ended, at, consumer)
            return int(done.rpartition(" ")[2])

        return await self.database.write(work)

    async def begun(self, expires: datetime, now: datetime) -> list[CallbackWork]:
        await self.database.fetch(
            "UPDATE callback_work SET expires = $1 WHERE ended IS NULL AND expires IS NULL", expires
        )
        query = f"{_WORK} WHERE ended IS NULL AND expires <= $1 ORDER BY number LIMIT {_AT_ONCE}"
        return [CallbackWork(*row) for row in await self.database.fetch(query, now)]

    async def consumers_due(self, now: datetime) -> list[str]:
        rows = await self.database.fetch(
            "SELECT consumer FROM callback AS known WHERE EXISTS (SELECT FROM callback_work AS work"
            " WHERE work.consumer = known.consumer AND ended IS NULL AND next_at <= $1) ORDER BY consumer",
            now,
        )
        return [row["consumer"] for row in rows]

    async def due(self, consumer: str, now: datetime, limit: int) -> list[CallbackWork]:
        query = f"{_WORK} WHERE consumer = $1 AND ended IS NULL AND next_at <= $2 ORDER BY next_at, number LIMIT $3"
        return [CallbackWork(*row) for row in await self.database.fetch(query, consumer, now, limit)]

    async def next_due(self, after: datetime) -> datetime | None:
        query = "SELECT min(next_at) AS next_at FROM callback_work WHERE ended IS NULL AND next_at > $1"
        due: datetime | None = (await self.database.row(query, after))["next_at"]
        return due

    async def tried(self, work: str, last: str, next_at: datetime) -> None:
        await self.database.fetch(
            "UPDATE callback_work SET attempts = attempts + 1, last = $1, next_at = $2 WHERE id = $3 AND ended IS NULL",
            last, next_at, work,
        )  # fmt: skip

    async def ended(self, work: str, outcome: WorkOutcome, last: str, at: datetime) -> bool:
        row = await self.database.row(
            "UPDATE callback_work SET attempts = attempts + $5, ended = $1, outcome = $2, last = $3"
            " WHERE id = $4 AND ended IS NULL RETURNING 1",
            at, outcome, last, work, int(outcome == "delivered"),
        )  # fmt: skip
        return row is not None

    async def again(self, consumer: str, now: datetime) -> int:
        rows = await self.database.fetch(
            "UPDATE callback_work SET ended = NULL, outcome = '', expires = NULL, next_at = $1"
            " WHERE consumer = $2 AND outcome IN ('parked', 'off') RETURNING 1",
            now, consumer,
        )  # fmt: skip
        return len(rows)

    async def counts(self) -> dict[tuple[str, WorkOutcome], int]:
        rows = await self.database.fetch(
            "SELECT consumer, outcome, count(*) FROM callback_work GROUP BY outcome, consumer"
        )
        return {(consumer, outcome): count for consumer, outcome, count in rows}

    async def open(self) -> dict[str, int]:
        query = "SELECT count(*) FROM callback_work WHERE outcome = $1"
        waiting, parked = [(await self.database.row(query, outcome))[0] for outcome in ("", "parked")]
        return {"waiting": waiting, "parked": parked}

    async def work(self, consumer: str, outcome: WorkOutcome, limit: int) -> list[CallbackWork]:
        query = f"{_WORK} WHERE outcome = $1 AND consumer = $2 ORDER BY number LIMIT $3"
        return [CallbackWork(*row) for row in await self.database.fetch(query, outcome, consumer, limit)]
