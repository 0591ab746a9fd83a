"""Takes large strings out of a message while it streams past, so that a 50 MB document never stands in memory.

A lifter is fed the chunks of a JSON or XML message. What it lets through is the message itself with every string
value (JSON) or run of element text (XML) above `THRESHOLD` taken out to a `Blob`: a `Spooled` of small bytes and blobs
in turn. Codecs never see blobs: `with_placeholders` swaps each for a short text that is valid base64, `restore` swaps it
back, and `lower`/`split` do the same on the way out.

    chunks --lifter--> Spooled --with_placeholders--> small bytes --codec--> Data --restore--> Data with Blobs
    Data with Blobs --lower--> Data --codec--> bytes --split--> Spooled --pieces--> socket

Escapes are decoded on the way into a blob and written again on the way out, so a blob holds the text itself.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import msgspec

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.model import Blob, Data, FieldError, Spooled

THRESHOLD = 64 * 1024
"""Bytes of raw text above which a string is lifted."""

Escape = Literal["json", "xml", "raw"]
Piece = bytes | tuple[Blob, Escape]

_MARK = "lgspBlob"
_STRING_RUN = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_JSON_WHOLE = re.compile(
    rb"(?:[^\\]+|\\[^u]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*",
    re.DOTALL,
)
_TAG = re.compile(rb"""<[^"'<>]*(?:"[^"]*"[^"'<>]*|'[^']*'[^"'<>]*)*>""", re.DOTALL)
_ENTITY = re.compile(rb"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));")
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"', b"apos": "'"}
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_JSON_ESCAPE = re.compile(r'["\\\x00-\x1f]')
_JSON_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_XML_ESCAPE = re.compile(r"[&<>\r]")
_XML_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class BlobWriter(Protocol):
    """Where lifted text goes: `lgsp.spool` writes a file, a test a list."""

    def write(self, text: bytes) -> None: ...
    def close(self) -> Blob: ...


class Lifter(ABC):
    """Fed chunks, keeps pieces. `limit` bounds the whole message in bytes; breaking it raises `TooLarge`."""

    def __init__(self, open_blob: Callable[[], BlobWriter], limit: int) -> None:
        self._open, self._limit = open_blob, limit
        self._pieces: list[Piece] = []
        self._small = bytearray()
        self._seen = 0
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
            self._small.clear()

    def _add_blob(self, writer: BlobWriter, escape: Escape) -> None:
        self._cut()
        self._pieces.append((writer.close(), escape))


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
            match = _STRING_RUN.match(chunk, at)
            end = match.end() if match else at
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
            self._writer.write(_json_text(bytes(self._run[:upto])))
            del self._run[:upto]
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


class XmlLifter(Lifter):
    """Lifts long element text and CDATA. UTF-8 only: a message in another encoding passes unlifted."""

    def __init__(self, open_blob: Callable[[], BlobWriter], limit: int) -> None:
        super().__init__(open_blob, limit)
        self._rest = bytearray()
        self._in_cdata = False
        self._utf8: bool | None = None
        self._run = bytearray()

    def _scan(self, chunk: bytes) -> None:
        self._rest += chunk
        if self._utf8 is None:
            if len(self._rest) < 128 and self._rest.find(b"?>") < 0 and len(self._rest) < 4:
                return
            self._utf8 = _is_utf8(bytes(self._rest[:256]))
        if not self._utf8:
            self._small += self._rest
            self._rest.clear()
            return
        data, at = bytes(self._rest), 0
        while at < len(data):
            step = self._step(data, at)
            if step == at:
                break
            at = step
        self._rest = bytearray(data[at:])
        if len(self._rest) > THRESHOLD * 4:
            raise InvalidMessage(errors=(FieldError("", "xml: a tag or comment is too long"),))

    def _step(self, data: bytes, at: int) -> int:
        """Consumes one run of text or one piece of markup; returns `at` where more bytes are needed."""
        if self._in_cdata:
            end = data.find(b"]]>", at)
            if end < 0:
                upto = max(at, len(data) - 2)
                self._take(data[at:upto], cdata=True)
                return upto
            self._take(data[at:end], cdata=True)
            self._end_text(cdata=True)
            self._in_cdata = False
            return end + 3
        if data[at] != 0x3C:
            end = data.find(b"<", at)
            self._take(data[at : end if end >= 0 else len(data)], cdata=False)
            return end if end >= 0 else len(data)
        self._end_text(cdata=False)  # markup begins, maybe in a later chunk than its text ended
        for opening, closing in ((b"<!--", b"-->"), (b"<?", b"?>")):
            if data.startswith(opening, at):
                end = data.find(closing, at + len(opening))
                return at if end < 0 else self._copy(data, at, end + len(closing))
        if data.startswith(b"<![CDATA[", at):
            self._in_cdata = True
            return at + 9
        if data.startswith(b"<!", at):  # a DOCTYPE, refused by the parser: pass it on whole
            if len(data) - at < 9:
                return at
            return self._copy(data, at, len(data))
        match = _TAG.match(data, at)
        return self._copy(data, at, match.end()) if match else at

    def _copy(self, data: bytes, at: int, end: int) -> int:
        self._small += data[at:end]
        return end

    def _take(self, raw: bytes, *, cdata: bool) -> None:
        self._run += raw
        if len(self._run) > THRESHOLD:
            if self._writer is None:
                self._writer = self._open()
            self._spill(_safe_xml_cut(self._run), cdata=cdata)

    def _spill(self, upto: int, *, cdata: bool) -> None:
        assert self._writer is not None
        if upto:
            self._writer.write(_xml_text(bytes(self._run[:upto]), cdata=cdata))
            del self._run[:upto]

    def _end_text(self, *, cdata: bool) -> None:
        if self._writer is None:
            if not self._run:
                return
            self._small += b"<![CDATA[" + bytes(self._run) + b"]]>" if cdata else bytes(self._run)
            self._run.clear()
            return
        self._spill(len(self._run), cdata=cdata)
        self._add_blob(self._writer, "xml")
        self._writer = None

    def _flush(self) -> None:
        if self._writer is not None:
            self._abandon()
            raise InvalidMessage(errors=(FieldError("", "xml: the message ends inside a text"),))
        self._small += self._run + self._rest


# --- around the codec ---------------------------------------------------------------------------------------------


def with_placeholders(body: Spooled) -> tuple[bytes, dict[str, Blob]]:
    """The message small enough to parse, and which placeholder stands for which blob."""
    out, blobs = bytearray(), {}
    for piece in body:
        if isinstance(piece, bytes):
            out += piece
        else:
            name = _placeholder(piece[0])
            blobs[name] = piece[0]
            out += name.encode()
    return bytes(out), blobs


def restore(data: Data, blobs: Mapping[str, Blob]) -> Data:
    """The decoded message with its blobs back in their places."""
    if not blobs:
        return data
    restored = _walk(data, lambda text: blobs.get(text, text) if text.startswith(_MARK) else text)
    assert isinstance(restored, dict)
    return restored


def lower(data: Data) -> tuple[Data, dict[str, Blob]]:
    """The message with a placeholder for each blob, and which stands for which, in the order of the message."""
    blobs: dict[str, Blob] = {}
    if not has_blob(data):
        return data, blobs

    def name(blob: Blob) -> str:
        key = _placeholder(blob)
        blobs[key] = blob
        return key

    lowered = _walk(data, lambda text: text, name)
    assert isinstance(lowered, dict)
    return lowered, blobs


def has_blob(data: Any) -> bool:
    """Whether a message carries a blob anywhere."""
    members = data.values() if isinstance(data, dict) else data if isinstance(data, list) else (data,)
    for value in members:  # every message is looked through, so a leaf costs no call
        kind = type(value)
        if kind is Blob or ((kind is dict or kind is list) and has_blob(value)):
            return True
    return False


def split(encoded: bytes, blobs: Mapping[str, Blob], escape: Escape) -> bytes | Spooled:
    """The encoded message with its blobs back in their places; plain bytes where there are none."""
    if not blobs:
        return encoded
    parts = re.split(b"(" + b"|".join(name.encode() for name in blobs) + b")", encoded)
    pieces: list[Piece] = [
        (blobs[part.decode()], escape) if index % 2 else part for index, part in enumerate(parts) if part
    ]
    size = sum(len(p) if isinstance(p, bytes) else escaped_size(*p) for p in pieces)
    return Spooled(tuple(pieces), size)


def escaped_size(blob: Blob, escape: Escape) -> int:
    """Bytes that a blob takes where it is written."""
    return {"json": blob.json_size, "xml": blob.xml_size, "raw": blob.size}[escape]


def escaped(text: str, escape: Escape) -> bytes:
    """One piece of a blob's text as it is written: JSON string content, XML element text, or itself."""
    if escape == "json":
        text = _JSON_ESCAPE.sub(lambda m: _JSON_SHORT.get(m[0]) or f"\\u{ord(m[0]):04x}", text)
    elif escape == "xml":
        text = _XML_ESCAPE.sub(lambda m: _XML_NAMED[m[0]], text)
    return text.encode()


def utf8_cut(raw: bytes | bytearray) -> int:
    """The largest length that does not cut a UTF-8 sequence."""
    for back in range(1, min(4, len(raw)) + 1):
        byte = raw[-back]
        if byte < 0x80:
            return len(raw)
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(raw) if back >= need else len(raw) - back
    return len(raw)


# --- details ------------------------------------------------------------------------------------------------------


def _placeholder(blob: Blob) -> str:
    """48 characters that are valid base64. The path holds an id that nobody outside can know, so no caller can forge one."""
    return _MARK + hashlib.sha256(str(blob.path).encode()).hexdigest()[:40]


def _walk(value: Any, text: Callable[[str], Any], blob: Callable[[Blob], Any] | None = None) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, text, blob) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, text, blob) for item in value]
    if isinstance(value, str):
        return text(value)
    if blob is not None and isinstance(value, Blob):
        return blob(value)
    return value


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


