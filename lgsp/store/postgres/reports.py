"""Reports that were filed. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass

from lgsp.store.port.reports import ReportRow
from lgsp.store.postgres.database import Database


@dataclass(frozen=True, slots=True)
class PostgresReports:
    database: Database

    async def add(self, row: ReportRow) -> bool:
        return bool(
            await self.database.fetch(
                "INSERT INTO report VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING 1",
                row.name, row.first, row.last, row.made, row.by, row.facts,
            )
        )  # fmt: skip

    async def get(self, name: str) -> ReportRow | None:
        row = await self.database.row("SELECT * FROM report WHERE name = $1", name)
        return None if row is None else ReportRow(*row)

    async def newest(self, limit: int) -> list[ReportRow]:
        rows = await self.database.fetch("SELECT * FROM report ORDER BY last DESC, name DESC LIMIT $1", limit)
        return [ReportRow(*row) for row in rows]
