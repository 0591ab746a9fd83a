"""What is remembered of one system and of one upstream between observations: a window, a streak, a hold-down."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from lgsp.health.tables import HEALTH, Signal
from lgsp.model import Health, Text

WINDOW_SECONDS = 60.0
WINDOW_CALLS = 50
HURT_RATE = 0.2
SLOW_RATE, SLOW_CALLS = 0.5, 3
"""Half of at least so many calls: who answers that slowly hurts, however right the answers are."""
DEAD_RATE = 0.5
DEAD_RUN, DEAD_SILENCE = 2, 2.0
"""So many failures in a row, and nothing good for so many seconds: that is dead, however well the minute before was."""
SHOWN = 10
"""Calls that a sentence speaks of."""
CALM_SECONDS, MOST_CALM = 5.0, 60.0
RELAPSE_SECONDS = 300.0


class Observation(msgspec.Struct, frozen=True):
    """One answer, or one that failed to come. `code` is "ok" for business refusals too (RULES 12)."""

    at: float
    operation: str
    code: str
    detail: Text | None = None
    layer: str = ""
    """Where the error names one (`cause.LAYERS`)."""
    slow: bool = False
    """An answer, but one that used up nearly all of its time."""

    @property
    def good(self) -> bool:
        return self.code == "ok"


@dataclass(slots=True)
class SystemState:
    """Hysteresis that learns: who relapses soon after having been called well must stay calm for longer."""

    since: datetime
    health: Health = Health.UNKNOWN
    window: deque[Observation] = field(default_factory=deque)
    failed: int = 0
    """Failures in the window."""
    slow: int = 0
    """Slow answers in the window."""
    checked_at: datetime | None = None
    observed: float | None = None
    last_bad: Observation | None = None
    good: int = 0
    """Successes in a row."""
    bad: int = 0
    """Failures in a row."""
    last_good: float | None = None
    calm: float = CALM_SECONDS
    well_since: float = 0.0
    shown: Health = Health.UNKNOWN
    """What was last published, the upstream's fate included."""

    def observe(self, seen: Observation, moment: datetime, *, open_breaker: bool) -> None:
        self.checked_at, self.observed = moment, seen.at
        self.window.append(seen)
        self.failed += not seen.good
        self.slow += seen.slow
        while len(self.window) > WINDOW_CALLS or seen.at - self.window[0].at > WINDOW_SECONDS:
            gone = self.window.popleft()
            self.failed -= not gone.good
            self.slow -= gone.slow
        if seen.good:
            self.good, self.bad, self.last_good = self.good + 1, 0, seen.at
            self.signal(self._after_good(seen, open_breaker=open_breaker), moment, seen.at)
            return
        self.good, self.bad, self.last_bad = 0, self.bad + 1, seen
        found = self._after_bad(seen, open_breaker=open_breaker)
        if found is not None:
            self.signal(found, moment, seen.at)

    def signal(self, signal: Signal, moment: datetime, now: float) -> None:
        after = HEALTH.get((self.health, signal), self.health)
        if after is self.health:
            return
        if self.health is Health.UP:
            relapsed = now - self.well_since < RELAPSE_SECONDS
            self.calm = min(self.calm * 2, MOST_CALM) if relapsed and self.well_since else CALM_SECONDS
        if after is Health.UP:
            self.well_since = now
        self.health, self.since = after, moment

    def recent(self) -> tuple[int, int]:
        """(failed, calls) of the last calls that a sentence speaks of."""
        last = list(self.window)[-SHOWN:]
        if not self.failed and self.slow:
            return sum(each.slow for each in last), len(last)
        return sum(not each.good for each in last), len(last)

    def weighing(self) -> tuple[str, str, Text | None]:
        """The most frequent code of the last failures, the layer that it names, and what was last said with it."""
        if not self.failed and self.slow:
            return "slow", "", None
        codes = [each for each in list(self.window)[-SHOWN:] if not each.good] or (
            [self.last_bad] if self.last_bad else []
        )
        if not codes:
            return "", "", None
        counted: dict[str, int] = {}
        for each in codes:
            counted[each.code] = counted.get(each.code, 0) + 1
        code = max(counted, key=lambda name: counted[name])
        last = next(each for each in reversed(codes) if each.code == code)
        return code, last.layer, last.detail

    def only_operation(self) -> str | None:
        """The operation that all failures of the window are of, where others answered meanwhile."""
        bad = {each.operation for each in self.window if not each.good}
        others = {each.operation for each in self.window if each.good} - bad
        return next(iter(bad)) if len(bad) == 1 and others else None

    def _after_good(self, seen: Observation, *, open_breaker: bool) -> Signal:
        if self.slow >= SLOW_CALLS and self.slow >= len(self.window) * SLOW_RATE:
            return Signal.SLOW
        if not self.failed and not open_breaker:
            return Signal.WELL
        calm = self.last_bad is None or seen.at - self.last_bad.at >= self.calm
        return Signal.WELL if self.good >= 2 and calm and not open_breaker else Signal.BETTER

    def _after_bad(self, seen: Observation, *, open_breaker: bool) -> Signal | None:
        failed, calls = self.failed, len(self.window)
        run = [each for each in self.window if not each.good and each.operation == seen.operation]
        others_answer = any(
            each.good and each.operation != seen.operation and each.at > run[0].at for each in self.window
        )
        silent = self.last_good is None or seen.at - self.last_good >= DEAD_SILENCE
        dead = (failed >= 2 and failed >= calls * DEAD_RATE) or (self.bad >= DEAD_RUN and silent)
        if dead and not others_answer:
            return Signal.DEAD
        return Signal.HURT if failed >= calls * HURT_RATE or open_breaker else None


@dataclass(slots=True)
class UpstreamState:
    since: datetime
    health: Health = Health.UNKNOWN
    checked_at: datetime | None = None
    answered: float | None = None
    """When anything behind it last answered."""
    said: Text | None = None
    layer: str = ""
    unreached: dict[str, int] = field(default_factory=dict)
    """How often no connection to a system came about since anything behind this upstream last answered."""
