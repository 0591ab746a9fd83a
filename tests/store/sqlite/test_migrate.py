"""Migrations: in order, once, checksummed, whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import apsw
import pytest

from lgsp.store.sqlite.migrate import Migration, MigrationError, migrate, migrations

AT = datetime(2022, 11, 16, tzinfo=UTC)
FIRST = Migration(1, "first", "CREATE TABLE a (x) ; INSERT INTO a VALUES (1);")
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN y;")


def test_each_once() -> None:
    connection = apsw.Connection(":memory:")
    assert migrate(connection, [FIRST], AT) == 1
    assert migrate(connection, [FIRST, SECOND], AT) == 1
    assert migrate(connection, [FIRST, SECOND], AT) == 0
    assert connection.execute("SELECT x, y FROM a").fetchall() == [(1, None)]


def test_a_changed_file_is_refused() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection, [FIRST], AT)
    with pytest.raises(MigrationError, match="0001_first was changed"):
        migrate(connection, [Migration(1, "first", FIRST.sql + " ")], AT)


def test_a_newer_database_is_refused() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection, [FIRST, SECOND], AT)
    with pytest.raises(MigrationError, match="holds migration 2"):
        migrate(connection, [FIRST], AT)


def test_a_step_that_breaks_leaves_nothing_behind() -> None:
    connection = apsw.Connection(":memory:")
    with pytest.raises(apsw.SQLError):
        migrate(connection, [Migration(1, "broken", "CREATE TABLE a (x); SELECT nonsense;")], AT)
    assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'a'").fetchall() == []
    assert migrate(connection, [FIRST], AT) == 1


@pytest.mark.parametrize("family", ["shared", "evidence"])
def test_the_packages_own(family: str) -> None:
    connection = apsw.Connection(":memory:")
    assert migrate(connection, migrations(family), AT) == len(migrations(family)) >= 1
