"""How values stand in SQLite's columns: moments as microseconds, records as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lgsp.store.columns import from_text, to_text

__all__ = ["from_moment", "from_text", "moment", "optional_from_moment", "optional_moment", "to_text"]

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
