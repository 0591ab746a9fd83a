"""News, leases and allowances of one machine, in memory of the process that owns the data."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from lgsp.runtime import Clock
from lgsp.store.port import StoreFailed
from lgsp.store.port.together import GONE, Change, Drawn, Hear

ACKNOWLEDGED_SECONDS = 1.0
"""How long a publisher waits for those who do not answer; they are told all the same."""


@dataclass(slots=True)
class Hub:
    """Who is there, who holds which lease, what is spent of which window. Sizes are those of the registry and the grants."""

    clock: Clock
    members: dict[str, Hear] = field(default_factory=dict)
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    spent: dict[str, tuple[int, int]] = field(default_factory=dict)

    async def join(self, name: str, hear: Hear) -> None:
        """Raises `StoreFailed` where one of that name is there."""
        if name in self.members:
            raise StoreFailed(f"{name} is there already")
        self.members[name] = hear

    async def leave(self, name: str) -> None:
        """Its leases are free at once, and the others hear that it is gone."""
        self.members.pop(name, None)
        self.leases = {lease: held for lease, held in self.leases.items() if held[0] != name}
        await self.publish(Change(GONE, name.encode(), ""))

    async def publish(self, change: Change) -> None:
        hearers = [hear(change) for name, hear in self.members.items() if name != change.by]
        if hearers:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                    await asyncio.gather(*hearers, return_exceptions=True)

    def take(self, member: str, name: str, seconds: float) -> bool:
        now = self.clock.monotonic()
        holder, until = self.leases.get(name, ("", 0.0))
        if holder != member and until > now:
            return False
        self.leases[name] = (member, now + seconds)
        return True

    def release(self, member: str, name: str) -> None:
        if self.leases.get(name, ("", 0.0))[0] == member:
            del self.leases[name]

    def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        newest, spent = self.spent.get(name, (window, 0))
        if window < newest:
            return Drawn(0, 0)
        if window > newest:
            spent = 0
        given = max(0, min(wanted, limit - spent))
        self.spent[name] = (window, spent + given)
        return Drawn(given, limit - spent - given)


@dataclass(frozen=True, slots=True)
class Alone:
    """The port for a process that is alone with its data: nobody to tell, nobody to share with."""

    hub: Hub
    member: str = "w0"
    alone: bool = True

    async def publish(self, topic: str, body: bytes) -> None:
        """Nobody is there."""

    def subscribe(self, topic: str, hear: Hear) -> None:
        """Nobody speaks."""

    async def take(self, name: str, seconds: float) -> bool:
        return self.hub.take(self.member, name, seconds)

    async def release(self, name: str) -> None:
        self.hub.release(self.member, name)

    async def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        return self.hub.draw(name, window, limit, wanted)
