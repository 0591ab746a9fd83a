"""Alerts by cause, and where they are sent. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.model import Text
from lgsp.store.port.alerts import AlertRow, RouteRow
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment
from lgsp.store.sqlite.database import Database

_SELECT = "SELECT id, cause, kind, severity, vi, en, raised, cleared, acknowledged, by, note FROM alert"


@dataclass(frozen=True, slots=True)
class SqliteAlerts:
    database: Database

    async def raised(self, row: AlertRow) -> bool:
        values = (row.id, row.cause, row.kind, row.severity, row.text.vi, row.text.en, moment(row.raised))
        query = (
            "INSERT INTO alert (id, cause, kind, severity, vi, en, raised, by, note) VALUES (?, ?, ?, ?, ?, ?, ?, '', '')"
            " ON CONFLICT (cause) WHERE cleared IS NULL DO NOTHING RETURNING 1"
        )
        return bool(await self.database.write(lambda db: db.execute(query, values).fetchall()))

    async def cleared(self, alert: str, at: datetime) -> bool:
        query = "UPDATE alert SET cleared = ? WHERE id = ? AND cleared IS NULL RETURNING 1"
        return bool(await self.database.write(lambda db: db.execute(query, (moment(at), alert)).fetchall()))

    async def acknowledge(self, alert: str, by: str, note: str, at: datetime) -> bool:
        query = "UPDATE alert SET acknowledged = ?, by = ?, note = ? WHERE id = ? AND acknowledged IS NULL RETURNING 1"
        values = (moment(at), by, note, alert)
        return bool(await self.database.write(lambda db: db.execute(query, values).fetchall()))

    async def standing(self) -> list[AlertRow]:
        query = f"{_SELECT} WHERE cleared IS NULL ORDER BY severity DESC, number"
        return [_row(row) for row in await self.database.read(lambda db: db.execute(query).fetchall())]

    async def past(self, limit: int) -> list[AlertRow]:
        query = f"{_SELECT} WHERE cleared IS NOT NULL ORDER BY cleared DESC, number DESC LIMIT ?"
        return [_row(row) for row in await self.database.read(lambda db: db.execute(query, (limit,)).fetchall())]

    async def put_route(self, row: RouteRow) -> None:
        values = (row.id, row.kind, row.target, row.secrets, row.least, moment(row.since), row.by)
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO alert_route VALUES (?, ?, ?, ?, ?, ?, ?)", values).fetchall()
        )

    async def drop_route(self, route: str) -> bool:
        query = "DELETE FROM alert_route WHERE id = ? RETURNING 1"
        return bool(await self.database.write(lambda db: db.execute(query, (route,)).fetchall()))

    async def routes(self) -> list[RouteRow]:
        rows = await self.database.read(
            lambda db: db.execute("SELECT * FROM alert_route ORDER BY since, id").fetchall()
        )
        return [
            RouteRow(name, kind, target, secrets, least, from_moment(since), by)
            for name, kind, target, secrets, least, since, by in rows
        ]


def _row(row: Any) -> AlertRow:
    name, cause, kind, severity, vi, en, raised, cleared, acknowledged, by, note = row
    return AlertRow(
        name, cause, kind, severity, Text(vi, en), from_moment(raised), optional_from_moment(cleared),
        optional_from_moment(acknowledged), by, note,
    )  # fmt: skip
