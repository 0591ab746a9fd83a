"""A backup put in place on an empty machine; with the journal, up to the last thing that somebody was told."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from lgsp.audit import verify as verify_evidence
from lgsp.backup.manifest import DATA, BackupRefused, Manifest, digest
from lgsp.crash import crash_point
from lgsp.runtime import Clock
from lgsp.store import StoreBusy
from lgsp.store.keys import write_keys
from lgsp.store.sqlite import RESTORING
from lgsp.store.sqlite.copying import EVIDENCE, facts_of, family_of, newest_bodies, sync, unknown_submissions
from lgsp.store.sqlite.lock import OwnerLock
from lgsp.store.sqlite.replaying import Replayed, replay

_OURS = frozenset({RESTORING, "owner.lock", "lost+found"})
_NAMED = 100
"""Lost submissions that are named; all are counted."""


@dataclass(slots=True)
class Restored:
    """What stands there now, and what is known to be missing."""

    manifest: Manifest
    seconds: float = 0.0
    evidence: dict[str, Any] = field(default_factory=dict)
    submissions: dict[str, int] = field(default_factory=dict)
    journal: list[Replayed] = field(default_factory=list)
    lost: int = 0
    """Submissions that the evidence tells of and the records do not have: accepted after the records were copied."""
    lost_ids: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": bool(self.evidence.get("ok")), "of": self.manifest.began.isoformat(), "seconds": round(self.seconds, 1),
            "evidence": self.evidence, "submissions": self.submissions,
            "journal": [{"database": each.database, "groups": each.groups, "why": each.why} for each in self.journal],
            "lost": self.lost, "lost_ids": self.lost_ids,
        }  # fmt: skip


def restore(
    folder: Path, manifest: Manifest, keys: dict[str, bytes], data: Path, clock: Clock, journal: Path | None = None
) -> Restored:
    """Of an embedded store. Cut off at any moment it leaves what no bus opens, and is simply run again.

    Raises `BackupRefused`, `StoreBusy`, `StoreFailed`, `MigrationError`, `OSError`.
    """
    began = clock.monotonic()
    lock = claim(data)
    try:
        beside = data / RESTORING
        place(folder, manifest, beside)
        write_keys(beside / "keys", keys)
        restored = Restored(manifest)
        if journal is not None:
            restored.journal = replay(journal, beside, clock.now())
        restored.evidence = judged(beside)
        shared = facts_of(beside / "lgsp.db")
        restored.submissions = shared.submissions
        lost = _lost(beside, manifest.began)
        restored.lost, restored.lost_ids = len(lost), lost[:_NAMED]
        moved_up(data)
    finally:
        lock.release()
    restored.seconds = clock.monotonic() - began
    return restored


def claim(data: Path) -> OwnerLock:
    """The owner's lock of a place with nothing in it but what a restore that was cut off has left. Raises `BackupRefused`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / RESTORING).exists() and (there := sorted({path.name for path in data.iterdir()} - _OURS)):
        raise BackupRefused(f"{data} is not empty ({', '.join(there[:3])}): a restore overwrites nothing")
    try:
        lock = OwnerLock.take(data)
    except StoreBusy as error:
        raise BackupRefused(str(error)) from None
    for path in data.iterdir():
        if path.name in ("owner.lock", "lost+found"):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    data.chmod(0o700)
    (data / RESTORING).mkdir(mode=0o700)
    sync(data)
    return lock


def place(folder: Path, manifest: Manifest, beside: Path) -> None:
    """Every file, each proved to be what was copied on its way. Raises `BackupRefused`."""
    for name, copied in manifest.files.items():
        target = beside / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if digest(folder / DATA / name, target) == (copied.size, copied.sha256):
                crash_point("restore.placed")
                continue
        raise BackupRefused(f"{name} is missing or not what was copied: `lgsp backup verify {folder}`")


def judged(beside: Path) -> dict[str, Any]:
    """Raises `BackupRefused` where the evidence does not stand: nothing is put in place then."""
    verdict = verify_evidence(beside)
    if bad := verdict.first_bad:
        raise BackupRefused(f"evidence of {bad.writer}, entry {bad.index}: {bad.reason}")
    return verdict.as_dict()


def moved_up(data: Path) -> None:
    """Into its place; the mark goes last, and until then nobody opens it."""
    beside = data / RESTORING
    for path in sorted(beside.rglob("*"), reverse=True):
        if path.is_dir():
            sync(path)
    for path in sorted(beside.iterdir()):
        path.rename(data / path.name)
        crash_point("restore.placed")
    sync(data)
    beside.rmdir()
    sync(data)


class _Told(msgspec.Struct):
    at: datetime
    submission: str | None = None


def _lost(beside: Path, began: datetime) -> list[str]:
    """What the chains tell of since the copying began."""
    decoder, told = msgspec.json.Decoder(_Told), set[str]()
    for path in beside.iterdir():
        if family_of(path.name) != EVIDENCE:
            continue
        for body in newest_bodies(path):
            entry = decoder.decode(body)
            if entry.at < began:
                break
            if entry.submission:
                told.add(entry.submission)
    return unknown_submissions(beside / "lgsp.db", sorted(told))
