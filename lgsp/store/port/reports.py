"""Reports that were filed, each with the figures as they were on the day that it was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ReportRow:
    """`name` is the period, "2026-10"; `facts` what every form of the report is made of."""

    name: str
    first: date
    last: date
    made: datetime
    by: str
    facts: bytes = field(repr=False)


class Reports(Protocol):
    async def add(self, row: ReportRow) -> bool:
        """False and nothing written where that period is filed already."""

    async def get(self, name: str) -> ReportRow | None: ...
    async def newest(self, limit: int) -> list[ReportRow]:
        """Those of the latest periods first."""
