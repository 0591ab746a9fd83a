"""What is no longer needed goes: growth has a bound."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what has ended is kept. What is still to be done, delivered or read is never taken away by its age."""

    bodies: timedelta = timedelta(days=30)
    """Message and outcome of a submission that has ended, encrypted; after that its record says only how it ended."""
    submissions: timedelta = timedelta(days=400)
    inbox: timedelta = timedelta(days=400)
    """The key of an acknowledged item, by which a repetition is known."""
    counts: timedelta = timedelta(days=400)
    health: timedelta = timedelta(days=400)


class Pruning(Protocol):
    async def step(self, now: datetime, keep: Keep) -> int:
        """One small step, each part of it a short transaction: how many records went. 0 where nothing is left to do.

        Idempotency keys, tokens, sessions and signatures seen before carry their own end and go after it.
        """
