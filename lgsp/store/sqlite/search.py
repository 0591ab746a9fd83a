"""What operators look for among submissions. SQLite's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lgsp.model import SubmissionState
from lgsp.store.port.search import CountedRow, FoundRow, HistoryRow, Wanted
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment
from lgsp.store.sqlite.database import Database

_HOUR = 3_600_000_000
_FOUND = """SELECT number, id, consumer, system, operation, state, queued, cause, attempts, accepted, changed, next_at,
    expires, correlation, follows, (SELECT id FROM submission AS later WHERE later.follows = this.id) AS followed_by
    FROM submission AS this"""


@dataclass(frozen=True, slots=True)
class SqliteSearch:
    database: Database

    async def page(self, wanted: Wanted, after: int, limit: int) -> list[FoundRow]:
        where, values = _where(wanted)
        query = f"{_FOUND} WHERE number > ? AND {where} ORDER BY number LIMIT ?"
        rows = await self.database.read(lambda db: db.execute(query, (after, *values, limit)).fetchall())
        return [_found(row) for row in rows]

    async def count(self, wanted: Wanted) -> int:
        where, values = _where(wanted)
        query = f"SELECT count(*) FROM submission AS this WHERE {where}"
        return int((await self.database.read(lambda db: db.execute(query, values).fetchone()))[0])

    async def counted(self, wanted: Wanted) -> list[CountedRow]:
        where, values = _where(wanted)
        query = (
            f"SELECT system, state, cause, accepted / {_HOUR} AS hour, count(*) FROM submission AS this WHERE {where}"
            " GROUP BY system, state, cause, hour ORDER BY system, state, cause, hour"
        )
        rows = await self.database.read(lambda db: db.execute(query, values).fetchall())
        return [
            CountedRow(system, SubmissionState(state), cause, from_moment(hour * _HOUR), count)
            for system, state, cause, hour, count in rows
        ]

    async def history(self, submission: str, limit: int) -> list[HistoryRow]:
        query = (
            "SELECT at, state, attempts, cause FROM submission_history WHERE submission = ? ORDER BY rowid DESC LIMIT ?"
        )
        rows = await self.database.read(lambda db: db.execute(query, (submission, limit)).fetchall())
        return [
            HistoryRow(from_moment(at), SubmissionState(state), attempts, cause)
            for at, state, attempts, cause in reversed(rows)
        ]

    async def one(self, submission: str) -> FoundRow | None:
        row = await self.database.read(lambda db: db.execute(f"{_FOUND} WHERE id = ?", (submission,)).fetchone())
        return None if row is None else _found(row)


def _where(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    parts: list[str] = ["1"]
    values: list[Any] = []
    if wanted.states:
        parts.append(f"state IN ({', '.join('?' * len(wanted.states))})")
        values += [state.value for state in wanted.states]
    for column, value in (("system", wanted.system), ("consumer", wanted.consumer), ("cause", wanted.cause)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    for test, at in (("accepted >= ?", wanted.accepted_since), ("accepted < ?", wanted.accepted_before)):
        if at is not None:
            parts.append(test)
            values.append(moment(at))
    if wanted.open:
        parts.append("NOT EXISTS (SELECT 1 FROM submission AS later WHERE later.follows = this.id)")
    return " AND ".join(parts), tuple(values)


def _found(row: Any) -> FoundRow:
    (
        place, name, consumer, system, operation, state, queued, cause, attempts, accepted, changed, next_at, expires,
        correlation, follows, followed_by,
    ) = row  # fmt: skip
    return FoundRow(
        place, name, consumer, system, operation, SubmissionState(state), bool(queued), cause, attempts,
        from_moment(accepted), from_moment(changed), optional_from_moment(next_at), from_moment(expires), correlation,
        follows, followed_by,
    )  # fmt: skip
