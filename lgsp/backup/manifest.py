"""What a backup says of itself: each file with its digest, each chain with its head. Written last: half a backup has none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lgsp.backup.sealing import Sealed
from lgsp.store.sqlite.copying import FileFacts, sync

FORMAT = 1
NAME, SIGNATURE = "manifest.json", "manifest.sig"
DATA, KEYS = "data", "keys.sealed"
_CHUNK = 8 << 20
_SAYS = b"lgsp backup manifest v1\n"
"""First line of what is signed: no checkpoint and no note begins so."""


class BackupRefused(Exception):
    """Not a whole backup, not this one's keys, or not an empty place: said in one sentence."""


class Copied(msgspec.Struct, frozen=True, omit_defaults=True):
    size: int
    sha256: str
    facts: FileFacts | None = None
    """Of a database."""
    journal: str = ""
    """Of a database with a journal: `<generation>:<position>` that it holds."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    format: int
    version: str
    """Of the bus that has made it."""
    began: datetime
    ended: datetime
    store: str
    """sqlite or postgres."""
    files: Mapping[str, Copied]
    """By path below `data`."""
    fingerprints: Mapping[str, str]
    """What tells the installation's keys from others and gives none away."""
    keys: str
    """How they are in it: passphrase, recipient, or without."""
    tables: Mapping[str, int] = {}
    """Of PostgreSQL: rows of each table."""
    migrations: Mapping[str, str] = {}
    """Of PostgreSQL."""
    submissions: Mapping[str, int] = {}
    entries: Mapping[str, int] = {}
    """Of every writer, the sandbox's aside."""


def write(folder: Path, manifest: Manifest, signer: bytes) -> str:
    """Signed by the key that signs the evidence; answers the manifest's digest. The last step of a backup."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    signature = Ed25519PrivateKey.from_private_bytes(signer).sign(_SAYS + text)
    put(folder / SIGNATURE, signature.hex().encode() + b"\n")
    sync(folder)
    beside = folder / f"{NAME}.new"
    put(beside, text)
    beside.rename(folder / NAME)
    sync(folder)
    return hashlib.sha256(text).hexdigest()


def read(folder: Path, public: bytes | None = None) -> Manifest:
    """Raises `BackupRefused`. `public` is the key that the reader knows of; else that of the backup itself."""
    try:
        text = (folder / NAME).read_bytes()
        signature = bytes.fromhex((folder / SIGNATURE).read_text("ascii"))
        public = public or bytes.fromhex((folder / DATA / "keys" / "evidence.pub").read_text("ascii"))
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _SAYS + text)
        manifest = msgspec.json.decode(text, type=Manifest)
    except FileNotFoundError as error:
        raise BackupRefused(f"{folder} is no whole backup: {Path(str(error.filename)).name} is missing") from None
    except (ValueError, OSError) as error:
        raise BackupRefused(f"{folder}: the manifest cannot be read: {type(error).__name__}") from None
    except InvalidSignature:
        raise BackupRefused(f"{folder}: the manifest is not what this installation has signed") from None
    if manifest.format != FORMAT:
        raise BackupRefused(f"{folder}: format {manifest.format}, this version reads {FORMAT}")
    return manifest


def put(path: Path, content: bytes) -> None:
    """A small file of the backup, durable, 0600."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def digest(path: Path, into: Path | None = None) -> tuple[int, str]:
    """Size and SHA-256 of a file; on the way copied, durable, where `into` is named."""
    counted, size = hashlib.sha256(), 0
    target = None if into is None else os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                counted.update(chunk)
                size += len(chunk)
                rest = memoryview(chunk)
                while target is not None and rest:
                    rest = rest[os.write(target, rest) :]
        if target is not None:
            os.fsync(target)
    finally:
        if target is not None:
            os.close(target)
    return size, counted.hexdigest()


def read_sealed(folder: Path) -> Sealed:
    try:
        return msgspec.json.decode((folder / KEYS).read_bytes(), type=Sealed)
    except (OSError, ValueError) as error:
        raise BackupRefused(f"{folder}: the keys cannot be read: {type(error).__name__}") from None
