"""Around the codec: blobs become short placeholders and come back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from lgsp.lift.escapes import Escape, Piece, escaped_size
from lgsp.model import Blob, Data, Spooled

_MARK = "lgspBlob"


def with_placeholders(body: Spooled) -> tuple[bytes, dict[str, Blob]]:
    """The message small enough to parse, and which placeholder stands for which blob."""
    if len(body.pieces) == 1 and isinstance(body.pieces[0], bytes):
        return body.pieces[0], {}  # nothing was large, and it need not stand here twice
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
