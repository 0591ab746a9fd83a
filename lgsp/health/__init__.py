"""How well every system is: an observation with since when, why and on which evidence. Never verified is unknown."""

from lgsp.health.book import HealthBook, Permit, SystemHealth, UpstreamHealth
from lgsp.health.breaker import BreakerPolicy
from lgsp.health.counts import BOUNDS, Counts
from lgsp.health.keeper import HealthKeeper

__all__ = [
    "BOUNDS",
    "BreakerPolicy",
    "Counts",
    "HealthBook",
    "HealthKeeper",
    "Permit",
    "SystemHealth",
    "UpstreamHealth",
]
