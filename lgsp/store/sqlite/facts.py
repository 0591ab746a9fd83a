"""What is known of systems: stages decided, health observed, calls counted, small values remembered. SQLite's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from lgsp.model import Evidence, Health, Stage, StageEntry, Text
from lgsp.store.port import CountRow, HealthRow
from lgsp.store.sqlite.columns import from_moment, from_text, moment, to_text
from lgsp.store.sqlite.database import Database

_STAGE = "SELECT system, stage, since, decision, by_whom, approved_by, evidence, recorded FROM stage"


@dataclass(frozen=True, slots=True)
class SqliteStages:
    database: Database

    async def append(self, entry: StageEntry, *, only_first: bool = False) -> bool:
        row = (
            entry.system, entry.stage.value, entry.since.isoformat(), entry.decision, entry.by, entry.approved_by,
            entry.evidence.value, moment(entry.recorded),
        )  # fmt: skip

        def work(db: Any) -> bool:
            if only_first and db.execute("SELECT 1 FROM stage WHERE system = ?", (entry.system,)).fetchone():
                return False
            db.execute(
                "INSERT INTO stage (system, stage, since, decision, by_whom, approved_by, evidence, recorded)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            return True

        return await self.database.write(work)

    async def entries(self, system: str) -> list[StageEntry]:
        rows = await self.database.read(
            lambda db: db.execute(f"{_STAGE} WHERE system = ? ORDER BY number", (system,)).fetchall()
        )
        return [_entry(row) for row in rows]

    async def current(self) -> dict[str, StageEntry]:
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_STAGE} WHERE number IN (SELECT max(number) FROM stage GROUP BY system) ORDER BY system"
            ).fetchall()
        )
        return {row[0]: _entry(row) for row in rows}


@dataclass(frozen=True, slots=True)
class SqliteHealth:
    database: Database

    async def transition(self, row: HealthRow) -> None:
        cause = None if row.cause is None else to_text(row.cause)
        values = (row.system, row.was.value, row.now.value, cause, row.evidence, moment(row.at))
        await self.database.write(
            lambda db: db.execute(
                "INSERT INTO health (system, was, now, cause, evidence, at) VALUES (?, ?, ?, ?, ?, ?)", values
            ).fetchall()
        )

    async def transitions(self, since: datetime) -> list[HealthRow]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT system, was, now, cause, evidence, at FROM health WHERE at >= ? ORDER BY number",
                (moment(since),),
            ).fetchall()
        )
        return [
            HealthRow(
                system,
                Health(was),
                Health(now),
                None if cause is None else from_text(cause, Text),
                evidence,
                from_moment(at),
            )
            for system, was, now, cause, evidence, at in rows
        ]

    async def add_counts(self, rows: Sequence[CountRow]) -> None:
        def work(db: Any) -> None:
            for row in rows:
                key = (moment(row.hour), row.system, row.operation, row.consumer, row.outcome)
                known = db.execute(
                    "SELECT calls, seconds, buckets FROM calls WHERE (hour, system, operation, consumer, outcome)"
                    " = (?, ?, ?, ?, ?)",
                    key,
                ).fetchone()
                calls, seconds, buckets = row.calls, row.seconds, list(row.buckets)
                if known:
                    calls, seconds = calls + known[0], seconds + known[1]
                    buckets = _sum(buckets, msgspec.json.decode(known[2], type=list[int]))
                db.execute(
                    "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*key, calls, seconds, to_text(buckets)),
                )

        await self.database.write(work)

    async def counts(self, since: datetime, system: str = "") -> list[CountRow]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT system, operation, consumer, hour, outcome, calls, seconds, buckets FROM calls"
                " WHERE hour >= ?1 AND (?2 = '' OR system = ?2) ORDER BY hour, system, operation, consumer, outcome",
                (moment(since), system),
            ).fetchall()
        )
        return [
            CountRow(
                system, operation, consumer, from_moment(hour), outcome, calls, seconds,
                tuple(msgspec.json.decode(buckets, type=list[int])),
            )
            for system, operation, consumer, hour, outcome, calls, seconds, buckets in rows
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SqliteMeta:
    database: Database

    async def get(self, name: str) -> Any:
        row = await self.database.read(
            lambda db: db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        )
        return None if row is None else msgspec.json.decode(row[0])

    async def put(self, name: str, value: Any) -> None:
        row = (name, to_text(value))
        await self.database.write(lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", row).fetchall())

    async def swap(self, name: str, was: Any, value: Any) -> bool:
        order: str
        row: tuple[str, ...]
        if was is None:
            order, row = "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (name, to_text(value))
        else:
            order, row = "UPDATE meta SET value = ? WHERE name = ? AND value = ?", (to_text(value), name, to_text(was))
        rows = await self.database.write(lambda db: db.execute(f"{order} RETURNING 1", row).fetchall())
        return bool(rows)


def _entry(row: Any) -> StageEntry:
    system, stage, since, decision, by, approved_by, evidence, recorded = row
    return StageEntry(
        system, Stage(stage), date.fromisoformat(since), decision, by, approved_by, Evidence(evidence),
        from_moment(recorded),
    )  # fmt: skip


def _sum(left: list[int], right: list[int]) -> list[int]:
    if len(left) < len(right):
        left, right = right, left
    return [value + (right[place] if place < len(right) else 0) for place, value in enumerate(left)]
