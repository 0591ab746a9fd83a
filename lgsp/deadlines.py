"""One timer for all deadlines of a process: `asyncio.timeout` for many, of which nearly none is ever met.

A timer of its own for each exchange is made, sorted in and taken out again, and does nothing. Here exchanges only write down
their moment; the timer stands at the earliest one that was ever named, and looks again from there. What it does to a task
whose moment has come, and how that task's own cancellation is told from it, is word for word what `asyncio.timeout` does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

from lgsp.runtime import Clock

_NEVER = float("inf")


@dataclass(slots=True)
class Net:
    """Of one event loop."""

    clock: Clock
    _held: dict[Limit, None] = field(default_factory=dict)
    """In the order of their coming: those of one moment are struck in it, and a simulated story is the same each time."""
    _timer: asyncio.TimerHandle | None = None
    _next: float = _NEVER
    """When the timer looks."""

    def until(self, at: float) -> Limit:
        """A context that ends with `TimeoutError` at that moment of the monotonic clock."""
        return Limit(self, at)

    def _look_at(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self.clock.monotonic()), self._look)

    def _look(self) -> None:
        self._timer, self._next, now = None, _NEVER, self.clock.monotonic()
        for each in [each for each in self._held if each.at <= now]:
            del self._held[each]
            each.strike()
        if self._held:
            self._look_at(min(each.at for each in self._held))


class Limit:
    """One task's moment, while it is inside."""

    __slots__ = ("_before", "_net", "_struck", "_task", "at")

    def __init__(self, net: Net, at: float) -> None:
        self._net, self.at, self._struck = net, at, False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        self._task, self._before = task, task.cancelling()
        net = self._net
        net._held[self] = None  # noqa: SLF001  the two are one
        if self.at < net._next:  # noqa: SLF001
            net._look_at(self.at)  # noqa: SLF001

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._net._held.pop(self, None)  # noqa: SLF001
        if self._struck and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error
        return False

    def strike(self) -> None:
        self._struck = True
        self._task.cancel()
