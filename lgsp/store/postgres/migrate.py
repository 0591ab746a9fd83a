"""Brings the database up to the last migration: each step one transaction, and one node at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lgsp.crash import crash_point
from lgsp.store.migrations import Migration, outstanding, read_migrations
from lgsp.store.postgres.database import told
from lgsp.store.postgres.locks import MIGRATIONS


def migrations() -> list[Migration]:
    return read_migrations("lgsp.store.postgres")


async def migrate(connection: Any, steps: Sequence[Migration], at: datetime) -> int:
    """Answers how many were applied. The lock is the session's: a node that is killed here lets go of it."""
    with told():
        await connection.execute(f"SELECT pg_advisory_lock({MIGRATIONS}, 0)")
        try:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS migration ("
                "number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, at timestamptz NOT NULL)"
            )
            rows = await connection.fetch("SELECT number, sha256, name FROM migration")
            missing = outstanding(
                {row["number"]: row["sha256"] for row in rows}, steps, {row["number"]: row["name"] for row in rows}
            )
            for step in missing:
                async with connection.transaction():
                    await connection.execute(step.sql)
                    await connection.execute(
                        "INSERT INTO migration VALUES ($1, $2, $3, $4)", step.number, step.recorded, step.sha256, at
                    )
                    crash_point("migration.before-commit")
        finally:
            if not connection.is_closed():
                await connection.execute(f"SELECT pg_advisory_unlock({MIGRATIONS}, 0)")
    return len(missing)
