"""One SQLite file: a connection that writes in a lane of its own, with group commit, and one that reads beside it.

WAL with `synchronous=FULL`: when `write` returns, the disk has it (RULES 3). While a commit waits for the disk, further
writes gather and share the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from lgsp.crash import crash_point
from lgsp.runtime import InlineLane, Lane, ThreadLane
from lgsp.store.port import StoreFailed
from lgsp.store.sqlite.journal import Journal, break_off

T = TypeVar("T")
Work = Callable[[Any], T]
"""A function of an `apsw.Connection` and of nothing that changes, for it may run twice; untyped, since apsw types a column
as a union where our STRICT tables know better."""

_BUSY_MS = 800
"""Below the second after which a call without evidence must be refused."""
_GROUP = 512
_WAITING = 20_000


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one work of a group."""

    value: Any = None
    error: BaseException | None = None


class Database:
    """Open it with `opened`. Works are plain functions of a connection and never begin or end a transaction."""

    def __init__(self, path: Path | None, *, inline: bool, name: str) -> None:
        self._path = path
        self._writes: Lane = InlineLane() if inline else ThreadLane(f"{name}-write")
        self._reads: Lane = self._writes if inline or path is None else ThreadLane(f"{name}-read")
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []
        self._committing = False
        self._closed = False
        self._idle: asyncio.Future[None] | None = None
        self._journal: Journal | None = None

    @classmethod
    async def opened(
        cls,
        path: Path | None,
        *,
        inline: bool,
        name: str,
        prepare: Callable[[apsw.Connection], None],
        journal: Journal | None = None,
    ) -> Database:
        """`prepare` runs once on the new connection, outside any transaction: migrations. `journal` is a second copy of every
        group of writes, elsewhere."""
        database = cls(path, inline=inline, name=name)
        try:
            await database._writes.submit(lambda: database._prepared(prepare, journal))
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def waiting(self) -> tuple[int, int]:
        """Works that wait for their group, and how many may."""
        return len(self._waiting), _WAITING

    async def write(self, work: Work[T]) -> T:
        """Durable when it returns. `StoreFailed` where the disk did not take it; an error of the work itself undoes only it."""
        if self._closed or len(self._waiting) >= _WAITING:
            raise StoreFailed("closed" if self._closed else "too many writes are waiting")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if not self._committing:
            self._begin()
        return await future

    async def read(self, work: Work[T]) -> T:
        """Sees everything that `write` has returned for."""
        if self._closed:
            raise StoreFailed("closed")
        try:
            return await self._reads.submit(lambda: work(self._reading()))
        except apsw.Error as error:
            raise StoreFailed(type(error).__name__) from error

    async def close(self) -> None:
        self._closed = True
        while self._committing:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        with contextlib.suppress(apsw.Error):
            await self._reads.submit(self._shut_reader)
            await self._writes.submit(self._shut_writer)
        self._reads.close()
        self._writes.close()

    def _begin(self) -> None:
        group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
        self._committing = True
        done = self._writes.submit(partial(self._commit, [work for work, _ in group]))
        done.add_done_callback(partial(self._ended, [future for _, future in group]))

    def _ended(self, futures: Sequence[asyncio.Future[Any]], done: asyncio.Future[list[Done]]) -> None:
        error = done.exception()
        results = [Done(error=error)] * len(futures) if error else done.result()
        for future, result in zip(futures, results, strict=True):
            if future.cancelled():
                continue
            if result.error is not None:
                future.set_exception(result.error)
            else:
                future.set_result(result.value)
        if self._waiting:
            self._begin()
            return
        self._committing = False
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    # In the lane

    def _prepared(self, prepare: Callable[[apsw.Connection], None], journal: Journal | None) -> None:
        connection = self._connection()
        prepare(connection)
        if journal is None:
            break_off(connection)
        else:
            journal.opened(connection)
        self._journal = journal

    def _commit(self, works: Sequence[Work[Any]]) -> list[Done]:
        watch = None
        try:
            connection = self._connection()
            watch = self._journal.watch(connection) if self._journal is not None else None
            connection.execute("BEGIN IMMEDIATE")
            results = _together(connection, works) if len(works) > 1 else [_one(connection, works[0], alone=True)]
            if connection.in_transaction:
                crash_point("store.before-commit")
                if watch is not None:
                    watch.before_commit()
                connection.execute("COMMIT")
                crash_point("store.after-commit")
        except (apsw.Error, OSError) as error:
            self._undo()
            # The class's name says what broke (FullError, IOError); SQLite's text may quote a path or a value.
            said = "the journal cannot be written" if isinstance(error, OSError) else type(error).__name__
            return [Done(error=StoreFailed(said))] * len(works)
        finally:
            if watch is not None:
                watch.close()
        return results

    def _undo(self) -> None:
        """Back to a clean connection. One that cannot even roll back is thrown away; the next group opens another."""
        if self._writer is None or not self._writer.in_transaction:
            return
        try:
            self._writer.execute("ROLLBACK")
        except apsw.Error:
            if self._path is not None:
                self._writer.close(True)
                self._writer = None

    def _connection(self) -> apsw.Connection:
        if self._writer is None:
            connection = apsw.Connection(str(self._path) if self._path else ":memory:")
            connection.set_busy_timeout(_BUSY_MS)
            if self._path is not None:  # what stands in memory has no journal and no disk
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            self._writer = connection
        return self._writer

    def _reading(self) -> apsw.Connection:
        if self._reads is self._writes:
            return self._connection()
        if self._reader is None:
            self._reader = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            self._reader.set_busy_timeout(_BUSY_MS)
        return self._reader

    def _shut_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _shut_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._journal is not None:
            self._journal.close()


_DISK = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError, apsw.NoMemError, apsw.BusyError)
"""What the disk refuses, it refuses to the whole group."""


def _together(connection: apsw.Connection, works: Sequence[Work[Any]]) -> list[Done]:
    """A group as if no work in it would refuse, which is nearly always so; where one does, all again with savepoints."""
    try:
        return [Done(work(connection)) for work in works]
    except _DISK:
        raise
    except Exception:  # noqa: BLE001  found again below, by the work that it is of
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    return [_one(connection, work, alone=False) for work in works]


def _one(connection: apsw.Connection, work: Work[Any], *, alone: bool) -> Done:
    """One work of a group. What the work itself refuses undoes only this work; what the disk refuses undoes the group."""
    if not alone:
        connection.execute("SAVEPOINT work")
    try:
        value = work(connection)
    except _DISK:
        raise
    except Exception as error:  # noqa: BLE001  handed to the one who asked for this work
        connection.execute("ROLLBACK" if alone else "ROLLBACK TO work")
        if not alone:
            connection.execute("RELEASE work")
        return Done(error=error)
    if not alone:
        connection.execute("RELEASE work")
    return Done(value)
