"""The installation's keys as things that people keep: made before the first start, laid down sealed, tried out, renewed.

A key that stands on one disk only is lost with it, and with it every body, every day's messages and the answer to "who read this
person's data". So they are laid down elsewhere, sealed (`lgsp.backup.sealing`), and whoever keeps them proves now and then
that what he keeps still opens. Keys are never shown.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from lgsp.backup.sealing import Opener, Sealed, SealRefused, unseal
from lgsp.decisions import Desk, Refused
from lgsp.runtime import Ids
from lgsp.store.keys import fingerprints, folder_keys, generations, keys_text, load_keys, write_keys, written_keys
from lgsp.store.keys import rotated as with_a_fresh_one
from lgsp.store.sqlite.lock import OwnerLock

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "subjects": "finds a person in the evidence; must outlive every other key, never renewed",
        "digests": "digests of messages in evidence and idempotency; never renewed",
        "bodies": "seals submissions, kept messages' day keys, call-back secrets; renewed by `lgsp keys rotate`",
        "evidence": "signs the chain; what witnesses and verifiers know this installation by",
    }
)
_NOTED = ("keys-escrowed", "keys-rotated", "keys-proved")


@dataclass(frozen=True, slots=True)
class Key:
    """One key as people may see it."""

    name: str
    fingerprint: str
    purpose: str
    generations: int
    """Above one: so many times less one it was renewed; the earlier ones still open what they sealed."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "generations": self.generations,
            "purpose": self.purpose,
        }


def known(found: Mapping[str, bytes]) -> list[Key]:
    marks = fingerprints(found)
    return [
        Key(name, marks[name], purpose, generations(found) if name == "bodies" else 1)
        for name, purpose in PURPOSES.items()
    ]


def create(folder: Path, ids: Ids) -> dict[str, bytes]:
    """Keys for a data folder that has none yet. Raises `Refused` where some stand: they are never written over."""
    if folder.is_dir() and any(folder.glob("*.key")):
        raise Refused(
            f"{folder} đã có khoá; khoá không bao giờ bị ghi đè",
            f"{folder} has keys already; they are never written over",
        )
    load_keys(folder, ids)
    made = folder_keys(folder)
    assert made is not None  # written above
    return made


def rotate(data: Path, ids: Ids) -> dict[str, bytes]:
    """A fresh key that seals from the next start on. Raises `StoreBusy` while a bus runs: its processes hold the keys."""
    lock = OwnerLock.take(data)
    try:
        found = folder_keys(data / "keys")
        if found is None:
            raise Refused(f"Không có khoá trong {data / 'keys'}", f"no keys in {data / 'keys'}")
        fresh = with_a_fresh_one(found, ids)
        write_keys(data / "keys", fresh)
        return fresh
    finally:
        lock.release()


def lay_down(found: Mapping[str, bytes], seal: Callable[[bytes], Sealed], file: Path) -> None:
    """The sealed keys into a new file (0600). Raises `OSError`, never writes over one."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(msgspec.json.encode(seal(keys_text(found).encode())) + b"\n")
        out.flush()
        os.fsync(out.fileno())


def opened(file: Path, opener: Opener) -> dict[str, bytes]:
    """The keys out of an escrow. Raises `Refused` for what is none or does not open, `OSError`."""
    try:
        return written_keys(unseal(msgspec.json.decode(file.read_bytes(), type=Sealed), opener).decode())
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise Refused(f"{file} không phải bản ký gửi khoá", f"{file} is no escrow of keys") from None
    except SealRefused as error:
        raise Refused(
            "Khoá hoặc mật khẩu không mở được bản ký gửi này", str(error).replace("this backup", "this escrow")
        ) from None


def compared(escrow: Mapping[str, bytes], own: Mapping[str, bytes]) -> list[str]:
    """Names of the keys in which an escrow is not, or no longer, what stands here."""
    theirs, ours = fingerprints(escrow), fingerprints(own)
    return [name for name in PURPOSES if theirs[name] != ours[name]]


async def note(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What was done with the keys stands in the evidence: by whom, with which fingerprints."""
    what = str(arguments["what"])
    if what not in _NOTED:
        raise Refused(f"Không có gì để ghi: {what}", f"nothing to note: {what}")
    marks = {str(name): str(mark) for name, mark in dict(arguments["fingerprints"]).items() if name in PURPOSES}
    await desk.audit.note(what, by, fingerprints=marks)
    return {"noted": what}


ESCROW: Mapping[str, Callable[[Desk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType({"keys.note": note})
