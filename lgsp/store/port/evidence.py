"""The chain of one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec


class EvidenceRow(msgspec.Struct, frozen=True):
    """One link of a chain as it is stored: `body` are the canonical bytes, `hash` is over the previous hash and body."""

    index: int
    body: bytes
    hash: bytes
    subjects: tuple[bytes, ...] = ()
    """Keyed hashes of the people concerned; they stand in `body` too, here they can be looked up."""


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed tree head over the first `size` entries. `frontier` resumes the tree without reading them again."""

    size: int
    root: bytes
    head: bytes
    at: str
    signature: bytes
    frontier: bytes


Compose = Callable[[EvidenceRow | None], Sequence[EvidenceRow]]
"""From the last entry (None on an empty chain) to the entries that follow it. Called inside the transaction."""


class EvidenceRecords(Protocol):
    """The chain of one writer."""

    @property
    def writer(self) -> str: ...
    async def append(self, compose: Compose) -> int:
        """The index of the last entry written."""

    async def rows(self, start: int, limit: int) -> list[EvidenceRow]: ...
    async def by_subject(self, subject: bytes) -> list[EvidenceRow]: ...
    async def put_checkpoint(self, checkpoint: CheckpointRow) -> None: ...
    async def last_checkpoint(self) -> CheckpointRow | None: ...
