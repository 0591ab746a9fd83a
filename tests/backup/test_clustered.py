"""Backup and restore where the records are in PostgreSQL: one moment of all tables, into an empty database, killed on the way."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from lgsp.backup.checking import check
from lgsp.backup.clustered import create, restore
from lgsp.backup.manifest import read
from lgsp.crash import crash_point
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import open_store
from lgsp.store.postgres import intake
from tests.backup.filled import every_table
from tests.backup.house import RUNTIME, keys, states
from tests.backup.life import live
from tests.backup.test_moving import moved, same
from tests.postgres import Server


async def test_out_of_one_database_into_another(
    tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_PAGE", 4)
    data, backup, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    await live(data, None, lambda *_: None, count=8)
    every_table(data / "lgsp.db")
    with postgres_server.database(fresh=True) as one, postgres_server.database(fresh=True) as two:
        assert (await moved(data, one)).done  # its chains and records are then known by name
        manifest = await create(data, one, backup, keys(data), None, RUNTIME.clock)
        assert sum(manifest.submissions.values()) == len(states(data))
        assert check(backup, None).findings == []
        assert not (backup / "data" / "keys" / "subjects.key").exists()
        for point in ("intake.page:2", "intake.taken:1", "restore.placed:99"):
            assert killed(point, backup, data, new, two) == (point != "restore.placed:99")
        await same(data, two, tmp_path / "copy")
        store = await open_store(new, RUNTIME, settings=StoreSettings(url=two, node="b"))
        name = next(iter(states(data)))
        row = await store.submissions.get(name)
        assert row is not None
        assert store.keys.unseal(row.sealed, name) == b"body"
        await store.close()


def killed(point: str, backup: Path, data: Path, new: Path, url: str) -> bool:
    child = os.fork()
    if child == 0:
        name, _, times = point.partition(":")
        crash_point._name, crash_point._left = name, int(times)
        try:
            asyncio.run(restore(backup, read(backup), keys(data), new, url, Runtime.system().clock))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
