"""A log that grows, read as it grows: through rotation by renaming and by truncating, without a line lost or read twice."""

from __future__ import annotations

import asyncio
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


async def follow(path: Path, runtime: Runtime) -> AsyncIterator[list[bytes]]:
    """New lines, in portions; an empty portion where nothing is new. Files are read away from the loop."""
    tail = Tail(path)
    try:
        while True:
            found = await runtime.offload(tail.read)
            yield found
            if not found:
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        tail.close()
