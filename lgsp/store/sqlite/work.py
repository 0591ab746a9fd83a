"""Work that the bus has taken on: submissions, what waits in inboxes, how far collectors have read. SQLite's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lgsp.model import SubmissionState
from lgsp.store.port import CursorRow, InboxRow, KeyClaim, Move, SubmissionRow
from lgsp.store.port.work import AT_ONCE
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment, optional_moment
from lgsp.store.sqlite.database import Database

_COLUMNS = (
    "id, consumer, system, operation, version, queued, state, attempts, accepted, changed, next_at, expires,"
    " order_key, digest, correlation, sealed, natural_key, outcome, cause, follows"
)
_ROW = f"SELECT {_COLUMNS} FROM submission"
_DUE = f"""{_ROW} AS this
    WHERE state = 'queued' AND behind = 0 AND system = ? AND next_at <= ?
      AND (order_key IS NULL OR (
          NOT EXISTS (SELECT 1 FROM submission AS earlier
              WHERE earlier.order_key = this.order_key AND earlier.system = this.system AND earlier.number < this.number
                AND earlier.state IN ('queued', 'delivering', 'indeterminate')
                AND (earlier.state <> 'indeterminate' OR earlier.next_at IS NOT NULL))
          AND NOT EXISTS (SELECT 1 FROM submission AS other
              WHERE other.state = 'delivering' AND other.system = this.system AND other.order_key = this.order_key)))
    ORDER BY next_at, number LIMIT ?"""
"""An outcome that only a human can settle any more (no next moment) no longer holds back what follows it."""

_ENDS = (SubmissionState.DELIVERED, SubmissionState.FAILED, SubmissionState.EXPIRED, SubmissionState.CANCELLED)

_BEHIND = """SELECT 1 FROM submission WHERE order_key = ? AND system = ? AND queued
    AND state IN ('queued', 'delivering', 'indeterminate') AND (state <> 'indeterminate' OR next_at IS NOT NULL)"""

_FIRST = """SELECT number FROM submission WHERE order_key = ?1 AND system = ?2
    AND state IN ('queued', 'delivering', 'indeterminate') AND state = 'queued' ORDER BY number LIMIT 1"""
_FORWARD = f"UPDATE submission SET behind = 0 WHERE behind = 1 AND number = ({_FIRST})"

_SYSTEMS = """WITH RECURSIVE name (system) AS (
    SELECT min(system) FROM submission_count WHERE state = 'queued' AND rows > 0
    UNION ALL SELECT (SELECT min(system) FROM submission_count
                      WHERE state = 'queued' AND rows > 0 AND system > name.system) FROM name WHERE system IS NOT NULL)
    SELECT system FROM name WHERE system IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class SqliteSubmissions:
    database: Database
    _hastening: dict[str, int] = field(default_factory=dict)
    """Systems that are back, since when: some of what waits for them has still the moment of before."""

    async def accept(
        self, row: SubmissionRow, key: KeyClaim | None, *, may_wait: bool = False, stand_back: bool = False
    ) -> SubmissionRow:
        def work(db: Any) -> SubmissionRow:
            stands = row
            if key is not None:
                db.execute("DELETE FROM idempotency WHERE until <= ?", (moment(row.accepted),))
                held = db.execute("SELECT submission FROM idempotency WHERE claim = ?", (key.key,)).fetchone()
                if held:
                    return _submission(db.execute(f"{_ROW} WHERE id = ?", held).fetchone())
            waits = may_wait or stand_back
            if waits and row.order_key and db.execute(_BEHIND, (row.order_key, row.system)).fetchone():
                if stand_back:
                    return replace(row, id="")
                queued = SubmissionState.QUEUED
                stands = replace(row, state=queued, queued=True, attempts=0, next_at=row.accepted)
            if key is not None:
                db.execute("INSERT INTO idempotency VALUES (?, ?, ?)", (key.key, row.id, moment(key.until)))
            first = row.order_key is None or db.execute(_FIRST, (row.order_key, row.system)).fetchone() is None
            behind = stands.state is SubmissionState.QUEUED and not first
            db.execute(
                f"INSERT INTO submission ({_COLUMNS}, behind) VALUES ({', '.join('?' * 21)})",
                (*_values(stands), int(behind)),
            )
            return stands

        return await self.database.write(work)

    async def get(self, submission: str) -> SubmissionRow | None:
        row = await self.database.read(lambda db: db.execute(f"{_ROW} WHERE id = ?", (submission,)).fetchone())
        return None if row is None else _submission(row)

    async def move(self, submission: str, move: Move) -> bool:
        places = ", ".join("?" * len(move.was))
        values = (
            move.now.value, moment(move.at), move.now.value, move.attempts, optional_moment(move.next_at), move.outcome,
            move.cause, int(move.queued), submission, *(state.value for state in move.was),
        )  # fmt: skip

        def work(db: Any) -> bool:
            changed = db.execute(
                "UPDATE submission SET changed = iif(state = ?, changed, ?), state = ?, attempts = ?, next_at = ?,"
                " outcome = coalesce(?, outcome), cause = coalesce(?, cause), queued = queued OR ?"
                f" WHERE id = ? AND state IN ({places})"
                " RETURNING order_key, system",
                values,
            ).fetchall()
            if changed and changed[0][0] is not None:
                db.execute(_FORWARD, changed[0])
            if changed and move.now in _ENDS:
                db.execute("DELETE FROM piece WHERE submission = ?", (submission,))
            if changed and move.release_key:
                db.execute("DELETE FROM idempotency WHERE submission = ?", (submission,))
            return bool(changed)

        return await self.database.write(work)

    async def take(self, now: datetime, busy: Mapping[str, int], each: int) -> list[SubmissionRow]:
        at = moment(now)

        def work(db: Any) -> list[SubmissionRow]:
            # What has been tried since its system was back waits for its own moment.
            for system, since in list(self._hastening.items()):
                if _hasten(db, system, at, since, AT_ONCE // 4) < AT_ONCE // 4:
                    self._hastening.pop(system, None)
            taken = []
            for (system,) in db.execute(_SYSTEMS).fetchall():
                room = each - busy.get(system, 0)
                if room <= 0:
                    continue
                for found in db.execute(_DUE, (system, at, room)).fetchall():
                    row = _submission(found)
                    state = SubmissionState.DELIVERING
                    db.execute(
                        "UPDATE submission SET state = ?, changed = ?, attempts = attempts + 1 WHERE id = ?",
                        (state.value, at, row.id),
                    )
                    taken.append(replace(row, state=state, changed=now, attempts=row.attempts + 1))
            return taken

        return await self.database.write(work)

    async def unsettled(self, now: datetime, limit: int) -> list[SubmissionRow]:
        return await self._rows(
            f"{_ROW} WHERE state = 'indeterminate' AND next_at <= ? ORDER BY next_at, number LIMIT ?",
            (moment(now), limit),
        )

    async def interrupted(self, known: Collection[str], before: datetime) -> list[SubmissionRow]:
        rows = await self._rows(
            f"{_ROW} WHERE state = 'delivering' AND changed < ? ORDER BY number LIMIT 1000", (moment(before),)
        )
        return [row for row in rows if row.id not in known]

    async def next_due(self, after: datetime) -> datetime | None:
        found = await self.database.read(
            lambda db: db.execute(
                "SELECT min(next_at) FROM ("
                " SELECT * FROM (SELECT next_at FROM submission INDEXED BY submission_queued"
                "  WHERE state = 'queued' AND next_at > ?1 ORDER BY next_at LIMIT 1)"
                " UNION ALL"
                " SELECT * FROM (SELECT next_at FROM submission INDEXED BY submission_unsettled"
                "  WHERE state = 'indeterminate' AND next_at > ?1 ORDER BY next_at LIMIT 1))",
                (moment(after),),
            ).fetchone()
        )
        return optional_from_moment(found[0]) if found else None

    async def hasten(self, system: str, now: datetime) -> int:
        """The first thousand at once, the others with the takes that follow: nobody waits for a hundred thousand rows."""
        at = moment(now)

        def work(db: Any) -> int:
            self._hastening.pop(system, None)
            db.execute(
                "UPDATE submission SET next_at = ? WHERE state = 'indeterminate' AND system = ? AND next_at > ?",
                (at, system, at),
            )
            doubted = int(db.changes())
            queued = _hasten(db, system, at, at, AT_ONCE)
            if queued == AT_ONCE:
                self._hastening[system] = at
            return doubted + queued

        return await self.database.write(work)

    async def counts(self) -> dict[tuple[str, SubmissionState], int]:
        rows = await self.database.read(
            lambda db: db.execute("SELECT system, state, rows FROM submission_count WHERE rows > 0").fetchall()
        )
        return {(system, SubmissionState(state)): count for system, state, count in rows}

    async def owner(self, natural_key: bytes) -> str | None:
        row = await self.database.read(
            lambda db: db.execute(
                "SELECT consumer FROM submission WHERE natural_key = ? ORDER BY number DESC LIMIT 1", (natural_key,)
            ).fetchone()
        )
        return None if row is None else str(row[0])

    async def put_piece(self, submission: str, body: int, part: int, sealed: bytes) -> None:
        values = (submission, body, part, sealed)
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO piece VALUES (?, ?, ?, ?)", values).fetchall()
        )

    async def piece(self, submission: str, body: int, part: int) -> bytes | None:
        query = "SELECT sealed FROM piece WHERE submission = ? AND body = ? AND part = ?"
        row = await self.database.read(lambda db: db.execute(query, (submission, body, part)).fetchone())
        return None if row is None else bytes(row[0])

    async def drop_pieces(self, submission: str) -> None:
        await self.database.write(
            lambda db: db.execute("DELETE FROM piece WHERE submission = ?", (submission,)).fetchall()
        )

    async def drop_orphans(self, before: str) -> None:
        await self.database.write(
            lambda db: db.execute(
                "DELETE FROM piece WHERE submission < ? AND submission NOT IN (SELECT id FROM submission)", (before,)
            ).fetchall()
        )

    async def find(
        self, *, state: SubmissionState | None = None, system: str | None = None, limit: int = 100
    ) -> list[SubmissionRow]:
        return await self._rows(
            f"{_ROW} WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR system = ?2) ORDER BY number LIMIT ?3",
            (None if state is None else state.value, system, limit),
        )

    async def _rows(self, query: str, values: tuple[Any, ...]) -> list[SubmissionRow]:
        rows = await self.database.read(lambda db: db.execute(query, values).fetchall())
        return [_submission(row) for row in rows]


