"""All breakers of one process, and which of them are not closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lgsp.events import BreakerChanged, Events
from lgsp.health.breaker import Breaker, BreakerPolicy
from lgsp.health.tables import BreakerState
from lgsp.model import Text
from lgsp.runtime import Clock

Key = tuple[str, str]
"""System and operation."""


@dataclass(slots=True)
class Breakers:
    policy: BreakerPolicy
    clock: Clock
    events: Events
    _known: dict[Key, Breaker] = field(default_factory=dict)
    _opened: dict[Key, datetime] = field(default_factory=dict)

    def of(self, key: Key) -> Breaker:
        breaker = self._known.get(key)
        if breaker is None:
            breaker = self._known[key] = Breaker(self.policy)
        return breaker

    def moved(self, key: Key, breaker: Breaker, was: BreakerState) -> None:
        """By what this process has seen: it is told once."""
        now = self.clock.now()
        self.note(key, breaker.state)
        why = None
        if breaker.state == "open":
            failed, calls = breaker.failed, len(breaker.window)
            why = Text(f"{failed}/{calls} cuộc gọi gần nhất hỏng", f"{failed} of {calls} calls failed")
        self.events.publish(BreakerChanged(*key, was, breaker.state, why, now))

    def note(self, key: Key, state: BreakerState) -> None:
        if state == "open":
            self._opened.setdefault(key, self.clock.now())
        elif state == "closed":
            self._opened.pop(key, None)

    def of_system(self, system: str) -> BreakerState:
        """The worst of its operations."""
        states = {self._known[key].state for key in self._opened if key[0] == system}
        return "open" if "open" in states else "half-open" if "half-open" in states else "closed"

    def any_open(self, system: str, now: float) -> bool:
        """A breaker that would let the next call probe, and that nobody has asked, says nothing against the others."""
        if not self._opened:
            return False
        breakers = [self._known[key] for key in self._opened if key[0] == system]
        return any(each.probing or now - each.since <= 2 * self.policy.open_seconds for each in breakers)

    def open_since(self, system: str) -> datetime | None:
        return min((moment for key, moment in self._opened.items() if key[0] == system), default=None)

    def not_closed(self) -> list[tuple[str, str, BreakerState, float]]:
        """With the monotonic moment since when."""
        return [(*key, self._known[key].state, self._known[key].since) for key in self._opened]
