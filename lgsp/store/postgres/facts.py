"""What is known of systems: stages decided, health observed, calls counted, small values remembered. PostgreSQL's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from lgsp.model import Evidence, Health, Stage, StageEntry, Text
from lgsp.store.columns import from_text, to_text
from lgsp.store.port import CountRow, HealthRow
from lgsp.store.postgres.database import Database

_STAGE = "SELECT system, stage, since, decision, by_whom, approved_by, evidence, recorded FROM stage"
_COUNT = """INSERT INTO calls VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (hour, system, operation, consumer, outcome) DO UPDATE SET
        calls = calls.calls + excluded.calls, seconds = calls.seconds + excluded.seconds,
        buckets = ARRAY(SELECT coalesce(mine, 0) + coalesce(theirs, 0)
            FROM unnest(calls.buckets, excluded.buckets) WITH ORDINALITY AS pair (mine, theirs, place) ORDER BY place)"""


@dataclass(frozen=True, slots=True)
class PostgresStages:
    database: Database

    async def append(self, entry: StageEntry, *, only_first: bool = False) -> bool:
        async def work(db: Any) -> bool:
            await db.execute(
                "LOCK TABLE stage IN SHARE ROW EXCLUSIVE MODE"
            )  # decisions are few; two firsts never stand
            if only_first and await db.fetchrow("SELECT 1 FROM stage WHERE system = $1 LIMIT 1", entry.system):
                return False
            await db.execute(
                "INSERT INTO stage (system, stage, since, decision, by_whom, approved_by, evidence, recorded)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                entry.system, entry.stage.value, entry.since, entry.decision, entry.by, entry.approved_by,
                entry.evidence.value, entry.recorded,
            )  # fmt: skip
            return True

        return await self.database.write(work)

    async def entries(self, system: str) -> list[StageEntry]:
        return [_entry(row) for row in await self.database.fetch(f"{_STAGE} WHERE system = $1 ORDER BY number", system)]

    async def current(self) -> dict[str, StageEntry]:
        rows = await self.database.fetch(
            f"{_STAGE} WHERE number IN (SELECT max(number) FROM stage GROUP BY system) ORDER BY system"
        )
        return {row["system"]: _entry(row) for row in rows}


@dataclass(frozen=True, slots=True)
class PostgresHealth:
    database: Database

    async def transition(self, row: HealthRow) -> None:
        cause = None if row.cause is None else to_text(row.cause)
        await self.database.fetch(
            "INSERT INTO health (system, was, now, cause, evidence, at) VALUES ($1, $2, $3, $4, $5, $6)",
            row.system, row.was.value, row.now.value, cause, row.evidence, row.at,
        )  # fmt: skip

    async def transitions(self, since: datetime) -> list[HealthRow]:
        rows = await self.database.fetch(
            "SELECT system, was, now, cause, evidence, at FROM health WHERE at >= $1 ORDER BY number", since
        )
        return [
            HealthRow(system, Health(was), Health(now), None if cause is None else from_text(cause, Text), evidence, at)
            for system, was, now, cause, evidence, at in rows
        ]

    async def add_counts(self, rows: Sequence[CountRow]) -> None:
        values = [
            (row.hour, row.system, row.operation, row.consumer, row.outcome, row.calls, row.seconds, list(row.buckets))
            for row in rows
        ]
        values.sort(key=lambda each: each[:5])  # the same order in every node: nobody waits in a circle

        async def work(db: Any) -> None:
            await db.executemany(_COUNT, values)

        await self.database.write(work)

    async def counts(self, since: datetime, system: str = "") -> list[CountRow]:
        rows = await self.database.fetch(
            "SELECT system, operation, consumer, hour, outcome, calls, seconds, buckets FROM calls"
            " WHERE hour >= $1 AND ($2::text = '' OR system = $2) ORDER BY hour, system, operation, consumer, outcome",
            since,
            system,
        )
        return [
            CountRow(system, operation, consumer, hour, outcome, calls, seconds, tuple(buckets))
            for system, operation, consumer, hour, outcome, calls, seconds, buckets in rows
        ]


@dataclass(frozen=True, slots=True)
class PostgresMeta:
    database: Database

    async def get(self, name: str) -> Any:
        row = await self.database.row("SELECT value FROM meta WHERE name = $1", name)
        return None if row is None else msgspec.json.decode(row["value"])

    async def put(self, name: str, value: Any) -> None:
        await self.database.fetch(
            "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name, to_text(value),
        )  # fmt: skip

    async def swap(self, name: str, was: Any, value: Any) -> bool:
        order: str
        row: tuple[str, ...]
        if was is None:
            order, row = "INSERT INTO meta VALUES ($1, $2) ON CONFLICT DO NOTHING", (name, to_text(value))
        else:
            order, row = (
                "UPDATE meta SET value = $1 WHERE name = $2 AND value = $3",
                (to_text(value), name, to_text(was)),
            )
        return bool(await self.database.fetch(f"{order} RETURNING 1", *row))


@dataclass(frozen=True, slots=True)
class PostgresReplays:
    database: Database

    async def admit(self, key: bytes, now: datetime, until: datetime) -> bool:
        """Look and remember are one statement. What is over may be admitted afresh; pruning takes it away."""
        row = await self.database.row(
            "INSERT INTO replay AS r VALUES ($1, $3) ON CONFLICT (identity) DO UPDATE SET until = excluded.until"
            " WHERE r.until <= $2 RETURNING 1",
            key, now, until,
        )  # fmt: skip
        return row is not None


def _entry(row: Any) -> StageEntry:
    system, stage, since, decision, by, approved_by, evidence, recorded = row
    return StageEntry(system, Stage(stage), since, decision, by, approved_by, Evidence(evidence), recorded)