@dataclass(frozen=True, slots=True)
class SqliteInbox:
    database: Database

    async def put(self, rows: Sequence[InboxRow], cursor: CursorRow | None = None) -> list[str]:
        def work(db: Any) -> list[str]:
            new = []
            for row in rows:
                values = (row.id, row.consumer, row.system, row.operation, row.key, moment(row.received), row.sealed)
                inserted = db.execute(
                    "INSERT INTO inbox (id, consumer, system, operation, item, received, sealed)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (consumer, system, operation, item) DO NOTHING RETURNING 1",
                    values,
                ).fetchall()
                if inserted:
                    new.append(row.id)
            if cursor is not None:
                _put_cursor(db, cursor)
            return new

        return await self.database.write(work)

    async def page(self, consumer: str, after: int, limit: int) -> list[tuple[int, InboxRow]]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT place, id, consumer, system, operation, item, received, sealed FROM inbox"
                " WHERE consumer = ? AND acknowledged IS NULL AND place > ? ORDER BY place LIMIT ?",
                (consumer, after, limit),
            ).fetchall()
        )
        return [
            (place, InboxRow(item, owner, system, operation, key, from_moment(received), sealed))
            for place, item, owner, system, operation, key, received, sealed in rows
        ]

    async def one(self, consumer: str, item: str) -> InboxRow | None:
        row = await self.database.read(
            lambda db: db.execute(
                "SELECT id, consumer, system, operation, item, received, sealed FROM inbox"
                " WHERE consumer = ? AND id = ? AND acknowledged IS NULL",
                (consumer, item),
            ).fetchone()
        )
        if row is None:
            return None
        name, owner, system, operation, key, received, sealed = row
        return InboxRow(name, owner, system, operation, key, from_moment(received), sealed)

    async def acknowledge(self, consumer: str, item: str, at: datetime) -> bool:
        rows = await self.database.write(
            lambda db: db.execute(
                "UPDATE inbox SET acknowledged = ?, sealed = x'' WHERE consumer = ? AND id = ?"
                " AND acknowledged IS NULL RETURNING 1",
                (moment(at), consumer, item),
            ).fetchall()
        )
        return bool(rows)


