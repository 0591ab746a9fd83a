"""XML: long element text and CDATA are lifted."""

from __future__ import annotations

import re
from collections.abc import Callable

from lgsp.errors import InvalidMessage
from lgsp.lift.escapes import taken, utf8_cut
from lgsp.lift.lifter import THRESHOLD, BlobWriter, Lifter
from lgsp.model import FieldError

_TAG = re.compile(rb"""<[^"'<>]*(?:"[^"]*"[^"'<>]*|'[^']*'[^"'<>]*)*>""", re.DOTALL)
_ENTITY = re.compile(rb"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));")
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"', b"apos": "'"}
_LEGAL = bytes(set(range(0x100)) - set(range(0x20)) | set(b"\t\n\r"))
"""Without these nothing may be left: a tenth of what an expression takes for that."""


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
            self._writer.write(_xml_text(taken(self._run, upto), cdata=cdata))

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


def _safe_xml_cut(run: bytearray) -> int:
    amp = run.find(b"&", max(len(run) - 12, 0))
    if amp >= 0:
        return amp
    return utf8_cut(run) - (1 if run.endswith(b"\r") else 0)


def _xml_text(raw: bytes, *, cdata: bool) -> bytes:
    bad = InvalidMessage(errors=(FieldError("", "xml: malformed text"),))
    if raw.translate(None, _LEGAL):
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
