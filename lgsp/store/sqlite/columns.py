"""How values stand in SQLite's columns: moments as microseconds, records as JSON by msgspec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(value: datetime) -> int:
    """Whole microseconds, so that what was written is what is read."""
    return (value - _EPOCH) // _MICROSECOND


def optional_moment(value: datetime | None) -> int | None:
    return None if value is None else moment(value)


def from_moment(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def optional_from_moment(value: int | None) -> datetime | None:
    return None if value is None else from_moment(value)


def to_text(record: Any) -> str:
    return msgspec.json.encode(record).decode()


def from_text(text: str, shape: type[T]) -> T:
    return msgspec.json.decode(text, type=shape)
