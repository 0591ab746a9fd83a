"""A second copy of what is committed: every group of writes, as a changeset, in a folder on another disk.

A group stands in the journal, synced, before its commit begins: what somebody was told is durable is therefore in the journal
as well. A file knows its place in it (`journal_place`, in the same transaction), so a copy of the file goes on from there, and
a file that somebody wrote to without the journal is found out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import msgspec

from lgsp.crash import crash_point
from lgsp.runtime import Ids
from lgsp.store.port import StoreFailed, StoreRefused

_SEGMENT = 64 << 20
"""Bytes of one file; then the next one begins."""
_HEAD = 8 + 4 + 16
_PLACE = """CREATE TABLE IF NOT EXISTS journal_place (
    only INTEGER PRIMARY KEY CHECK (only = 1), generation TEXT NOT NULL, position INTEGER NOT NULL) STRICT"""


class Segment(msgspec.Struct, frozen=True):
    """First line of a file of the journal."""

    database: str
    generation: str
    first: int
    """Position of its first group."""
    migrations: dict[str, str]
    """Of the database as its groups found it."""
    fresh: bool
    """The journal began with the database itself: no copy of it is needed to play it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Where one group of writes stands."""

    path: Path
    offset: int
    length: int
    position: int
    segment: Segment


class Journal:
    """Of one database. `opened` once, in the lane of its writer; then `watch` for every group."""

    def __init__(self, folder: Path, database: str, ids: Ids) -> None:
        self.folder, self.database, self._ids = folder, database, ids
        self._file = -1
        self._written = 0
        self._segment: Segment | None = None
        self._position = 0

    def opened(self, connection: apsw.Connection) -> None:
        """Goes on where the database stands, or begins anew. Raises `StoreRefused` where the journal knows more than it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _empty(connection)
        connection.execute(_PLACE)
        row: Any = connection.execute("SELECT generation, position FROM journal_place").fetchone()
        generation, position = row or ("", 0)
        found = groups(self.folder, self.database, generation) if generation else []
        last = found[-1].position if found else 0
        if generation and last > position + 1:  # one that did not come to its commit was told to nobody
            raise StoreRefused(
                f"the journal in {self.folder} holds {last - position} groups of writes that {self.database} does not: "
                "restore with --journal, or name another folder for the journal"
            )
        begun = found[-1].segment if found else None
        if begun is None or last < position:
            generation, position = self._ids.new(), 0
            connection.execute("INSERT OR REPLACE INTO journal_place VALUES (1, ?, 0)", (generation,))
        else:
            fresh = begun.fresh
        self._position = position
        self._segment = Segment(self.database, generation, position + 1, applied(connection), fresh)

    def watch(self, connection: apsw.Connection) -> Watch:
        session = apsw.Session(connection, "main")
        session.config(apsw.SQLITE_SESSION_OBJCONFIG_ROWID, 1)  # tables without a key of their own as well
        session.attach()
        return Watch(self, connection, session)

    def append(self, position: int, changes: bytes) -> None:
        """On the disk when it returns. Raises `OSError`; what is half written is passed over by the reader."""
        try:
            if self._file < 0 or self._written > _SEGMENT:
                self._begin(position)
            content = _framed(position, changes)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fdatasync(self._file)
            self._written += len(content)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _begin(self, position: int) -> None:
        self.close()
        assert self._segment is not None
        self._segment = msgspec.structs.replace(self._segment, first=position)
        number = max((int(path.name.split(".")[-2]) for path in _paths(self.folder, self.database)), default=0) + 1
        name = f"{self.database}.{self._segment.generation}.{position:012}.{number:06}.journal"
        self._file = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        head = msgspec.json.encode(self._segment) + b"\n"
        os.write(self._file, head)
        self._written = len(head)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@dataclass(slots=True)
class Watch:
    """One group of writes, from before its first to before its commit."""

    journal: Journal
    connection: apsw.Connection
    session: Any

    def before_commit(self) -> None:
        """Raises `OSError` where the journal cannot be written: then the group is not committed either."""
        if self.session.is_empty:
            return
        row: Any = self.connection.execute(
            "UPDATE journal_place SET position = position + 1 RETURNING position"
        ).fetchone()
        self.journal.append(row[0], self.session.changeset())
        crash_point("journal.appended")

    def close(self) -> None:
        self.session.close()


