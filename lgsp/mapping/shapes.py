"""Odd leaves and odd lists: what ministries send, in one shape."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from lgsp.model import Data


def text_of(value: object) -> str:
    """A leaf as the ministries write it, in NFC: nothing is "", true is `true`, 3.0 is `3`."""
    if type(value) is str:  # nearly every leaf, and mappings are nothing but leaves
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value))


def listed(value: Any) -> list[Any]:
    """Always a list: nothing is [], one thing is [it]."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def texts(part: object) -> Data:
    """The leaves of an element as text, attributes and empty ones left out; {} for what has no members."""
    found: Data = {}
    if isinstance(part, dict):
        for name, value in part.items():
            if value.__class__ is str:
                if value and name[:1] != "@":
                    found[name] = value if value.isascii() else unicodedata.normalize("NFC", value)
            elif value.__class__ is not dict and value.__class__ is not list and value is not None and name[:1] != "@":
                found[name] = text_of(value)
    return found


def filled(data: Mapping[str, Any]) -> Data:
    """Without members that say nothing (None, "", {}, []), to any depth: absent is absent in public answers."""
    left: Data = {}
    for name, value in data.items():
        kept = value if value.__class__ is str or value is None else _kept(value)
        if kept or kept not in _NOTHING:
            left[name] = kept
    return left


_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def _kept(value: Any) -> Any:
    if type(value) is dict or isinstance(value, Mapping):
        return filled(value)
    return [_kept(item) for item in value] if isinstance(value, list) else value
