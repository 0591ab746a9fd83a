"""The prober asks idle systems their harmless question, so that the board never guesses (RULES 13)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from lgsp.errors import BusFault, LgspError, ProviderFault
from lgsp.events import Events, ProbeMade
from lgsp.exchange import Handler
from lgsp.health import HealthBook
from lgsp.model import Health
from lgsp.pipeline.identify import internal
from lgsp.registry import Connector, Operation, Registry
from lgsp.runtime import Runtime

IDLE_SECONDS = 30.0
TROUBLED_SECONDS = 5.0
LOOK_SECONDS = 1.0
TOGETHER = 64
JITTER = 0.2


@dataclass(slots=True)
class Prober:
    """`handle` is the chain below `Deposit`. At the start all systems are asked at once; `first_round` says that they were."""

    handle: Handler
    registry_of: Callable[[], Registry]
    health: HealthBook
    runtime: Runtime
    events: Events
    era: Callable[[], str] = str
    first_round: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: dict[str, float] = field(default_factory=dict)
    _jitter: dict[str, float] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled. A probe that takes its time holds up no other."""
        gate = asyncio.Semaphore(TOGETHER)
        async with asyncio.TaskGroup() as group:
            first = [self._start(group, each, gate) for each in self.registry_of().connectors.values()]
            if first:
                await asyncio.wait(first)
            self.first_round.set()
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                now = self.runtime.clock.monotonic()
                for each in self.registry_of().connectors.values():
                    if each.name not in self._under_way and self._is_due(each.name, now):
                        self._start(group, each, gate)

    def _start(self, group: asyncio.TaskGroup, connector: Connector, gate: asyncio.Semaphore) -> asyncio.Task[None]:
        async def one() -> None:
            try:
                async with gate:
                    await self.probe(connector)
            finally:
                self._under_way.discard(connector.name)

        self._under_way.add(connector.name)
        return group.create_task(one(), name=f"probe {connector.name}")

    async def probe(self, connector: Connector) -> None:
        """Ask one question per backend, none in a maintenance window.

        What comes of it the breaker step tells the health book; a refusal is an answer.
        """
        self._asked[connector.name] = self.runtime.clock.monotonic()
        if self.health.verdict(connector.name).health is Health.MAINTENANCE:
            return
        self._jitter[connector.name] = self.runtime.random.uniform(1 - JITTER, 1 + JITTER)
        for operation in questions(connector, self.era()):
            await self._ask(connector, operation)

    async def _ask(self, connector: Connector, operation: Operation) -> None:
        exchange = internal(self.runtime, connector, operation, dict(operation.probe or {}), self.era())
        outcome = "ok"
        try:
            await self.handle(exchange)
        except ProviderFault:
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        except Exception:  # noqa: BLE001  a defect in one system's mapping must not end the probes of the others
            outcome = BusFault.code
        seconds = self.runtime.clock.monotonic() - exchange.started
        self.events.publish(ProbeMade(connector.name, operation.name, outcome, seconds))

    def _is_due(self, system: str, now: float) -> bool:
        """Idle for long enough, with a jitter of its own so that probes do not march in step."""
        seen = self.health.observed(system)
        last = max(seen if seen is not None else float("-inf"), self._asked.get(system, float("-inf")))
        pause = IDLE_SECONDS if seen is not None and self.health.well(system) else TROUBLED_SECONDS
        return now - last >= pause * self._jitter.get(system, 1.0)


def questions(connector: Connector, era: str) -> list[Operation]:
    """The first operation with a probe of each backend."""
    found: dict[str, Operation] = {}
    for operation in connector.operations.values():
        if operation.probe is not None:
            found.setdefault(operation.route(era).backend.name, operation)
    return list(found.values())
