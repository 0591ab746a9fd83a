"""What only one process of the installation does at a time: held by a lease, taken over within seconds when its holder dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lgsp.runtime import Clock
from lgsp.store.port import Leases, StoreFailed

LEASE_SECONDS = 3.0
RENEWED_SECONDS = 1.0
TRIED_SECONDS = 0.5


@dataclass(slots=True)
class Duty:
    """`began` and `ended` say so to who must know. A holder whose lease is not renewed in time stops before it ends."""

    name: str
    leases: Leases
    clock: Clock
    began: Callable[[], None] = lambda: None
    ended: Callable[[], None] = lambda: None

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """For the supervised group; ends by being cancelled. What the work raises ends the lease, and goes on from here."""
        try:
            while True:
                if await self._taken():
                    await self._while_held(work)
                await asyncio.sleep(TRIED_SECONDS)
        finally:
            await self._let_go()

    async def _taken(self) -> bool:
        try:
            async with asyncio.timeout(RENEWED_SECONDS):
                return await self.leases.take(self.name, LEASE_SECONDS)
        except (StoreFailed, TimeoutError):
            return False

    async def _while_held(self, work: Callable[[], Awaitable[None]]) -> None:
        held = self.clock.monotonic()
        self.began()
        task = asyncio.ensure_future(work())
        try:
            while True:
                await asyncio.wait({task}, timeout=RENEWED_SECONDS)
                if task.done():
                    task.result()
                    return
                asked = self.clock.monotonic()
                if await self._taken():
                    held = asked
                elif self.clock.monotonic() - held >= LEASE_SECONDS - RENEWED_SECONDS:
                    return
        finally:
            self.ended()
            task.cancel()
            await asyncio.wait({task})

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(RENEWED_SECONDS):
                await self.leases.release(self.name)
        except (StoreFailed, TimeoutError):
            return  # it ends by itself
