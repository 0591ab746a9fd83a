"""Breaker: asks the health book for leave, and tells it what came of it. Business refusals prove health (RULES 8, 12)."""

from __future__ import annotations

from lgsp.errors import BusFault, LgspError, Unavailable
from lgsp.exchange import Exchange, Handler
from lgsp.health import HealthBook, Permit
from lgsp.model import Data
from lgsp.upstream import UpstreamUnavailable


class Breaker:
    """Raises `CircuitOpen` with the seconds after which asking again makes sense."""

    def __init__(self, health: HealthBook) -> None:
        self._health = health

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        if exchange.operation is None:
            raise BusFault()
        permit = self._health.admit(exchange.operation) or await self._health.ask(exchange.operation)
        before = len(exchange.attempts)
        try:
            answer = await handler(exchange)
        except LgspError as error:
            _judge(permit, exchange, before, error)
            raise
        except BaseException:
            permit.abandoned()  # cancelled, or a defect of ours: the database is not to blame
            raise
        _judge(permit, exchange, before, None)
        return answer


def _judge(permit: Permit, exchange: Exchange, before: int, error: LgspError | None) -> None:
    """By the attempt that was made, not by the time that the caller saw: waiting for a slot is no fault of the database."""
    if len(exchange.attempts) == before:
        permit.abandoned()
        return
    attempt = exchange.attempts[-1]
    if attempt.outcome in ("ok", "business"):
        permit.succeeded(attempt.seconds)
    elif isinstance(error, Unavailable) and not isinstance(error, UpstreamUnavailable):
        permit.failed(error, attempt.seconds)
    else:
        permit.abandoned()