def _safe_xml_cut(run: bytearray) -> int:
    amp = run.find(b"&", max(len(run) - 12, 0))
    if amp >= 0:
        return amp
    return utf8_cut(run) - (1 if run.endswith(b"\r") else 0)


def _xml_text(raw: bytes, *, cdata: bool) -> bytes:
    bad = InvalidMessage(errors=(FieldError("", "xml: malformed text"),))
    if _ILLEGAL.search(raw):
        raise bad
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        raw.decode()
        if not cdata and b"&" in raw:
            if raw.count(b"&") != len(_ENTITY.findall(raw)):
                raise bad
            raw = _ENTITY.sub(_entity, raw)
    except (UnicodeError, ValueError, OverflowError):
        raise bad from None
    return raw


def _entity(match: re.Match[bytes]) -> bytes:
    if match[3]:
        return _NAMED[match[3]].encode()
    code = int(match[1], 16) if match[1] else int(match[2])
    text = chr(code)
    if (code < 0x20 and text not in "\t\n\r") or code in (0xFFFE, 0xFFFF):
        raise ValueError("not an XML character")
    return text.encode()


def _is_utf8(start: bytes) -> bool:
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    declared = re.search(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""", start)
    return declared is None or declared[1].lower() in (b"utf-8", b"utf8", b"us-ascii")
