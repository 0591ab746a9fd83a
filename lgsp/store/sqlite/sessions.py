"""Who is signed in to the console, and how often somebody guessed wrong. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lgsp.store.port import SessionRecord
from lgsp.store.sqlite.columns import from_moment, moment
from lgsp.store.sqlite.database import Database

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SqliteSessions:
    database: Database

    async def begin(self, token: bytes, operator: str, now: datetime, ends: datetime) -> None:
        row = (token, operator, moment(now), moment(now), moment(ends))

        def work(db: Any) -> None:
            db.execute("DELETE FROM console_session WHERE ends <= ?", (moment(now),))
            db.execute("INSERT INTO console_session VALUES (?, ?, ?, ?, ?)", row)

        await self.database.write(work)

    async def get(self, token: bytes, now: datetime, idle_since: datetime) -> SessionRecord | None:
        row = await self.database.read(
            lambda db: db.execute(
                "SELECT token, operator, role, began, seen, ends FROM console_session"
                " JOIN operator ON name = operator AND active = 1 AND created <= began"
                " WHERE token = ? AND ends > ? AND seen > ?",
                (token, moment(now), moment(idle_since)),
            ).fetchone()
        )
        if row is None:
            return None
        held, operator, role, began, seen, ends = row
        return SessionRecord(held, operator, role, from_moment(began), from_moment(seen), from_moment(ends))

    async def seen(self, token: bytes, now: datetime) -> None:
        values = (moment(now), token)
        await self.database.write(
            lambda db: db.execute("UPDATE console_session SET seen = ? WHERE token = ?", values).fetchall()
        )

    async def end(self, token: bytes) -> bool:
        rows = await self.database.write(
            lambda db: db.execute("DELETE FROM console_session WHERE token = ? RETURNING 1", (token,)).fetchall()
        )
        return bool(rows)

    async def end_all(self, operator: str) -> int:
        rows = await self.database.write(
            lambda db: db.execute("DELETE FROM console_session WHERE operator = ? RETURNING 1", (operator,)).fetchall()
        )
        return len(rows)

    async def guessed(self, targets: tuple[bytes, ...], now: datetime, until: datetime) -> None:
        def work(db: Any) -> None:
            db.execute("DELETE FROM console_guess WHERE until <= ?", (moment(now),))
            for target in targets:
                db.execute(
                    "INSERT INTO console_guess VALUES (?, 1, ?)"
                    " ON CONFLICT (target) DO UPDATE SET failures = failures + 1, until = excluded.until",
                    (target, moment(until)),
                )

        await self.database.write(work)

    async def guesses(self, targets: tuple[bytes, ...], now: datetime) -> list[tuple[int, datetime]]:
        def work(db: Any) -> list[Any]:
            return [
                db.execute(
                    "SELECT failures, until FROM console_guess WHERE target = ? AND until > ?", (target, moment(now))
                ).fetchone()
                for target in targets
            ]

        rows = await self.database.read(work)
        return [(row[0], from_moment(row[1])) if row else (0, _NEVER) for row in rows]

    async def forgive(self, target: bytes) -> None:
        await self.database.write(
            lambda db: db.execute("DELETE FROM console_guess WHERE target = ?", (target,)).fetchall()
        )
