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


def filled(data: Mapping[str, Any]) -> Data:
    """Without members that say nothing (None, "", {}, []), to any depth: absent is absent in public answers."""
    return {
        name: kept
        for name, value in data.items()
        if (kept := value if type(value) is str else _kept(value)) or kept not in _NOTHING
    }


_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def _kept(value: Any) -> Any:
    if type(value) is dict or isinstance(value, Mapping):
        return filled(value)
    return [_kept(item) for item in value] if isinstance(value, list) else value
