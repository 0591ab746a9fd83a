"""Several processes on one store: news between them, what only one of them does, what they share out.

Nothing here is durable. News tell that a record has changed, so who was away reads the records again (`AGAIN`); a lease
ends with its time or its holder, so a process that dies hands over without anybody's help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

HEALTH, STAGE, POLICY, SUBMISSIONS, REGISTRY = "health", "stage", "policy", "submissions", "registry"
READERS = "readers"
"""Topics. A topic that nobody subscribes to costs nothing."""
AGAIN = "again"
"""The topic of a gap: news may have been missed, everything is read again. `by` is empty, the body too."""
GONE = "gone"
"""The topic of an end: the member named in the body is no more, what it was working on has nobody."""
LONGEST = 7000
"""Bytes of a body: PostgreSQL takes 8,000 with what goes around it."""


@dataclass(frozen=True, slots=True)
class Change:
    """`by` is the member that published it. Bodies are JSON, at most `LONGEST` bytes."""

    topic: str
    body: bytes
    by: str


Hear = Callable[[Change], Awaitable[None]]
"""Takes the news in. What it raises is nobody's business but its own."""


class Changes(Protocol):
    """News reach the other members within a second, in the order of each publisher; never the publisher itself."""

    @property
    def member(self) -> str:
        """This process's name among the others: no two that live have the same."""

    @property
    def alone(self) -> bool:
        """There can be no other member: nothing need be told."""

    async def publish(self, topic: str, body: bytes) -> None:
        """Told when it returns. Within one machine every other process has taken it in, or has not answered for a second.

        Raises `StoreFailed`.
        """

    def subscribe(self, topic: str, hear: Hear) -> None: ...


class Leases(Protocol):
    """What only one process of the installation does at a time."""

    async def take(self, name: str, seconds: float) -> bool:
        """True: this member holds it for so long from now, also where it held it before. False: another one does."""

    async def release(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Drawn:
    given: int
    left: int
    """What nobody has drawn yet."""


class Allowances(Protocol):
    """What all processes together may spend of a limit in one window; drawn in blocks, so that a call costs no question."""

    async def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        """Up to so many of this window for this member to spend: all members together never get more than `limit`.

        `window` is a number that grows; what is older than the newest one of a name may be forgotten.
        """
