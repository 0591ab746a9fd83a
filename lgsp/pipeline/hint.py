"""Says in the answer's header what does not fit together in the request; refuses nothing (`lgsp/hints.py`)."""

from __future__ import annotations

from collections.abc import Awaitable

from lgsp.exchange import Exchange, Handler
from lgsp.hints import HEADER, warnings
from lgsp.model import Data, Face


class Hint:
    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        if exchange.face is not Face.INTERNAL and (found := warnings(exchange.data)):
            exchange.headers_out[HEADER] = ", ".join(found)
        return handler(exchange)
