"""Several nodes on one database, in one process or in processes of their own that can be killed."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from lgsp.model import SubmissionState
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import SubmissionRow, open_store
from lgsp.store.port.together import Change
from lgsp.store.postgres import PostgresStore

NOW = datetime(2022, 11, 16, 1, 2, 3, 456789, tzinfo=UTC)
S = SubmissionState


@dataclass(slots=True)
class Nodes:
    """`open` copies the first node's keys to every other one, as an operator does."""

    url: str
    folder: Path
    stores: dict[str, PostgresStore] = field(default_factory=dict)

    async def open(self, name: str, *, patience: float = 0.3, seconds: float = 20.0) -> PostgresStore:
        data = self.folder / name
        if self.stores and not data.exists():
            shutil.copytree(self.folder / next(iter(self.stores)) / "keys", data / "keys")
        store = cast(PostgresStore, await open_store(data, Runtime.system(), settings=self.settings(name, seconds)))
        store.changes.patience, store.changes.look = patience, 0.05
        self.stores[name] = store
        return store

    def settings(self, name: str, seconds: float = 20.0) -> StoreSettings:
        return StoreSettings(url=self.url, node=name, seconds=seconds)

    async def close(self) -> None:
        for store in self.stores.values():
            await store.close()


@dataclass(slots=True)
class Heard:
    """What a member has heard, and a way to wait for it."""

    changes: list[Change] = field(default_factory=list)
    some: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, change: Change) -> None:
        self.changes.append(change)
        self.some.set()

    async def next(self) -> Change:
        async with asyncio.timeout(20):
            while not self.changes:
                self.some.clear()
                await self.some.wait()
        return self.changes.pop(0)


def row(name: str, **changed: object) -> SubmissionRow:
    given: dict[str, object] = {
        "id": name, "consumer": "portal", "system": "register", "operation": "push", "version": "v1", "queued": True,
        "state": S.QUEUED, "attempts": 0, "accepted": NOW, "changed": NOW, "next_at": NOW,
        "expires": NOW + timedelta(days=7), "order_key": None, "digest": b"d", "correlation_id": "c", "sealed": b"s",
    }  # fmt: skip
    return SubmissionRow(**{**given, **changed})  # type: ignore[arg-type]
