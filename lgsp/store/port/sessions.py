"""Who is signed in to the console, and how often somebody guessed wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One signed-in person, known by the digest of a token. `role` is the operator's own, of this moment."""

    token: bytes
    operator: str
    role: str
    began: datetime
    seen: datetime
    ends: datetime


class Sessions(Protocol):
    async def begin(self, token: bytes, operator: str, now: datetime, ends: datetime) -> None:
        """What is over goes with it."""

    async def get(self, token: bytes, now: datetime, idle_since: datetime) -> SessionRecord | None:
        """None where it is over, idle, its operator disabled, or the password newer than the session."""

    async def seen(self, token: bytes, now: datetime) -> None: ...
    async def end(self, token: bytes) -> bool: ...
    async def end_all(self, operator: str) -> int:
        """How many there were."""

    async def guessed(self, targets: tuple[bytes, ...], now: datetime, until: datetime) -> None:
        """One more wrong guess for each; it is remembered until then."""

    async def guesses(self, targets: tuple[bytes, ...], now: datetime) -> list[tuple[int, datetime]]:
        """(failures, remembered until) of each, in the order asked."""

    async def forgive(self, target: bytes) -> None: ...
