"""One writer's chain in PostgreSQL: a session of its own whose lock keeps other writers out, and group commit on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lgsp.crash import crash_point
from lgsp.store.port import CheckpointRow, Compose, EvidenceRow, StoreBusy, StoreFailed
from lgsp.store.postgres.database import Address, Database, told
from lgsp.store.postgres.locks import WRITERS

_GROUP = 512
_WAITING = 20_000
_PATIENCE = 10.0
"""Seconds in which the session of a writer that was killed is noticed at the latest."""
_PAUSE = 0.2
_LAST = "SELECT number, body, hash FROM entry WHERE writer = $1 ORDER BY number DESC LIMIT 1"
_ENTRIES = "INSERT INTO entry SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[])"
_SUBJECTS = "INSERT INTO subject SELECT person, $1, number FROM unnest($2::bytea[], $3::bigint[]) AS s (person, number)"

Waiting = tuple[Compose, asyncio.Future[int]]


@dataclass(slots=True)
class PostgresEvidence:
    """`open` makes it. While a commit waits for the server's disk, further entries gather and share the next one."""

    address: Address
    database: Database
    writer: str
    number: int
    _session: Any = None
    _waiting: list[Waiting] = field(default_factory=list)
    _committing: asyncio.Task[None] | None = None
    _closed: bool = False

    @classmethod
    async def open(cls, address: Address, database: Database, writer: str, since: Any) -> PostgresEvidence:
        """Raises `StoreBusy` where another process writes this chain."""
        await database.fetch("INSERT INTO writer (name, since) VALUES ($1, $2) ON CONFLICT DO NOTHING", writer, since)
        row = await database.row("SELECT number FROM writer WHERE name = $1", writer)
        evidence = cls(address, database, writer, row["number"])
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await evidence._locked():  # noqa: ASYNC110  another process's session: nothing of ours tells
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            raise StoreBusy(
                f"another process writes the chain of {writer!r} in this database: stop it, or give this one another "
                "name with store.node"
            ) from None
        return evidence

    @property
    def waiting(self) -> tuple[int, int]:
        """Entries that wait for their group, and how many may."""
        return len(self._waiting), _WAITING

    async def append(self, compose: Compose) -> int:
        if self._closed or len(self._waiting) >= _WAITING:
            raise StoreFailed("closed" if self._closed else "too many entries are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._waiting.append((compose, future))
        if self._committing is None:
            self._committing = loop.create_task(self._commit_all(), name=f"lgsp evidence {self.writer}")
        return await future

    async def rows(self, start: int, limit: int) -> list[EvidenceRow]:
        rows = await self.database.fetch(
            "SELECT number, body, hash FROM entry WHERE writer = $1 AND number >= $2 ORDER BY number LIMIT $3",
            self.number, start, limit,
        )  # fmt: skip
        return [EvidenceRow(*row) for row in rows]

    async def by_subject(self, subject: bytes) -> list[EvidenceRow]:
        rows = await self.database.fetch(
            "SELECT number, body, hash FROM subject JOIN entry USING (writer, number)"
            " WHERE person = $1 AND writer = $2 ORDER BY number",
            subject, self.number,
        )  # fmt: skip
        return [EvidenceRow(*row) for row in rows]

    async def put_checkpoint(self, checkpoint: CheckpointRow) -> None:
        await self.database.fetch(
            "INSERT INTO checkpoint VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (writer, size) DO UPDATE SET"
            " root = excluded.root, head = excluded.head, at = excluded.at, signature = excluded.signature,"
            " frontier = excluded.frontier",
            self.number, checkpoint.size, checkpoint.root, checkpoint.head, checkpoint.at, checkpoint.signature,
            checkpoint.frontier,
        )  # fmt: skip

    async def last_checkpoint(self) -> CheckpointRow | None:
        row = await self.database.row(
            "SELECT size, root, head, at, signature, frontier FROM checkpoint WHERE writer = $1 ORDER BY size DESC LIMIT 1",
            self.number,
        )
        return None if row is None else CheckpointRow(*row)

    async def close(self) -> None:
        self._closed = True
        if self._committing is not None:
            await asyncio.wait({self._committing})
        if self._session is not None:
            self._session.terminate()

    # -- the session --------------------------------------------------------------------------------------------------

    async def _locked(self) -> bool:
        """A session that holds the chain's lock; False where another one does."""
        if self._session is None or self._session.is_closed():
            session = await self.address.connect()
            with told():
                held = await session.fetchval(f"SELECT pg_try_advisory_lock({WRITERS}, {self.number})")
            if not held:
                session.terminate()
                return False
            self._session = session
        return True

    async def _commit_all(self) -> None:
        """As long as something waits. Not the caller's own task: one that is cancelled must not take the others along."""
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            try:
                with told():
                    async with asyncio.timeout(self.address.seconds):
                        done = await self._commit([compose for compose, _ in group])
            except Exception as error:  # noqa: BLE001  handed to each of those who wait
                if self._session is not None:
                    self._session.terminate()
                    self._session = None
                done = [error] * len(group)
            for (_, future), result in zip(group, done, strict=True):
                if future.cancelled():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        self._committing = None

    async def _commit(self, group: Sequence[Compose]) -> list[int | Exception]:
        if not await self._locked():
            raise StoreFailed("another process writes this chain")
        session = self._session
        await session.execute("BEGIN")
        # Read inside the transaction: after a failed commit the last entry is what the disk has, never a memory.
        last = await session.fetchrow(_LAST, self.number)
        done, rows = _composed(group, None if last is None else EvidenceRow(*last))
        await session.execute(
            _ENTRIES, self.number, [row.index for row in rows], [row.body for row in rows], [row.hash for row in rows]
        )
        people = [(person, row.index) for row in rows for person in row.subjects]
        if people:
            await session.execute(_SUBJECTS, self.number, [each[0] for each in people], [each[1] for each in people])
        crash_point("store.before-commit")
        await session.execute("COMMIT")
        crash_point("store.after-commit")
        return done


def _composed(group: Sequence[Compose], last: EvidenceRow | None) -> tuple[list[int | Exception], list[EvidenceRow]]:
    """Each upon the one before; what one of them raises is its own and leaves the others standing."""
    done: list[int | Exception] = []
    rows: list[EvidenceRow] = []
    for compose in group:
        try:
            made = compose(last)
        except Exception as error:  # noqa: BLE001  handed to the one who asked for this entry
            done.append(error)
            continue
        rows.extend(made)
        last = rows[-1]
        done.append(last.index)
    return done, rows
