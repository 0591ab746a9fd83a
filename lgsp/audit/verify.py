"""Reads the evidence of a data folder and says whether it stands, naming the first bad entry; and who read whose data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lgsp.audit.chain import Frontier, genesis, leaf, link, statement
from lgsp.store import CheckpointRow
from lgsp.store.keys import keyed_subject, public_key
from lgsp.store.sqlite.evidence import EvidenceFile, EvidenceUnreadable, evidence_file, evidence_files, known_writers

UNSIGNED = 10_000
"""Entries behind the last checkpoint at most; the bus signs a second or a thousand entries behind. More of them means that
checkpoints were taken away."""
_ANSWERED_WITHIN = 20_000
"""Entries behind an asked one among which its answer is looked for: ten seconds of a bus that is full."""


@dataclass(frozen=True, slots=True)
class BadEntry:
    """`index` counts from 0 within the writer's chain."""

    writer: str
    index: int
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"writer": self.writer, "index": self.index, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class WriterVerdict:
    entries: int
    checkpoints: int
    signed: int
    """Entries under the last checkpoint; those behind it are only chained."""
    bad: BadEntry | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lgsp audit verify`."""

    writers: Mapping[str, WriterVerdict]

    @property
    def first_bad(self) -> BadEntry | None:
        return next((writer.bad for writer in self.writers.values() if writer.bad), None)

    @property
    def ok(self) -> bool:
        return self.first_bad is None

    def as_dict(self) -> dict[str, Any]:
        """The shape that `lgsp audit verify --json` prints."""
        if bad := self.first_bad:
            return {"ok": False, "first_bad": bad.as_dict()}
        return {
            "ok": True,
            "entries": sum(writer.entries for writer in self.writers.values()),
            "writers": {
                name: {"entries": writer.entries, "checkpoints": writer.checkpoints, "signed": writer.signed}
                for name, writer in self.writers.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What an outside witness has co-signed: at this size the writer's tree had this root."""

    writer: str
    size: int
    root: bytes
    witness: str


def verify(data: Path, seen: Iterable[Seen] = ()) -> Verdict:
    """Every chain of a data folder, read-only: also beside a running owner. Raises `OSError` where there is no public key.

    `seen` is what witnesses keep: it finds a tail that was cut, or rebuilt with the installation's own key.
    """
    seen = tuple(seen)
    files = {path.stem.removeprefix("evidence-"): path for path in evidence_files(data)}
    writers = sorted({*files, *known_writers(data), *(each.writer for each in seen)})
    if not writers:
        return Verdict({})
    key = Ed25519PublicKey.from_public_bytes(public_key(data / "keys"))
    verdicts = {}
    for writer in writers:
        if writer in files:
            verdicts[writer] = verify_file(files[writer], key, [each for each in seen if each.writer == writer])
        else:
            verdicts[writer] = WriterVerdict(0, 0, 0, BadEntry(writer, 0, "the writer's file is missing"))
    return Verdict(verdicts)


def verify_file(path: Path, key: Ed25519PublicKey, seen: Sequence[Seen] = ()) -> WriterVerdict:
    """One writer's chain against its own hashes, its checkpoints and its index of people."""
    writer = path.stem.removeprefix("evidence-")
    walk = _Walk(writer, {each.size: each for each in seen})
    try:
        with evidence_file(path) as file:
            checkpoints = file.checkpoints()
            bad = walk.through(file, {checkpoint.size: checkpoint for checkpoint in checkpoints}, key)
    except EvidenceUnreadable as error:
        return WriterVerdict(walk.index, 0, 0, BadEntry(writer, walk.index, f"the file cannot be read: {error}"))
    signed = max((checkpoint.size for checkpoint in checkpoints), default=0)
    return WriterVerdict(walk.index, len(checkpoints), signed, bad)


def who(data: Path, subject: str) -> list[dict[str, Any]]:
    """The entries of all writers about one person, by time: who asked, why, and what came of it, as the answered entry of the
    same exchange says."""
    person = keyed_subject(data / "keys", subject)
    found: list[dict[str, Any]] = []
    for path in evidence_files(data):
        with evidence_file(path) as file:
            found += [_with_its_end(file, msgspec.json.decode(body)) for _, body, _ in file.by_subject(person)]
    return sorted(found, key=lambda entry: (entry["at"], entry["writer"], entry["index"]))


def _with_its_end(file: EvidenceFile, entry: dict[str, Any]) -> dict[str, Any]:
    """An asked entry with the outcome and the fields that left; as it is where no answer was entered (yet)."""
    if entry.get("kind") != "asked":
        return entry
    mark = b'"exchange":' + msgspec.json.encode(entry["exchange"])
    for body in file.after(entry["index"], _ANSWERED_WITHIN):
        if mark in body and (end := msgspec.json.decode(body)).get("kind") == "answered":
            return {**entry, "outcome": end["outcome"], "fields": end["fields"]}
    return entry


class _Walk:
    """One pass: `index` is the entry that is expected next."""

    def __init__(self, writer: str, seen: Mapping[int, Seen]) -> None:
        self.writer, self.index, self._seen = writer, 0, seen
        self._head = genesis(writer)
        self._tree = Frontier()
        self._people = 0

    def through(
        self, file: EvidenceFile, checkpoints: dict[int, CheckpointRow], key: Ed25519PublicKey
    ) -> BadEntry | None:
        for index, body, stored in file.entries():
            if index != self.index:
                return self._bad("an entry is missing")
            if not isinstance(body, bytes) or link(self._head, body) != stored:
                return self._bad("the chain does not hold here")
            self._head = stored
            self._tree.add(leaf(body))
            self._people += _named(index, body)
            self.index += 1
            checkpoint = checkpoints.get(self.index)
            if checkpoint is not None and (reason := self._contradiction(checkpoint, key)):
                self.index -= 1
                return self._bad(reason)
            witnessed = self._seen.get(self.index)
            if witnessed is not None and witnessed.root != self._tree.root():
                self.index -= 1
                return self._bad(f"the entries are not those that {witnessed.witness} has seen")
        if forgotten := [size for size in self._seen if size > self.index]:
            return self._bad(f"a witness has seen {min(forgotten)} entries, the rest is cut off")
        if beyond := [size for size in checkpoints if size > self.index]:
            return self._bad(f"a checkpoint covers {min(beyond)} entries, the rest is cut off")
        signed = max(checkpoints, default=0)
        if self.index - signed > UNSIGNED:
            return BadEntry(self.writer, signed, "no checkpoint signs this entry and those behind it")
        return self._people_agree(file)

    def _contradiction(self, checkpoint: CheckpointRow, key: Ed25519PublicKey) -> str | None:
        try:
            key.verify(
                checkpoint.signature,
                statement(self.writer, checkpoint.size, checkpoint.root, checkpoint.head, checkpoint.at),
            )
        except InvalidSignature:
            return "the checkpoint's signature is not ours"
        if (checkpoint.root, checkpoint.head) != (self._tree.root(), self._head):
            return "the entries are not those that the checkpoint signed"
        if checkpoint.frontier != self._tree.to_bytes():
            return "the checkpoint's frontier is not the tree's"
        return None

    def _people_agree(self, file: EvidenceFile) -> BadEntry | None:
        """The index of people is compared as a sum of hashes; only where the sums differ, in a second pass, entry by entry."""
        if sum(_mark(index, person) for index, person in file.subjects()) == self._people:
            return None
        left: dict[int, int] = {}
        for index, person in file.subjects():
            left[index] = left.get(index, 0) + _mark(index, person)
        for index, body, _ in file.entries():
            left[index] = left.get(index, 0) - _named(index, body)
            if not left[index]:
                del left[index]
        return BadEntry(self.writer, min(left), "the index of people differs from the entry")

    def _bad(self, reason: str) -> BadEntry:
        return BadEntry(self.writer, self.index, reason)


class _Named(msgspec.Struct):
    """Of an entry, only the people it names."""

    subjects: list[str] = []


_people_of = msgspec.json.Decoder(_Named)


def _named(index: int, body: bytes) -> int:
    """What an entry's people add to the sum."""
    if b'"subjects":["' not in body:
        return 0
    return sum(_mark(index, bytes.fromhex(each)) for each in _people_of.decode(body).subjects)


def _mark(index: int, person: bytes) -> int:
    return int.from_bytes(sha256(index.to_bytes(8, "big", signed=True) + person).digest(), "big")
