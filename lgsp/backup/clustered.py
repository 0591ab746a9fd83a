"""The same for an installation whose records are in PostgreSQL: a folder in one form, into an empty database."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from lgsp.backup.making import begin, finish, others
from lgsp.backup.manifest import Copied, Manifest, digest
from lgsp.backup.restoring import Restored, claim, judged, moved_up, place
from lgsp.backup.sealing import Sealed
from lgsp.crash import crash_point
from lgsp.runtime import Clock
from lgsp.store.keys import write_keys
from lgsp.store.sqlite import RESTORING
from lgsp.store.sqlite.copying import family_of

_TABLES = "tables"


async def create(
    data: Path, url: str, into: Path, keys: dict[str, bytes], sealed: Sealed | None, clock: Clock
) -> Manifest:
    """Raises `BackupRefused`, `StoreRefused`, `OSError`."""
    from lgsp.store.postgres.dumping import dump
    from lgsp.store.sqlite.copying import facts_of

    began = clock.now()
    folder = begin(into, data, keys)
    dumped = await dump(url, folder, clock)
    with suppress(FileNotFoundError):  # what a reader of the chains was handed beside them
        (folder / "keys" / "subjects.key").unlink()
    files: dict[str, Copied] = {}
    for path in sorted([*folder.glob("*.db"), *(folder / _TABLES).iterdir()]):
        facts = facts_of(path) if family_of(path.name) else None
        files[str(path.relative_to(folder))] = Copied(*digest(path), facts)
        crash_point("backup.copied")
    files |= others(data, folder)
    chains = {
        Path(name).stem.removeprefix("evidence-"): each.facts.entries
        for name, each in files.items()
        if each.facts is not None and each.facts.family == "evidence"
    }
    return finish(
        into,
        keys,
        sealed,
        began,
        clock,
        "postgres",
        files,
        dumped.tables,
        dumped.migrations,
        dumped.submissions,
        chains,
    )


async def restore(
    folder: Path, manifest: Manifest, keys: dict[str, bytes], data: Path, url: str, clock: Clock
) -> Restored:
    """Into an empty database and an empty data folder. Raises `BackupRefused`, `StoreRefused`, `StoreFailed`, `OSError`."""
    from lgsp.store.postgres.dumping import load

    began = clock.monotonic()
    lock = claim(data)
    try:
        beside = data / RESTORING
        place(folder, manifest, beside)  # all of it, so that nothing is loaded that was not proved
        restored = Restored(manifest, evidence=judged(beside), submissions=dict(manifest.submissions))
        await load(url, keys, beside, manifest.migrations, clock)
        for path in beside.glob("*.db"):
            path.unlink()
        shutil.rmtree(beside / _TABLES)
        write_keys(beside / "keys", keys)
        moved_up(data)
    finally:
        lock.release()
    restored.seconds = clock.monotonic() - began
    return restored
