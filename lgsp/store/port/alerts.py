"""Alerts by cause, and where they are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from lgsp.model import Text

RouteKind = Literal["webhook", "email"]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """`cause` names what is wrong and where: while it stands there is one alert of it, however often it is seen."""

    id: str
    cause: str
    kind: str
    severity: int
    text: Text
    raised: datetime
    cleared: datetime | None = None
    acknowledged: datetime | None = None
    by: str = ""
    """Who has taken it upon himself."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Where alerts from that severity up are sent. `secrets` of a webhook are encrypted; mail has none."""

    id: str
    kind: RouteKind
    target: str
    secrets: bytes = field(repr=False)
    least: int
    since: datetime
    by: str


class Alerts(Protocol):
    async def raised(self, row: AlertRow) -> bool:
        """False and nothing written where an alert of this cause stands."""

    async def cleared(self, alert: str, at: datetime) -> bool: ...
    async def acknowledge(self, alert: str, by: str, note: str, at: datetime) -> bool:
        """False where there is none, or somebody has it already."""

    async def standing(self) -> list[AlertRow]:
        """Those not cleared: the gravest first, then the oldest."""

    async def past(self, limit: int) -> list[AlertRow]:
        """Those cleared, the newest first."""

    async def put_route(self, row: RouteRow) -> None: ...
    async def drop_route(self, route: str) -> bool: ...
    async def routes(self) -> list[RouteRow]: ...
