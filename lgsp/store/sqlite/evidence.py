"""One writer's evidence file: its chain, who stands in it, its checkpoints. SQLite's form, also read by the verifier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec

from lgsp.store.port import CheckpointRow, Compose, EvidenceRow
from lgsp.store.sqlite.database import Database

_CHECKPOINT = "SELECT size, root, head, at, signature, frontier FROM checkpoint"


@dataclass(frozen=True, slots=True)
class SqliteEvidence:
    database: Database
    writer: str

    async def append(self, compose: Compose) -> int:
        def work(db: Any) -> int:
            # Read inside the transaction: after a failed commit the last entry is what the disk has, never a memory.
            last = db.execute("SELECT number, body, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
            rows = compose(None if last is None else EvidenceRow(*last))
            db.executemany("INSERT INTO entry VALUES (?, ?, ?)", [(row.index, row.body, row.hash) for row in rows])
            if people := sorted((person, row.index) for row in rows for person in row.subjects):
                db.executemany("INSERT INTO subject VALUES (?, ?)", people)
            return rows[-1].index

        return await self.database.write(work)

    async def rows(self, start: int, limit: int) -> list[EvidenceRow]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT number, body, hash FROM entry WHERE number >= ? ORDER BY number LIMIT ?", (start, limit)
            ).fetchall()
        )
        return [EvidenceRow(*row) for row in rows]

    async def by_subject(self, subject: bytes) -> list[EvidenceRow]:
        rows = await self.database.read(lambda db: _by_subject(db, subject))
        return [EvidenceRow(*row) for row in rows]

    async def put_checkpoint(self, checkpoint: CheckpointRow) -> None:
        row = (
            checkpoint.size, checkpoint.root, checkpoint.head, checkpoint.at, checkpoint.signature,
            checkpoint.frontier,
        )  # fmt: skip
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)", row).fetchall()
        )

    async def last_checkpoint(self) -> CheckpointRow | None:
        row = await self.database.read(lambda db: db.execute(f"{_CHECKPOINT} ORDER BY size DESC LIMIT 1").fetchone())
        return None if row is None else CheckpointRow(*row)


class EvidenceUnreadable(Exception):
    """The file cannot be read as a chain: not a database, a table gone, a page broken."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A writer's file, opened read-only beside a running owner or without one."""

    writer: str
    path: Path
    _db: apsw.Connection

    def entries(self) -> Iterator[tuple[int, Any, Any]]:
        """Index, body, hash: in order of the index. `EvidenceUnreadable` in the middle where a page is broken."""
        try:
            yield from self._db.execute("SELECT number, body, hash FROM entry ORDER BY number")
        except apsw.Error as error:
            raise EvidenceUnreadable(type(error).__name__) from error

    def checkpoints(self) -> list[CheckpointRow]:
        try:
            return [CheckpointRow(*row) for row in self._db.execute(f"{_CHECKPOINT} ORDER BY size")]
        except apsw.Error as error:
            raise EvidenceUnreadable(type(error).__name__) from error

    def subjects(self) -> Iterator[tuple[int, bytes]]:
        """Index of the entry and keyed hash of the person, in no order."""
        try:
            yield from self._db.execute("SELECT number, person FROM subject")
        except apsw.Error as error:
            raise EvidenceUnreadable(type(error).__name__) from error

    def by_subject(self, subject: bytes) -> list[tuple[int, bytes, bytes]]:
        try:
            return _by_subject(self._db, subject)
        except apsw.Error as error:
            raise EvidenceUnreadable(type(error).__name__) from error

    def after(self, number: int, most: int) -> Iterator[bytes]:
        """The bodies of the entries behind this one, `most` of them."""
        try:
            yield from (
                body
                for (body,) in self._db.execute(
                    "SELECT body FROM entry WHERE number > ? AND number <= ? ORDER BY number", (number, number + most)
                )
            )
        except apsw.Error as error:
            raise EvidenceUnreadable(type(error).__name__) from error


@contextmanager
def evidence_file(path: Path) -> Iterator[EvidenceFile]:
    """One snapshot of a writer's file: what is appended meanwhile is not seen."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(1000)
        connection.execute("BEGIN")
    except apsw.Error as error:
        raise EvidenceUnreadable(type(error).__name__) from error
    try:
        yield EvidenceFile(path.stem.removeprefix("evidence-"), path, connection)
    finally:
        connection.close(True)


def evidence_files(data: Path) -> list[Path]:
    return sorted(data.glob("evidence-*.db"))


def known_writers(data: Path) -> list[str]:
    """The writers that the shared records know of, so that a file that is gone is missed."""
    path = data / "lgsp.db"
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        names: list[Any] = connection.execute(
            "SELECT name FROM meta WHERE name LIKE 'evidence-writer:%' ORDER BY name"
        ).fetchall()
        return [name.removeprefix("evidence-writer:") for (name,) in names]
    except apsw.Error:
        return []
    finally:
        connection.close()


def witnessed(data: Path) -> dict[str, Any]:
    """What witnesses have co-signed, by "<witness>:<writer>", as the writer's task has kept it."""
    path = data / "lgsp.db"
    if not path.exists():
        return {}
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows: list[Any] = connection.execute("SELECT name, value FROM meta WHERE name LIKE 'witnessed:%'").fetchall()
        return {name.removeprefix("witnessed:"): msgspec.json.decode(value) for name, value in rows}
    except apsw.Error:
        return {}
    finally:
        connection.close()


def _by_subject(db: Any, subject: bytes) -> list[tuple[int, bytes, bytes]]:
    found: list[tuple[int, bytes, bytes]] = db.execute(
        "SELECT number, body, hash FROM subject JOIN entry USING (number) WHERE person = ? ORDER BY number", (subject,)
    ).fetchall()
    return found