def break_off(connection: apsw.Connection) -> None:
    """Whoever writes without the journal says so in the file: what the journal has is no longer the whole."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'journal_place'").fetchone() is not None:
        connection.execute("DELETE FROM journal_place")


def place_in(path: Path) -> str:
    """`generation:position` that a file holds; empty where it has no journal."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'journal_place'").fetchone() is None:
            return ""
        row: Any = db.execute("SELECT generation || ':' || position FROM journal_place").fetchone()
        return str(row[0]) if row else ""


def applied(connection: apsw.Connection) -> dict[str, str]:
    rows: list[Any] = connection.execute("SELECT number, sha256 FROM migration ORDER BY number").fetchall()
    return {str(number): sha for number, sha in rows}


def journalled(folder: Path) -> dict[str, list[Segment]]:
    """What a folder has, by database, in the order in which it was begun."""
    found: dict[str, list[Segment]] = {}
    for path in _paths(folder, "*"):
        segment = _segment(path)
        if segment is not None:
            found.setdefault(segment.database, []).append(segment)
    return found


def groups(folder: Path, database: str, generation: str) -> list[Group]:
    """In order; one that came to no commit gives way to the one that took its position. What a crash cut off at the end of a
    file is passed over. Raises `StoreFailed` where something between is missing or broken."""
    found: list[Group] = []
    for path in _paths(folder, f"{database}.{generation}"):
        for group in _of_file(path):
            while found and found[-1].position >= group.position:
                found.pop()
            if found and found[-1].position != group.position - 1:
                raise StoreFailed(f"{path.name}: the journal misses {found[-1].position + 1}")
            found.append(group)
    return found


def contents(found: Sequence[Group]) -> Iterator[tuple[Group, bytes]]:
    """Each with its changeset."""
    path, file = None, None
    try:
        for group in found:
            if group.path != path:
                if file is not None:
                    file.close()
                path, file = group.path, group.path.open("rb")
            assert file is not None
            file.seek(group.offset)
            yield group, file.read(group.length)
    finally:
        if file is not None:
            file.close()


def forget(folder: Path, held: dict[str, str]) -> int:
    """Removes files of which a backup has everything (`held`: place by database); answers how many. Never the last of one."""
    gone = 0
    for database, place in held.items():
        generation, _, position = place.partition(":")
        paths = list(_paths(folder, database))
        for path, following in pairwise(paths):
            segment, after = _segment(path), _segment(following)
            if segment is None or after is None or not generation:
                continue
            older = segment.generation < generation
            if older or (after.generation == segment.generation == generation and after.first <= int(position) + 1):
                path.unlink()
                gone += 1
    return gone


def _paths(folder: Path, begins: str) -> list[Path]:
    """By generation (their names grow with time), position, and the order of those that begin at the same one."""
    return sorted(folder.glob(f"{begins}.*.journal"))


def _segment(path: Path) -> Segment | None:
    with path.open("rb") as file:
        try:
            return msgspec.json.decode(file.readline(1 << 20), type=Segment)
        except (ValueError, msgspec.DecodeError):  # cut off at its very beginning
            return None


def _of_file(path: Path) -> Iterator[Group]:
    segment = _segment(path)
    if segment is None:
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        offset = len(file.readline())
        while offset + _HEAD <= size:
            head = file.read(_HEAD)
            position, length = int.from_bytes(head[:8], "big"), int.from_bytes(head[8:12], "big")
            content = file.read(length)
            if len(content) < length or _digest(position, content) != head[12:]:
                if offset + _HEAD + length < size:
                    raise StoreFailed(f"{path.name}: the journal is broken at byte {offset}")
                return
            yield Group(path, offset + _HEAD, length, position, segment)
            offset += _HEAD + length


def _framed(position: int, content: bytes) -> bytes:
    return position.to_bytes(8, "big") + len(content).to_bytes(4, "big") + _digest(position, content) + content


def _digest(position: int, content: bytes) -> bytes:
    return hashlib.sha256(position.to_bytes(8, "big") + content).digest()[:16]


def _empty(connection: apsw.Connection) -> bool:
    names: list[Any] = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name NOT IN ('migration', 'journal_place')"
    ).fetchall()
    return all(connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is None for (name,) in names)  # noqa: S608  of the schema
