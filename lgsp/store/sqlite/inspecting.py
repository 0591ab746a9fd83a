"""What a SQLite file of the store says of its own health, read-only and beside whoever writes it; never a row's content."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

_STEPS = 1_000_000
"""Of SQLite's virtual machine between two looks at the clock."""


def inspect(path: Path, seconds: float, monotonic: Callable[[], float]) -> dict[str, Any]:
    """Size, pages, migrations, rows of each table by their last number, and SQLite's quick check, which is broken off after
    `seconds` ("not finished"). A file that cannot be read is told by the class of its error."""
    size = path.stat().st_size
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.set_busy_timeout(2000)
            found = {
                "bytes": size,
                "journal_mode": _one(db, "PRAGMA journal_mode"),
                "pages": _one(db, "PRAGMA page_count"),
                "free_pages": _one(db, "PRAGMA freelist_count"),
                "migrations": _migrations(db),
                "rows": _rows(db),
            }
            return {**found, "quick_check": _checked(db, monotonic() + seconds, monotonic)}
    except apsw.Error as error:
        return {"bytes": size, "error": type(error).__name__}


def sqlite_version() -> str:
    return str(apsw.sqlite_lib_version())


def _one(db: Any, query: str) -> Any:
    return next(iter(db.execute(query)))[0]


def _migrations(db: Any) -> int:
    """How many were applied."""
    if not list(db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'")):
        return 0
    return int(_one(db, "SELECT count(*) FROM migration"))


def _rows(db: Any) -> dict[str, int]:
    """Of ten million rows too this takes no time: the last number instead of a count."""
    found = {}
    tables = (
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    for name, without_rowid in list(db.execute(tables)):
        if not without_rowid:
            found[str(name)] = int(_one(db, f'SELECT coalesce(max(rowid), 0) FROM "{name}"') or 0)  # noqa: S608  a table's own name
    return found


def _checked(db: Any, until: float, monotonic: Callable[[], float]) -> str:
    db.set_progress_handler(lambda: monotonic() >= until, _STEPS)
    try:
        said = [str(row[0]) for row in db.execute("PRAGMA quick_check(5)")]
    except apsw.InterruptError:
        return "not finished"
    finally:
        db.set_progress_handler(None)
    return "ok" if said == ["ok"] else f"{len(said)} findings"
