"""Numbered migrations: SQL files of this package, each applied once, in order, checksummed, safe to be killed in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import apsw

from lgsp.crash import crash_point


class MigrationError(Exception):
    """The database does not fit these migrations: a newer version made it, or a file was changed after it was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(family: str) -> list[Migration]:
    """`NNNN_name.sql` of one family (shared, evidence), in order and without a gap."""
    folder = resources.files("lgsp.store.sqlite") / "migrations" / family
    found = [
        Migration(int(file.name[:4]), file.name[5:-4], file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations of {family} are not numbered 1..{len(found)}")
    return found


def migrate(connection: apsw.Connection, steps: list[Migration], at: datetime) -> int:
    """Brings a database up to the last step; answers how many were applied."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        "number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, at TEXT NOT NULL) STRICT"
    )
    rows: list[Any] = connection.execute("SELECT number, sha256 FROM migration").fetchall()
    applied: dict[int, str] = dict(rows)
    if unknown := set(applied) - {step.number for step in steps}:
        raise MigrationError(f"the database holds migration {max(unknown)}, this version knows {len(steps)}")
    for step in steps:
        if step.number in applied:
            if applied[step.number] != step.sha256:
                raise MigrationError(f"migration {step.number:04d}_{step.name} was changed after it was applied")
            continue
        with connection:  # one transaction, so a kill leaves the step wholly undone
            connection.execute(step.sql)
            connection.execute(
                "INSERT INTO migration VALUES (?, ?, ?, ?)", (step.number, step.name, step.sha256, at.isoformat())
            )
            crash_point("migration.before-commit")
    return len(steps) - len(applied)
