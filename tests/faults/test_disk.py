"""A disk that fails under the real lanes: no acknowledgement, a refusal within a second, and recovery by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from lgsp.audit import Audit, verify
from lgsp.errors import EvidenceUnavailable
from lgsp.runtime import Runtime
from lgsp.store import StoreFailed, open_store
from tests.faults.disk import Disk, Failure


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk("lgsp-faulty-lanes")
    made.folder = str(tmp_path)
    yield made
    made.remove()


@pytest.mark.parametrize("failure", ["full", "write", "sync"])
async def test_refused_within_a_second_and_well_again(disk: Disk, failure: Failure, tmp_path: Path) -> None:
    runtime = Runtime.system()
    store = await open_store(tmp_path, runtime)
    audit = Audit(store, runtime)
    await audit.note("test", "nobody", number=0)
    disk.fails = failure
    for number in range(3):
        began = runtime.clock.monotonic()
        with pytest.raises(EvidenceUnavailable):
            await audit.note("test", "nobody", number=number)
        assert runtime.clock.monotonic() - began < 1.0
    with pytest.raises(StoreFailed):
        await store.meta.put("name", "value")
    assert disk.struck >= 4
    disk.fails = None
    await audit.note("test", "nobody", number=9)
    await store.meta.put("name", "value")
    rows = await store.evidence.rows(0, 100)
    assert len(rows) == 2, "what was refused is not there, what was said is"
    await audit.close()
    await store.close()
    with disk.aside():
        assert verify(tmp_path).ok


async def test_a_disk_that_does_not_answer_is_refused_within_a_second_too(disk: Disk, tmp_path: Path) -> None:
    runtime = Runtime.system()
    store = await open_store(tmp_path, runtime)
    audit = Audit(store, runtime)
    await audit.note("test", "nobody", number=0)
    go_on = asyncio.Event()
    loop = asyncio.get_running_loop()
    disk.before_sync = lambda: asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result() and None
    began = runtime.clock.monotonic()
    with pytest.raises(EvidenceUnavailable):
        await audit.note("test", "nobody", number=1)
    assert runtime.clock.monotonic() - began < 1.0
    disk.before_sync = lambda: None
    go_on.set()
    await audit.note("test", "nobody", number=2)
    await audit.close()
    await store.close()
    with disk.aside():
        assert verify(tmp_path).ok


async def test_what_the_power_takes_is_what_no_sync_has_confirmed(disk: Disk, tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    import apsw

    connection = apsw.Connection(str(file))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (n INTEGER) STRICT")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("INSERT INTO t VALUES (2)")
    disk.power_off()
    connection.close(True)
    assert disk.cut(tmp_path) > 0
    disk.power_on()
    again = apsw.Connection(str(file))
    assert again.execute("SELECT n FROM t").fetchall() == [(1,)]
    assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again.close()
