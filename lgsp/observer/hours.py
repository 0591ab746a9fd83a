"""Observed calls by the hour, in the form that the store keeps: under names that no system has, so that nothing mixes in."""

from __future__ import annotations

from datetime import datetime

from lgsp.health.counts import PROBE, Key

OBSERVED = "observed:"
"""Before a system's name; and no consumer: whoever counts the bus's own calls finds none of these."""


def observed(system: str, operation: str, outcome: str, at: datetime) -> Key:
    """Under which a line of another gateway's log is counted."""
    return f"{OBSERVED}{system}", operation, PROBE, at.replace(minute=0, second=0, microsecond=0), outcome
