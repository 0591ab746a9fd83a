"""How well every system is: an observation with since when, why and on which evidence. Never verified is unknown."""

from lgsp.health.book import HealthBook
from lgsp.health.breaker import BreakerPolicy
from lgsp.health.counts import BOUNDS, Counts
from lgsp.health.history import History
from lgsp.health.keeper import HealthKeeper
from lgsp.health.link import Link, SystemHealth, UpstreamHealth, Verdict
from lgsp.health.permit import Permit

__all__ = [
    "BOUNDS",
    "BreakerPolicy",
    "Counts",
    "HealthBook",
    "HealthKeeper",
    "History",
    "Link",
    "Permit",
    "SystemHealth",
    "UpstreamHealth",
    "Verdict",
]
