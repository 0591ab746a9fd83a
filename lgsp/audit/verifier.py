r"""Does exported evidence stand? One file: it needs Python and `cryptography`, and nothing of the bus that wrote it.

    python verify.py FOLDER [--key HEX] [--witness NOTE --witness-key KEY]... [--json]

FOLDER is what `lgsp audit export` wrote: per writer `<writer>.entries`, a line each of `hash body`, and
`<writer>.checkpoints`, a line of JSON each; `evidence.pub`, the signing key. Checked is, to the first bad entry:

  chain        hash[i] = SHA-256(hash[i-1] || body[i]), from SHA-256("lgsp evidence v1\n" || writer)
  tree         the RFC 6962 tree of the bodies has, at every checkpoint, the root that was signed
  signature    Ed25519 over the checkpoint, by the key (give --key: the one beside the evidence may be exchanged with it);
               at most 10,000 entries stand behind the last one
  witness      NOTE is what an outside witness keeps: its co-signature holds, and the tree had that root at that size. That
               is what finds a tail that was cut, or rebuilt by somebody who has stolen the signing key.

Ends with 0 where everything stands, 1 where something does not, 2 where it could not be looked at.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_HEX = 64
_UNSIGNED = 10_000
"""Entries behind the last checkpoint at most: more of them means that checkpoints were taken away."""


class Bad(Exception):
    """`index` counts from 0 within the writer's chain."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index, self.reason = index, reason


@dataclass
class Tree:
    """Roots of the full subtrees, largest first."""

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def root(self) -> bytes:
        if not self.roots:
            return sha256(b"").digest()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root


@dataclass(frozen=True)
class Seen:
    """What a witness has seen: at this size the tree had this root."""

    size: int
    root: bytes
    witness: str


def verify(folder: Path, key: bytes | None = None, witnessed: list[tuple[bytes, str]] | None = None) -> dict[str, Any]:
    """`witnessed`: notes with the witness's verifier key. The answer is `lgsp audit verify --json`'s."""
    public = key or bytes.fromhex((folder / "evidence.pub").read_text("ascii"))
    seen = [_seen(note, vkey, public) for note, vkey in witnessed or ()]
    writers: dict[str, Any] = {}
    names = sorted({path.stem for path in folder.glob("*.entries")} | {writer for writer, _ in seen})
    for writer in names:
        about = sorted((each for name, each in seen if name == writer), key=lambda each: each.size)
        try:
            writers[writer] = _writer(folder, writer, Ed25519PublicKey.from_public_bytes(public), about)
        except Bad as bad:
            return {"ok": False, "first_bad": {"writer": writer, "index": bad.index, "reason": bad.reason}}
    return {"ok": True, "entries": sum(each["entries"] for each in writers.values()), "writers": writers}


def _writer(folder: Path, writer: str, key: Ed25519PublicKey, seen: list[Seen]) -> dict[str, Any]:
    path = folder / f"{writer}.entries"
    if not path.exists():
        raise Bad(0, "the writer's file is missing")
    checkpoints = {each["size"]: each for each in _checkpoints(folder / f"{writer}.checkpoints")}
    stops = sorted({*checkpoints, *(each.size for each in seen)})
    tree, head = Tree(), sha256(b"lgsp evidence v1\n" + writer.encode()).digest()
    with path.open("rb", buffering=1 << 20) as file:
        for stop in stops:
            head = _walk(file, tree, head, stop)
            if tree.size < stop:
                about = "a witness has seen" if stop not in checkpoints else "a checkpoint covers"
                raise Bad(tree.size, f"{about} {stop} entries, the rest is cut off")
            for each in seen:
                if each.size == stop and each.root != tree.root():
                    raise Bad(stop - 1, f"the entries are not those that {each.witness} has seen")
            if stop in checkpoints:
                _check(checkpoints[stop], writer, tree.root(), head, key, stop)
        signed = max(checkpoints, default=0)
        _walk(file, tree, head, None)
        if tree.size and not signed:
            raise Bad(0, "no checkpoint signs this chain")
        if tree.size - signed > _UNSIGNED:
            raise Bad(signed, "no checkpoint signs this entry and those behind it")
    last = max((each.size for each in seen), default=0)
    return {
        "entries": tree.size,
        "checkpoints": len(checkpoints),
        "signed": signed,
        "witnessed": last,
        "window": tree.size - last,
    }


