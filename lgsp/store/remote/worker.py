"""The worker's side: a `Store` whose shared records are the owner's, with a chain of evidence of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from lgsp.runtime import Runtime
from lgsp.store.keys import load_keys
from lgsp.store.port import Store, StoreFailed
from lgsp.store.port.together import Change, Drawn, Hear
from lgsp.store.remote.methods import asking, edition, groups
from lgsp.store.remote.peer import Peer, RemoteFailure, packed
from lgsp.store.sqlite import open_evidence

Asked = Callable[[bytes], Awaitable[Any]]
"""What the owner may ask of a worker: msgpack body -> anything msgpack."""

_change = msgspec.msgpack.Decoder(tuple[str, bytes, str])
_drawn = msgspec.msgpack.Decoder(Drawn)


@dataclass(slots=True)
class Line:
    """The worker's connection with the owner. `asked` are the calls that the owner may make; `cut` is set when it is gone."""

    asked: dict[str, Asked] = field(default_factory=dict)
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    peer: Peer = field(init=False)
    hearers: dict[str, list[Hear]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.peer = Peer(self._answer, lambda _peer, _name, _body: None, lambda _peer: self.cut.set())

    @classmethod
    async def open(cls, data: Path, member: str) -> Line:
        """Raises `StoreFailed` where nobody owns the folder, or the owner does not want us."""
        line = cls()
        folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)  # the kernel takes at most 107 bytes of a path
        try:
            path = f"/proc/self/fd/{folder}/control.sock"
            await asyncio.get_running_loop().create_unix_connection(lambda: line.peer, path)
        except OSError as error:
            raise StoreFailed("nobody owns this data folder") from error
        finally:
            os.close(folder)
        try:
            await line.ask("hello", [member, edition()])
        except RemoteFailure as error:
            raise StoreFailed(error.text) from error
        line.peer.name = member
        return line

    async def ask(self, name: str, body: Any) -> bytes:
        return bytes(await self.peer.call(name, packed(body)))

    async def _answer(self, peer: Peer, name: str, body: msgspec.Raw) -> bytes:
        del peer
        if name == "change":
            change = Change(*_change.decode(body))
            await asyncio.gather(*(hear(change) for hear in self.hearers.get(change.topic, ())), return_exceptions=True)
            return packed(None)
        return packed(await self.asked[name](bytes(body)))


@dataclass(frozen=True, slots=True)
class Together:
    """News, leases and allowances, by the owner."""

    line: Line
    member: str
    alone: bool = False

    async def publish(self, topic: str, body: bytes) -> None:
        await self._ask("changes.publish", [topic, body])

    def subscribe(self, topic: str, hear: Hear) -> None:
        self.line.hearers.setdefault(topic, []).append(hear)

    async def take(self, name: str, seconds: float) -> bool:
        return bool(msgspec.msgpack.decode(await self._ask("leases.take", [name, seconds])))

    async def release(self, name: str) -> None:
        await self._ask("leases.release", name)

    async def draw(self, name: str, window: int, limit: int, wanted: int) -> Drawn:
        return _drawn.decode(await self._ask("allowances.draw", [name, window, limit, wanted]))

    async def _ask(self, name: str, body: Any) -> bytes:
        try:
            return await self.line.ask(name, body)
        except RemoteFailure as error:
            raise StoreFailed(error.kind) from error


class RemoteStore:
    """Every group of the port that is not this worker's own asks the owner; a new group needs nothing here."""

    def __init__(self, line: Line, together: Together, keys: Any, evidence: Any) -> None:
        self.line, self.keys, self.evidence = line, keys, evidence
        self.changes = self.leases = self.allowances = together
        for name, methods in groups().items():
            setattr(self, name, asking(line.peer, methods))

    @property
    def waiting(self) -> tuple[int, int]:
        each = self.line.peer.waiting, self.evidence.database.waiting
        return sum(now for now, _ in each), sum(most for _, most in each)

    async def close(self) -> None:
        await self.evidence.database.close()
        self.line.peer.close()


async def open_remote(data: Path, runtime: Runtime, writer: str, journal: Path | None = None) -> tuple[Store, Line]:
    """The store of a worker; `journal` takes a second copy of its chain. Raises `StoreFailed` where nobody owns the folder."""
    line = await Line.open(data, writer)
    try:
        keys = load_keys(data / "keys", runtime.ids)
        evidence = await open_evidence(data, runtime, writer, journal)
    except BaseException:
        line.peer.close()
        raise
    store = cast("Store", RemoteStore(line, Together(line, writer), keys, evidence))
    if await store.meta.get(f"evidence-writer:{writer}") is None:
        await store.meta.put(f"evidence-writer:{writer}", runtime.clock.now().isoformat())
    return store, line
