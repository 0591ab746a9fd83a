"""Upgrade by one version and back, with live data, cut off at every statement: nothing that somebody was told is missing."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import apsw
import pytest

from lgsp.backup.manifest import read
from lgsp.backup.restoring import restore
from lgsp.crash import crash_point
from lgsp.settings import StoreSettings
from lgsp.store import open_store
from lgsp.store.migrations import Migration, MigrationError, read_migrations
from tests.backup.house import RUNTIME, backed_up, keys, missing, rows
from tests.backup.life import live

FAMILIES = [
    ("lgsp.store.sqlite", ("shared",)),
    ("lgsp.store.sqlite", ("evidence",)),
    ("lgsp.store.sqlite", ("exchanges",)),
    ("lgsp.store.postgres", ()),
]
NEVER = {"lgsp.store.sqlite": {6, 9}, "lgsp.store.postgres": {2, 3, 9}}
"""Numbers that no file has or will have: 6 is `exchanges.db` of its own in SQLite, 9 was given back unused, PostgreSQL's first
one holds what SQLite's 2 and 3 do."""


_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


def version(monkeypatch: pytest.MonkeyPatch, last: int, further: Sequence[Migration] = ()) -> None:
    """The code as it was, or will be: it knows migrations up to `last`, and `further` ones."""

    def known(package: str, *folder: str) -> list[Migration]:
        found = [each for each in read_migrations(package, *folder) if each.number <= last]
        return [*found, *further] if folder in ((), ("shared",)) else found

    for name in ("lgsp.store.sqlite.migrate", "lgsp.store.postgres.migrate"):
        monkeypatch.setattr(import_module(name), "read_migrations", known)


@pytest.mark.parametrize("steps", [1, pytest.param(3, id="from three versions before")])
async def test_an_upgrade_cut_off_at_every_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    data = tmp_path / "data"
    numbers = [each.number for each in read_migrations("lgsp.store.sqlite", "shared")]
    version(monkeypatch, numbers[-1 - steps])
    told: dict[str, str] = {}
    await live(data, None, told.__setitem__, count=6)
    version(monkeypatch, numbers[-1])
    cut = 0
    shutil.copytree(data, tmp_path / "before")
    while dies_at_statement(data, cut + 1):
        cut += 1
        holds = {number for (number,) in rows(data / "lgsp.db", "SELECT number FROM migration")}
        assert holds in [set(numbers[: len(numbers) - left]) for left in range(steps + 1)], (
            "a step is whole or not at all"
        )
        assert missing(told, data) == []
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "before", data)
    assert cut > 6 * steps
    await live(data, None, told.__setitem__, count=6)
    assert missing(told, data) == []


