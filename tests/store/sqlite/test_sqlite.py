"""The embedded store's own: one owner, its files, a ledger that the database itself keeps append-only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import apsw
import pytest

from lgsp.model import Evidence, Stage, StageEntry
from lgsp.runtime import Runtime
from lgsp.store import StoreBusy, open_store
from lgsp.store.sqlite import SqliteStore

NOW = datetime(2022, 11, 16, tzinfo=UTC)


async def test_a_second_owner(tmp_path: Path) -> None:
    runtime = Runtime.system()
    store = await open_store(tmp_path, runtime)
    with pytest.raises(StoreBusy):
        await open_store(tmp_path, runtime)
    await store.close()
    await (await open_store(tmp_path, runtime)).close()
    found = {file.name for file in tmp_path.iterdir()}  # noqa: ASYNC240  a test
    assert found == {"lgsp.db", "evidence-w0.db", "exchanges.db", "keys", "owner.lock"}


async def test_stages_are_append_only() -> None:
    store = await open_store(None, Runtime.system())
    assert isinstance(store, SqliteStore)
    await store.stages.append(
        StageEntry("register", Stage.TRIAL, date(2022, 1, 1), "QĐ 1", "a", "b", Evidence.DECLARED, NOW)
    )
    for statement in ("DELETE FROM stage", "UPDATE stage SET decision = ''"):
        with pytest.raises(apsw.ConstraintError):
            await store.shared.write(lambda db, s=statement: db.execute(s).fetchall())
    await store.close()
