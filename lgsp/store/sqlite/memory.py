"""A database in memory that begins as a copy of another: migrations are most of the work of opening one, and tests open many."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import apsw

from lgsp.store.sqlite.migrate import migrate, migrations

_NEVER = datetime.fromtimestamp(0, UTC)
"""When the migrations of a database that has no history were applied."""


@cache
def fresh(family: str) -> bytes:
    """The image of an empty database of this family."""
    connection = apsw.Connection(":memory:")
    try:
        migrate(connection, migrations(family), _NEVER)
        return connection.serialize("main")
    finally:
        connection.close()


def begin(connection: apsw.Connection, image: bytes) -> None:
    """Fills a new connection in memory. Copied page by page, for a deserialized database may not grow beyond a gigabyte."""
    source = apsw.Connection(":memory:")
    try:
        source.deserialize("main", image)
        with connection.backup("main", source, "main") as copy:
            copy.step()
    finally:
        source.close()
