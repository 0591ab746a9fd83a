"""How many calls a minute: one fixed window per grant, refused with the seconds until the next one.

Where several processes serve, they draw blocks of one common minute of the wall clock: together they never let through more
than the limit. What one of them has drawn and not used up, at most `limit / 100` and 500, another cannot use: so much a
process may be refused too early. Small limits are drawn one by one and are exact.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from lgsp.errors import Overloaded, QuotaExceeded
from lgsp.runtime import Clock
from lgsp.store.port import Allowances, StoreFailed

SECONDS = 60.0
_SHARE, _LARGEST = 100, 500

Name = tuple[str, str, str]
"""Consumer, system, operation of the grant."""


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
class _Part:
    """This process's part of a common minute."""

    minute: int
    limit: int
    drawn: int = 0
    used: int = 0
    left: int = 0
    """Of the whole, when it was last drawn from."""
    over: bool = False
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Quotas:
    """Windows by grant: as many as there are grants, so their number has a bound. `shared`: where there are others."""

    clock: Clock
    shared: Allowances | None = None
    _windows: dict[Name, _Window] = field(default_factory=dict)
    _parts: dict[Name, _Part] = field(default_factory=dict)

    def spend(self, grant: Name, limit: int) -> Quota | None:
        """One call of this grant's minute. Raises `QuotaExceeded`. None: this process must `draw` first."""
        if self.shared is not None:
            return self._of_part(self._part(grant, limit), limit)
        now = self.clock.monotonic()
        window = self._windows.get(grant)
        if window is None or now - window.began >= SECONDS:
            window = self._windows[grant] = _Window(now)
        reset = SECONDS - (now - window.began)
        if window.used >= limit:
            raise QuotaExceeded(retry_after=reset)
        window.used += 1
        return Quota(limit, limit - window.used, reset)

    async def draw(self, grant: Name, limit: int) -> Quota:
        """`spend` after drawing. Raises `QuotaExceeded`, and `Overloaded` where the others cannot be asked."""
        assert self.shared is not None
        block = min(max(1, limit // _SHARE), _LARGEST)
        while True:
            part = self._part(grant, limit)
            async with part.drawing:
                spent = self._of_part(part, limit)
                if spent is not None:
                    return spent
                try:
                    drawn = await self.shared.draw("/".join(grant), part.minute, limit, block)
                except StoreFailed as error:
                    raise Overloaded(retry_after=1) from error
                part.drawn, part.left, part.over = part.drawn + drawn.given, drawn.left, not drawn.given

    def _part(self, grant: Name, limit: int) -> _Part:
        minute = int(self.clock.now().timestamp() // SECONDS)
        part = self._parts.get(grant)
        if part is None or part.minute != minute:
            part = self._parts[grant] = _Part(minute, limit)
        elif part.limit != limit:  # decided anew: what was drawn under the old one is not spent
            part.limit, part.drawn, part.over = limit, part.used, False
        return part

    def _of_part(self, part: _Part, limit: int) -> Quota | None:
        reset = SECONDS - self.clock.now().timestamp() % SECONDS
        if part.used < part.drawn:
            part.used += 1
            return Quota(limit, part.drawn - part.used + part.left, reset)
        if part.over:
            raise QuotaExceeded(retry_after=reset)
        return None
