"""A log that grows, read as it grows: through rotation by renaming and by truncating, without a line lost or read twice."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from lgsp.observer.lines import LONGEST
from lgsp.runtime import Runtime

CHUNK = 64 * 1024
"""Some hundred lines: what counting them takes on the loop stays below a few milliseconds."""
LOOK_SECONDS = 0.5
_BEGINNING = 1024
"""Bytes by whose digest a file is known again: a number of the file system may be given anew."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: everything before `offset` was handed out."""

    inode: int
    offset: int
    begins: str
    """Digest of the first bytes, as many as there are up to `offset`."""


@dataclass(slots=True)
class Tail:
    """`read` gives whole lines that are new. A file that is renamed is read to its end before the new one is begun."""

    path: Path
    _file: BufferedReader | None = None
    _left: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def read(self) -> list[bytes]:
        """At most one chunk's worth; an empty list where nothing is new."""
        if self._file is None:
            try:
                self._file = self.path.open("rb")
            except OSError:
                return []
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._file.tell():  # cut off and begun anew
            self._file.seek(0)
            self._left.clear()
        chunk = self._file.read(CHUNK)
        if not chunk and self._rotated():
            self._file.close()
            self._file = None
            last = [bytes(self._left)] if self._left and not self._skipping else []
            self._left.clear()
            self._skipping = False
            return last
        return self._lines(chunk)

    def place(self) -> Place | None:
        """None where nothing of a file was read yet."""
        if self._file is None:
            return None
        handle, offset = self._file.fileno(), self._file.tell() - len(self._left)
        return Place(os.fstat(handle).st_ino, offset, _begins(handle, offset))

    def resume(self, place: Place) -> bool:
        """Goes on there, also where the file has been renamed meanwhile; False where it is gone or was begun anew."""
        beside = sorted(self.path.parent.glob(f"{self.path.name}*"))
        for path in (self.path, *beside):
            try:
                file = path.open("rb")
            except OSError:
                continue
            found = os.fstat(file.fileno())
            known = found.st_ino == place.inode and found.st_size >= place.offset
            if known and _begins(file.fileno(), place.offset) == place.begins:
                file.seek(place.offset)
                self.close()
                self._file = file
                return True
            file.close()
        return False

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rotated(self) -> bool:
        assert self._file is not None
        try:
            there = self.path.stat()
        except OSError:
            return False  # moved away, and the new one is not there yet: the writer may still write the old one
        mine = os.fstat(self._file.fileno())
        return (there.st_ino, there.st_dev) != (mine.st_ino, mine.st_dev)

    def _lines(self, chunk: bytes) -> list[bytes]:
        self._left += chunk
        *whole, rest = bytes(self._left).split(b"\n")
        self._left = bytearray(rest)
        if self._skipping and whole:
            whole[0], self._skipping = b"\0" * (LONGEST + 1), False
        if len(self._left) > LONGEST:  # a line without an end: what comes of it is not kept
            self._left.clear()
            self._skipping = True
        return [each for each in whole if each.strip()]


def _begins(handle: int, offset: int) -> str:
    return hashlib.sha256(os.pread(handle, min(_BEGINNING, offset), 0)).hexdigest()


async def follow(
    path: Path, runtime: Runtime, place: Place | None = None
) -> AsyncIterator[tuple[list[bytes], Place | None]]:
    """New lines from `place` on, in portions, and how far they go; an empty portion where nothing is new. Files are read away
    from the loop."""
    tail = Tail(path)
    if place is not None:
        await runtime.offload(lambda: tail.resume(place))
    try:
        while True:
            found, reached = await runtime.offload(lambda: (tail.read(), tail.place()))
            yield found, reached
            if not found:
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        tail.close()
