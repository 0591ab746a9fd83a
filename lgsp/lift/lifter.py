"""What all lifters do: count, keep small pieces, hand large ones to a blob."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.lift.escapes import Escape, Piece, escaped_size
from lgsp.model import Blob, Spooled

THRESHOLD = 64 * 1024
"""Bytes of raw text above which a string is lifted."""
MOST_LEFT = 8 * 1024 * 1024
"""Bytes of a message that may be left when its large strings are taken out: that much is parsed in one piece."""


class BlobWriter(Protocol):
    """Where lifted text goes: `lgsp.spool` writes a file, a test a list."""

    def write(self, text: bytes) -> None: ...
    def close(self) -> Blob: ...


class Lifter(ABC):
    """Fed chunks, keeps pieces. `limit` bounds the whole message in bytes; breaking it raises `TooLarge`, and so does a
    message of small parts that is too much to parse."""

    def __init__(self, open_blob: Callable[[], BlobWriter], limit: int) -> None:
        self._open, self._limit = open_blob, limit
        self._pieces: list[Piece] = []
        self._small = bytearray()
        self._seen = self._kept = 0
        self._writer: BlobWriter | None = None

    def feed(self, chunk: bytes) -> None:
        self._seen += len(chunk)
        if self._seen > self._limit:
            self._abandon()
            raise TooLarge()
        try:
            self._scan(chunk)
        except InvalidMessage:
            self._abandon()
            raise
        if self.left > MOST_LEFT:
            self._abandon()
            raise TooLarge()

    @property
    def left(self) -> int:
        """Bytes that stay in memory, so far."""
        return self._kept + len(self._small)

    def finish(self) -> Spooled:
        """The message, once the last chunk was fed. A message cut inside a string is left for the parser to refuse."""
        self._flush()
        self._cut()
        size = sum(len(p) if isinstance(p, bytes) else escaped_size(*p) for p in self._pieces)
        return Spooled(tuple(self._pieces), size)

    def _abandon(self) -> None:
        """Nothing more will be fed: a blob half written is closed."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @abstractmethod
    def _scan(self, chunk: bytes) -> None:
        """Sorts one chunk into what stays small and what is lifted."""

    @abstractmethod
    def _flush(self) -> None:
        """Lets through what was held back for the next chunk."""

    def _cut(self) -> None:
        if self._small:
            self._pieces.append(bytes(self._small))
            self._kept += len(self._small)
            self._small.clear()

    def _add_blob(self, writer: BlobWriter, escape: Escape) -> None:
        self._cut()
        self._pieces.append((writer.close(), escape))
