"""What is no longer needed goes, a few rows at a time. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lgsp.store.port import Keep
from lgsp.store.postgres.database import Database

_STEP = 500
_ENDED = "state IN ('delivered', 'failed', 'expired', 'cancelled')"
_BODIES = f"""UPDATE submission SET sealed = '', outcome = NULL WHERE number IN (
    SELECT number FROM submission WHERE {_ENDED} AND sealed <> '' AND changed <= $1
        AND NOT EXISTS (SELECT FROM idempotency WHERE idempotency.submission = submission.id AND until > $2)
    LIMIT {_STEP} FOR UPDATE SKIP LOCKED) RETURNING 1"""  # noqa: S608
_SUBMISSIONS = f"""DELETE FROM submission WHERE number IN (
    SELECT number FROM submission WHERE {_ENDED} AND changed <= $1
        AND NOT EXISTS (SELECT FROM idempotency WHERE idempotency.submission = submission.id AND until > $2)
    LIMIT {_STEP} FOR UPDATE SKIP LOCKED) RETURNING 1"""  # noqa: S608
"""While a repetition under the same idempotency key is answered with it, a record stays whole."""

_COUNTS = """WITH over AS (DELETE FROM submission_count WHERE backend <> 0
        AND backend NOT IN (SELECT pid FROM pg_stat_activity) RETURNING system, state, rows)
    INSERT INTO submission_count AS c SELECT system, state, 0, sum(rows) FROM over GROUP BY system, state
    ON CONFLICT (system, state, backend) DO UPDATE SET rows = c.rows + excluded.rows"""
"""Server processes that are no more have their counts added up in one row."""

_LEASES = "DELETE FROM lease WHERE until < clock_timestamp() - interval '1 hour'"


@dataclass(frozen=True, slots=True)
class PostgresPruning:
    database: Database

    async def step(self, now: datetime, keep: Keep) -> int:
        gone = 0
        for query, values in (
            (_BODIES, (now - keep.bodies, now)),
            (_SUBMISSIONS, (now - keep.submissions, now)),
            (_ending("inbox", "acknowledged"), (now - keep.inbox,)),
            (_ending("callback_work", "ended"), (now - keep.bodies,)),
            (_ending("calls", "hour"), (now - keep.counts,)),
            (_ending("health", "at"), (now - keep.health,)),
            (_ending("idempotency", "until"), (now,)),
            (_ending("token", "expires"), (now,)),
            (_ending("replay", "until"), (now,)),
            (_ending("console_session", "ends"), (now,)),
            (_ending("console_guess", "until"), (now,)),
        ):
            gone += len(await self.database.fetch(query, *values))
        await self.database.fetch(_COUNTS)
        await self.database.fetch(_LEASES)
        return gone


def _ending(table: str, column: str) -> str:
    return (
        f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {column} <= $1"  # noqa: S608
        f" LIMIT {_STEP} FOR UPDATE SKIP LOCKED)) RETURNING 1"
    )
