"""In time: a cause becomes an alert when it has stood so long, and is over when it has been away longer. Pure.

A cause that comes and goes is one alert: absences shorter than the calm do not end it, nor do they start the count anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lgsp.alerting.causes import Cause

CALM = 300.0
"""Seconds without a cause before its alert is over."""
MOST = 2000
"""Causes looked at; more at once are one flood, and the gravest are kept."""


@dataclass(slots=True)
class _Seen:
    cause: Cause
    first: float
    last: float
    present: float = 0.0
    """Seconds that it was there, absences aside."""
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What has become of the causes since the last look."""

    raised: tuple[Cause, ...] = ()
    cleared: tuple[str, ...] = ()


@dataclass(slots=True)
class Damper:
    seen: dict[str, _Seen] = field(default_factory=dict)
    looked: float | None = None

    def resume(self, causes: Iterable[Cause], now: float) -> None:
        """Alerts that stood when an earlier process ended: they stand until their calm is over."""
        for cause in causes:
            self.seen[cause.key] = _Seen(cause, now, now, raised=True)

    def look(self, causes: Iterable[Cause], now: float) -> Turn:
        """`causes` are all that are there now; a muted one is not among them."""
        raised, here = [], set()
        for cause in sorted(causes, key=lambda each: -each.severity)[:MOST]:
            here.add(cause.key)
            known = self.seen.get(cause.key)
            if known is None:
                known = self.seen[cause.key] = _Seen(cause, now, now)
            elif known.last == self.looked:
                known.present += now - known.last
            known.cause, known.last = cause, now
            if not known.raised and known.present >= cause.after:
                known.raised = True
                raised.append(cause)
        over = [key for key, each in self.seen.items() if key not in here and now - each.last >= CALM]
        cleared = [key for key in over if self.seen.pop(key).raised]
        self.looked = now
        return Turn(tuple(raised), tuple(cleared))
