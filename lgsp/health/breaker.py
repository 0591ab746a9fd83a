"""The circuit breaker of one operation: a sliding window of calls, and exactly one probe when it is half-open (RULES 8)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

from lgsp.health.tables import BREAKER, BreakerSignal, BreakerState

ASK_SECONDS = 0.25
"""Where several processes share a breaker, leave to probe is asked for no oftener."""


_GOLDEN = 0.6180339887
"""Multiples of it, without their whole part, fill the space between nought and one evenly, however many there are."""


def spread(number: int) -> float:
    """Between nought and one, for the number-th of a crowd whose size nobody knows yet."""
    return number * _GOLDEN % 1


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Rates are shares of the window, times in seconds."""

    window_seconds: float = 60.0
    window_calls: int = 100
    minimum: int = 5
    """With fewer calls in the window a rate says nothing."""
    failure_rate: float = 0.5
    slow_rate: float = 0.8
    slow_after: float = 0.8
    """A call is slow from this share of its operation's time limit."""
    timeouts_alone: int = 2
    """So many time-outs in a row are enough where nothing has answered for a while: each cost somebody everything."""
    silence: float = 2.0
    """That while, in seconds: on a busy operation a success lies between."""
    open_seconds: float = 5.0


class Result(msgspec.Struct, frozen=True):
    at: float
    code: str
    """"ok", or the code of a technical fault or a broken contract."""
    slow: bool

    @property
    def good(self) -> bool:
        return self.code == "ok"


@dataclass(slots=True)
class Breaker:
    """Knows monotonic seconds, no clock. `epoch` tells results that were asked for in an earlier state."""

    policy: BreakerPolicy
    state: BreakerState = "closed"
    since: float = 0.0
    epoch: int = 0
    window: deque[Result] = field(default_factory=deque)
    failed: int = 0
    slow: int = 0
    """Both of the window, kept along so that a call costs no walk over it."""
    probing: bool = False
    elsewhere: bool = False
    """The one probe is another process's."""
    asked: float = float("-inf")
    """When leave to probe was last asked for."""
    refused: int = 0
    """Callers who were told to come again since it moved."""

    def rests(self, now: float) -> bool:
        """Time to ask the others for the one probe: the pause is over, or whoever has the probe keeps silent."""
        if now - self.asked < ASK_SECONDS:
            return False
        if self.state == "open":
            return self._rested(now)
        return self.state == "half-open" and (self.elsewhere or not self.probing) and now - self.since >= ASK_SECONDS

    def take_over(self, now: float) -> None:
        """The one probe of all processes is ours."""
        self._enter("half-open", now)
        self.probing = True

    def follow(self, state: BreakerState, since: float) -> None:
        """Another process has moved it."""
        self._enter(state, since)
        self.probing = self.elsewhere = state == "half-open"

    def admit(self, now: float) -> bool:
        """Whether a call may go now; a half-open breaker hands its one probe to whoever asks first."""
        if self.shut(now):
            return False
        if self.state == "open":
            self._move("rested", now)
        self.probing = self.state == "half-open"
        return True

    def shut(self, now: float, *, shared: bool = False) -> bool:
        """Whoever comes now is refused: nobody may have the probe yet, or somebody has it. `shared`: with other processes."""
        if self.state == "closed":
            return False
        if shared:
            return not self.rests(now)
        return not self._rested(now) if self.state == "open" else self.probing

    def _rested(self, now: float) -> bool:
        return now - self.since >= self.policy.open_seconds

    def retry_after(self, now: float) -> float:
        """Seconds until it is worth asking again; the length of a probe is not known, so half a second is a guess."""
        return max(0.5, self.since + self.policy.open_seconds - now) if self.state == "open" else 0.5

    def again(self, now: float) -> float:
        """The same for one of many who are refused: from the second on they are spread evenly over one more pause, or all
        would be back at once."""
        later = spread(self.refused) * self.policy.open_seconds
        self.refused += 1
        return self.retry_after(now) + later

    def record(self, epoch: int, result: Result) -> None:
        """A call of that epoch has ended. Late results of an earlier state say nothing about this one."""
        if epoch != self.epoch:
            return
        if self.state == "half-open":
            self.probing = False
            self._move("passed" if result.good else "failed", result.at)
            return
        self.window.append(result)
        self._counted(result, 1)
        while self.window and (
            len(self.window) > self.policy.window_calls or result.at - self.window[0].at > self.policy.window_seconds
        ):
            self._counted(self.window.popleft(), -1)
        if self._tripped():
            self._move("tripped", result.at)

    def release(self, epoch: int) -> None:
        """A call of that epoch ended without a verdict: the caller left, no slot was free, the sign-in failed."""
        if epoch == self.epoch and self.state == "half-open":
            self.probing = False

    def _tripped(self) -> bool:
        calls, last = len(self.window), self.window[-1]
        if last.code == "timeout" and self._only_timeouts(last.at):
            return True
        if calls < self.policy.minimum:
            return False
        return self.failed >= calls * self.policy.failure_rate or self.slow >= calls * self.policy.slow_rate

    def _counted(self, result: Result, one: int) -> None:
        self.failed += one * (not result.good)
        self.slow += one * result.slow

    def _only_timeouts(self, now: float) -> bool:
        run = 0
        for each in reversed(self.window):
            if each.code != "timeout":
                return run >= self.policy.timeouts_alone and not (each.good and now - each.at < self.policy.silence)
            run += 1
        return run >= self.policy.timeouts_alone

    def _move(self, signal: BreakerSignal, now: float) -> None:
        self._enter(BREAKER[self.state, signal], now)

    def _enter(self, state: BreakerState, now: float) -> None:
        self.state = state
        self.since = now
        self.epoch += 1
        self.probing = self.elsewhere = False
        self.refused = 0
        if self.state == "closed":
            self.window.clear()
            self.failed = self.slow = 0
