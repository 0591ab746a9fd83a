"""Large bodies on disk: files of one exchange, bounded, gone with it. The only place that writes lifted text."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from lgsp.errors import Overloaded, TooLarge
from lgsp.lift import JsonLifter, Lifter, XmlLifter, escaped, utf8_cut
from lgsp.model import Blob, Spooled, Text
from lgsp.room import Room, Share, Unread
from lgsp.runtime import Runtime

CHUNK = 256 * 1024
PACE = 2
"""So many times as long as a piece of a large message took, its next one waits: calls that people wait for go first."""
_UNHINDERED = 1024**2
"""Bytes of a message that come without such pauses."""

Syntax = Literal["json", "xml", "raw"]
Part = Literal["request", "answer"]


class FileWriter:
    """Writes one blob's file, counting its sizes on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._digest = hashlib.sha256()
        self._size = self._json = self._xml = 0

    def write(self, text: bytes) -> None:
        self._file.write(text)
        self._digest.update(text)
        self._size += len(text)
        grows = text.translate(None, _SAME)  # a base64 text leaves nothing, or line ends: one look at it, not eight
        self._json += len(text) + _json_extra(grows)
        self._xml += (
            len(text) + 3 * (grows.count(b"<") + grows.count(b">")) + 4 * (grows.count(b"&") + grows.count(b"\r"))
        )

    def close(self) -> Blob:
        self._file.close()
        return Blob(self._path, self._size, self._digest.hexdigest(), self._json, self._xml)


@dataclass(slots=True)
class Drawer:
    """The spool files of one exchange: a folder that is made with the first file and removed at the end. And its share of
    the memory for message bodies."""

    spool: Spool
    share: Share
    folder: Path | None = None
    used: int = 0
    _writers: list[FileWriter] = field(default_factory=list)

    def open(self) -> FileWriter:
        if self.folder is None:
            self.folder = self.spool.folder / self.spool.runtime.ids.new()
            self.folder.mkdir(mode=0o700, parents=True)
        self._writers.append(FileWriter(self.folder / f"{len(self._writers) + 1:04d}"))
        return self._writers[-1]

    async def lift(self, chunks: AsyncIterator[bytes], syntax: Syntax, limit: int, part: Part = "request") -> Spooled:
        """A streamed message, its large strings on disk. `TooLarge` over `limit` bytes, `Overloaded` over the spool's bound."""
        if syntax == "raw":
            return await self._whole(chunks, limit)
        lifter: Lifter = (JsonLifter if syntax == "json" else XmlLifter)(self.open, limit)
        clock = self.spool.runtime.clock
        async for chunk in chunks:
            self.spool.reserve(self, len(chunk))
            began = clock.monotonic()
            await self.spool.runtime.offload(lambda chunk=chunk: lifter.feed(chunk))  # type: ignore[misc]  # default binds now
            self.share.grow(part, lifter.left)
            if self.used > _UNHINDERED:
                await asyncio.sleep(PACE * (clock.monotonic() - began))
        return lifter.finish()

    async def gather(self, chunks: AsyncIterator[bytes], limit: int, part: Part = "request") -> bytes:
        """A message that is not streamed, in memory. `TooLarge` over `limit` bytes, `Overloaded` where there is no room."""
        held, size = io.BytesIO(), 0  # its value is its own buffer: nowhere stand two of a large message
        async for chunk in chunks:
            size += held.write(chunk)
            if size > limit:
                raise TooLarge()
            self.share.grow(part, size)
        return held.getvalue()

    async def _whole(self, chunks: AsyncIterator[bytes], limit: int) -> Spooled:
        writer = self.open()
        seen = 0
        async for chunk in chunks:
            seen += len(chunk)
            if seen > limit:
                writer.close()
                raise TooLarge()
            self.spool.reserve(self, len(chunk))
            await self.spool.runtime.offload(lambda chunk=chunk: writer.write(chunk))  # type: ignore[misc]  # default binds now
        blob = writer.close()
        return Spooled(((blob, "raw"),), blob.size)

    def close(self) -> None:
        """Removes what the exchange left on disk."""
        if self.used:
            self.spool.release(self)
        self.share.close()
        for writer in self._writers:
            writer.close()  # a message that broke off has left its last file open
        self._writers.clear()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


@dataclass(slots=True)
class Spool:
    """All spool files of one process. `limit` bounds the bytes on disk; over it a body is refused at once (RULES 10)."""

    folder: Path
    runtime: Runtime
    limit: int = 2 * 1024**3
    used: int = 0
    memory: Room = field(default_factory=lambda: Room(24 * 1024**2))
    """For what does not go to disk."""
    unread: Unread = field(default_factory=Unread)
    """Of that, what is answered already and not taken yet."""

    def drawer(self) -> Drawer:
        """A new exchange's drawer."""
        return Drawer(self, self.memory.share())

    def sweep(self) -> None:
        """Removes what a killed process left; called at start, before the first exchange."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def reserve(self, drawer: Drawer, size: int) -> None:
        """On the loop, before a thread writes. Raises `Overloaded`."""
        if self.used + size > self.limit:
            raise Overloaded(Text("Hết chỗ đệm trên đĩa", "The spool on disk is full"), retry_after=5)
        self.used += size
        drawer.used += size

    def release(self, drawer: Drawer) -> None:
        self.used -= drawer.used
        drawer.used = 0


async def chunks_of(body: bytes | Spooled, runtime: Runtime) -> AsyncIterator[bytes]:
    """The bytes of a body in turn, escaped where they stand; files are read away from the loop."""
    if isinstance(body, bytes):
        yield body
        return
    for piece in body:
        if isinstance(piece, bytes):
            yield piece
            continue
        blob, escape = piece
        reader = _pieces(blob.path, None if escape == "raw" else escape)
        while (part := await runtime.offload(lambda reader=reader: next(reader, None))) is not None:  # type: ignore[misc]
            yield part


def read_text(blob: Blob, start: int = 0, size: int = CHUNK) -> bytes:
    """A stretch of a blob's text, for readers of its head (an edXML envelope)."""
    with blob.path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _pieces(path: Path, escape: Literal["json", "xml"] | None) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        if escape is None:
            while chunk := file.read(CHUNK):
                yield chunk
            return
        rest = b""
        while chunk := file.read(CHUNK):
            chunk = rest + chunk
            cut = utf8_cut(chunk)
            yield escaped(chunk[:cut].decode(), escape)
            rest = chunk[cut:]
        if rest:
            yield escaped(rest.decode(), escape)


_SHORT = b'"\\\n\r\t\b\f'
_CONTROL = bytes(set(range(0x20)) - set(_SHORT))
_SAME = bytes(set(range(0x100)) - set(_SHORT) - set(_CONTROL) - set(b"<>&"))
"""Bytes that are written as they are, in JSON and in XML."""


def _json_extra(text: bytes) -> int:
    """Bytes that its escapes add."""
    plain = len(text.translate(None, _SHORT))
    control = len(text) - len(text.translate(None, _CONTROL))
    return len(text) - plain + 5 * control