def _walk(file: Any, tree: Tree, head: bytes, stop: int | None) -> bytes:
    """Entries up to `stop`: the hot loop, about three hashes an entry."""
    hash_, hexlify, roots, size = sha256, binascii.hexlify, tree.roots, tree.size
    try:
        while size != stop:
            line = file.readline()
            if not line:
                break
            body = line[_HEX + 1 : -1]
            head = hash_(head + body).digest()
            if hexlify(head) != line[:_HEX] or line[_HEX] != 32 or line[-1] != 10:
                raise Bad(size, "the chain does not hold here")
            leaf, count = hash_(b"\x00" + body).digest(), size
            while count & 1:
                leaf = hash_(b"\x01" + roots.pop() + leaf).digest()
                count >>= 1
            roots.append(leaf)
            size += 1
    except IndexError:
        raise Bad(size, "the line is cut off") from None
    tree.size = size
    return head


def _checkpoints(path: Path) -> Iterator[dict[str, Any]]:
    last = 0
    if path.exists():
        for line in path.read_text("utf-8", "replace").splitlines():
            row: dict[str, Any] = {}
            try:
                row = json.loads(line)
                sizes = [len(bytes.fromhex(row[name])) for name in ("root", "head", "signature")]
                good = sizes == [32, 32, 64] and isinstance(row["size"], int) and isinstance(row["at"], str)
            except (ValueError, KeyError, TypeError):
                good = False
            if not good:
                raise Bad(last, "the checkpoint behind this entry cannot be read")
            last = row["size"]
            yield row


def _check(row: dict[str, Any], writer: str, root: bytes, head: bytes, key: Ed25519PublicKey, size: int) -> None:
    said_root, said_head = bytes.fromhex(row["root"]), bytes.fromhex(row["head"])
    text = f"lgsp evidence checkpoint v1\n{writer}\n{size}\n{said_root.hex()}\n{said_head.hex()}\n{row['at']}\n"
    try:
        key.verify(bytes.fromhex(row["signature"]), text.encode())
    except InvalidSignature:
        raise Bad(size - 1, "the checkpoint's signature is not ours") from None
    if (said_root, said_head) != (root, head):
        raise Bad(size - 1, "the entries are not those that the checkpoint signed")


def _seen(note: bytes, vkey: str, public: bytes) -> tuple[str, Seen]:
    """A witness's note (C2SP tlog-cosignature): whose chain, and what the witness signed about it."""
    name, _, rest = vkey.strip().partition("+")
    raw = base64.b64decode(rest.partition("+")[2])
    if len(raw) != 33 or raw[0] != 4:
        raise ValueError("a witness's key is name+id+base64")
    text, _, signatures = note.decode("utf-8").rpartition("\n\n")
    text += "\n"
    id_ = sha256(name.encode() + b"\n" + raw).digest()[:4]
    origin, size, root = text.split("\n")[:3]
    if origin.rsplit("/", 1)[0] != f"lgsp/{sha256(public).hexdigest()[:16]}":
        raise ValueError("the note is about another installation's evidence")
    for line in signatures.strip().split("\n"):
        parts = line.split(" ")
        value = base64.b64decode(parts[-1])
        if len(parts) == 3 and parts[1] == name and value[:4] == id_ and len(value) == 76:
            at = int.from_bytes(value[4:12], "big")
            message = f"cosignature/v1\ntime {at}\n{text}".encode()
            try:
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(value[12:], message)
            except InvalidSignature:
                continue
            return origin.rsplit("/", 1)[1], Seen(int(size), base64.b64decode(root), name)
    raise ValueError("the note carries no co-signature of that witness")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Does exported evidence stand?")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", type=bytes.fromhex, help="the signing key that is trusted, 64 hex digits")
    parser.add_argument("--witness", type=Path, action="append", default=[], help="a note that a witness keeps")
    parser.add_argument("--witness-key", action="append", default=[], help="that witness's verifier key")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    if len(given.witness) != len(given.witness_key):
        parser.error("every --witness has its --witness-key")
    try:
        notes = [(note.read_bytes(), key) for note, key in zip(given.witness, given.witness_key, strict=True)]
        found = verify(given.folder, given.key, notes)
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot be looked at: {error}", file=sys.stderr)  # noqa: T201  a program for a person
        return 2
    print(json.dumps(found, indent=2) if given.json else _sentence(found))  # noqa: T201
    return 0 if found["ok"] else 1


def _sentence(found: dict[str, Any]) -> str:
    if not found["ok"]:
        bad = found["first_bad"]
        return f"BAD: writer {bad['writer']}, entry {bad['index']}: {bad['reason']}"
    window = sum(each["window"] for each in found["writers"].values())
    return f"the evidence stands: {found['entries']} entries, the last {window} of them not yet under a witness"


if __name__ == "__main__":
    sys.exit(main())
