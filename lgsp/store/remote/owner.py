"""The owner's side: carries out the workers' calls on its store, knows what each of them is working on, spreads the news."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from lgsp.model import SubmissionState
from lgsp.runtime import Clock
from lgsp.store.hub import Hub
from lgsp.store.port import Store, StoreFailed, SubmissionRow
from lgsp.store.port.together import GONE, Change, Hear
from lgsp.store.remote.methods import Method, carried_out, edition
from lgsp.store.remote.peer import Peer, packed

Carry = Callable[[Peer, bytes], Awaitable[Any]]

_hello = msgspec.msgpack.Decoder(tuple[str, str])
_publish = msgspec.msgpack.Decoder(tuple[str, bytes])
_lease = msgspec.msgpack.Decoder(tuple[str, float])
_draw = msgspec.msgpack.Decoder(tuple[str, int, int, int])


class Refusal(Exception):
    """The worker may not join."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: Method
    carry_out: Callable[..., Awaitable[Any]]


class Owner:
    """`protocol` makes one end for a new connection. `further` are calls that are not the store's. Without a store the
    workers have one of their own, and only say here how they are."""

    def __init__(self, store: Store | None, clock: Clock, further: Mapping[str, Carry] | None = None) -> None:
        self.hub = Hub(clock)
        self.peers: dict[str, Peer] = {}
        self.changed = asyncio.Event()
        """Set when somebody has come or gone."""
        self._calls = {name: _Call(*pair) for name, pair in (carried_out(store) if store is not None else {}).items()}
        self._own: dict[str, Carry] = {
            "hello": self._hello,
            "changes.publish": self._publish,
            "leases.take": self._take,
            "leases.release": self._release,
            "allowances.draw": self._draw,
            "submissions.accept": self._accept,
            "submissions.take": self._taken,
            "submissions.move": self._move,
            "submissions.interrupted": self._interrupted,
            **(further or {}),
        }
        self._ends: set[Peer] = set()
        self._at_work: dict[str, str] = {}
        """Submission that is being delivered -> the worker that does it."""
        self._looking = asyncio.Lock()
        """Between what is taken and what is looked for as abandoned."""
        self._leaving: set[asyncio.Task[None]] = set()

    def protocol(self) -> Peer:
        peer = Peer(self._answer, lambda _peer, _name, _body: None, self._lost)
        self._ends.add(peer)
        return peer

    async def close(self) -> None:
        """Every connection ends; the workers take that for the end of the service."""
        for peer in self._ends:
            peer.close()
        while self._ends:
            self.changed.clear()
            await self.changed.wait()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _answer(self, peer: Peer, name: str, body: msgspec.Raw) -> bytes:
        if not peer.name and name != "hello":
            raise Refusal("say who you are")
        own = self._own.get(name)
        if own is not None:
            return packed(await own(peer, bytes(body)))
        return packed(await self._store(name, bytes(body)))

    async def _store(self, name: str, body: bytes) -> Any:
        call = self._calls.get(name)
        if call is None:
            raise Refusal(f"no call {name}")
        given, named = call.method.unpack(body)
        return await call.carry_out(*given, **named)

    # -- who is there -------------------------------------------------------------------------------------------------

    async def _hello(self, peer: Peer, body: bytes) -> None:
        name, theirs = _hello.decode(body)
        if theirs != edition():
            raise Refusal("this worker is of another version: restart the whole service")
        await self.hub.join(name, _hearer(peer))
        peer.name = name
        self.peers[name] = peer
        self.changed.set()

    def _lost(self, peer: Peer) -> None:
        self._ends.discard(peer)
        self.changed.set()
        if self.peers.get(peer.name) is not peer:
            return
        del self.peers[peer.name]
        self._at_work = {each: worker for each, worker in self._at_work.items() if worker != peer.name}
        task = asyncio.get_running_loop().create_task(self._leave(peer.name), name=f"{peer.name} is gone")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, name: str) -> None:
        await self.hub.leave(name)
        self.changed.set()

    # -- what only the hub can do -------------------------------------------------------------------------------------

    async def _publish(self, peer: Peer, body: bytes) -> None:
        await self.hub.publish(Change(*_publish.decode(body), peer.name))

    async def _take(self, peer: Peer, body: bytes) -> bool:
        return self.hub.take(peer.name, *_lease.decode(body))

    async def _release(self, peer: Peer, body: bytes) -> None:
        self.hub.release(peer.name, msgspec.msgpack.decode(body, type=str))

    async def _draw(self, peer: Peer, body: bytes) -> Any:
        del peer
        return self.hub.draw(*_draw.decode(body))

    # -- deliveries, and who is at work on them -----------------------------------------------------------------------

    async def _accept(self, peer: Peer, body: bytes) -> SubmissionRow:
        """At work from before the commit, so that nobody takes the row for an abandoned one."""
        given, _ = self._calls["submissions.accept"].method.unpack(body)
        name = given[0].id
        self._at_work[name] = peer.name
        row: SubmissionRow | None = None
        try:
            row = await self._store("submissions.accept", body)
        finally:
            if row is None or row.id != name or row.state is not SubmissionState.DELIVERING:
                self._at_work.pop(name, None)
        await self._check_alive(peer, [row])
        return row

    async def _taken(self, peer: Peer, body: bytes) -> list[SubmissionRow]:
        async with self._looking:
            rows: list[SubmissionRow] = await self._store("submissions.take", body)
            self._at_work.update((row.id, peer.name) for row in rows)
        await self._check_alive(peer, rows)
        return rows

    async def _check_alive(self, peer: Peer, rows: list[SubmissionRow]) -> None:
        """It may have died while its rows were being written."""
        if not peer.connected and any(self._at_work.pop(row.id, None) for row in rows):
            await self.hub.publish(Change(GONE, peer.name.encode(), ""))

    async def _move(self, peer: Peer, body: bytes) -> bool:
        del peer
        given, named = self._calls["submissions.move"].method.unpack(body)
        moved: bool = await self._calls["submissions.move"].carry_out(*given, **named)
        if given[1].now is not SubmissionState.DELIVERING:
            self._at_work.pop(given[0], None)
        return moved

    async def _interrupted(self, peer: Peer, body: bytes) -> list[SubmissionRow]:
        """What a worker works on it knows itself; what the others work on is known here."""
        call = self._calls["submissions.interrupted"]
        (known, before), _ = call.method.unpack(body)
        async with self._looking:
            rows: list[SubmissionRow] = await call.carry_out(known, before)
            return [row for row in rows if self._at_work.get(row.id, peer.name) == peer.name]


def _hearer(peer: Peer) -> Hear:
    async def hear(change: Change) -> None:
        try:
            await peer.call("change", packed([change.topic, change.body, change.by]))
        except StoreFailed:
            return

    return hear
