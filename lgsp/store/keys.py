"""The keys of one installation: what hashes people, seals bodies and signs evidence. Made once, at the first start.

They stand apart because they live differently: `subjects` must outlive every other key (who read this person's data),
`bodies` may be changed (then it is several keys one after the other, the newest first), `evidence` is what a witness knows us by.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lgsp.runtime import Ids

_NAMES = ("subjects", "digests", "bodies", "evidence")
_NONCE = 12
_LENGTH = 32
_BLOCK = 64
"""Of SHA-256, in bytes."""


_MESSAGE = len(b"message").to_bytes(8, "big") + b"message"


class Keyed:
    """HMAC-SHA-256 (RFC 2104) under one key, which is worked in once. `hmac.digest` lets go of the interpreter's lock for
    every message, and a call waits each time until the writer's thread gives it back; the library's object copies itself
    three times for each."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(each ^ 0x36 for each in block))
        self._outer = hashlib.sha256(bytes(each ^ 0x5C for each in block))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Plain digests of small messages could be undone by trying all identifiers, so every digest here is keyed."""

    ids: Ids
    _subjects: Keyed
    _digests: Keyed
    _bodies: tuple[AESGCM, ...]
    """The one that seals, and after it those before a rotation, which still open."""
    _evidence: Ed25519PrivateKey = field(repr=False)

    def subject(self, identifier: str) -> bytes:
        """HMAC-SHA-256 of a person's identifier, written without blanks around it."""
        return self._subjects.digest(identifier.strip().encode())

    def digest(self, *parts: bytes) -> bytes:
        """HMAC-SHA-256 of a message; parts are kept apart by their lengths."""
        framed = b"".join([len(part).to_bytes(8, "big") + part for part in parts])
        return self._digests.digest(framed)

    def message(self, written: bytes) -> bytes:
        """`digest(b"message", written)`, which nearly every entry of the evidence has."""
        return self._digests.digest(_MESSAGE + len(written).to_bytes(8, "big") + written)

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """AES-256-GCM; what is sealed opens only under the name that it was bound to."""
        nonce = hashlib.sha256(self.ids.token().encode()).digest()[:_NONCE]
        return nonce + self._bodies[0].encrypt(nonce, plain, bound_to.encode())

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` where key, name or bytes are not the same."""
        *newer, oldest = self._bodies
        for key in newer:
            try:
                return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
            except InvalidTag:
                continue
        return oldest.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())

    def sign(self, message: bytes) -> bytes:
        """Ed25519."""
        return self._evidence.sign(message)

    @property
    def public(self) -> bytes:
        """32 raw bytes of the Ed25519 public key."""
        return self._evidence.public_key().public_bytes_raw()


def load_keys(folder: Path | None, ids: Ids) -> Keys:
    """The keys of a folder, each made where it is missing; without a folder, keys that live as long as the process."""
    found = {name: _key(folder, name, ids) for name in _NAMES}
    keys = keys_from(found, ids)
    if folder is not None and not (folder / "evidence.pub").exists():
        _write(folder / "evidence.pub", keys.public)
    return keys


def keys_from(found: Mapping[str, bytes], ids: Ids) -> Keys:
    return Keys(
        ids,
        Keyed(found["subjects"]),
        Keyed(found["digests"]),
        tuple(AESGCM(each) for each in _one_by_one(found["bodies"])),
        Ed25519PrivateKey.from_private_bytes(found["evidence"]),
    )


def written_keys(text: str) -> dict[str, bytes]:
    """Keys handed in as one secret: a line `name=hex` each. Raises `ValueError` that names what is wrong, never a key."""
    found: dict[str, bytes] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, value = line.partition("=")
        name = name.strip()
        try:
            found[name] = bytes.fromhex(value.strip())
        except ValueError:
            raise ValueError(f"key {name!r} is not hexadecimal") from None
        right = len(found[name]) == _LENGTH or (name == "bodies" and found[name] and len(found[name]) % _LENGTH == 0)
        if name not in _NAMES or not right:
            raise ValueError(f"key {name!r}: known are {', '.join(_NAMES)}, {_LENGTH} bytes each")
    if missing := [name for name in _NAMES if name not in found]:
        raise ValueError(f"missing keys: {', '.join(missing)}")
    return found


def folder_keys(folder: Path) -> dict[str, bytes] | None:
    """The keys of a folder as they stand; None where one of them is missing. Makes none."""
    paths = {name: folder / f"{name}.key" for name in _NAMES}
    if not all(path.exists() for path in paths.values()):
        return None
    return {name: bytes.fromhex(path.read_text("ascii")) for name, path in paths.items()}


def write_readers_keys(folder: Path, found: Mapping[str, bytes]) -> None:
    """What a reader of the evidence needs, and no more: the public key, and the one that finds a person."""
    write_public(folder, found)
    _write(folder / "subjects.key", found["subjects"])


def write_public(folder: Path, found: Mapping[str, bytes]) -> None:
    """What proves the evidence and opens nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(
        folder / "evidence.pub", Ed25519PrivateKey.from_private_bytes(found["evidence"]).public_key().public_bytes_raw()
    )


def write_keys(folder: Path, found: Mapping[str, bytes]) -> None:
    """All of them, as `load_keys` makes them."""
    for name in _NAMES:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / f"{name}.key", found[name])
    write_public(folder, found)


def keys_text(found: Mapping[str, bytes]) -> str:
    """As one secret, read by `written_keys`."""
    return "".join(f"{name}={found[name].hex()}\n" for name in _NAMES)


def rotated(found: Mapping[str, bytes], ids: Ids) -> dict[str, bytes]:
    """The same keys with a fresh one in front of `bodies`: what was sealed before opens as before."""
    return {**found, "bodies": hashlib.sha256(ids.token().encode()).digest() + found["bodies"]}


def generations(found: Mapping[str, bytes]) -> int:
    """How many keys of bodies there are: one more with each rotation."""
    return len(found["bodies"]) // _LENGTH


def fingerprints(found: Mapping[str, bytes]) -> dict[str, str]:
    """What tells two keys apart and gives neither away."""
    return {name: hmac.digest(found[name], b"lgsp fingerprint", "sha256").hex()[:32] for name in _NAMES}


def strangers(found: Mapping[str, bytes], marks: Mapping[str, str]) -> list[str]:
    """Names of the keys that are not those of `marks`. Keys that were rotated since open what the earlier ones sealed."""
    mine = fingerprints(found)
    while mine["bodies"] != marks.get("bodies") and generations(found) > 1:
        found = {**found, "bodies": found["bodies"][_LENGTH:]}
        mine = fingerprints(found)
    return [name for name, value in marks.items() if mine.get(name) != value]


def keyed_subject(folder: Path, identifier: str) -> bytes:
    """`Keys.subject` beside a running owner: the one key that a look-up by person needs."""
    return _keyed_subject(bytes.fromhex((folder / "subjects.key").read_text("ascii")), identifier)


def public_key(folder: Path) -> bytes:
    return bytes.fromhex((folder / "evidence.pub").read_text("ascii"))


def _one_by_one(keys: bytes) -> list[bytes]:
    return [keys[start : start + _LENGTH] for start in range(0, len(keys), _LENGTH)]


def _keyed_subject(key: bytes, identifier: str) -> bytes:
    return hmac.digest(key, identifier.strip().encode(), "sha256")


def _key(folder: Path | None, name: str, ids: Ids) -> bytes:
    if folder is None:
        return hashlib.sha256(ids.token().encode()).digest()
    path = folder / f"{name}.key"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, hashlib.sha256(ids.token().encode()).digest())
    return bytes.fromhex(path.read_text("ascii"))


def _write(path: Path, key: bytes) -> None:
    """Whole or not at all: a key cut short by a crash would make every record of the folder unreadable."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
