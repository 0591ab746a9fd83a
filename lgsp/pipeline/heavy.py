"""Large messages of an exchange are read and written in turn, where its face has a drawer for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeVar

from lgsp.errors import LgspError
from lgsp.exchange import Exchange
from lgsp.spool import Drawer

T = TypeVar("T")


def turn(exchange: Exchange, size: int) -> AbstractAsyncContextManager[None]:
    """Held while codecs work on a message of so many bytes."""
    drawer: Drawer | None = exchange.face_state.get("drawer")
    return nullcontext() if drawer is None else drawer.spool.memory.turn(size)


def bare(work: Callable[[], T]) -> T:
    """Does it. An error of ours leaves without the frames where it was raised: they hold the tree of the message, and the
    error is kept until the evidence of the refusal is on the disk."""
    try:
        return work()
    except LgspError as error:
        error.__traceback__ = error.__context__ = error.__cause__ = None
        raise
