"""What every store may fail with."""

from __future__ import annotations


class StoreFailed(Exception):
    """The database did not take it: disk full, input/output error, closed. Nothing of the transaction stands."""


class StoreBusy(Exception):
    """Another process owns this data folder."""
