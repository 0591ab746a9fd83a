"""Plays a journal upon a copy of its database, group by group, up to the last one that somebody may have been told of."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

from lgsp.store.migrations import MigrationError
from lgsp.store.port import StoreFailed
from lgsp.store.sqlite.copying import EVIDENCE, SHARED, family_of, sync
from lgsp.store.sqlite.journal import Group, Segment, applied, contents, groups, journalled, place_in
from lgsp.store.sqlite.migrate import migrate, migrations

_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Replayed:
    database: str
    groups: int
    """How many were played."""
    why: str = ""
    """Why there is nothing to play, where there is not; empty where the copy goes on in the journal."""


def replay(folder: Path, data: Path, now: datetime) -> list[Replayed]:
    """Of every database of a data folder that nobody owns, and of those that came after the copy.

    Raises `StoreFailed` where the journal contradicts the copy or misses something, `MigrationError` where it is a newer
    version's.
    """
    kept = journalled(folder)
    standing = {path.name for path in data.iterdir() if family_of(path.name) in (SHARED, EVIDENCE)}
    return [_played(folder, data, name, kept.get(name, []), now) for name in sorted(standing | set(kept))]


def _played(folder: Path, data: Path, name: str, segments: list[Segment], now: datetime) -> Replayed:
    path = data / name
    if not path.exists():
        fresh = [each for each in segments if each.fresh and each.first == 1]
        if not fresh:
            return Replayed(name, 0, "the backup does not have it, and the journal does not begin with it")
        _new(path, fresh[-1], now)
    generation, _, position = place_in(path).partition(":")
    if not generation:
        return Replayed(name, 0, "the backup was made before the journal began")
    newest = segments[-1].generation if segments else generation
    found = [each for each in groups(folder, name, generation) if each.position > int(position)]
    if found and found[0].position != int(position) + 1:
        raise StoreFailed(f"{name}: the journal begins at {found[0].position}, the backup ends at {position}")
    with closing(_writing(path)) as db:
        _apply(db, found, name, now)
    _settled(path)
    if newest != generation:
        return Replayed(name, len(found), "the journal began anew after the backup")
    return Replayed(name, len(found))


def _apply(db: apsw.Connection, found: list[Group], name: str, now: datetime) -> None:
    segment = None
    for begin in range(0, len(found), _TOGETHER):
        page = found[begin : begin + _TOGETHER]
        db.execute("BEGIN")
        for group, changes in contents(page):
            if group.segment != segment:
                segment = group.segment
                db.execute("COMMIT")
                _migrated(db, segment, name, now)
                db.execute("BEGIN")
            try:
                apsw.Changeset.apply(changes, db, conflict=_refused)
            except apsw.Error as error:
                raise StoreFailed(
                    f"{name}: group {group.position} of the journal does not follow upon the backup"
                ) from error
        db.execute("COMMIT")


def _migrated(db: apsw.Connection, segment: Segment, name: str, now: datetime) -> None:
    """The groups were written upon these migrations, so they are played upon the same."""
    missing = set(segment.migrations) - set(applied(db))
    if not missing:
        return
    steps = {str(step.number): step for step in migrations(family_of(name) or SHARED)}
    if unknown := [number for number in missing if number not in steps]:
        raise MigrationError(
            f"the journal was written with migration {max(map(int, unknown))}, which this version lacks"
        )
    migrate(db, [steps[number] for number in sorted(segment.migrations, key=int) if number in steps], now)


def _new(path: Path, segment: Segment, now: datetime) -> None:
    with closing(_writing(path)) as db:
        steps = [each for each in migrations(family_of(path.name) or SHARED) if str(each.number) in segment.migrations]
        migrate(db, steps, now)
        db.execute(
            "CREATE TABLE journal_place (only INTEGER PRIMARY KEY CHECK (only = 1), generation TEXT NOT NULL,"
            " position INTEGER NOT NULL) STRICT"
        )
        db.execute("INSERT INTO journal_place VALUES (1, ?, 0)", (segment.generation,))


def _writing(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF")
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)  # what they did stands in the changesets
    return db


def _settled(path: Path) -> None:
    path.chmod(0o600)
    sync(path)


def _refused(kind: int, _: Any) -> int:
    del kind
    return apsw.SQLITE_CHANGESET_ABORT