async def test_back_to_the_version_before_and_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It only added: the older version goes on beside it with what came meanwhile, and whoever comes back finds it all."""
    data, numbers = tmp_path / "data", [each.number for each in read_migrations("lgsp.store.sqlite", "shared")]
    newest = next(each for each in read_migrations("lgsp.store.sqlite", "shared") if each.number == numbers[-1])
    assert newest.additive
    told: dict[str, str] = {}
    await live(data, None, told.__setitem__, count=6)
    version(monkeypatch, numbers[-2])
    await live(data, None, told.__setitem__, count=6)
    assert missing(told, data) == []
    version(monkeypatch, numbers[-1])
    await live(data, None, told.__setitem__, count=6)
    assert missing(told, data) == []


async def test_the_journal_goes_on_across_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, journal, backup = (tmp_path / name for name in ("data", "journal", "backup"))
    numbers = [each.number for each in read_migrations("lgsp.store.sqlite", "shared")]
    version(monkeypatch, numbers[-3])
    told: dict[str, str] = {}
    await live(data, journal, told.__setitem__, count=4)
    backed_up(data, backup)
    version(monkeypatch, numbers[-1])
    await live(data, journal, told.__setitem__, count=4)
    version(monkeypatch, numbers[-2])
    with pytest.raises(MigrationError, match="this version lacks"):
        restore(backup, read(backup), keys(data), tmp_path / "older", RUNTIME.clock, journal)
    version(monkeypatch, numbers[-1])
    restore(backup, read(backup), keys(data), tmp_path / "new", RUNTIME.clock, journal)
    assert missing(told, tmp_path / "new") == []


async def test_what_changed_more_is_not_gone_back_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [each.number for each in read_migrations("lgsp.store.sqlite", "shared")]
    more = Migration(numbers[-1] + 1, "renamed", "ALTER TABLE alert RENAME COLUMN vi TO viet;")
    assert not more.additive
    version(monkeypatch, numbers[-1], [more])
    await live(tmp_path, None, lambda *_: None, count=2)
    version(monkeypatch, numbers[-1])
    with pytest.raises(MigrationError, match="restore what was backed up before"):
        await open_store(tmp_path, RUNTIME)


@pytest.mark.parametrize(
    ("sql", "additive"),
    [
        ("CREATE TABLE a (b TEXT) STRICT;\nCREATE UNIQUE INDEX c ON a (b);", True),
        ("CREATE INDEX c ON submission (id);", True),
        ("CREATE TRIGGER t AFTER DELETE ON submission BEGIN\n    DELETE FROM a WHERE b = old.id;\nEND;", True),
        ("CREATE UNIQUE INDEX c ON submission (correlation);", False),
        ("ALTER TABLE submission ADD COLUMN x TEXT;", False),
        ("CREATE TABLE a (b TEXT) STRICT;\nUPDATE submission SET state = 'x';", False),
        ("DROP INDEX submission_due;", False),
    ],
)
def test_what_only_adds(sql: str, additive: bool) -> None:
    assert Migration(99, "x", sql).additive is additive


@pytest.mark.parametrize(("package", "folder"), FAMILIES)
def test_a_number_that_was_left_out_stays_left_out(package: str, folder: tuple[str, ...]) -> None:
    """Numbers come at the end only: one in a gap would be applied in another order here than there."""
    numbers = {each.number for each in read_migrations(package, *folder)}
    expected = set(range(1, max(numbers) + 1)) - (NEVER[package] if folder in ((), ("shared",)) else set())
    assert numbers == expected


async def test_postgres_up_and_back(fresh_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [each.number for each in read_migrations("lgsp.store.postgres")]
    settings = StoreSettings(url=fresh_postgres_url, node="a")
    version(monkeypatch, numbers[-2])
    store = await open_store(tmp_path, RUNTIME, settings=settings)
    await store.meta.put("told", "1")
    await store.close()
    version(monkeypatch, numbers[-1])
    assert killed("migration.before-commit", tmp_path, settings)
    store = await open_store(tmp_path, RUNTIME, settings=settings)
    await store.close()
    version(monkeypatch, numbers[-2])
    store = await open_store(tmp_path, RUNTIME, settings=settings)
    assert await store.meta.get("told") == "1"
    await store.close()


def dies_at_statement(data: Path, number: int) -> bool:
    """Opens the store in a process of its own that ends before its n-th statement that is of a migration."""
    child = os.fork()
    if child == 0:
        left = [number]

        def count(_cursor: Any, sql: str, _bindings: Any) -> bool:
            if (
                _COMMENT.sub("", sql)
                .lstrip()
                .startswith(("CREATE", "ALTER", "DROP", "INSERT INTO migration", "SAVEPOINT", "RELEASE"))
            ):
                left[0] -= 1
                if left[0] == 0:
                    os._exit(137)
            return True

        apsw.connection_hooks.append(lambda connection: setattr(connection, "exec_trace", count))
        try:
            asyncio.run(opened(data, StoreSettings()))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


async def opened(data: Path, settings: StoreSettings) -> None:
    store = await open_store(data, RUNTIME, settings=settings)
    await store.close()


def killed(point: str, data: Path, settings: StoreSettings) -> bool:
    child = os.fork()
    if child == 0:
        crash_point._name, crash_point._left = point, 1
        try:
            asyncio.run(opened(data, settings))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
