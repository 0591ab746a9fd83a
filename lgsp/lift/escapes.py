"""How text is written in a message, and what that makes of its size."""

from __future__ import annotations

import re
from typing import Literal

from lgsp.model import Blob

Escape = Literal["json", "xml", "raw"]
Piece = bytes | tuple[Blob, Escape]

_JSON_ESCAPE = re.compile(r'["\\\x00-\x1f]')
_JSON_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_XML_ESCAPE = re.compile(r"[&<>\r]")
_XML_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


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


def taken(run: bytearray, upto: int) -> bytes:
    """The beginning of a run, and no longer in it. Copied once."""
    with memoryview(run) as view:
        raw = bytes(view[:upto])
    del run[:upto]
    return raw
