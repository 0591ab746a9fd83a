"""Large bodies of updates that are left with the bus: kept encrypted in pieces beside the record, 50 MB never in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from lgsp.model import Blob, Data
from lgsp.runtime import Runtime, sortable_id
from lgsp.spool import CHUNK, FileWriter, Spool, read_text
from lgsp.store import Keys, Store

_ORPHANED = timedelta(hours=1)


class Large(msgspec.Struct, frozen=True):
    """A blob that stood at `path` of the data; its pieces, where they are kept, are numbered by its place in the message."""

    path: tuple[str | int, ...]
    size: int
    content_type: str
    filename: str | None = None


class PiecesMissing(Exception):
    """The large body of this update was never kept: it cannot be sent again."""


def without_blobs(data: Data) -> tuple[Data, tuple[Large, ...]]:
    """The data with null where a blob stood, and what stood there."""
    large = tuple(Large(path, blob.size, blob.content_type, blob.filename) for path, blob in blobs_of(data))
    return (_copy(data) if large else data), large


def blobs_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Blob]]:
    if isinstance(value, Blob):
        yield path, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from blobs_of(member, (*path, name))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from blobs_of(member, (*path, place))


@dataclass(frozen=True, slots=True)
class Bodies:
    """`spool` is where a restored body stands while it is delivered; without one, no large body can be left with the bus."""

    store: Store
    runtime: Runtime
    spool: Spool | None

    @property
    def _keys(self) -> Keys:
        return self.store.keys

    async def keep(self, submission: str, data: Data) -> None:
        """Durable when it returns, before the record says that the update was left. Raises `StoreFailed`."""
        for number, (_, blob) in enumerate(blobs_of(data)):
            for part, start in enumerate(range(0, blob.size, CHUNK)):
                name = _name(submission, number, part)
                sealed = await self.runtime.offload(partial(_sealed, self._keys, blob, start, name))
                await self.store.submissions.put_piece(submission, number, part, sealed)

    async def drop(self, submission: str) -> None:
        await self.store.submissions.drop_pieces(submission)

    async def sweep(self) -> None:
        """Pieces whose record never came to be: the process died between the two."""
        before = sortable_id(self.runtime.clock.now() - _ORPHANED, 0)
        await self.store.submissions.drop_orphans(before)

    @asynccontextmanager
    async def restored(self, submission: str, data: Data, large: tuple[Large, ...]) -> AsyncIterator[Data]:
        """The data as it was asked, its blobs in the spool while the block lasts. Raises `PiecesMissing`."""
        if not large:
            yield data
            return
        if self.spool is None:
            raise PiecesMissing
        drawer = self.spool.drawer()
        try:
            whole = _copy(data)
            for number, each in enumerate(large):
                writer = drawer.open()
                for part in range(-(-each.size // CHUNK)):
                    sealed = await self.store.submissions.piece(submission, number, part)
                    if sealed is None:
                        writer.close()
                        raise PiecesMissing
                    self.spool.reserve(drawer, len(sealed))
                    name = _name(submission, number, part)
                    await self.runtime.offload(partial(_unsealed, self._keys, sealed, name, writer))
                blob = replace(writer.close(), content_type=each.content_type, filename=each.filename)
                _set(whole, each.path, blob)
            yield whole
        finally:
            drawer.close()


def _sealed(keys: Keys, blob: Blob, start: int, name: str) -> bytes:
    return keys.seal(read_text(blob, start), name)


def _unsealed(keys: Keys, sealed: bytes, name: str, writer: FileWriter) -> None:
    writer.write(keys.unseal(sealed, name))


def _name(submission: str, number: int, part: int) -> str:
    return f"piece:{submission}:{number}:{part}"


def _copy(value: Any) -> Any:
    if isinstance(value, Blob):
        return None
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_copy(member) for member in value]
    return value


def _set(data: Any, path: tuple[str | int, ...], blob: Blob) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = blob
