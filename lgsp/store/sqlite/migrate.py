"""Brings a SQLite file up to the last migration of its family; a kill leaves the step that was under way wholly undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import apsw

from lgsp.crash import crash_point
from lgsp.store.migrations import Migration, MigrationError, outstanding, read_migrations

__all__ = ["Migration", "MigrationError", "migrate", "migrations"]


def migrations(family: str) -> list[Migration]:
    """Of one family of files (shared, evidence)."""
    return read_migrations("lgsp.store.sqlite", family)


def migrate(connection: apsw.Connection, steps: list[Migration], at: datetime) -> int:
    """Answers how many were applied."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        "number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, at TEXT NOT NULL) STRICT"
    )
    rows: list[Any] = connection.execute("SELECT number, sha256, name FROM migration").fetchall()
    missing = outstanding({number: sha for number, sha, _ in rows}, steps, {number: name for number, _, name in rows})
    for step in missing:
        with connection:  # one transaction, so a kill leaves the step wholly undone
            connection.execute(step.sql)
            connection.execute(
                "INSERT INTO migration VALUES (?, ?, ?, ?)", (step.number, step.recorded, step.sha256, at.isoformat())
            )
            crash_point("migration.before-commit")
    return len(missing)
