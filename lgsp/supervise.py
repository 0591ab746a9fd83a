"""The one group of background tasks: a task that dies is restarted and counted; closing ends all of them (RULES 5, 30)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lgsp.events import Events, TaskDied
from lgsp.runtime import Runtime

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_SECONDS = 60.0
"""Who has run for so long starts again with the first pause."""

Work = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Supervisor:
    """`restarts` by name is for the metrics. A task that returns has finished; one that raises is started again."""

    runtime: Runtime
    events: Events
    restarts: dict[str, int] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _closing: bool = False

    def start(self, name: str, work: Work) -> None:
        """`work` makes a fresh coroutine each time. A name runs once."""
        if self._closing or name in self._tasks:
            raise ValueError(f"task {name} is running already, or the group is closing")
        task = asyncio.get_running_loop().create_task(self._keep(name, work), name=f"lgsp {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def running(self) -> frozenset[str]:
        return frozenset(self._tasks)

    async def stop(self, name: str) -> None:
        """Ends one task; returns when it has ended."""
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def close(self) -> None:
        """Ends all tasks; returns when none is left."""
        self._closing = True
        tasks = set(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, name: str, work: Work) -> None:
        pause = FIRST_PAUSE
        while True:
            started = self.runtime.clock.monotonic()
            try:
                return await work()
            except Exception as error:  # noqa: BLE001  whatever killed the task: it is counted and starts again
                if self.runtime.clock.monotonic() - started >= HEALTHY_SECONDS:
                    pause = FIRST_PAUSE
                self.restarts[name] = self.restarts.get(name, 0) + 1
                self.events.publish(TaskDied(name, type(error).__name__, self.restarts[name]))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
