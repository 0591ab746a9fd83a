"""Who is signed in to the console, and how often somebody guessed wrong. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lgsp.store.port import SessionRecord
from lgsp.store.postgres.database import Database

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PostgresSessions:
    database: Database

    async def begin(self, token: bytes, operator: str, now: datetime, ends: datetime) -> None:
        async def work(db: Any) -> None:
            await db.execute("DELETE FROM console_session WHERE ends <= $1", now)
            await db.execute("INSERT INTO console_session VALUES ($1, $2, $3, $3, $4)", token, operator, now, ends)

        await self.database.write(work)

    async def get(self, token: bytes, now: datetime, idle_since: datetime) -> SessionRecord | None:
        row = await self.database.row(
            "SELECT token, operator, role, began, seen, ends FROM console_session"
            " JOIN operator ON name = operator AND active AND created <= began"
            " WHERE token = $1 AND ends > $2 AND seen > $3",
            token, now, idle_since,
        )  # fmt: skip
        return None if row is None else SessionRecord(*row)

    async def seen(self, token: bytes, now: datetime) -> None:
        await self.database.fetch("UPDATE console_session SET seen = $2 WHERE token = $1", token, now)

    async def end(self, token: bytes) -> bool:
        return bool(await self.database.fetch("DELETE FROM console_session WHERE token = $1 RETURNING 1", token))

    async def end_all(self, operator: str) -> int:
        return len(await self.database.fetch("DELETE FROM console_session WHERE operator = $1 RETURNING 1", operator))

    async def guessed(self, targets: tuple[bytes, ...], now: datetime, until: datetime) -> None:
        async def work(db: Any) -> None:
            await db.execute("DELETE FROM console_guess WHERE until <= $1", now)
            for target in sorted(targets):
                await db.execute(
                    "INSERT INTO console_guess AS g VALUES ($1, 1, $2)"
                    " ON CONFLICT (target) DO UPDATE SET failures = g.failures + 1, until = excluded.until",
                    target, until,
                )  # fmt: skip

        await self.database.write(work)

    async def guesses(self, targets: tuple[bytes, ...], now: datetime) -> list[tuple[int, datetime]]:
        rows = await self.database.fetch(
            "SELECT target, failures, until FROM console_guess WHERE target = ANY($1) AND until > $2",
            list(targets),
            now,
        )
        found = {row["target"]: (row["failures"], row["until"]) for row in rows}
        return [found.get(target, (0, _NEVER)) for target in targets]

    async def forgive(self, target: bytes) -> None:
        await self.database.fetch("DELETE FROM console_guess WHERE target = $1", target)
