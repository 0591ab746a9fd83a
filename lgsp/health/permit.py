"""Leave for one pass through an operation, and the one verdict that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lgsp.errors import LgspError
from lgsp.health import cause
from lgsp.health.breaker import Breaker
from lgsp.registry import Operation

if TYPE_CHECKING:  # the book hands out permits; only its type is named here
    from lgsp.health.book import HealthBook

IMPATIENT = 0.1
"""A caller who waited less than this share of the operation's time limit has learned nothing about the database."""


@dataclass(slots=True)
class Permit:
    """Leave for one attempt-making pass through an operation; exactly one verdict, the first, counts."""

    book: HealthBook
    operation: Operation
    breaker: Breaker
    epoch: int
    open: bool = True

    def succeeded(self, seconds: float) -> None:
        """The database answered; a business refusal is an answer."""
        if self._close():
            slow = seconds >= self.operation.timeout * self.breaker.policy.slow_after
            self.book.judge(self, "ok", slow=slow)

    def failed(self, error: LgspError, seconds: float) -> None:
        """A technical fault or a broken contract."""
        if error.code == "timeout" and seconds < self.operation.timeout * IMPATIENT:
            self.abandoned()
        elif self._close():
            self.book.judge(self, error.code, error.detail, cause.named_layer(error))

    def abandoned(self) -> None:
        """No verdict: the caller left, no slot was free, the sign-in failed."""
        if self._close():
            probe = self.breaker.state == "half-open" and self.epoch == self.breaker.epoch
            self.breaker.release(self.epoch)
            if probe and self.book.link is not None:
                self.book.link.given_up(self.operation.system, self.operation.name)

    def _close(self) -> bool:
        was, self.open = self.open, False
        return was
