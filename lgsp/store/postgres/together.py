"""Leases and allowances of many nodes. Time is the server's, the only clock that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lgsp.store.port.together import Drawn
from lgsp.store.postgres.database import Database
from lgsp.store.postgres.node import Node

_TAKE = """INSERT INTO lease AS held VALUES ($1, $2, clock_timestamp() + $3)
    ON CONFLICT (name) DO UPDATE SET node = excluded.node, until = excluded.until
    WHERE held.node = excluded.node OR held.until <= clock_timestamp()
        OR NOT EXISTS (SELECT FROM node WHERE number = held.node)
    RETURNING 1"""
_DRAW = """INSERT INTO allowance AS drawn VALUES ($1, $2::bigint, least($3::bigint, $4::bigint), least($3, $4))
    ON CONFLICT (name) DO UPDATE SET (time_slot, given, spent) = (
        SELECT greatest(drawn.time_slot, $2), given, known.spent + given FROM (
            SELECT CASE WHEN drawn.time_slot < $2 THEN 0 ELSE drawn.spent END AS spent) AS known,
            LATERAL (SELECT CASE WHEN drawn.time_slot > $2 THEN 0 ELSE greatest(0, least($4, $3 - known.spent)) END
                AS given) AS share)
    RETURNING given, greatest(0, $3 - spent) AS rest"""


@dataclass(frozen=True, slots=True)
class PostgresLeases:
    database: Database
    node: Node

    async def take(self, name: str, seconds: float) -> bool:
        row = await self.database.row(_TAKE, name, self.node.number, timedelta(seconds=seconds))
        return row is not None

    async def release(self, name: str) -> None:
        await self.database.fetch("DELETE FROM lease WHERE name = $1 AND node = $2", name, self.node.number)


@dataclass(frozen=True, slots=True)
class PostgresAllowances:
    database: Database

    async def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        row = await self.database.row(_DRAW, name, window, limit, wanted)
        return Drawn(row["given"], row["rest"])
