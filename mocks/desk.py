"""A ministry's own desk: what a handler is handed, and what the engine does for it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lgsp.model import Blob, Data
from lgsp.runtime import HANOI
from lgsp_mocks.catalogue import SimBackend
from lgsp_mocks.handler import Ask, Handler
from lgsp_mocks.work import Job

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator


class Desk:
    """What the engine does for one handler's call."""

    def __init__(self, simulator: Simulator, backend: str, consumer: str) -> None:
        self._sim, self._backend, self._consumer = simulator, backend, consumer

    def effect(self, system: str, key: str) -> None:
        self._sim.journal.effect(system, key)

    def later(self, system: str, seconds: float, function: str, data: Data) -> None:
        due = self._sim.runtime.clock.now().timestamp() + seconds / self._sim.time_factor
        self._sim.work.put(Job(due, "function", system, self._backend, function, data, self._consumer))

    def call_province(self, system: str, operation: str, data: Data) -> None:
        backend = self._sim.systems[system].inbound[operation][0].name
        self._sim.work.put(
            Job(self._sim.runtime.clock.now().timestamp(), "call", system, backend, operation, data, self._consumer)
        )

    def keep(self, value: str | Blob) -> str:
        return self._sim.keeping.keep(value)

    def kept(self, reference: str) -> str | Blob:
        return self._sim.keeping.kept(reference)

    def new_id(self) -> str:
        return self._sim.runtime.ids.new()


def question(
    sim: Simulator, backend: SimBackend, operation: str, data: Data, consumer: str, headers: Mapping[str, str]
) -> Ask:
    """Everything that a handler may know."""
    return Ask(
        world=sim.world,
        system=backend.system,
        backend=backend.name,
        operation=operation,
        data=data,
        now=sim.runtime.clock.now().astimezone(HANOI),
        state=sim.state_of(backend.system),
        consumer=consumer,
        headers=headers,
        values=backend.values,
        secrets=backend.secrets,
        services=Desk(sim, backend.name, consumer),
    )


def run_later(sim: Simulator, job: Job) -> None:
    """A function of the system's module whose time has come."""
    system = sim.systems.get(job.system)
    function: Handler | None = getattr(system.module, job.name, None) if system else None
    if system is None or function is None:
        return
    try:
        function(question(sim, system.backends[job.backend], job.name, job.data, job.consumer, {}))
    except Exception as error:  # noqa: BLE001  one function's defect must not end the work of all
        traceback.print_exc(file=sys.stderr)
        sim.defects.append(f"{job.system} {job.name}: {type(error).__name__} {error}")
