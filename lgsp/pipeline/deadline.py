"""Deadline: one finite moment that every later step inherits (RULES 6)."""

from __future__ import annotations

from lgsp.deadlines import Net
from lgsp.errors import Timeout
from lgsp.exchange import Deadline as Moment
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data
from lgsp.runtime import Clock

HARD_SECONDS = 120.0
GRACE_SECONDS = 0.05
"""Steps that wait end at the deadline by themselves and say what they know; the net below catches one that does not."""


class Deadline:
    """Sets the widest deadline there is, or what the caller asks for; `Identify` narrows it to the operation's limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._net = clock, Net(clock)

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        seconds = within(HARD_SECONDS, exchange.wanted_timeout)
        exchange.deadline = Moment(exchange.started + seconds)
        try:
            with self._net.until(max(exchange.deadline.at, self._clock.monotonic()) + GRACE_SECONDS):
                return await handler(exchange)
        except TimeoutError:
            raise Timeout() from None


def within(limit: float, wanted: float | None) -> float:
    """Seconds: what the caller wants, at most the limit; nonsense counts as not said."""
    return min(limit, wanted) if wanted is not None and wanted > 0 else limit
