"""JSON: long strings are lifted."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from lgsp.errors import InvalidMessage
from lgsp.lift.escapes import taken, utf8_cut
from lgsp.lift.lifter import THRESHOLD, BlobWriter, Lifter
from lgsp.model import FieldError

_BACKSLASH = 0x5C
_STRING_RUN = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_JSON_WHOLE = re.compile(
    rb"(?:[^\\]+|\\[^u]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*",
    re.DOTALL,
)


class JsonLifter(Lifter):
    """Lifts long JSON strings. Only strings are looked at; whether the rest is JSON is the codec's business."""

    def __init__(self, open_blob: Callable[[], BlobWriter], limit: int) -> None:
        super().__init__(open_blob, limit)
        self._inside = False
        self._run = bytearray()

    def _scan(self, chunk: bytes) -> None:
        if self._run and self._run[-1:] == b"\\":  # an escape cut by the chunk's edge may leave its backslash unmatched
            odd = (len(self._run) - len(self._run.rstrip(b"\\"))) % 2
            if odd:
                del self._run[-1:]
                chunk = b"\\" + chunk
        at = 0
        while at < len(chunk):
            if not self._inside:
                quote = chunk.find(b'"', at)
                if quote < 0:
                    self._small += chunk[at:]
                    return
                self._small += chunk[at : quote + 1]
                self._inside, at = True, quote + 1
                continue
            end = _end_of_run(chunk, at)
            self._take(chunk[at:end])
            if end == len(chunk):
                return
            if chunk[end] == 0x22:  # the closing quote
                self._close()
                self._small += b'"'
                self._inside, at = False, end + 1
            else:  # a backslash at the very edge: wait for what it escapes
                self._run += chunk[end:]
                return

    def _take(self, raw: bytes) -> None:
        self._run += raw
        if len(self._run) > THRESHOLD:
            if self._writer is None:
                self._writer = self._open()
            self._spill(_safe_json_cut(self._run))

    def _spill(self, upto: int) -> None:
        assert self._writer is not None
        if upto:
            self._writer.write(_json_text(taken(self._run, upto)))
        elif len(self._run) > 4 * THRESHOLD:  # an escape that never ends well
            raise InvalidMessage(errors=(FieldError("", "json: malformed string"),))

    def _close(self) -> None:
        if self._writer is None:
            self._small += self._run
            self._run.clear()
            return
        self._spill(len(self._run))
        self._add_blob(self._writer, "json")
        self._writer = None

    def _flush(self) -> None:
        if self._writer is not None:
            self._abandon()
            raise InvalidMessage(errors=(FieldError("", "json: the message ends inside a string"),))
        self._small += self._run


def _end_of_run(chunk: bytes, at: int) -> int:
    """Where the string ends, or its part in this chunk does: at a quote, at an escape that the edge cuts, or at the edge.

    An expression looks at a byte in a hundred times what a search takes, so it is asked only where an escape stands before
    the quote."""
    quote = chunk.find(b'"', at)
    end = quote if quote >= 0 else len(chunk)
    if end == at or chunk[end - 1] != _BACKSLASH:
        return end
    match = _STRING_RUN.match(chunk, at)
    return match.end() if match else at


def _safe_json_cut(run: bytearray) -> int:
    """The end of the last whole character: no escape, surrogate pair or UTF-8 sequence is cut in two."""
    match = _JSON_WHOLE.match(run)
    end = match.end() if match else 0
    return utf8_cut(run) if end == len(run) else end


def _json_text(raw: bytes) -> bytes:
    try:
        text: str = msgspec.json.decode(b'"' + raw + b'"', type=str)
        return text.encode()
    except (msgspec.DecodeError, UnicodeError):
        raise InvalidMessage(errors=(FieldError("", "json: malformed string"),)) from None
