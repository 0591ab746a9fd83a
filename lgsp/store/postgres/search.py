"""What operators look for among submissions. PostgreSQL's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lgsp.model import SubmissionState
from lgsp.store.port.search import CountedRow, FoundRow, HistoryRow, Wanted
from lgsp.store.postgres.database import Database

_FOUND = """SELECT number, id, consumer, system, operation, state, queued, cause, attempts, accepted, changed, next_at,
    expires, correlation, follows,
    (SELECT id FROM submission AS later WHERE later.follows = this.id LIMIT 1) AS followed_by
    FROM submission AS this"""


@dataclass(frozen=True, slots=True)
class PostgresSearch:
    database: Database

    async def page(self, wanted: Wanted, after: int, limit: int) -> list[FoundRow]:
        where, values = _where(wanted)
        places = (len(values) + 1, len(values) + 2)
        query = f"{_FOUND} WHERE {where} AND number > ${places[0]} ORDER BY number LIMIT ${places[1]}"
        return [_found(row) for row in await self.database.fetch(query, *values, after, limit)]

    async def count(self, wanted: Wanted) -> int:
        where, values = _where(wanted)
        row = await self.database.row(f"SELECT count(*) AS found FROM submission AS this WHERE {where}", *values)
        return int(row["found"])

    async def counted(self, wanted: Wanted) -> list[CountedRow]:
        where, values = _where(wanted)
        rows = await self.database.fetch(
            "SELECT system, state, cause, date_trunc('hour', accepted) AS hour, count(*) FROM submission AS this"
            f" WHERE {where} GROUP BY system, state, cause, hour ORDER BY system, state, cause, hour",
            *values,
        )
        return [
            CountedRow(system, SubmissionState(state), cause, hour, count) for system, state, cause, hour, count in rows
        ]

    async def history(self, submission: str, limit: int) -> list[HistoryRow]:
        rows = await self.database.fetch(
            "SELECT at, state, attempts, cause FROM submission_history WHERE submission = $1 ORDER BY number DESC LIMIT $2",
            submission, limit,
        )  # fmt: skip
        return [
            HistoryRow(at, SubmissionState(state), attempts, cause) for at, state, attempts, cause in reversed(rows)
        ]

    async def one(self, submission: str) -> FoundRow | None:
        row = await self.database.row(f"{_FOUND} WHERE id = $1", submission)
        return None if row is None else _found(row)


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    tests: list[str] = []
    values: list[Any] = []
    states = [state.value for state in wanted.states] or None
    for test, value in (
        ("state = ANY ({})", states),
        ("system = {}", wanted.system),
        ("consumer = {}", wanted.consumer),
        ("cause = {}", wanted.cause),
        ("accepted >= {}", wanted.accepted_since),
        ("accepted < {}", wanted.accepted_before),
    ):
        if value is not None:
            values.append(value)
            tests.append(test.format(f"${len(values)}"))
    if wanted.open:
        tests.append("NOT EXISTS (SELECT FROM submission AS later WHERE later.follows = this.id)")
    return " AND ".join(tests) or "true", values


def _found(row: Any) -> FoundRow:
    place, name, consumer, system, operation, state, *rest = row
    return FoundRow(place, name, consumer, system, operation, SubmissionState(state), *rest)
