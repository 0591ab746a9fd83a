"""JSON as it comes from outside, read strictly: no doubled key, no NaN, UTF-8 only, bounded depth and count (RULES 17)."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import msgspec

from lgsp.errors import InvalidMessage
from lgsp.model import FieldError

MAX_DEPTH = 64
MAX_VALUES = 100_000
"""Of one message. An empty list takes three bytes of text and sixty of memory, so they are counted before they are made."""
_BOM = b"\xef\xbb\xbf"
_NEITHER = bytes(set(range(256)) - set(b'",[{'))
_PIECE = 64 * 1024
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')


def strict_json(raw: bytes) -> Any:
    """The value. Raises `InvalidMessage` with the rule "json", "json:utf-8", "json:depth", "json:values" or
    "json:doubled key"."""
    if raw.startswith(_BOM):
        raw = raw[3:]
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_VALUES and _too_many(raw):
        raise _refused(f"json:values {MAX_VALUES}")
    try:
        value = msgspec.json.decode(raw)
    except UnicodeDecodeError as error:
        raise _refused("json:utf-8") from error
    except RecursionError as error:
        raise _refused(f"json:depth {MAX_DEPTH}") from error
    except ValueError as error:  # msgspec.DecodeError and numbers out of range
        raise _refused("json") from error
    keys = _count(value, 1)
    # msgspec lets the last of doubled keys win. Every key is followed by a colon: where no blank stands between and
    # the pairs in the text are as many as the keys in the value, no key was doubled. Else a slower reader decides.
    if keys != raw.count(b'":') or (_blank_before_colon(raw) and _SPACED_KEY.search(raw) is not None):
        _refuse_doubled(raw)
    return value


def _too_many(raw: bytes) -> bool:
    """A value more with each comma and each bracket that opens, outside of text. In pieces: this is about memory."""
    marks = raw.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NEITHER)
    count, inside = 1, 0
    for at in range(0, len(marks), _PIECE):
        parts = marks[at : at + _PIECE].split(b'"')
        count += sum(map(len, parts[inside::2]))
        inside ^= (len(parts) - 1) & 1
        if count > MAX_VALUES:
            return True
    return False


def _blank_before_colon(raw: bytes) -> bool:
    """Cheaper than the expression, and nearly always false."""
    return b" :" in raw or b"\n:" in raw or b"\t:" in raw or b"\r:" in raw


def _count(value: Any, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise _refused(f"json:depth {MAX_DEPTH}")
    kind = value.__class__
    if kind is dict:
        count = len(value)
        for item in value.values():
            if item.__class__ is dict or item.__class__ is list:
                count += _count(item, depth + 1)
        return count
    if kind is list:
        count = 0
        for item in value:
            if item.__class__ is dict or item.__class__ is list:
                count += _count(item, depth + 1)
        return count
    return 0


def _refuse_doubled(raw: bytes) -> None:
    def pairs(found: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in found}) != len(found):
            raise _refused("json:doubled key")

    def constant(_: str) -> NoReturn:
        raise _refused("json")

    json.loads(raw, object_pairs_hook=pairs, parse_constant=constant, parse_int=len, parse_float=len)


def _refused(rule: str) -> InvalidMessage:
    return InvalidMessage(errors=(FieldError("", rule),))
