"""Form bodies between fields and bytes: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from lgsp import lift
from lgsp.errors import InvalidMessage
from lgsp.model import Blob, FieldError, Spooled

_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'[;\s]name="([^"]*)"', re.IGNORECASE)
MAX_PARTS = 200


def plain(value: Any) -> str:
    """A value as it stands in a URL, a header or a form field; lists and objects as JSON."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            return msgspec.json.encode(value).decode()


def pairs(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields in order; a list is a repeated field, null an absent one."""
    return [
        (name, plain(item))
        for name, value in data.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def write_urlencoded(data: Mapping[str, Any]) -> bytes:
    return urlencode(pairs(data)).encode()


def read_urlencoded(raw: bytes) -> list[tuple[str, str]]:
    try:
        text = raw.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise InvalidMessage(errors=(FieldError("", "form"),)) from error


def write_multipart(data: Mapping[str, Any], files: Mapping[str, Blob | str]) -> tuple[str, bytes | Spooled]:
    """Content type and body. `files` are sent with a file name; a `Blob` keeps its file."""
    small, blobs = lift.lower(dict(files))
    parts: list[bytes] = []
    for name, text in pairs(data):
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode())
    for name, file in files.items():
        kind, label = "application/octet-stream", name
        if isinstance(file, Blob):
            kind, label = file.content_type, file.filename or name
        label = re.sub(r'["\r\n]', "_", label)
        head = f'Content-Disposition: form-data; name="{name}"; filename="{label}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(f"{head}{small[name]}".encode())
    # derived from the content: the same message gives the same bytes, and no part can hold its own digest
    boundary = "lgsp-" + hashlib.sha256(b"\0".join(parts)).hexdigest()[:40]
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", lift.split(body, blobs, "raw")


def read_multipart(content_type: str, raw: bytes) -> Iterator[tuple[str, str]]:
    """Name and text of each part; a part that is not UTF-8 text is refused."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise InvalidMessage(errors=(FieldError("", "multipart-boundary"),))
    mark = b"--" + found[1].encode()
    sections = (b"\r\n" + raw).split(b"\r\n" + mark)
    if len(sections) < 2 or not sections[-1].startswith(b"--") or len(sections) > MAX_PARTS:
        raise InvalidMessage(errors=(FieldError("", "multipart"),))
    for section in sections[1:-1]:
        head, gap, content = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head.decode("utf-8", "replace"))
        if not gap or name is None:
            raise InvalidMessage(errors=(FieldError("", "multipart"),))
        try:
            yield name[1], content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidMessage(errors=(FieldError(f"/{name[1]}", "utf-8"),)) from error
