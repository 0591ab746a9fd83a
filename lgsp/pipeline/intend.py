"""The asked entry, durable before anything personal or changing is sent to a ministry (RULES 1)."""

from __future__ import annotations

from collections.abc import Awaitable

from lgsp.audit import Audit
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Kind


class Intend:
    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        """Raises `EvidenceUnavailable` where it cannot be written; nothing has been sent then."""
        operation = exchange.operation
        if operation is not None and (operation.kind is Kind.UPDATE or operation.personal):
            return self._first(exchange, handler)
        return handler(exchange)

    async def _first(self, exchange: Exchange, handler: Handler) -> Data:
        await self._audit.asked(exchange)
        exchange.asked = True
        return await handler(exchange)
