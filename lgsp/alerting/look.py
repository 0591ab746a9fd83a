"""One look at the house: every cause of this moment. Dossiers are counted once a minute, the rest costs nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lgsp.alerting.causes import Cause, House, News, of_approvals, of_health, of_house, of_waiting
from lgsp.alerting.expiry import Expiry
from lgsp.runtime import HANOI, Clock
from lgsp.store import StoreFailed

_COUNTED = timedelta(minutes=1)


@dataclass(slots=True)
class Looking:
    """`tiles` are those of the board: evidence, store, disk."""

    house: House
    clock: Clock
    news: News
    tiles: Callable[[datetime], Iterable[Mapping[str, Any]]]
    expiry: Expiry | None = None
    """Certificates of upstreams; None where there are no sockets."""
    _waiting: list[Cause] = field(default_factory=list)
    _counted: datetime | None = None

    async def __call__(self) -> Sequence[Cause]:
        now = self.clock.now()
        if self._counted is None or now - self._counted >= _COUNTED:
            with contextlib.suppress(StoreFailed):  # the tile of the store says so
                self._waiting = await of_waiting(self.house, now)
            self._counted = now
        return [
            *of_health(self.house, now),
            *of_house(self.tiles(now)),
            *of_approvals(self.house, now.astimezone(HANOI).date()),
            *self._waiting,
            *self.news.causes(now),
            *(await self.expiry.causes(now) if self.expiry is not None else ()),
        ]
