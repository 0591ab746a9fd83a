"""Bulkhead: a slot of this system for one attempt, soon, or `Overloaded` at once (RULES 9, 10)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field

from lgsp.errors import BusFault, CircuitOpen, LgspError, Overloaded, Timeout
from lgsp.exchange import Exchange, Handler
from lgsp.health import HealthBook
from lgsp.health.breaker import spread
from lgsp.model import Data, Face, Kind
from lgsp.runtime import Clock

PATIENCE_SECONDS = 0.25
"""Who must expect to wait longer is refused at once: waiting would cost him and help nobody."""
LONGEST_SECONDS = 1.0
NOTICED_SECONDS = 0.001
"""A shorter wait is no step of its own in the evidence."""
MOST_REFUSALS = 2000
"""Who are told no one after the other; more are told at once."""
_WEIGHT = 0.1
"""Of the newest attempt in the moving average."""
_LATEST = 30.0
"""Seconds over which those who are refused are told to come again: all in the same second would be the next crowd."""


@dataclass(slots=True)
class Slots:
    """Slots of one system and the short queue before them, first come, first served."""

    capacity: int
    taken: int = 0
    queue: deque[asyncio.Future[None]] = field(default_factory=deque)
    seconds: float = 0.05
    """Moving average of how long a slot is held; the start is a guess."""
    holders: int = 0
    since: float = 0.0
    """Sum of the moments at which the holders began."""
    refused: int = 0

    def hold(self, now: float) -> float:
        """Seconds that a slot is held: those who hold one now may have done so for longer than any that has ended."""
        return max(self.seconds, now - self.since / self.holders if self.holders else 0.0)

    def expected(self, now: float) -> float:
        """Seconds that one more in the queue would wait."""
        return (len(self.queue) + 1) * self.hold(now) / max(1, self.capacity)

    def again(self, now: float) -> float:
        """Seconds after which the next one who is refused may come again: spread evenly over the time that a slot is held."""
        self.refused += 1
        return max(1.0, self.expected(now)) + spread(self.refused) * min(self.hold(now), _LATEST)

    def take_free(self) -> bool:
        """A slot that nobody has to wait for."""
        free = self.taken < self.capacity and not self.queue
        self.taken += free
        return free

    def refuse(self, patience: float, now: float) -> None:
        """Raises `Overloaded` where one more would have to wait too long."""
        if self.taken < self.capacity and not self.queue:
            return
        if self.expected(now) > min(PATIENCE_SECONDS, patience) or len(self.queue) >= self.capacity:
            raise Overloaded(retry_after=self.again(now))

    async def take(self, patience: float, now: float) -> None:
        """Raises `Overloaded`."""
        if self.take_free():
            return
        self.refuse(patience, now)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(turn)
        try:
            async with asyncio.timeout(min(LONGEST_SECONDS, patience)):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.release()  # the slot came in the same moment: hand it on
            elif turn in self.queue:
                self.queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise Overloaded(retry_after=self.again(now)) from None
            raise

    def release(self) -> None:
        """Hands the slot to the next who still waits. A smaller capacity after a reload is reached by not handing on."""
        while self.queue and self.taken <= self.capacity:
            turn = self.queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1

    def begun(self, now: float) -> None:
        self.holders += 1
        self.since += now

    def ended(self, begun: float, now: float) -> None:
        self.holders -= 1
        self.since = self.since - begun if self.holders else 0.0
        self.seconds += _WEIGHT * (now - begun - self.seconds)


@dataclass(slots=True)
class Bulkhead:
    """One per process; a system's slots are its manifest's."""

    clock: Clock
    systems: dict[str, Slots] = field(default_factory=dict)
    refusing: int = 0
    """Questions that wait for their turn to be told no, for the metrics."""

    def waiting(self) -> tuple[int, int]:
        """How many wait for a slot, and how many may."""
        every = self.systems.values()
        return sum(len(each.queue) for each in every), sum(each.capacity for each in every)

    def inflight(self) -> dict[str, int]:
        """Attempts under way, by system, for the metrics."""
        return {name: slots.taken for name, slots in self.systems.items()}

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        connector, deadline = exchange.connector, exchange.deadline
        if connector is None or deadline is None:
            raise BusFault()
        slots = self.systems.get(connector.name)
        if slots is None:
            slots = self.systems[connector.name] = Slots(connector.slots)
        slots.capacity = connector.slots
        began = taken = self.clock.monotonic()
        if deadline.at <= began:
            raise Timeout()
        if not slots.take_free():
            await slots.take(deadline.at - began, began)
            taken = self.clock.monotonic()
        slots.begun(taken)
        exchange.timings["wait"] = exchange.timings.get("wait", 0.0) + taken - began
        if taken - began >= NOTICED_SECONDS:
            exchange.waits.append(("slot", began, taken - began))
        try:
            return await handler(exchange)
        finally:
            slots.ended(taken, self.clock.monotonic())
            slots.release()


class TurnAway:
    """What would be refused for want of a slot, or because the circuit is open, is refused before its body is read and
    before anything is done for it: in a crowd that is nearly everybody. Only questions: an update may still be left with
    the bus. One in a turn of the loop, so that the others' answers never stand behind a crowd that is told no."""

    def __init__(self, bulkhead: Bulkhead, health: HealthBook) -> None:
        self._bulkhead, self._health = bulkhead, health
        self._one = asyncio.Lock()

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        operation, deadline = exchange.operation, exchange.deadline
        if operation is None or operation.kind is not Kind.QUERY or exchange.face is Face.INTERNAL:
            return handler(exchange)
        try:
            self._health.turn_away(operation)
            slots = self._bulkhead.systems.get(operation.system)
            if slots is not None and slots.taken >= slots.capacity and deadline is not None:
                now = self._bulkhead.clock.monotonic()
                slots.refuse(deadline.at - now, now)
        except (CircuitOpen, Overloaded) as error:
            return self._in_turn(error)
        return handler(exchange)

    async def _in_turn(self, error: LgspError) -> Data:
        if self._bulkhead.refusing < MOST_REFUSALS:
            self._bulkhead.refusing += 1
            try:
                async with self._one:
                    await asyncio.sleep(0)
            finally:
                self._bulkhead.refusing -= 1
        try:
            raise error
        finally:
            del error  # its frames hold this one: a circle would be left of each refusal
