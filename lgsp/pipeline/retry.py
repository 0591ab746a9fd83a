"""Retry: the one layer that asks again, by tenacity; only what may be asked twice, within a budget (RULES 7)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from lgsp.errors import CircuitOpen, ConnectFailed, Overloaded, ProviderFault, Timeout, Unavailable
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
    outage: int = 3
    """After so many failures of an operation in a row, whoever's they are, nobody asks again before it has answered:
    another try cures a hiccup, never an outage, and its first seconds would see every call three times."""


@dataclass(slots=True)
class Retry:
    runtime: Runtime
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    active: Counter[str] = field(default_factory=Counter)
    """Exchanges inside this step, by system."""
    retrying: Counter[str] = field(default_factory=Counter)
    """Those of them that spend the budget."""
    failing: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Failures in a row, by operation."""

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        operation = exchange.operation
        if operation is None or not _may_repeat(operation) or exchange.face is Face.INTERNAL:
            return await handler(exchange)  # deliveries and probes have pauses of their own
        system = operation.system
        self.active[system] += 1
        try:
            return await self._noted(operation, exchange, handler)
        except ALLOWED as error:
            if isinstance(error, NEVER) or self._out(operation) or not self._spend(system):
                raise
            try:
                return await self._again(operation, exchange, handler, error)
            finally:
                self.retrying[system] -= 1
        finally:
            self.active[system] -= 1

    async def _noted(self, operation: Operation, exchange: Exchange, handler: Handler) -> Data:
        """One try, remembered as what it says of the operation."""
        key = (operation.system, operation.name)
        try:
            answer = await handler(exchange)
        except ALLOWED as error:
            self.failing[key] += not isinstance(error, NEVER)
            raise
        except ProviderFault:
            self.failing.pop(key, None)
            raise
        self.failing.pop(key, None)
        return answer

    def _out(self, operation: Operation) -> bool:
        return self.failing[operation.system, operation.name] >= self.policy.outage

    async def _again(self, operation: Operation, exchange: Exchange, handler: Handler, first: Unavailable) -> Data:
        """The first try has been made outside, so that a call that goes well pays nothing for this machinery."""
        made: list[Unavailable] = [first]
        asked = 0

        async def attempt() -> Data:
            nonlocal asked
            if made:
                raise made.pop()
            asked = len(exchange.attempts)
            return await self._noted(operation, exchange, handler)

        def worth_it(error: BaseException) -> bool:
            if not isinstance(error, ALLOWED) or isinstance(error, NEVER):
                return False
            return self._left(exchange) > 0 and not self._out(operation)

        async def sleep(seconds: float) -> None:
            if seconds >= self._left(exchange):
                raise first
            began = self.runtime.clock.monotonic()
            await asyncio.sleep(seconds)
            waited = self.runtime.clock.monotonic() - began
            exchange.timings["wait"] = exchange.timings.get("wait", 0.0) + waited
            exchange.waits.append(("pause", began, waited))

        tries = AsyncRetrying(
            stop=stop_after_attempt(self.policy.tries),
            wait=self._pause,
            retry=retry_if_exception(worth_it),
            sleep=sleep,
            reraise=True,
        )
        try:
            found: Data = await tries(attempt)
        except (CircuitOpen, Overloaded):
            if len(exchange.attempts) > asked:
                raise  # the ministry's own word
            raise first from None  # ours: it was not asked again, and the caller is told what became of his question
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
