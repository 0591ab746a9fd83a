"""Takes large parts out of a `multipart/form-data` body while it streams past, as `lgsp.lift` does for JSON and XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.lift import THRESHOLD, BlobWriter
from lgsp.model import Blob, FieldError, Spooled

_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)
_FILENAME = re.compile(r'filename="([^"]*)"', re.IGNORECASE)
_TYPE = re.compile(r"content-type:\s*([^\r\n;]+)", re.IGNORECASE)
_LONGEST_HEAD = 16 * 1024


class MultipartLifter:
    """Fed chunks, keeps pieces. `limit` bounds the whole message in bytes; breaking it raises `TooLarge`."""

    def __init__(self, content_type: str, open_blob: Callable[[], BlobWriter], limit: int) -> None:
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise InvalidMessage(errors=(FieldError("", "multipart-boundary"),))
        self._mark = b"\r\n--" + found[1].encode()
        self._open, self._limit = open_blob, limit
        self._pieces: list[bytes | tuple[Blob, Literal["json", "xml", "raw"]]] = []
        self._small, self._rest, self._run = bytearray(), bytearray(), bytearray()
        self._head, self._in_content = "", False
        self._writer: BlobWriter | None = None
        self._seen = 0

    def feed(self, chunk: bytes) -> None:
        self._seen += len(chunk)
        if self._seen > self._limit:
            raise TooLarge()
        self._rest += chunk
        while self._content() if self._in_content else self._part_head():
            pass

    def finish(self) -> Spooled:
        """The message, once the last chunk was fed. One cut inside a part is left for the reader to refuse."""
        if self._writer is not None:
            self._run += self._rest
            self._end_part()
        else:
            self._small += self._run + self._rest
        self._cut()
        size = sum(len(piece) if isinstance(piece, bytes) else piece[0].size for piece in self._pieces)
        return Spooled(tuple(self._pieces), size)

    def _part_head(self) -> bool:
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            if len(self._rest) > _LONGEST_HEAD:
                raise InvalidMessage(errors=(FieldError("", "multipart"),))
            return False
        self._head = self._rest[:end].decode("utf-8", "replace")
        self._small += self._rest[: end + 4]
        del self._rest[: end + 4]
        self._in_content = True
        return True

    def _content(self) -> bool:
        end = self._rest.find(self._mark)
        upto = end if end >= 0 else max(0, len(self._rest) - len(self._mark))
        self._take(bytes(self._rest[:upto]))
        del self._rest[:upto]
        if end < 0:
            return False
        self._end_part()
        self._small += self._mark
        del self._rest[: len(self._mark)]
        self._in_content = False
        return True

    def _take(self, raw: bytes) -> None:
        self._run += raw
        if len(self._run) > THRESHOLD:
            if self._writer is None:
                self._writer = self._open()
            self._writer.write(bytes(self._run))
            self._run.clear()

    def _end_part(self) -> None:
        if self._writer is None:
            self._small += self._run
        else:
            self._writer.write(bytes(self._run))
            self._cut()
            name, kind = _FILENAME.search(self._head), _TYPE.search(self._head)
            blob = replace(
                self._writer.close(),
                content_type=kind[1].strip() if kind else "text/plain",
                filename=name[1] if name else None,
            )
            self._pieces.append((blob, "raw"))
            self._writer = None
        self._run.clear()

    def _cut(self) -> None:
        if self._small:
            self._pieces.append(bytes(self._small))
            self._small.clear()
