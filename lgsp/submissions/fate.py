"""What an error says about an update: has it taken effect? One table of judgement for callers' calls and deliveries."""

from __future__ import annotations

from enum import StrEnum

from lgsp.errors import (
    CallerFault,
    CircuitOpen,
    ConnectFailed,
    LgspError,
    Maintenance,
    Overloaded,
    PolicyFault,
    ProviderFault,
    Unavailable,
    UnknownOperation,
)
from lgsp.exchange import Exchange


class Fate(StrEnum):
    REFUSED = "refused"
    """Known not to have taken effect, and asking again unchanged gives the same."""
    UNSENT = "unsent"
    """Known not to have taken effect: no byte left, so it may be asked again."""
    UNKNOWN = "unknown"
    """A byte may have left and no answer says what became of it (RULES 4)."""


AWAY = (CircuitOpen, ConnectFailed, Maintenance)
"""The system is not there: an update whose manifest says `when_away` is kept for it."""


def fate(error: BaseException, exchange: Exchange) -> Fate:
    """`exchange.asked` is set before the first byte can leave, so what failed earlier was surely not sent."""
    if isinstance(error, PolicyFault | UnknownOperation):
        return Fate.UNSENT
    if isinstance(error, ProviderFault | CallerFault):
        return Fate.REFUSED
    if not exchange.asked:
        return Fate.UNSENT
    # a second try that is refused at the door proves nothing about the first
    if any(attempt.reached and attempt.outcome != "business" for attempt in exchange.attempts):
        return Fate.UNKNOWN
    if isinstance(error, Unavailable) and not error.reached:
        return Fate.UNSENT
    return Fate.UNKNOWN


def waits(error: BaseException) -> bool:
    """A delivery that met this waits for better times; anything else that was not sent is a defect of ours."""
    return isinstance(error, Unavailable | PolicyFault | UnknownOperation | Overloaded) or (
        isinstance(error, LgspError) and error.retryable
    )
