"""Structured values in a column of either database: JSON text by msgspec."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_text(record: Any) -> str:
    return msgspec.json.encode(record).decode()


def from_text(text: str, shape: type[T]) -> T:
    return msgspec.json.decode(text, type=shape)
