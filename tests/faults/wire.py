"""The wire of the simulated world: each request is watched, and a ministry goes on when the bus has stopped listening."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from lgsp.errors import ConnectFailed
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp.simulate import MemoryTransport
from lgsp.transport import MIB, Keep, Until
from lgsp_mocks.catalogue import SimSystem
from lgsp_mocks.handler import Ask, Handler
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.simulator import Simulator
from tests.faults.life import EXCHANGE, LIFE
from tests.faults.watch import Watch

_WAY = (0.01, 0.4)
"""Seconds from the bus to a ministry."""


@dataclass(slots=True)
class Ministries:
    """The simulator as a host of its own: what has reached it, it does."""

    simulator: Simulator
    random: Random
    working: set[asyncio.Task[Outcome]] = field(default_factory=set)

    async def exchange(self, request: HttpRequest) -> Outcome:
        context = copy_context()
        context.run(LIFE.set, None)
        work = asyncio.get_running_loop().create_task(self._work(request), context=context, name="ministry")
        self.working.add(work)
        work.add_done_callback(self.working.discard)
        return await asyncio.shield(work)

    async def _work(self, request: HttpRequest) -> Outcome:
        """A while passes on the way, so that things happen meanwhile."""
        await asyncio.sleep(self.random.uniform(*_WAY))
        return await self.simulator.exchange(request)


@dataclass(slots=True)
class Wire:
    """`lgsp.transport.Transport`."""

    inner: MemoryTransport
    watch: Watch

    @classmethod
    def to(cls, simulator: Simulator, runtime: Runtime, watch: Watch) -> Wire:
        return cls(MemoryTransport(Ministries(simulator, Random(simulator.seed)), runtime), watch)  # type: ignore[arg-type]

    async def send(
        self, system: str, base: str, request: HttpRequest, deadline: Until, *, keep: Keep | None = None, limit: int = MIB
    ) -> HttpResponse:  # fmt: skip
        life = LIFE.get()
        if life is None or life.dead:
            raise ConnectFailed
        if system.startswith("upstream:"):
            return await self.inner.send(system, base, request, deadline, keep=keep, limit=limit)
        sent = self.watch.sending(life, system, EXCHANGE.get(), deadline.at)
        refused = False
        try:
            answer = await self.inner.send(system, base, request, deadline, keep=keep, limit=limit)
            refused = answer.status == 401
        finally:
            self.watch.sent(sent, refused=refused)
        return answer


class Ministry:
    """Systems whose update handlers tell the watch of the day what they did."""

    def __init__(self, systems: Mapping[str, SimSystem]) -> None:
        self.watch: Watch | None = None
        self.simulator: Simulator | None = None
        self.systems = {name: self._system(each) for name, each in systems.items()}

    def _system(self, system: SimSystem) -> SimSystem:
        backends = {}
        for name, backend in system.backends.items():
            handlers = {
                each: self._told(system.name, handler)
                if system.kinds.get(backend.operations.get(each, each)) == "update"
                else handler
                for each, handler in backend.handlers.items()
            }
            backends[name] = replace(backend, handlers=handlers)
        return replace(system, backends=backends)

    def _told(self, system: str, handler: Handler) -> Handler:
        def handled(ask: Ask) -> Any:
            before = self._effects(system)
            try:
                return handler(ask)
            finally:
                if self.watch is not None:
                    self.watch.handled(EXCHANGE.get(), system, effect=self._effects(system) > before)

        return handled

    def _effects(self, system: str) -> int:
        return sum(self.simulator.journal.effects.get(system, {}).values()) if self.simulator else 0
