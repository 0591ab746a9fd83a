"""What every store may fail with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class StoreFailed(Exception):
    """The database did not take it: disk full, input/output error, connection lost, closed.

    Nothing of the transaction stands; only where the connection was lost during the commit itself may it stand unsaid.
    """


@dataclass(frozen=True, slots=True)
class Trouble:
    """Since when writes fail, and the last reason (the text of a `StoreFailed`)."""

    since: datetime
    reason: str


class StoreBusy(Exception):
    """Another process owns this data folder, or writes this chain of evidence."""


class StoreRefused(Exception):
    """The database cannot be used: it cannot be reached at the start, or other keys belong to it. The text says what to do."""
