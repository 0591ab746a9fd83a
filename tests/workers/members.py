"""Several processes of one installation in one loop: the hub between them, nothing else shared."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgsp.store.hub import Hub
from lgsp.store.port.together import Change, Drawn, Hear


@dataclass
class Member:
    """The port as a worker has it. `join` it first."""

    hub: Hub
    member: str
    alone: bool = False
    hearers: dict[str, list[Hear]] = field(default_factory=dict)

    async def join(self) -> Member:
        await self.hub.join(self.member, self._hear)
        return self

    async def _hear(self, change: Change) -> None:
        for hear in self.hearers.get(change.topic, ()):
            await hear(change)

    async def publish(self, topic: str, body: bytes) -> None:
        await self.hub.publish(Change(topic, body, self.member))

    def subscribe(self, topic: str, hear: Hear) -> None:
        self.hearers.setdefault(topic, []).append(hear)

    async def take(self, name: str, seconds: float) -> bool:
        return self.hub.take(self.member, name, seconds)

    async def release(self, name: str) -> None:
        self.hub.release(self.member, name)

    async def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        return self.hub.draw(name, window, limit, wanted)
