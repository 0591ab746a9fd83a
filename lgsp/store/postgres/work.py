"""Submissions in PostgreSQL: claimed by one node at a time, in order per business key, within a system's slots.

A delivery belongs to the node that took it. It ends by that node's own hand (`move`), or, when the node is gone, by the one
that asks for what was `interrupted`: the row changes hands with the question, so that a node which was only thought to be
gone can no longer say what became of it.
"""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import SubmissionState
from lgsp.store.port import KeyClaim, Move, StoreFailed, SubmissionRow
from lgsp.store.port.work import AT_ONCE
from lgsp.store.postgres.database import Database
from lgsp.store.postgres.locks import ORDER, TAKING
from lgsp.store.postgres.node import Node

_NAMES = (
    "id", "consumer", "system", "operation", "version", "queued", "state", "attempts", "accepted", "changed", "next_at",
    "expires", "order_key", "digest", "correlation", "sealed", "natural_key", "outcome",
    "cause", "follows",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_THEIRS = ", ".join(f"submission.{name}" for name in _NAMES)
_ROW = f"SELECT {_COLUMNS} FROM submission"
_INSERT = (
    f"INSERT INTO submission ({_COLUMNS}, node, behind) VALUES ({', '.join(f'${place}' for place in range(1, 23))})"
)

_CLAIM = """INSERT INTO idempotency AS held VALUES ($1, $2, $3)
    ON CONFLICT (claim) DO UPDATE SET submission = excluded.submission, until = excluded.until WHERE held.until <= $4
    RETURNING 1"""

_LINE = """SELECT EXISTS (SELECT FROM submission WHERE order_key = $1 AND system = $2
        AND state IN ('queued', 'delivering', 'indeterminate') AND state = 'queued') AS queued,
    EXISTS (SELECT FROM submission WHERE order_key = $1 AND system = $2 AND queued
        AND state IN ('queued', 'delivering', 'indeterminate')
        AND (state <> 'indeterminate' OR next_at IS NOT NULL)) AS left_with_us"""
"""Who is in line for a key."""

_FORWARD = """UPDATE submission SET behind = false WHERE behind AND number = (
    SELECT number FROM submission WHERE order_key = $1 AND system = $2
        AND state IN ('queued', 'delivering', 'indeterminate') AND state = 'queued' ORDER BY number LIMIT 1)"""

_SYSTEMS = """WITH RECURSIVE name (system) AS (
    (SELECT system FROM submission WHERE state = 'queued' AND NOT behind ORDER BY system LIMIT 1)
    UNION ALL SELECT (SELECT s.system FROM submission AS s WHERE s.state = 'queued' AND NOT s.behind
                      AND s.system > name.system ORDER BY s.system LIMIT 1) FROM name WHERE name.system IS NOT NULL)
    SELECT system FROM name WHERE EXISTS (
        SELECT FROM submission AS s WHERE s.state = 'queued' AND NOT s.behind AND s.system = name.system AND s.next_at <= $1)"""

_TAKE = f"""WITH due AS (
    SELECT number FROM submission AS this
    WHERE state = 'queued' AND NOT behind AND system = $1 AND next_at <= $2
      AND (order_key IS NULL OR (
          NOT EXISTS (SELECT FROM submission AS earlier
              WHERE earlier.order_key = this.order_key AND earlier.system = this.system AND earlier.number < this.number
                AND earlier.state IN ('queued', 'delivering', 'indeterminate')
                AND (earlier.state <> 'indeterminate' OR earlier.next_at IS NOT NULL))
          AND NOT EXISTS (SELECT FROM submission AS other
              WHERE other.state = 'delivering' AND other.system = this.system AND other.order_key = this.order_key)))
    ORDER BY next_at, number
    LIMIT greatest(0, $3 - greatest($4, (SELECT count(*) FROM submission AS under_way
                                         WHERE state = 'delivering' AND queued AND system = $1)))
    FOR UPDATE SKIP LOCKED)
    UPDATE submission SET state = 'delivering', changed = $2, attempts = attempts + 1, node = $5
    FROM due WHERE submission.number = due.number RETURNING submission.number, {_THEIRS}"""
"""An outcome that only a human can settle any more (no next moment) no longer holds back what follows it."""

_INTERRUPTED = f"""UPDATE submission SET node = $1 FROM (
    SELECT number FROM submission
    WHERE state = 'delivering' AND ((node = $1 AND changed < $2 AND id <> ALL ($3))
        OR (node <> $1 AND NOT EXISTS (SELECT FROM node WHERE node.number = submission.node)))
    ORDER BY number LIMIT 1000 FOR UPDATE SKIP LOCKED) AS found
    WHERE submission.number = found.number RETURNING submission.number, {_THEIRS}"""

_HASTEN = """UPDATE submission SET next_at = $2 FROM (
    SELECT number FROM submission WHERE state = '{state}' AND system = $1 AND next_at > $2 AND changed <= $3{first}
    ORDER BY next_at LIMIT $4 FOR UPDATE SKIP LOCKED) AS found
    WHERE submission.number = found.number RETURNING 1"""
_HASTEN_QUEUED = _HASTEN.format(state="queued", first=" AND NOT behind")
_HASTEN_DOUBTED = _HASTEN.format(state="indeterminate", first="")

_MOVE = """UPDATE submission SET changed = CASE WHEN state = $2 THEN changed ELSE $3 END, state = $2, attempts = $4,
    next_at = $5, outcome = coalesce($6, outcome), queued = queued OR $7, cause = coalesce($10, cause),
    node = NULL
    WHERE id = $1 AND state = ANY ($8) AND (state <> 'delivering' OR node = $9) RETURNING order_key, system"""

_LOCK = f"SELECT pg_advisory_xact_lock({ORDER}, $1)"

_LONGEST = timedelta(seconds=150)
"""Longer than any exchange may last (120 s)."""

_ENDS = (SubmissionState.DELIVERED, SubmissionState.FAILED, SubmissionState.EXPIRED, SubmissionState.CANCELLED)


@dataclass(frozen=True, slots=True)
class PostgresSubmissions:
    database: Database
    node: Node
    _hastening: dict[str, datetime] = field(default_factory=dict)

    async def accept(
        self, row: SubmissionRow, key: KeyClaim | None, *, may_wait: bool = False, stand_back: bool = False
    ) -> SubmissionRow:
        async def work(db: Any) -> SubmissionRow:
            stands = row
            if key is not None and (held := await _claimed(db, key, row)) is not None:
                return held
            behind = False
            if row.order_key is not None:
                await db.execute(_LOCK, _hashed(row.order_key))
                line = await db.fetchrow(_LINE, row.order_key, row.system)
                if stand_back and line["left_with_us"]:
                    await db.execute("DELETE FROM idempotency WHERE submission = $1", row.id)
                    return replace(row, id="")
                if may_wait and line["left_with_us"]:
                    queued = SubmissionState.QUEUED
                    stands = replace(row, state=queued, queued=True, attempts=0, next_at=row.accepted)
                behind = stands.state is SubmissionState.QUEUED and line["queued"]
            await db.execute(_INSERT, *_values(stands), self.node.number, behind)
            return stands

        return await self.database.write(work)

    async def get(self, submission: str) -> SubmissionRow | None:
        row = await self.database.row(f"{_ROW} WHERE id = $1", submission)
        return None if row is None else _submission(row)

    async def move(self, submission: str, move: Move) -> bool:
        states = [state.value for state in move.was]

        async def work(db: Any) -> bool:
            changed = await db.fetchrow(
                _MOVE, submission, move.now.value, move.at, move.attempts, move.next_at, move.outcome, move.queued,
                states, self.node.number, move.cause,
            )  # fmt: skip
            if changed is not None and changed["order_key"] is not None:
                # The lock after the change: an acceptance that still saw the row as it was is committed before we look.
                await db.execute(_LOCK, _hashed(changed["order_key"]))
                await db.execute(_FORWARD, changed["order_key"], changed["system"])
            if changed and move.now in _ENDS:
                await db.execute("DELETE FROM piece WHERE submission = $1", submission)
            if changed and move.release_key:
                await db.execute("DELETE FROM idempotency WHERE submission = $1", submission)
            return changed is not None

        return await self.database.write(work)

    async def take(self, now: datetime, busy: Mapping[str, int], each: int) -> list[SubmissionRow]:
        """`each` a system in the whole cluster: what other nodes deliver counts as well."""
        await self._hasten_on(now)
        systems = [row["system"] for row in await self.database.fetch(_SYSTEMS, now)]
        if not systems:
            return []

        async def work(db: Any) -> list[SubmissionRow]:
            taken = []
            for system in systems:  # in the same order in every node: nobody waits in a circle
                await db.execute(f"SELECT pg_advisory_xact_lock({TAKING}, hashtext($1))", system)
                taken.extend(_sorted(await db.fetch(_TAKE, system, now, each, busy.get(system, 0), self.node.number)))
            return taken

        return await self.database.write(work)

    async def unsettled(self, now: datetime, limit: int) -> list[SubmissionRow]:
        return await self._rows(
            f"{_ROW} WHERE state = 'indeterminate' AND next_at <= $1 ORDER BY next_at, number LIMIT $2", now, limit
        )

    async def interrupted(self, known: Collection[str], before: datetime) -> list[SubmissionRow]:
        """What another node was delivering when it ended is interrupted at once, whatever the moment. What is this node's own
        may be a call whose caller waits for it, until no call can last any more."""
        own = min(before, self.node.clock.now() - _LONGEST)
        return _sorted(await self.database.fetch(_INTERRUPTED, self.node.number, own, list(known)))

    async def next_due(self, after: datetime) -> datetime | None:
        row = await self.database.row(
            "SELECT least("
            " (SELECT next_at FROM submission WHERE state = 'queued' AND next_at > $1 ORDER BY next_at LIMIT 1),"
            " (SELECT next_at FROM submission WHERE state = 'indeterminate' AND next_at > $1 ORDER BY next_at LIMIT 1)"
            ") AS next_at",
            after,
        )
        due: datetime | None = row["next_at"]
        return due

    async def hasten(self, system: str, now: datetime) -> int:
        """The first thousand at once, the others with the takes that follow: nobody waits for a hundred thousand rows."""
        self._hastening.pop(system, None)
        values = (system, now, now, AT_ONCE)
        hastened = len(await self.database.fetch(_HASTEN_DOUBTED, *values))
        queued = len(await self.database.fetch(_HASTEN_QUEUED, *values))
        if queued == AT_ONCE:
            self._hastening[system] = now
        return hastened + queued

    async def _hasten_on(self, now: datetime) -> None:
        """What has been tried since the system was back waits for its own moment."""
        for system, since in list(self._hastening.items()):
            if len(await self.database.fetch(_HASTEN_QUEUED, system, now, since, AT_ONCE // 4)) < AT_ONCE // 4:
                self._hastening.pop(system, None)

    async def counts(self) -> dict[tuple[str, SubmissionState], int]:
        rows = await self.database.fetch(
            "SELECT system, state, sum(rows)::bigint AS rows FROM submission_count GROUP BY system, state"
            " HAVING sum(rows) > 0"
        )
        return {(row["system"], SubmissionState(row["state"])): row["rows"] for row in rows}

    async def owner(self, natural_key: bytes) -> str | None:
        row = await self.database.row(
            "SELECT consumer FROM submission WHERE natural_key = $1 ORDER BY number DESC LIMIT 1", natural_key
        )
        return None if row is None else str(row["consumer"])

    async def put_piece(self, submission: str, body: int, part: int, sealed: bytes) -> None:
        await self.database.fetch(
            "INSERT INTO piece VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (submission, body, part) DO UPDATE SET sealed = excluded.sealed",
            submission, body, part, sealed,
        )  # fmt: skip

    async def piece(self, submission: str, body: int, part: int) -> bytes | None:
        row = await self.database.row(
            "SELECT sealed FROM piece WHERE submission = $1 AND body = $2 AND part = $3", submission, body, part
        )
        return None if row is None else bytes(row["sealed"])

    async def drop_pieces(self, submission: str) -> None:
        await self.database.fetch("DELETE FROM piece WHERE submission = $1", submission)

    async def drop_orphans(self, before: str) -> None:
        await self.database.fetch(
            "DELETE FROM piece WHERE submission < $1"
            " AND NOT EXISTS (SELECT FROM submission WHERE submission.id = piece.submission)",
            before,
        )

    async def find(
        self, *, state: SubmissionState | None = None, system: str | None = None, limit: int = 100
    ) -> list[SubmissionRow]:
        return await self._rows(
            f"{_ROW} WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR system = $2) ORDER BY number LIMIT $3",
            None if state is None else state.value, system, limit,
        )  # fmt: skip

    async def _rows(self, query: str, *values: Any) -> list[SubmissionRow]:
        return [_submission(row) for row in await self.database.fetch(query, *values)]


async def _claimed(db: Any, key: KeyClaim, row: SubmissionRow) -> SubmissionRow | None:
    """None where the key is this row's now, else the row that holds it. Whoever comes second waits for the first's commit."""
    for _ in range(5):
        if await db.fetchrow(_CLAIM, key.key, row.id, key.until, row.accepted):
            return None
        held = await db.fetchrow(f"{_ROW} WHERE id = (SELECT submission FROM idempotency WHERE claim = $1)", key.key)
        if held is not None:
            return _submission(held)
        # Given back, or its record is gone, since the first look.
        await db.execute(
            "DELETE FROM idempotency AS held WHERE claim = $1"
            " AND NOT EXISTS (SELECT FROM submission WHERE id = held.submission)",
            key.key,
        )
    raise StoreFailed("an idempotency key that changes hands all the time")


def _hashed(order_key: bytes) -> int:
    return int.from_bytes(order_key[:4], "big", signed=True)


def _sorted(rows: list[Any]) -> list[SubmissionRow]:
    """An UPDATE answers in no order."""
    return [
        _submission(row[1:]) for row in sorted(rows, key=lambda row: (row["next_at"] or row["accepted"], row["number"]))
    ]


def _values(row: SubmissionRow) -> tuple[Any, ...]:
    return (
        row.id, row.consumer, row.system, row.operation, row.version, row.queued, row.state.value, row.attempts,
        row.accepted, row.changed, row.next_at, row.expires, row.order_key, row.digest, row.correlation_id, row.sealed,
        row.natural_key, row.outcome, row.cause, row.follows,
    )  # fmt: skip


def _submission(row: Any) -> SubmissionRow:
    (
        name, consumer, system, operation, version, queued, state, attempts, accepted, changed, next_at, expires,
        order_key, digest, correlation, sealed, natural_key, outcome, cause, follows,
    ) = row  # fmt: skip
    return SubmissionRow(
        id=name, consumer=consumer, system=system, operation=operation, version=version, queued=queued,
        state=SubmissionState(state), attempts=attempts, accepted=accepted, changed=changed, next_at=next_at,
        expires=expires, order_key=order_key, digest=digest, correlation_id=correlation, sealed=sealed,
        natural_key=natural_key, outcome=outcome, cause=cause, follows=follows,
    )  # fmt: skip
