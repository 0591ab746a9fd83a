"""Is this a whole backup, and does its evidence stand? Everything that a restore would find out, without restoring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lgsp.audit import verify as verify_evidence
from lgsp.backup.manifest import DATA, KEYS, BackupRefused, Manifest, digest, read, read_sealed
from lgsp.backup.sealing import Opener, SealRefused, unseal
from lgsp.store.keys import strangers, written_keys
from lgsp.store.sqlite.copying import EVIDENCE, facts_of, sound


@dataclass(slots=True)
class Checked:
    """`lgsp backup verify`."""

    manifest: Manifest
    findings: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        manifest = self.manifest
        return {
            "ok": self.ok, "findings": self.findings, "began": manifest.began.isoformat(),
            "ended": manifest.ended.isoformat(), "version": manifest.version, "store": manifest.store,
            "bytes": sum(each.size for each in manifest.files.values()), "files": len(manifest.files),
            "keys": manifest.keys, "submissions": dict(manifest.submissions), "evidence": self.evidence,
        }  # fmt: skip


def check(folder: Path, opener: Opener | None, public: bytes | None = None) -> Checked:
    """`opener` also opens the sealed keys. Raises `BackupRefused` where there is no whole backup to look at."""
    manifest = read(folder, public)
    checked = Checked(manifest, list(_files(folder / DATA, manifest)))
    if not checked.findings:
        checked.findings += _contents(folder / DATA, manifest)
        verdict = verify_evidence(folder / DATA)
        checked.evidence = verdict.as_dict()
        if bad := verdict.first_bad:
            checked.findings.append(f"evidence of {bad.writer}, entry {bad.index}: {bad.reason}")
    if manifest.keys != "without" and opener is not None:
        try:
            keys_of(folder, manifest, opener)
        except (SealRefused, BackupRefused) as error:
            checked.findings.append(str(error))
    elif manifest.keys != "without" and not (folder / KEYS).exists():
        checked.findings.append(f"{KEYS} is missing")
    return checked


def keys_of(folder: Path, manifest: Manifest, opener: Opener) -> dict[str, bytes]:
    """The installation's keys out of their seal. Raises `SealRefused`, `BackupRefused`."""
    try:
        keys = written_keys(unseal(read_sealed(folder), opener).decode())
    except ValueError as error:
        raise BackupRefused(f"{folder}: {error}") from None
    return same_keys(manifest, keys)


def same_keys(manifest: Manifest, keys: dict[str, bytes]) -> dict[str, bytes]:
    """Raises `BackupRefused` where they are another installation's; later ones of the same open what the earlier sealed."""
    if differing := strangers(keys, manifest.fingerprints):
        raise BackupRefused(f"these are not the keys of this backup: {', '.join(differing)}")
    return keys


def _files(place: Path, manifest: Manifest) -> Iterator[str]:
    there = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    for name in sorted(there - set(manifest.files)):
        yield f"{name} is not of this backup"
    for name, copied in manifest.files.items():
        if name not in there:
            yield f"{name} is missing"
        elif digest(place / name) != (copied.size, copied.sha256):
            yield f"{name} is not what was copied"


def _contents(place: Path, manifest: Manifest) -> Iterator[str]:
    for name, copied in manifest.files.items():
        if copied.facts is None:
            continue
        if said := sound(place / name):
            yield f"{name}: {said}"
        elif copied.facts.family == EVIDENCE and facts_of(place / name) != copied.facts:
            yield f"{name}: the chain does not end where the manifest says"
