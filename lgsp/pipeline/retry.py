"""Retry: the one layer that asks again, by tenacity; only what may be asked twice, within a budget (RULES 7)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from lgsp.errors import ConnectFailed, Timeout, Unavailable
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Face
from lgsp.registry import Operation
from lgsp.runtime import Runtime
from lgsp.upstream import CredentialRefused, UpstreamUnavailable

ALLOWED = (ConnectFailed, Timeout)
"""The only errors that another try may cure; HTTP 502 to 504 of a platform are among them by the time they come here."""
NEVER = (UpstreamUnavailable, CredentialRefused)
"""The sign-in keeps its own pause."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds; full jitter between 0 and the growing bound."""

    tries: int = 3
    first: float = 0.1
    longest: float = 2.0
    share: float = 0.2
    """Retries under way, those in their pause included, per active call of a system."""
    floor: int = 3


@dataclass(slots=True)
class Retry:
    runtime: Runtime
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    active: Counter[str] = field(default_factory=Counter)
    """Exchanges inside this step, by system."""
    retrying: Counter[str] = field(default_factory=Counter)
    """Those of them that spend the budget."""

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        operation = exchange.operation
        if operation is None or not _may_repeat(operation) or exchange.face is Face.INTERNAL:
            return await handler(exchange)  # deliveries and probes have pauses of their own
        system = operation.system
        self.active[system] += 1
        try:
            return await handler(exchange)
        except ALLOWED as error:
            if isinstance(error, NEVER) or not self._spend(system):
                raise
            try:
                return await self._again(exchange, handler, error)
            finally:
                self.retrying[system] -= 1
        finally:
            self.active[system] -= 1

    async def _again(self, exchange: Exchange, handler: Handler, first: Unavailable) -> Data:
        """The first try has been made outside, so that a call that goes well pays nothing for this machinery."""
        made: list[Unavailable] = [first]

        async def attempt() -> Data:
            if made:
                raise made.pop()
            return await handler(exchange)

        def worth_it(error: BaseException) -> bool:
            return isinstance(error, ALLOWED) and not isinstance(error, NEVER) and self._left(exchange) > 0

        async def sleep(seconds: float) -> None:
            if seconds >= self._left(exchange):
                raise first
            began = self.runtime.clock.monotonic()
            await asyncio.sleep(seconds)
            waited = self.runtime.clock.monotonic() - began
            exchange.timings["wait"] = exchange.timings.get("wait", 0.0) + waited

        tries = AsyncRetrying(
            stop=stop_after_attempt(self.policy.tries),
            wait=self._pause,
            retry=retry_if_exception(worth_it),
            sleep=sleep,
            reraise=True,
        )
        found: Data = await tries(attempt)
        return found

    def _pause(self, state: RetryCallState) -> float:
        bound = min(self.policy.longest, self.policy.first * 2 ** (state.attempt_number - 1))
        jitter = self.runtime.random.uniform(0.0, bound)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Unavailable) and error.retry_after else 0.0
        return max(jitter, asked)

    def _spend(self, system: str) -> bool:
        if self.retrying[system] >= max(self.policy.floor, self.policy.share * self.active[system]):
            return False
        self.retrying[system] += 1
        return True

    def _left(self, exchange: Exchange) -> float:
        return exchange.deadline.at - self.runtime.clock.monotonic() if exchange.deadline else 0.0


def _may_repeat(operation: Operation) -> bool:
    return operation.safe or operation.keyed
