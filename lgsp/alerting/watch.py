"""The watch: looks every few seconds, keeps alerts on record, tells the routes. One process of the installation keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from lgsp.alerting.causes import Cause
from lgsp.alerting.routes import Sender
from lgsp.alerting.rules import Damper
from lgsp.runtime import Runtime
from lgsp.store import Store, StoreFailed
from lgsp.store.port.alerts import AlertRow, RouteRow

EVERY_SECONDS = 5.0
Look = Callable[[], Awaitable[Sequence[Cause]]]
"""Everything that is wrong now and not muted."""


@dataclass(slots=True)
class Alerting:
    """A store that takes nothing stops no alert: it is told, and kept once the store is back."""

    store: Store
    runtime: Runtime
    look: Look
    sender: Sender
    damper: Damper = field(default_factory=Damper)
    standing: dict[str, AlertRow] = field(default_factory=dict)
    """By cause."""
    unsaved: dict[str, AlertRow] = field(default_factory=dict)
    _routes: tuple[RouteRow, ...] = ()

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        await self.resume()
        while True:
            await self.turn()
            await asyncio.sleep(EVERY_SECONDS)

    async def resume(self) -> None:
        """What another process has raised stands on, and is over when its cause stays away."""
        self.standing = {each.cause: each for each in await self.store.alerts.standing()}
        self.damper = Damper()
        causes = [Cause(each.cause, each.kind, each.severity, each.text) for each in self.standing.values()]
        self.damper.resume(causes, self.runtime.clock.monotonic())

    async def turn(self) -> None:
        """One look."""
        now = self.runtime.clock.now()
        turn = self.damper.look(await self.look(), self.runtime.clock.monotonic())
        if turn.raised or turn.cleared:
            await self._read_routes()
        for cause in turn.raised:
            row = AlertRow(self.runtime.ids.new(), cause.key, cause.kind, cause.severity, cause.text, now)
            self.standing[cause.key] = self.unsaved[row.id] = row
            self.sender.tell(self._routes, "alert.raised", row)
        for key in turn.cleared:
            row = replace(self.standing.pop(key), cleared=now)
            self.unsaved[row.id] = row
            self.sender.tell(self._routes, "alert.cleared", row)
        await self._save()

    async def _save(self) -> None:
        for name, row in list(self.unsaved.items()):
            try:
                await self.store.alerts.raised(row)
                if row.cleared is not None:
                    await self.store.alerts.cleared(name, row.cleared)
            except StoreFailed:
                return
            del self.unsaved[name]

    async def _read_routes(self) -> None:
        try:
            self._routes = tuple(await self.store.alerts.routes())
        except StoreFailed:
            return  # those known before
