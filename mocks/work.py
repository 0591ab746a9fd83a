"""What a ministry does later: work after so many seconds, and calls to the province until they are acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lgsp.model import Data
from lgsp.runtime import Runtime

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two calls to a province that has not acknowledged: doubling from the first to the longest."""


@dataclass(slots=True)
class Job:
    """`due` is in epoch seconds, so that it survives a restart."""

    due: float
    kind: Literal["function", "call"]
    system: str
    backend: str
    name: str
    """Function of the module, or inbound operation."""
    data: Data
    consumer: str = ""
    tries: int = 0


class Work:
    """The queue of jobs. `do(job)` returns whether it is done; a call that is not is tried again, a function never."""

    def __init__(self, runtime: Runtime, do: Callable[[Job], Awaitable[bool]]) -> None:
        self._runtime, self._do = runtime, do
        self.jobs: list[Job] = []
        self._changed = asyncio.Event()
        self.running: list[Job] = []

    def put(self, job: Job) -> None:
        self.jobs.append(job)
        self._changed.set()

    def clear(self) -> None:
        self.jobs.clear()
        self._changed.set()

    async def run(self) -> None:
        """For as long as the simulator lives; each job by itself, so that a slow call holds up nobody."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                now = self._now()
                due = [job for job in self.jobs if job.due <= now]
                for job in due:
                    self.jobs.remove(job)
                    self.running.append(job)
                    group.create_task(self._one(job))
                if due:
                    continue
                wait = min((job.due for job in self.jobs), default=None)
                try:
                    async with asyncio.timeout(None if wait is None else max(0.001, wait - now)):
                        await self._changed.wait()
                except TimeoutError:
                    pass

    async def _one(self, job: Job) -> None:
        try:
            done = await self._do(job)
        except asyncio.CancelledError:
            self.jobs.append(job)  # what was under way when the simulator ends is kept for its next run
            raise
        finally:
            self.running.remove(job)
        if not done and job.kind == "call":
            job.tries += 1
            job.due = self._now() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (job.tries - 1))
            self.put(job)

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()

    def state(self) -> list[dict[str, Any]]:
        return [asdict(job) for job in (*self.running, *self.jobs)]

    def restore(self, jobs: list[dict[str, Any]]) -> None:
        self.jobs = [Job(**job) for job in jobs]
        self._changed.set()
