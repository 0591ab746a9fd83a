"""Alerts by cause, and where they are sent. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.model import Text
from lgsp.store.port.alerts import AlertRow, RouteRow
from lgsp.store.postgres.database import Database

_SELECT = "SELECT id, cause, kind, severity, vi, en, raised, cleared, acknowledged, by, note FROM alert"


@dataclass(frozen=True, slots=True)
class PostgresAlerts:
    database: Database

    async def raised(self, row: AlertRow) -> bool:
        return bool(
            await self.database.fetch(
                "INSERT INTO alert (id, cause, kind, severity, vi, en, raised, by, note)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, '', '')"
                " ON CONFLICT (cause) WHERE cleared IS NULL DO NOTHING RETURNING 1",
                row.id, row.cause, row.kind, row.severity, row.text.vi, row.text.en, row.raised,
            )
        )  # fmt: skip

    async def cleared(self, alert: str, at: datetime) -> bool:
        query = "UPDATE alert SET cleared = $1 WHERE id = $2 AND cleared IS NULL RETURNING 1"
        return bool(await self.database.fetch(query, at, alert))

    async def acknowledge(self, alert: str, by: str, note: str, at: datetime) -> bool:
        query = (
            "UPDATE alert SET acknowledged = $1, by = $2, note = $3 WHERE id = $4 AND acknowledged IS NULL RETURNING 1"
        )
        return bool(await self.database.fetch(query, at, by, note, alert))

    async def standing(self) -> list[AlertRow]:
        query = f"{_SELECT} WHERE cleared IS NULL ORDER BY severity DESC, number"
        return [_row(row) for row in await self.database.fetch(query)]

    async def past(self, limit: int) -> list[AlertRow]:
        query = f"{_SELECT} WHERE cleared IS NOT NULL ORDER BY cleared DESC, number DESC LIMIT $1"
        return [_row(row) for row in await self.database.fetch(query, limit)]

    async def put_route(self, row: RouteRow) -> None:
        await self.database.fetch(
            "INSERT INTO alert_route VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET"
            " (kind, target, secrets, least, since, by) = ROW(excluded.kind, excluded.target, excluded.secrets,"
            " excluded.least, excluded.since, excluded.by)",
            row.id, row.kind, row.target, row.secrets, row.least, row.since, row.by,
        )  # fmt: skip

    async def drop_route(self, route: str) -> bool:
        return bool(await self.database.fetch("DELETE FROM alert_route WHERE id = $1 RETURNING 1", route))

    async def routes(self) -> list[RouteRow]:
        return [RouteRow(*row) for row in await self.database.fetch("SELECT * FROM alert_route ORDER BY since, id")]


def _row(row: Any) -> AlertRow:
    name, cause, kind, severity, vi, en, raised, cleared, acknowledged, by, note = row
    return AlertRow(name, cause, kind, severity, Text(vi, en), raised, cleared, acknowledged, by, note)
