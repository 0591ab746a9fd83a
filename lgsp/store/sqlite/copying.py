"""A consistent copy of a SQLite file beside whoever writes it, and what a file says of itself. SQLite's own backup, by pages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from lgsp.store.port import StoreFailed

SHARED, EVIDENCE, INDEX = "shared", "evidence", "exchanges"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What stands in one file; of a chain its length and head, of the shared records how many submissions in which state."""

    family: str
    migrations: dict[str, str] = field(default_factory=dict)
    """Number to checksum, as they were applied."""
    submissions: dict[str, int] = field(default_factory=dict)
    entries: int = 0
    head: str = ""
    signed: int = 0
    """Entries under the last checkpoint."""


def family_of(name: str) -> str | None:
    """Of a file in a data folder; None where it is none of the store's databases."""
    if name == "lgsp.db":
        return SHARED
    if name == "exchanges.db":
        return INDEX
    return EVIDENCE if name.startswith("evidence-") and name.endswith(".db") else None


def databases(folder: Path) -> list[Path]:
    """In the order in which they are to be copied: what is derived from the chains first, the chains last. So whatever a copy
    says has happened has its evidence in it, and nothing derived is ahead of what it was made of."""
    order = {INDEX: 0, SHARED: 1, EVIDENCE: 2}
    found = [(order[family], path.name) for path in folder.iterdir() if (family := family_of(path.name))]
    return [folder / name for _, name in sorted(found)]


def copy_database(source: Path, into: Path) -> FileFacts:
    """One snapshot, durable when it returns; the writer goes on meanwhile. Raises `StoreFailed`."""
    try:
        with closing(_reading(source)) as reader, closing(apsw.Connection(str(into))) as writer:
            writer.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
            with writer.backup("main", reader, "main") as copying:
                copying.step(-1)  # one snapshot: the reader's transaction lasts as long as this call
        with closing(apsw.Connection(str(into))) as copy:
            copy.execute(
                "PRAGMA journal_mode=DELETE"
            )  # read from a medium that takes no writes; a start makes it WAL again
        into.chmod(0o600)
        sync(into)
        return facts_of(into)
    except apsw.Error as error:
        raise StoreFailed(f"{source.name}: {type(error).__name__}") from error


def facts_of(path: Path) -> FileFacts:
    """Of a file that nobody writes, or of one snapshot of it. Raises `StoreFailed` where it cannot be read."""
    family = family_of(path.name) or SHARED
    try:
        with closing(_reading(path)) as db:
            db.execute("BEGIN")
            rows: list[Any] = db.execute("SELECT number, sha256 FROM migration ORDER BY number").fetchall()
            migrations = {str(number): sha for number, sha in rows}
            if family == SHARED:
                counts: list[Any] = db.execute(
                    "SELECT state, sum(rows) FROM submission_count GROUP BY state HAVING sum(rows) > 0 ORDER BY state"
                ).fetchall()
                return FileFacts(family, migrations, dict(counts))
            if family == EVIDENCE:
                last: Any = db.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
                signed: Any = db.execute("SELECT coalesce(max(size), 0) FROM checkpoint").fetchone()
                entries, head = (last[0] + 1, last[1].hex()) if last else (0, "")
                return FileFacts(family, migrations, {}, entries, head, signed[0])
            return FileFacts(family, migrations)
    except apsw.Error as error:
        raise StoreFailed(f"{path.name}: {type(error).__name__}") from error


def sound(path: Path) -> str:
    """Empty where SQLite finds nothing wrong with the file's pages and indexes, else what it says first."""
    try:
        with closing(_reading(path)) as db:
            said: Any = db.execute("PRAGMA quick_check(1)").fetchone()
        return "" if said[0] == "ok" else str(said[0])
    except apsw.Error as error:
        return type(error).__name__


def newest_bodies(path: Path) -> Iterator[bytes]:
    """The entries of a chain, newest first."""
    with closing(_reading(path)) as db:
        rows: Any = db.execute("SELECT body FROM entry ORDER BY number DESC")
        for (body,) in rows:
            yield body


def unknown_submissions(path: Path, ids: Iterable[str]) -> list[str]:
    """Those that the shared records do not have."""
    with closing(_reading(path)) as db:
        return [each for each in ids if db.execute("SELECT 1 FROM submission WHERE id = ?", (each,)).fetchone() is None]


def sync(path: Path) -> None:
    """Waits until the disk has a file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reading(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(10_000)
    return db
