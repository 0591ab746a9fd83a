"""Beside an existing gateway: its access log is read and counted as observed, while no traffic moves."""

from __future__ import annotations

from pathlib import Path

from lgsp.observer.book import ObservedBook
from lgsp.observer.follow import follow
from lgsp.observer.lines import FORMATS, read
from lgsp.observer.matching import Matching
from lgsp.runtime import Runtime

__all__ = ["FORMATS", "Matching", "ObservedBook", "watch"]


async def watch(book: ObservedBook, log: Path, how: str, runtime: Runtime) -> None:
    """For the supervised group; ends by being cancelled. What is in the file already is read once, then what comes."""
    async for lines in follow(log, runtime):
        for line in await runtime.offload(lambda lines=lines: [read(raw, how) for raw in lines]):  # type: ignore[misc]  # default binds now
            book.take(line)
