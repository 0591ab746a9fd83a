"""Call-backs and what waits for them. SQLite's form."""

# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.port.callbacks import CallbackRow, CallbackWork, WorkOutcome
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment, optional_moment
from lgsp.store.sqlite.database import Database

_COLUMNS = "id, consumer, kind, subject, created, next_at, expires, attempts, ended, outcome, last"
_WORK = f"SELECT {_COLUMNS} FROM callback_work"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SqliteCallbacks:
    database: Database

    async def put(self, row: CallbackRow) -> None:
        values = (
            row.consumer, row.url, row.secrets, int(row.with_data), moment(row.since), optional_moment(row.off), row.why,
        )  # fmt: skip
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO callback VALUES (?, ?, ?, ?, ?, ?, ?)", values).fetchall()
        )

    async def get(self, consumer: str) -> CallbackRow | None:
        row = await self.database.read(
            lambda db: db.execute("SELECT * FROM callback WHERE consumer = ?", (consumer,)).fetchone()
        )
        if row is None:
            return None
        name, url, secrets, with_data, since, off, why = row
        return CallbackRow(name, url, secrets, bool(with_data), from_moment(since), optional_from_moment(off), why)

    async def off(self, consumer: str, at: datetime, why: str) -> int | None:
        def work(db: Any) -> int | None:
            query = "UPDATE callback SET off = ?, why = ? WHERE consumer = ? AND off IS NULL RETURNING 1"
            if not db.execute(query, (moment(at), why, consumer)).fetchall():
                return None
            db.execute(
                "UPDATE callback_work SET ended = ?, outcome = 'off' WHERE consumer = ? AND ended IS NULL",
                (moment(at), consumer),
            )
            return int(db.changes())

        return await self.database.write(work)

    async def begun(self, expires: datetime, now: datetime) -> list[CallbackWork]:
        fresh = "callback_work WHERE ended IS NULL AND expires IS NULL"
        found = await self.database.read(lambda db: db.execute(f"SELECT EXISTS (SELECT 1 FROM {fresh})").fetchone())
        if found[0]:
            query = "UPDATE callback_work SET expires = ? WHERE ended IS NULL AND expires IS NULL"
            await self.database.write(lambda db: db.execute(query, (moment(expires),)).fetchall())
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_WORK} WHERE ended IS NULL AND expires <= ? ORDER BY number LIMIT {_AT_ONCE}", (moment(now),)
            ).fetchall()
        )
        return [_work(row) for row in rows]

    async def consumers_due(self, now: datetime) -> list[str]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT consumer FROM callback AS known WHERE EXISTS (SELECT 1 FROM callback_work AS work"
                " WHERE work.consumer = known.consumer AND ended IS NULL AND next_at <= ?) ORDER BY consumer",
                (moment(now),),
            ).fetchall()
        )
        return [name for (name,) in rows]

    async def due(self, consumer: str, now: datetime, limit: int) -> list[CallbackWork]:
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_WORK} WHERE consumer = ? AND ended IS NULL AND next_at <= ? ORDER BY next_at, number LIMIT ?",
                (consumer, moment(now), limit),
            ).fetchall()
        )
        return [_work(row) for row in rows]

    async def next_due(self, after: datetime) -> datetime | None:
        row = await self.database.read(
            lambda db: db.execute(
                "SELECT min(next_at) FROM callback_work WHERE ended IS NULL AND next_at > ?", (moment(after),)
            ).fetchone()
        )
        return optional_from_moment(row[0])

    async def tried(self, work: str, last: str, next_at: datetime) -> None:
        query = "UPDATE callback_work SET attempts = attempts + 1, last = ?, next_at = ? WHERE id = ? AND ended IS NULL"
        await self.database.write(lambda db: db.execute(query, (last, moment(next_at), work)).fetchall())

    async def ended(self, work: str, outcome: WorkOutcome, last: str, at: datetime) -> bool:
        query = (
            "UPDATE callback_work SET attempts = attempts + (?2 = 'delivered'), ended = ?1, outcome = ?2, last = ?3"
            " WHERE id = ?4 AND ended IS NULL RETURNING 1"
        )
        return bool(
            await self.database.write(lambda db: db.execute(query, (moment(at), outcome, last, work)).fetchall())
        )

    async def again(self, consumer: str, now: datetime) -> int:
        def work(db: Any) -> int:
            db.execute(
                "UPDATE callback_work SET ended = NULL, outcome = '', expires = NULL, next_at = ?"
                " WHERE consumer = ? AND outcome IN ('parked', 'off')",
                (moment(now), consumer),
            )
            return int(db.changes())

        return await self.database.write(work)

    async def counts(self) -> dict[tuple[str, WorkOutcome], int]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT consumer, outcome, count(*) FROM callback_work GROUP BY outcome, consumer"
            ).fetchall()
        )
        return {(consumer, outcome): count for consumer, outcome, count in rows}

    async def open(self) -> dict[str, int]:
        query = "SELECT count(*) FROM callback_work WHERE outcome = ?"
        waiting, parked = await self.database.read(
            lambda db: [db.execute(query, (outcome,)).fetchone()[0] for outcome in ("", "parked")]
        )
        return {"waiting": waiting, "parked": parked}

    async def work(self, consumer: str, outcome: WorkOutcome, limit: int) -> list[CallbackWork]:
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_WORK} WHERE outcome = ? AND consumer = ? ORDER BY number LIMIT ?", (outcome, consumer, limit)
            ).fetchall()
        )
        return [_work(row) for row in rows]


def _work(row: Any) -> CallbackWork:
    name, consumer, kind, subject, created, next_at, expires, attempts, ended, outcome, last = row
    return CallbackWork(
        name, consumer, kind, subject, from_moment(created), from_moment(next_at), optional_from_moment(expires),
        attempts, optional_from_moment(ended), outcome, last,
    )  # fmt: skip
