"""Beside an existing gateway: its access log is read and counted as observed, while no traffic moves."""

from __future__ import annotations

from lgsp.observer.book import ObservedBook
from lgsp.observer.follow import follow
from lgsp.observer.keeping import Keeping
from lgsp.observer.lines import FORMATS, read
from lgsp.observer.matching import Matching

__all__ = ["FORMATS", "Keeping", "Matching", "ObservedBook", "follow", "read"]