@dataclass(frozen=True, slots=True)
class SqliteCursors:
    database: Database

    async def get(self, system: str, collector: str) -> CursorRow | None:
        row = await self.database.read(
            lambda db: db.execute(
                "SELECT system, collector, value, at FROM cursor WHERE system = ? AND collector = ?",
                (system, collector),
            ).fetchone()
        )
        return None if row is None else CursorRow(row[0], row[1], row[2], from_moment(row[3]))

    async def put(self, cursor: CursorRow) -> None:
        await self.database.write(lambda db: _put_cursor(db, cursor))


def _hasten(db: Any, system: str, at: int, since: int, limit: int) -> int:
    db.execute(
        "UPDATE submission SET next_at = ?1 WHERE number IN (SELECT number FROM submission WHERE state = 'queued'"
        " AND behind = 0 AND system = ?2 AND next_at > ?1 AND changed <= ?3 ORDER BY next_at LIMIT ?4)",
        (at, system, since, limit),
    )
    return int(db.changes())


def _put_cursor(db: Any, cursor: CursorRow) -> None:
    db.execute(
        "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)",
        (cursor.system, cursor.collector, cursor.value, moment(cursor.at)),
    )


def _values(row: SubmissionRow) -> tuple[Any, ...]:
    return (
        row.id, row.consumer, row.system, row.operation, row.version, int(row.queued), row.state.value, row.attempts,
        moment(row.accepted), moment(row.changed), optional_moment(row.next_at), moment(row.expires), row.order_key,
        row.digest, row.correlation_id, row.sealed, row.natural_key, row.outcome,
        row.cause, row.follows,
    )  # fmt: skip


def _submission(row: Any) -> SubmissionRow:
    (
        name, consumer, system, operation, version, queued, state, attempts, accepted, changed, next_at, expires,
        order_key, digest, correlation, sealed, natural_key, outcome, cause, follows,
    ) = row  # fmt: skip
    return SubmissionRow(
        id=name, consumer=consumer, system=system, operation=operation, version=version, queued=bool(queued),
        state=SubmissionState(state), attempts=attempts, accepted=from_moment(accepted), changed=from_moment(changed),
        next_at=optional_from_moment(next_at), expires=from_moment(expires), order_key=order_key, digest=digest,
        correlation_id=correlation, sealed=sealed, natural_key=natural_key,
        outcome=outcome, cause=cause, follows=follows,
    )  # fmt: skip
