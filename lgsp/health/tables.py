"""The state machines as tables: what is not in a table leaves the state as it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from lgsp.model import Health

BreakerState = Literal["closed", "open", "half-open"]
BreakerSignal = Literal["tripped", "rested", "passed", "failed"]

BREAKER: Mapping[tuple[BreakerState, BreakerSignal], BreakerState] = MappingProxyType(
    {
        ("closed", "tripped"): "open",  # the window says so
        ("open", "rested"): "half-open",  # its pause is over and somebody asks
        ("half-open", "passed"): "closed",
        ("half-open", "failed"): "open",
    }
)


class Signal(StrEnum):
    """What the last observation, seen together with its window, says of a system or an upstream."""

    WELL = "well"
    """No failure in sight, or calm for long enough after the last one."""
    BETTER = "better"
    """A success, but the failures are fresh."""
    HURT = "hurt"
    """Failures that somebody notices."""
    SLOW = "slow"
    """Answers, but so late that callers wait for nothing else."""
    DEAD = "dead"
    """Failures wherever one looks."""
    PAUSED = "paused"
    """A maintenance window begins."""
    RESUMED = "resumed"


HEALTH: Mapping[tuple[Health, Signal], Health] = MappingProxyType(
    {
        (Health.UNKNOWN, Signal.WELL): Health.UP,
        (Health.UNKNOWN, Signal.BETTER): Health.DEGRADED,
        (Health.UNKNOWN, Signal.HURT): Health.DOWN,  # nothing good has ever been seen of it
        (Health.UNKNOWN, Signal.DEAD): Health.DOWN,
        (Health.UP, Signal.HURT): Health.DEGRADED,
        (Health.UNKNOWN, Signal.SLOW): Health.DEGRADED,
        (Health.UP, Signal.SLOW): Health.DEGRADED,
        (Health.DOWN, Signal.SLOW): Health.DEGRADED,
        (Health.UP, Signal.DEAD): Health.DOWN,
        (Health.DEGRADED, Signal.WELL): Health.UP,
        (Health.DEGRADED, Signal.DEAD): Health.DOWN,
        (Health.DOWN, Signal.BETTER): Health.DEGRADED,
        (Health.DOWN, Signal.WELL): Health.UP,
        (Health.UNKNOWN, Signal.PAUSED): Health.MAINTENANCE,
        (Health.UP, Signal.PAUSED): Health.MAINTENANCE,
        (Health.DEGRADED, Signal.PAUSED): Health.MAINTENANCE,
        (Health.DOWN, Signal.PAUSED): Health.MAINTENANCE,
        (Health.MAINTENANCE, Signal.RESUMED): Health.UNKNOWN,  # never verified since is unknown, never up
    }
)
