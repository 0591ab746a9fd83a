"""Reports that were filed. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from lgsp.store.port.reports import ReportRow
from lgsp.store.sqlite.columns import from_moment, moment
from lgsp.store.sqlite.database import Database


@dataclass(frozen=True, slots=True)
class SqliteReports:
    database: Database

    async def add(self, row: ReportRow) -> bool:
        values = (row.name, row.first.isoformat(), row.last.isoformat(), moment(row.made), row.by, row.facts)
        query = "INSERT INTO report VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING 1"
        return bool(await self.database.write(lambda db: db.execute(query, values).fetchall()))

    async def get(self, name: str) -> ReportRow | None:
        row = await self.database.read(lambda db: db.execute("SELECT * FROM report WHERE name = ?", (name,)).fetchone())
        return None if row is None else _row(row)

    async def newest(self, limit: int) -> list[ReportRow]:
        query = "SELECT * FROM report ORDER BY last DESC, name DESC LIMIT ?"
        return [_row(row) for row in await self.database.read(lambda db: db.execute(query, (limit,)).fetchall())]


def _row(row: Any) -> ReportRow:
    name, first, last, made, by, facts = row
    return ReportRow(name, date.fromisoformat(first), date.fromisoformat(last), from_moment(made), by, facts)
