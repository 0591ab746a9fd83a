"""The standing task that prunes: one process of the installation, every hour, a small step at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from lgsp.runtime import Clock
from lgsp.settings import StoreSettings
from lgsp.store.port import Keep, Store, StoreFailed

_EVERY = 3600.0
_BETWEEN = 0.1
"""Seconds between two steps: whoever waits for a commit goes first."""
_LEASE = 60.0


async def prune(store: Store, clock: Clock, keep: Keep) -> None:
    """For ever. What cannot be done now is done the next time."""
    while True:  # noqa: ASYNC110  age is a matter of time, nothing else tells
        await asyncio.sleep(_BETWEEN if await _more(store, clock, keep) else _EVERY)


async def _more(store: Store, clock: Clock, keep: Keep) -> bool:
    try:
        return await store.leases.take("pruning", _LEASE) and await store.pruning.step(clock.now(), keep) > 0
    except StoreFailed:
        return False


def keep_of(settings: StoreSettings) -> Keep:
    return Keep(
        bodies=timedelta(days=settings.keep_bodies_days),
        submissions=timedelta(days=settings.keep_submissions_days),
        inbox=timedelta(days=settings.keep_inbox_days),
        counts=timedelta(days=settings.keep_counts_days),
        health=timedelta(days=settings.keep_health_days),
    )
