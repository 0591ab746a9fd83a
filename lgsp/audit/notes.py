"""Checkpoints as signed notes and their co-signatures, in the forms of C2SP (signed-note, tlog-checkpoint, tlog-cosignature).

A note is text, an empty line, and signature lines `— name base64(key id, signature)`. A verifier key is written
`name+key id in hex+base64(kind, public key)`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 1, 4
"""Kinds of key: Ed25519 over the note, Ed25519 over a time and the note (cosignature/v1)."""
_DASH = "\u2014"


class NoteRefused(Exception):
    """The note is not what it should be; the message says which part."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Raises `NoteRefused`."""
        name, _, rest = text.strip().partition("+")
        given, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteRefused("a verifier key is name+id+base64") from error
        if len(raw) != 33 or raw[0] not in (LOG, WITNESS) or not _is_name(name):
            raise NoteRefused("a verifier key is name+id+base64 of an Ed25519 key")
        found = cls(name, raw[0], raw[1:])
        if found.id.hex() != given:
            raise NoteRefused("the verifier key's id is not its key's")
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The text of a note: whose tree, how large, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    checkpoint: Checkpoint
    text: str
    """As it was signed; a foreign log may have added lines of its own."""
    signatures: tuple[tuple[str, bytes, bytes], ...]
    """Name, key id, signature."""

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """Raises `NoteRefused`."""
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NoteRefused("a note is UTF-8") from error
        text, gap, tail = whole.rpartition("\n\n")
        if not gap or not tail.endswith("\n") or any(ord(each) < 32 and each != "\n" for each in whole):
            raise NoteRefused("a note ends with its signatures behind an empty line")
        signatures = tuple(_signature(line) for line in tail[:-1].split("\n"))
        if len(signatures) > 100:
            raise NoteRefused("too many signatures")
        return cls(_checkpoint(f"{text}\n"), f"{text}\n", signatures)

    def signed_by(self, key: VerifierKey) -> bool:
        """A signature of that name and key stands under the text, and holds."""
        return any(
            name == key.name and id_ == key.id and _holds(key, self.text, signature)
            for name, id_, signature in self.signatures
        )

    def witnessed_at(self, key: VerifierKey) -> int | None:
        """Seconds since 1970 at which that witness saw it; None where its co-signature is missing or does not hold."""
        for name, id_, signature in self.signatures:
            if name == key.name and id_ == key.id and key.kind == WITNESS and _holds(key, self.text, signature):
                return int.from_bytes(signature[:8], "big")
        return None


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def signature_line(name: str, id_: bytes, signature: bytes) -> str:
    return f"{_DASH} {name} {base64.b64encode(id_ + signature).decode()}\n"


def cosigned(text: str, seconds: int) -> bytes:
    """What a witness signs: when, and the whole text."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _holds(key: VerifierKey, text: str, signature: bytes) -> bool:
    message, value = text.encode(), signature
    if key.kind == WITNESS:
        if len(signature) != 72:
            return False
        message, value = cosigned(text, int.from_bytes(signature[:8], "big")), signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except InvalidSignature:
        return False
    return True


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or not _is_name(lines[0]):
        raise NoteRefused("a checkpoint has origin, size and root")
    size = lines[1]
    if not size.isascii() or not size.isdigit() or (size != "0" and size.startswith("0")) or len(size) > 18:
        raise NoteRefused("a checkpoint's size is a number")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("a checkpoint's root is base64") from error
    if len(root) != 32:
        raise NoteRefused("a checkpoint's root has 32 bytes")
    return Checkpoint(lines[0], int(size), root)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("a signature line is not base64") from error
    if dash != _DASH or not _is_name(name) or len(raw) < 5:
        raise NoteRefused("a signature line is a dash, a name and base64")
    return name, raw[:4], raw[4:]


def _is_name(text: str) -> bool:
    return bool(text) and not any(each.isspace() or each == "+" for each in text)
