"""What a caller meets: an answer, how it travels, or none. Both sockets and the in-memory transport play it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lgsp.model import HttpResponse


@dataclass(frozen=True, slots=True)
class Outcome:
    """`response` None: no byte of an answer. Delays before the answer have passed already."""

    response: HttpResponse | None
    broken: Literal["", "refused", "reset"] = ""
    """`refused`: the connection ended before the request was looked at; `reset`: after it was read."""
    cut: int | None = None
    """The connection breaks after so many bytes of the body."""
    pieces: int = 1
    seconds: float = 0.0
    """The body travels in so many pieces over so many seconds."""
    linger: float = 0.0
    """The body has no announced length, and the connection ends only so many seconds after it."""


class ConnectionBroken(Exception):
    """`Simulator.handle` met a fault that leaves no answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.broken)
        self.outcome = outcome
