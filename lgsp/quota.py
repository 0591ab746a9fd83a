"""How many calls a minute: one fixed window per grant, refused with the seconds until the next one."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgsp.errors import QuotaExceeded
from lgsp.runtime import Clock

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a grant's minute after this call. `reset` in seconds."""

    limit: int
    remaining: int
    reset: float


@dataclass(slots=True)
class _Window:
    began: float
    used: int = 0


@dataclass(slots=True)
class Quotas:
    """Windows by grant: as many as there are grants, so their number has a bound."""

    clock: Clock
    _windows: dict[tuple[str, str, str], _Window] = field(default_factory=dict)

    def spend(self, grant: tuple[str, str, str], limit: int) -> Quota:
        """One call of this grant's minute. Raises `QuotaExceeded`."""
        now = self.clock.monotonic()
        window = self._windows.get(grant)
        if window is None or now - window.began >= SECONDS:
            window = self._windows[grant] = _Window(now)
        reset = SECONDS - (now - window.began)
        if window.used >= limit:
            raise QuotaExceeded(retry_after=reset)
        window.used += 1
        return Quota(limit, limit - window.used, reset)
