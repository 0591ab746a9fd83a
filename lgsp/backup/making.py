"""A backup of a data folder, made beside its running owner: the records first, the chains of evidence after them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from lgsp import __version__
from lgsp.backup.manifest import (
    DATA,
    FORMAT,
    KEYS,
    NAME,
    BackupRefused,
    Copied,
    Manifest,
    digest,
    put,
    write,
)
from lgsp.backup.sealing import Sealed
from lgsp.crash import crash_point
from lgsp.runtime import Clock
from lgsp.store.keys import fingerprints, write_public
from lgsp.store.sqlite.copying import copy_database, databases, family_of, sync
from lgsp.store.sqlite.journal import place_in

LEFT_OUT = frozenset({"spool", "control.sock", "owner.lock", "demo.json", "simulator", "keys", "sandbox", ".restoring"})
"""Not in a backup: what is under way or made at each start, what stands in it in another form, and the demonstration."""


def create(data: Path, into: Path, keys: Mapping[str, bytes], sealed: Sealed | None, clock: Clock) -> Manifest:
    """A whole backup of an embedded store. Raises `BackupRefused`, `StoreFailed`, `OSError`."""
    began = clock.now()
    if not (data / "lgsp.db").exists():
        raise BackupRefused(f"{data} holds no records: name the data folder with --data")
    place = begin(into, data, keys)
    files: dict[str, Copied] = {}
    for folder in [data, *sandboxes(data)]:
        for source in databases(folder):
            name = str(source.relative_to(data))
            target = place / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = copy_database(source, target)
            files[name] = Copied(*digest(target), facts, place_in(target))
            crash_point("backup.copied")
    files |= others(data, place)
    shared = files["lgsp.db"].facts
    chains = {
        Path(name).stem.removeprefix("evidence-"): each.facts.entries
        for name, each in files.items()
        if each.facts is not None and "/" not in name and each.facts.family == "evidence"
    }
    return finish(
        into, keys, sealed, began, clock, "sqlite", files,
        submissions=shared.submissions if shared is not None else {}, entries=chains,
    )  # fmt: skip


def begin(into: Path, data: Path, keys: Mapping[str, bytes]) -> Path:
    """A new or empty folder, and in it the public key, so that the evidence can be verified where it lies."""
    if into.resolve().is_relative_to(data.resolve()):
        raise BackupRefused("a backup inside the data folder goes with it: name another disk")
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (into / NAME).exists() or (any(into.iterdir()) and not (into / DATA).is_dir()):
        raise BackupRefused(f"{into} is not empty: every backup has a folder of its own")
    with suppress(FileNotFoundError):  # one that was cut off
        shutil.rmtree(into / DATA)
    place = into / DATA
    place.mkdir(mode=0o700)
    write_public(place / "keys", keys)
    return place


def finish(
    into: Path, keys: Mapping[str, bytes], sealed: Sealed | None, began: datetime, clock: Clock, store: str,
    files: Mapping[str, Copied], tables: Mapping[str, int] | None = None, migrations: Mapping[str, str] | None = None,
    submissions: Mapping[str, int] | None = None, entries: Mapping[str, int] | None = None,
) -> Manifest:  # fmt: skip
    """The public key and the manifest: from here on it is a backup."""
    public = "keys/evidence.pub"
    files = {**files, public: Copied(*digest(into / DATA / public))}
    if sealed is not None:
        put(into / KEYS, msgspec.json.encode(sealed))
    for folder in sorted({path.parent for path in (into / DATA).rglob("*")}, reverse=True):
        sync(folder)
    manifest = Manifest(
        FORMAT, __version__, began, clock.now(), store, dict(sorted(files.items())), fingerprints(keys),
        sealed.manner if sealed is not None else "without",
        tables or {}, migrations or {}, submissions or {}, entries or {},
    )  # fmt: skip
    crash_point("backup.manifest")
    write(into, manifest, keys["evidence"])
    return manifest


def sandboxes(data: Path) -> list[Path]:
    """Stores of their own, of what calls with sandbox keys have left."""
    return sorted(path.parent for path in data.glob("sandbox/*/lgsp.db"))


def others(data: Path, place: Path) -> dict[str, Copied]:
    """Every further file: certificates that are trusted, filed reports, keys of the sandbox."""
    found = {}
    for path in _files(data):
        name = str(path.relative_to(data))
        target = place / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found[name] = Copied(*digest(path, target))
    return found


def _files(data: Path) -> Iterator[Path]:
    tops = [path for path in sorted(data.iterdir()) if path.name not in LEFT_OUT]
    for top in tops:
        if top.is_dir() and not top.is_symlink():
            yield from (path for path in sorted(top.rglob("*")) if _plain(path))
        elif _plain(top):
            yield top
    for folder in sandboxes(data):
        yield from (path for path in sorted((folder / "keys").glob("*")) if _plain(path))


def _plain(path: Path) -> bool:
    database = path.name.removesuffix("-wal").removesuffix("-shm")
    return path.is_file() and not path.is_symlink() and family_of(database) is None and path.suffix != ".new"
