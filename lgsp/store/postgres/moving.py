"""From the embedded store to PostgreSQL: the chains while the bus serves, the records in a pause, the source left as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec

from lgsp.crash import crash_point
from lgsp.runtime import Clock
from lgsp.store.port import StoreBusy, StoreRefused
from lgsp.store.postgres.database import told
from lgsp.store.postgres.intake import MARK, OWN, Column, Intake, opened, row_mark, taken_in
from lgsp.store.postgres.migrate import migrations
from lgsp.store.sqlite import MOVED
from lgsp.store.sqlite.columns import from_moment
from lgsp.store.sqlite.copying import sync
from lgsp.store.sqlite.evidence import evidence_files
from lgsp.store.sqlite.lock import OwnerLock
from lgsp.store.sqlite.migrate import migrations as embedded

_FIRST = ("consumer", "payload_key")
"""What others refer to."""


@dataclass(slots=True)
class Moved:
    """`done` is False where the bus still owns the folder: then only the chains have come, as far as they were."""

    done: bool = False
    entries: dict[str, int] = field(default_factory=dict)
    """Taken now, by writer."""
    tables: dict[str, int] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds in which the folder was held, so that nothing could change."""


async def move(data: Path, url: str, keys: dict[str, bytes], shown: str, clock: Clock) -> Moved:
    """`shown` is the address as it may be told. Raises `StoreRefused`, `StoreFailed`, `MigrationError`."""
    if (data / MOVED).exists():
        raise StoreRefused(f"the records of {data} have moved already: see {MOVED} in it")
    moved = Moved()
    lock = None
    earlier = await taken_in(url)
    try:
        if earlier is None:
            async with opened(url, keys, migrations(), clock) as intake:
                await _chains(intake, data, moved, clock)  # the long part, beside whoever serves
                began = clock.monotonic()
                lock = _owned(data)
                if lock is None:
                    return moved
                await _chains(intake, data, moved, clock)
                heads = {
                    path.stem.removeprefix("evidence-"): await intake.compared(path) for path in evidence_files(data)
                }
                async with intake.records({"heads": heads}):
                    moved.tables = await _records(intake, data / "lgsp.db")
            moved.pause = clock.monotonic() - began
        else:  # cut off after its last transaction
            lock = _owned(data)
            if lock is None or not _same(data, earlier["heads"]):
                raise StoreRefused("the database holds these records already, and the bus has gone on without it since")
        _mark(data, shown, clock)
    finally:
        if lock is not None:
            lock.release()
    moved.done = True
    return moved


async def _chains(intake: Intake, data: Path, moved: Moved, clock: Clock) -> None:
    for path in evidence_files(data):
        writer = path.stem.removeprefix("evidence-")
        taken = await intake.chain(path, clock.now())
        moved.entries[writer] = moved.entries.get(writer, 0) + taken


async def _records(intake: Intake, path: Path) -> dict[str, int]:
    """Every table that both have; what the database then holds is compared with what the file does. Raises `StoreRefused`."""
    counted = {}
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as file, told():
        _up_to_date(file)
        for table in tables(file):
            columns = {column.name: column for column in await intake.columns(table)}
            names = [name for name in _names(file, table) if name in columns]
            if len(names) != len(_names(file, table)):
                raise StoreRefused(f"PostgreSQL has no place for {table}: {set(_names(file, table)) - set(columns)}")
            shape = [columns[name] for name in names]
            count, mark = 0, 0

            def rows(table: str = table, shape: list[Column] = shape) -> Iterator[tuple[Any, ...]]:
                nonlocal count, mark
                for row in _rows(file, table, shape):
                    count, mark = count + 1, mark + row_mark(row)
                    yield row

            await intake.connection.copy_records_to_table(table, records=rows(), columns=names)
            listed = ", ".join(f'"{name}"' for name in names)
            kept = "" if table != "meta" else f" WHERE name NOT IN ('keys', '{MARK}')"
            if await intake._digest(f'SELECT {listed} FROM "{table}"{kept}') != mark:  # noqa: S608, SLF001
                raise StoreRefused(f"{table} is not the same here and there: nothing was taken in")
            counted[table] = count
    return counted


def tables(file: apsw.Connection) -> list[str]:
    """Of the shared records, those that others refer to first."""
    rows: list[Any] = file.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    names = [name for (name,) in rows if name not in OWN | {"journal_place"}]
    return sorted(names, key=lambda name: (name not in _FIRST, name))


def _names(file: apsw.Connection, table: str) -> list[str]:
    return [row[1] for row in file.execute(f'PRAGMA table_info("{table}")')]


def _rows(file: apsw.Connection, table: str, shape: list[Column]) -> Iterator[tuple[Any, ...]]:
    read = [_READ.get(column.type, _as_it_is) for column in shape]
    listed = ", ".join(f'"{column.name}"' for column in shape)
    where = "" if table != "meta" else " WHERE name NOT LIKE 'evidence-writer:%'"
    for row in file.execute(f'SELECT {listed} FROM "{table}"{where}'):  # noqa: S608  of the schema
        yield tuple(None if value is None else each(value) for each, value in zip(read, row, strict=True))


def _as_it_is(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "timestamp with time zone": lambda value: from_moment(value).astimezone(UTC),
    "boolean": bool,
    "date": date.fromisoformat,
    "ARRAY": lambda text: msgspec.json.decode(text, type=list[int]),
    "double precision": float,
}


def _up_to_date(file: apsw.Connection) -> None:
    applied = {number for (number,) in file.execute("SELECT number FROM migration")}
    if missing := {step.number for step in embedded("shared")} - applied:
        raise StoreRefused(
            f"the folder was last opened by an older version (migration {min(missing)}): start this one once"
        )


def _owned(data: Path) -> OwnerLock | None:
    try:
        return OwnerLock.take(data)
    except StoreBusy:
        return None


def _same(data: Path, heads: dict[str, Any]) -> bool:
    """Whether the chains still end where they did."""
    found = {}
    for path in evidence_files(data):
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as file:
            last: Any = file.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
            found[path.stem.removeprefix("evidence-")] = [last[0] + 1, last[1].hex()] if last else [0, ""]
    return found == heads


def _mark(data: Path, shown: str, clock: Clock) -> None:
    """The one file that is added to the source."""
    beside = data / f"{MOVED}.new"
    beside.write_bytes(msgspec.json.encode({"to": shown, "at": _told(clock.now())}) + b"\n")
    beside.chmod(0o600)
    sync(beside)
    crash_point("intake.marking")
    beside.rename(data / MOVED)
    sync(data)


def _told(at: datetime) -> str:
    return at.isoformat()
