"""Migrations as files: numbered, checksummed, and the same groups of records on both databases."""

from __future__ import annotations

import pytest

from lgsp.store.migrations import Migration, MigrationError, outstanding, read_migrations

ONE, TWO = Migration(1, "one", "SELECT 1;"), Migration(2, "two", "SELECT 2;")


def test_what_is_outstanding() -> None:
    assert outstanding({}, [ONE, TWO]) == [ONE, TWO]
    assert outstanding({1: ONE.sha256}, [ONE, TWO]) == [TWO]
    assert outstanding({2: TWO.sha256}, [ONE, TWO]) == [ONE], "a number that came later is applied later"
    with pytest.raises(MigrationError, match="holds migration 2"):
        outstanding({2: TWO.sha256}, [ONE])
    with pytest.raises(MigrationError, match="0001_one was changed"):
        outstanding({1: TWO.sha256}, [ONE])


@pytest.mark.parametrize(
    ("package", "folder"),
    [("lgsp.store.sqlite", ("shared",)), ("lgsp.store.sqlite", ("evidence",)), ("lgsp.store.postgres", ())],
)
def test_the_packages_own(package: str, folder: tuple[str, ...]) -> None:
    found = read_migrations(package, *folder)
    assert found[0].number == 1
    assert len({each.number for each in found}) == len(found)


def test_both_databases_know_the_same_later_numbers() -> None:
    """PostgreSQL's first one holds what SQLite's first three do; its sixth what SQLite keeps in `exchanges.db`."""
    sqlite = {each.number for each in read_migrations("lgsp.store.sqlite", "shared")}
    postgres = {each.number for each in read_migrations("lgsp.store.postgres")}
    assert sqlite - {2, 3} == postgres - {6}
