"""An owner and its workers in one process: the real socket between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lgsp.endpoints.control import Listening, listen
from lgsp.runtime import Runtime
from lgsp.store import Store, open_store
from lgsp.store.remote import Line, Owner, open_remote


@dataclass
class House:
    """`worker` opens one more; every one is closed with the house."""

    data: Path
    runtime: Runtime
    store: Store
    owner: Owner
    listening: Listening
    workers: dict[str, Store] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    async def worker(self, name: str) -> Store:
        self.workers[name], self.lines[name] = await open_remote(self.data, self.runtime, name)
        return self.workers[name]

    async def kill(self, name: str) -> None:
        """As a kill does: the connection ends, nothing is said."""
        line, store = self.lines.pop(name), cast(Any, self.workers.pop(name))
        line.peer._transport.abort()
        await line.cut.wait()
        while name in self.owner.hub.members:
            self.owner.changed.clear()
            await self.owner.changed.wait()
        await store.evidence.database.close()

    async def close(self) -> None:
        for store in self.workers.values():
            await store.close()
        await self.owner.close()
        await self.listening.close()
        await self.store.close()


async def opened(data: Path, runtime: Runtime) -> House:
    store = await open_store(data, runtime, writer="owner")
    owner = Owner(store, runtime.clock)

    async def nobody(_action: str, _by: str, _arguments: dict[str, object]) -> object:
        raise KeyError

    return House(data, runtime, store, owner, await listen(nobody, data, owner.protocol))


@asynccontextmanager
async def house(data: Path) -> AsyncIterator[House]:
    found = await opened(data, Runtime.system())
    try:
        yield found
    finally:
        await found.close()


class Owned:
    """A worker's store that brings its owner with it, for the suite of every store."""

    def __init__(self, found: House, store: Store) -> None:
        self._house, self._store = found, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def close(self) -> None:
        await self._house.close()


async def owned(data: Path, runtime: Runtime) -> Store:
    found = await opened(data, runtime)
    return cast("Store", Owned(found, await found.worker("w0")))
