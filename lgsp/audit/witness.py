"""An outside witness (C2SP tlog-witness): it remembers the last tree of each log, and signs only what carries on from it.

Whoever has stolen a log's key can rebuild its tail, but cannot make the witness forget the tail that it has seen. Two
provinces can witness each other.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lgsp.audit.chain import Frontier
from lgsp.audit.notes import (
    WITNESS,
    Checkpoint,
    Note,
    NoteRefused,
    VerifierKey,
    cosigned,
    signature_line,
)
from lgsp.audit.proofs import check_consistency

_PROOF = 63
"""Hashes of a proof at most: as many as a size has bits."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Witness:
    """`folder` holds the witness's own key and, a file each, the last note of every log with our co-signature."""

    name: str
    folder: Path
    logs: Mapping[str, VerifierKey]
    """By origin: whom we witness."""
    now: Callable[[], int]
    """Seconds since 1970."""
    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def open(cls, name: str, folder: Path, logs: Mapping[str, VerifierKey], now: Callable[[], int]) -> Witness:
        """With a key of its own, made at the first start."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "witness.key"
        if not path.exists():
            _write(path, Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
        return cls(
            name, folder, logs, now, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii")))
        )

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, WITNESS, self._key.public_key().public_bytes_raw())

    def add_checkpoint(self, body: bytes) -> Reply:
        """`POST /add-checkpoint`: the old size, a consistency proof, an empty line, the log's signed checkpoint."""
        try:
            old, proof, note = _request(body)
        except NoteRefused as error:
            return Reply(400, f"{error}\n")
        log = self.logs.get(note.checkpoint.origin)
        if log is None:
            return Reply(404, "this log is not witnessed here\n")
        if not note.signed_by(log):
            return Reply(403, "the log's signature does not hold\n")
        new = note.checkpoint
        if old > new.size:
            return Reply(400, "the old size is beyond the new one\n")
        known = self.last(new.origin) or Checkpoint(new.origin, 0, Frontier().root())
        if known.size != old or (known.size == new.size and known.root != new.root):
            return Reply(409, f"{known.size}\n", "text/x.tlog.size")
        if not check_consistency(old, new.size, proof, known.root, new.root):
            return Reply(422, "the proof does not lead from the tree that is known here to this one\n")
        line = self._sign(note.text)
        _write(self._file(new.origin), f"{note.text}\n{line}".encode())  # remembered before it is said
        return Reply(200, line)

    def last(self, origin: str) -> Checkpoint | None:
        """The last tree of a log that was signed here."""
        path = self._file(origin)
        return Note.parse(path.read_bytes()).checkpoint if path.exists() else None

    def _sign(self, text: str) -> str:
        seconds = self.now()
        value = seconds.to_bytes(8, "big") + self._key.sign(cosigned(text, seconds))
        return signature_line(self.name, self.key.id, value)

    def _file(self, origin: str) -> Path:
        return self.folder / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


def request(old: int, proof: list[bytes], note: bytes) -> bytes:
    """The body of `POST /add-checkpoint`."""
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), ""]
    return "\n".join(lines).encode() + b"\n" + note


def _request(body: bytes) -> tuple[int, list[bytes], Note]:
    head, gap, note = body.partition(b"\n\n")
    lines = head.split(b"\n")
    old = lines[0].removeprefix(b"old ")
    if not gap or not lines[0].startswith(b"old ") or not old.isdigit() or len(old) > 18 or len(lines) > _PROOF + 1:
        raise NoteRefused("a request is `old N`, a proof, an empty line and a checkpoint")
    try:
        proof = [base64.b64decode(line, validate=True) for line in lines[1:]]
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("the proof is not base64") from error
    if any(len(each) != 32 for each in proof):
        raise NoteRefused("a hash has 32 bytes")
    return int(old), proof, Note.parse(note)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk before anybody hears of it."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
