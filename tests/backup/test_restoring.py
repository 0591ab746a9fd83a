"""Backup, journal, restore: killed at every step, nothing that somebody was told is missing, and the evidence verifies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import apsw
import msgspec
import pytest

from lgsp.backup.manifest import BackupRefused, Copied, Manifest, read
from lgsp.backup.restoring import Restored, restore
from lgsp.crash import crash_point
from lgsp.settings import StoreSettings
from lgsp.store import StoreFailed, StoreRefused, open_store
from tests.backup.house import ORDER, RUNTIME, backed_up, keys, missing, rows, states
from tests.backup.life import ends, live
from tests.submissions.house import house

POINTS = ("store.before-commit:3", "journal.appended:5", "store.after-commit:8", "journal.appended:12")


def restored(backup: Path, data: Path, journal: Path | None, of: Path) -> Restored:
    return restore(backup, read(backup), keys(of), data, RUNTIME.clock, journal)


def test_backup_and_journal_hold_all_that_anybody_was_told(tmp_path: Path) -> None:
    """RPO 0. The backup is made after the first life, every other life ends at a point of its own; then the machine is gone."""
    data, journal, backup, new = (tmp_path / name for name in ("data", "journal", "backup", "new"))
    told: dict[str, str] = {}
    for code, said in ends(data, journal, ("store.after-commit:20",)):
        assert code == 137
        told |= said
    backed_up(data, backup)
    for code, said in ends(data, journal, POINTS):
        assert code == 137
        told |= said
    found = restored(backup, new, journal, data)
    assert missing(told, new) == []
    assert len(told) >= 10
    assert all(each.groups > 0 and not each.why for each in found.journal)
    assert found.lost == 0
    before, after = states(data), states(new)
    assert all(after[name] == state for name, state in before.items()), "what was committed is what is restored"
    shutil.rmtree(new)
    found = restored(backup, new, None, data)
    gone = missing(told, new)
    assert gone, "without the journal what came after the backup is missing, or this test proves nothing"


async def test_the_restored_folder_goes_on_with_the_same_journal(tmp_path: Path) -> None:
    data, journal, backup = (tmp_path / name for name in ("data", "journal", "backup"))
    told: dict[str, str] = {}
    await live(data, journal, told.__setitem__, count=8)
    backed_up(data, backup)
    await live(data, journal, told.__setitem__, count=8)
    restored(backup, tmp_path / "second", journal, data)
    await live(tmp_path / "second", journal, told.__setitem__, count=8)
    restored(backup, tmp_path / "third", journal, data)
    assert missing(told, tmp_path / "third") == []
    assert len(told) == 24


async def test_a_backup_of_a_bus_that_writes_is_of_one_moment(tmp_path: Path) -> None:
    """Whatever somebody had been told stands in it with its evidence; what came later is named as lost."""
    data, backup = tmp_path / "data", tmp_path / "backup"
    told: dict[str, str] = {}
    before: dict[str, str] = {}

    def hear(name: str, state: str) -> None:
        told[name] = state
        if len(told) == 12 and not before:
            before.update(told)
            backed_up(data, backup)

    await live(data, None, hear, count=24)
    found = restored(backup, tmp_path / "new", None, data)
    assert len(before) == 12
    assert missing(before, tmp_path / "new") == []
    assert 12 <= sum(found.submissions.values()) < len(told)
    assert set(found.submissions) <= set(ORDER)


async def test_records_that_are_older_than_the_evidence_are_told_of(tmp_path: Path) -> None:
    """Between the copy of the records and that of the chain the bus goes on; what it says then is missed by name."""
    home = await house(RUNTIME, tmp_path / "data")
    await home.ask("plain", {"code": "a"})
    before = backed_up(tmp_path / "data", tmp_path / "one")
    await home.ask("plain", {"code": "b"})
    after = backed_up(tmp_path / "data", tmp_path / "two")
    await home.store.close()
    (tmp_path / "one" / "data" / "evidence-w0.db").write_bytes(
        (tmp_path / "two" / "data" / "evidence-w0.db").read_bytes()
    )
    mixed = replace_files(before, {"evidence-w0.db": after.files["evidence-w0.db"]})
    found = restore(tmp_path / "one", mixed, keys(tmp_path / "data"), tmp_path / "new", RUNTIME.clock)
    assert found.lost == len(found.lost_ids) == 1
    assert found.lost_ids[0] in states(tmp_path / "data")


async def test_a_backup_that_is_cut_off_is_none_and_is_made_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    told: dict[str, str] = {}
    await live(data, None, told.__setitem__, count=8)
    for point in ("backup.copied:1", "backup.copied:3", "backup.manifest:1"):
        backup = tmp_path / point
        assert killed(point, lambda backup=backup: backed_up(data, backup))  # type: ignore[misc]
        with pytest.raises(BackupRefused, match=r"manifest.* is missing"):
            read(backup)
    backed_up(data, backup)
    restored(backup, tmp_path / "new", None, data)
    assert missing(told, tmp_path / "new") == []
    with pytest.raises(BackupRefused, match="not empty"):
        backed_up(data, backup)


async def test_a_restore_that_is_cut_off_opens_for_nobody_and_is_run_again(tmp_path: Path) -> None:
    """At each of its steps: four files, then four things moved into their place."""
    data, journal, backup, new = (tmp_path / name for name in ("data", "journal", "backup", "new"))
    told: dict[str, str] = {}
    await live(data, journal, told.__setitem__, count=4)
    backed_up(data, backup)
    await live(data, journal, told.__setitem__, count=4)
    times = 1
    while killed(f"restore.placed:{times}", lambda: restored(backup, new, journal, data)):
        with pytest.raises(StoreRefused, match="half restored"):
            await open_store(new, RUNTIME)
        times += 1
    assert times == 9
    assert missing(told, new) == []
    with pytest.raises(BackupRefused, match="overwrites nothing"):
        restored(backup, new, journal, data)


async def test_what_is_not_the_journal_of_this_backup_is_told_or_refused(tmp_path: Path) -> None:
    data, journal, backup = (tmp_path / name for name in ("data", "journal", "backup"))
    await live(data, journal, lambda *_: None, count=8)
    backed_up(data, backup)
    await live(data, journal, lambda *_: None, count=8)

    with pytest.raises(StoreRefused, match="name another disk"):
        await open_store(data, RUNTIME, settings=StoreSettings(journal=data / "journal"))
    found = restored(backup, tmp_path / "a", None, data)
    with pytest.raises(StoreRefused, match="restore with --journal"):
        await open_store(tmp_path / "a", RUNTIME, settings=StoreSettings(journal=journal))

    await live(data, None, lambda *_: None, count=4)  # somebody wrote without it: it is not the whole any more
    await live(data, journal, lambda *_: None, count=4)
    found = restored(backup, tmp_path / "b", journal, data)
    assert {each.why for each in found.journal} == {"the journal began anew after the backup"}

    torn = sorted(journal.glob("lgsp.db.*"))[1]
    content = torn.read_bytes()
    torn.write_bytes(content[:-7])  # a crash in the middle of the last group: told to nobody
    restored(backup, tmp_path / "c", journal, data)
    inside = content.index(b"\n") + 60
    torn.write_bytes(content[:inside] + b"x" + content[inside + 1 :])
    with pytest.raises(StoreFailed, match="broken"):
        restored(backup, tmp_path / "d", journal, data)
    torn.unlink()
    assert restored(backup, tmp_path / "e", journal, data).journal[-1].groups == 0


async def test_evidence_that_does_not_stand_is_not_put_in_place(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    await live(data, None, lambda *_: None, count=8)
    with apsw.Connection(str(data / "evidence-w0.db")) as db:
        db.execute("UPDATE entry SET body = x'7b7d' WHERE number = 3")
    backed_up(data, backup)
    with pytest.raises(BackupRefused, match="entry 3: the chain does not hold here"):
        restored(backup, tmp_path / "new", None, data)
    with pytest.raises(StoreRefused):
        await open_store(tmp_path / "new", RUNTIME)


async def test_no_key_lies_beside_the_records(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    await live(data, None, lambda *_: None, count=4)
    backed_up(data, backup)
    content = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    for key in keys(data).values():
        assert key not in content
        assert key.hex().encode() not in content
    assert rows(backup / "data" / "lgsp.db", "SELECT count(*) FROM submission") == [(4,)]


def replace_files(manifest: Manifest, files: dict[str, Copied]) -> Manifest:
    return msgspec.structs.replace(manifest, files={**manifest.files, **files})


def killed(point: str, work: object) -> bool:
    """The work in a process of its own that ends at this point."""
    child = os.fork()
    if child == 0:
        name, _, times = point.partition(":")
        crash_point._name, crash_point._left = name, int(times)
        try:
            work()  # type: ignore[operator]
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
