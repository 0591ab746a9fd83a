"""One process among those that share the database: its session says that it lives, and brings it the others' news.

The session holds an advisory lock on the node's number, which the server lets go of with the session. A lock that is missing
for some seconds, seen by a session that itself stands all the while, is a node that is gone: its row is deleted, and what it
was working on has nobody. When the server restarts, every session is lost, so nobody is taken for dead by it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lgsp.runtime import Clock
from lgsp.store.port import StoreFailed
from lgsp.store.port.together import AGAIN, GONE, LONGEST, Change, Hear
from lgsp.store.postgres.database import Address, Database, told
from lgsp.store.postgres.locks import NODES

PATIENCE = 3.0
"""Seconds that a lock may be missing: a node whose session was cut opens another one within one."""
LOOK = 1.0
"""Seconds between two looks at the others, each of which proves this session as well."""
_CHANNEL = "lgsp"
_NEWS = 10_000
_HEARING = 5.0
_MISSING = f"""SELECT number FROM node WHERE number <> $1 AND NOT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = {NODES} AND objid = node.number::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""  # noqa: S608  of a constant


@dataclass(slots=True)
class Node:
    """The port `Changes`. `join` makes it, `leave` ends it; in between a task of its own keeps the session."""

    address: Address
    database: Database
    clock: Clock
    member: str
    number: int = 0
    alone: bool = False
    patience: float = PATIENCE
    look: float = LOOK
    _session: Any = None
    _hearers: dict[str, list[Hear]] = field(default_factory=dict)
    _news: deque[Change] = field(default_factory=deque)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _missed: dict[int, float] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Raises `StoreFailed`. Of an earlier process with this name nothing is left: one chain has one writer."""
        row = await self.database.row(
            "WITH earlier AS (DELETE FROM node WHERE member = $1)"
            " INSERT INTO node (member, started) VALUES ($1, $2) RETURNING number",
            self.member, self.clock.now(),
        )  # fmt: skip
        self.number = row["number"]
        await self._connect()
        self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"lgsp node {self.member}")

    async def leave(self) -> None:
        """The others hear of it at once, and what this one held is free."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        with suppress(StoreFailed):
            await self._bury([self.number])
        await self._disconnect()

    async def publish(self, topic: str, body: bytes) -> None:
        if len(body) > LONGEST:
            raise ValueError(f"news of {len(body)} bytes")
        await self.database.fetch("SELECT pg_notify($1, $2)", _CHANNEL, _text(topic, body, self.member))

    def subscribe(self, topic: str, hear: Hear) -> None:
        self._hearers.setdefault(topic, []).append(hear)

    # -- the task ---------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Never ends by itself: what the server refuses is tried again, what a hearer raises is its own business."""
        while True:
            try:
                if self._session is None:
                    await self._connect()
                    self._tell(Change(AGAIN, b"", ""))
                await self._look()
            except StoreFailed:
                await self._disconnect()
            await self._spread()

    async def _look(self) -> None:
        """Who is missing; and whether this session still stands."""
        with told():
            async with asyncio.timeout(self.address.seconds):
                rows = await self._session.fetch(_MISSING, self.number)
        now = self.clock.monotonic()
        self._missed = {row["number"]: self._missed.get(row["number"], now) for row in rows}
        if gone := [number for number, since in self._missed.items() if now - since >= self.patience]:
            await self._bury(gone)

    async def _bury(self, numbers: list[int]) -> None:
        """Who deletes the row tells everybody, in one transaction."""

        async def work(db: Any) -> list[str]:
            rows = await db.fetch("DELETE FROM node WHERE number = ANY($1) RETURNING member", numbers)
            await db.execute("DELETE FROM lease WHERE node = ANY($1)", numbers)
            for row in rows:
                await db.execute("SELECT pg_notify($1, $2)", _CHANNEL, _text(GONE, row["member"].encode(), ""))
            return [row["member"] for row in rows]

        await self.database.write(work)

    async def _spread(self) -> None:
        """Hands out what was heard, until the next look is due."""
        due = self.clock.monotonic() + self.look
        while (rest := due - self.clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(rest):
                    await self._moved.wait()
            except TimeoutError:
                return
            self._moved.clear()
            while self._news:
                await self._hand_out(self._news.popleft())
            if self._session is not None and self._session.is_closed():
                return

    async def _hand_out(self, change: Change) -> None:
        for hear in self._hearers.get(change.topic, ()):
            with suppress(Exception):
                async with asyncio.timeout(_HEARING):
                    await hear(change)

    # -- the session --------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        session = await self.address.connect()
        try:
            with told():
                async with asyncio.timeout(self.address.seconds):
                    await session.execute(f"SELECT pg_advisory_lock({NODES}, {self.number})")
                    await session.execute(
                        "INSERT INTO node (number, member, started) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                        self.number, self.member, self.clock.now(),
                    )  # fmt: skip
                    session.add_termination_listener(lambda _: self._moved.set())
                    await session.add_listener(_CHANNEL, self._heard)
        except BaseException:
            session.terminate()
            raise
        self._session, self._missed = session, {}

    async def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.terminate()

    def _heard(self, _connection: Any, _process: int, _channel: str, payload: object) -> None:
        member, topic, body = str(payload).split("\n", 2)
        if member != self.member:
            self._tell(Change(topic, body.encode(), member))

    def _tell(self, change: Change) -> None:
        if len(self._news) >= _NEWS:  # rather read everything again than remember without bound
            self._news.clear()
            change = Change(AGAIN, b"", "")
        self._news.append(change)
        self._moved.set()


def _text(topic: str, body: bytes, member: str) -> str:
    return f"{member}\n{topic}\n{body.decode()}"
