r"""The mathematics of evidence, pure: canonical bytes, the hash chain, the Merkle tree and what a checkpoint signs.

Chain: `hash[i] = SHA-256(hash[i-1] || body[i])`, beginning with `SHA-256("lgsp evidence v1\n" || writer)`. Tree: RFC 6962
section 2.1 over the bodies (leaf = SHA-256(0x00 || body), node = SHA-256(0x01 || left || right)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string")
HASH = 32


def canonical(record: Any) -> bytes:
    """JSON as UTF-8, members sorted, no blanks: the same record gives the same bytes."""
    return _ENCODER.encode(record)


def genesis(writer: str) -> bytes:
    """What the first entry of a writer is chained to."""
    return sha256(b"lgsp evidence v1\n" + writer.encode()).digest()


def link(previous: bytes, body: bytes) -> bytes:
    return sha256(previous + body).digest()


def leaf(body: bytes) -> bytes:
    return sha256(b"\x00" + body).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The roots of the full subtrees of a growing tree, largest first: all that is needed to go on and to know the root."""

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def add(self, leaf_hash: bytes) -> None:
        """One entry more: a carry runs up for every set low bit of the size, as in binary counting."""
        size = self.size
        while size & 1:
            leaf_hash = node(self.roots.pop(), leaf_hash)
            size >>= 1
        self.roots.append(leaf_hash)
        self.size += 1

    def root(self) -> bytes:
        """The Merkle tree hash; of an empty tree, SHA-256 of nothing."""
        if not self.roots:
            return sha256(b"").digest()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node(left, root)
        return root

    def to_bytes(self) -> bytes:
        return self.size.to_bytes(8, "big") + b"".join(self.roots)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Frontier:
        roots = [raw[start : start + HASH] for start in range(8, len(raw), HASH)]
        return cls(int.from_bytes(raw[:8], "big"), roots)


def statement(writer: str, size: int, root: bytes, head: bytes, at: str) -> bytes:
    """What a checkpoint signs: the text of a tree head, one fact a line."""
    return f"lgsp evidence checkpoint v1\n{writer}\n{size}\n{root.hex()}\n{head.hex()}\n{at}\n".encode()
