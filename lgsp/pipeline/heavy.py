"""Large messages of an exchange are read and written in turn, where its face has a drawer for them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from lgsp.exchange import Exchange
from lgsp.spool import Drawer


def turn(exchange: Exchange, size: int) -> AbstractAsyncContextManager[None]:
    """Held while codecs work on a message of so many bytes."""
    drawer: Drawer | None = exchange.face_state.get("drawer")
    return nullcontext() if drawer is None else drawer.spool.memory.turn(size)
