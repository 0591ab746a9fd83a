"""What is no longer needed goes, a few rows at a time. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.port import Keep
from lgsp.store.sqlite.columns import moment
from lgsp.store.sqlite.database import Database

_STEP = 500
_ENDED = "state IN ('delivered', 'failed', 'expired', 'cancelled')"
_BODIES = f"""UPDATE submission SET sealed = x'', outcome = NULL WHERE number IN (
    SELECT number FROM submission WHERE {_ENDED} AND sealed <> x'' AND changed <= ?1
        AND NOT EXISTS (SELECT 1 FROM idempotency WHERE submission = submission.id AND until > ?2) LIMIT {_STEP})"""  # noqa: S608
_SUBMISSIONS = f"""DELETE FROM submission WHERE number IN (
    SELECT number FROM submission WHERE {_ENDED} AND changed <= ?1
        AND NOT EXISTS (SELECT 1 FROM idempotency WHERE submission = submission.id AND until > ?2) LIMIT {_STEP})"""  # noqa: S608
"""While a repetition under the same idempotency key is answered with it, a record stays whole."""


@dataclass(frozen=True, slots=True)
class SqlitePruning:
    database: Database

    async def step(self, now: datetime, keep: Keep) -> int:
        at = moment(now)
        parts = (
            (_BODIES, (moment(now - keep.bodies), at)),
            (_SUBMISSIONS, (moment(now - keep.submissions), at)),
            (_oldest("inbox", "acknowledged"), (moment(now - keep.inbox),)),
            (_oldest("callback_work", "ended"), (moment(now - keep.bodies),)),
            (_oldest("calls", "hour"), (moment(now - keep.counts),)),
            (_oldest("health", "at"), (moment(now - keep.health),)),
            (_oldest("idempotency", "until"), (at,)),
            (_oldest("token", "expires"), (at,)),
            (_ending("replay", "identity", "until"), (at,)),
            (_ending("console_session", "token", "ends"), (at,)),
            (_ending("console_guess", "target", "until"), (at,)),
        )
        return sum([await self._gone(query, values) for query, values in parts])

    async def _gone(self, query: str, values: tuple[int, ...]) -> int:
        def work(db: Any) -> int:
            db.execute(query, values)
            return int(db.changes())

        return await self.database.write(work)


def _oldest(table: str, column: str) -> str:
    return _ending(table, "rowid", column)


def _ending(table: str, key: str, column: str) -> str:
    return f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {column} <= ? LIMIT {_STEP})"  # noqa: S608
