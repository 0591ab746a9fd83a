"""Maintenance windows: announced, they begin and end by themselves; downtime is reclassified with a name and a reason.

While a window is open the system's health is `maintenance`: its calls are refused at once with the time that is left, its
updates are kept, probes pause, nobody is alerted. What follows a window is unknown until a probe has looked.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.errors import Maintenance
from lgsp.exchange import Exchange, Handler
from lgsp.health import HealthBook, History
from lgsp.health.history import DAYS
from lgsp.lifecycle import Ledger
from lgsp.model import Data, Health, Text
from lgsp.runtime import HANOI, Runtime
from lgsp.store.port import Store, StoreFailed
from lgsp.store.port.stewardship import MaintenanceRecord

LOOK_SECONDS = 0.5
AGAIN_SECONDS = 5.0
"""After so long the records are read again: another process may have decided."""
LONGEST = timedelta(days=14)
_GRACE = timedelta(minutes=5)
"""A window may be entered as having begun that long ago: now, as a person types it."""


@dataclass(slots=True)
class Windows:
    """All windows of the last days and those to come, in memory. Asked on every call, so asking costs one look."""

    store: Store
    health: HealthBook
    history: History
    runtime: Runtime
    records: dict[str, MaintenanceRecord] = field(default_factory=dict)
    _open: dict[str, MaintenanceRecord] = field(default_factory=dict)
    """By system: the window that is open now, and that health knows of."""
    _excused: set[str] = field(default_factory=set)

    async def refresh(self) -> None:
        """Reads what has been decided, here or elsewhere, and acts upon it."""
        rows = await self.store.stewardship.maintenance(self.runtime.clock.now() - timedelta(days=DAYS + 1))
        self.records = {each.id: each for each in rows}
        for each in rows:
            if each.past and each.id not in self._excused:
                self._excused.add(each.id)
                self.history.excuse(each.system, each.begins, each.ends)
        self.look()

    def look(self) -> None:
        """Opens what begins and closes what is over."""
        now = self.runtime.clock.now()
        standing: dict[str, MaintenanceRecord] = {}
        for each in self.records.values():
            if not each.past and each.begins <= now < each.over:
                before = standing.get(each.system)
                standing[each.system] = each if before is None or each.over > before.over else before
        for system in self._open.keys() - standing.keys():
            self.health.pause(system, on=False)
        self._open = standing
        for system in standing:
            if self.health.verdict(system).health is not Health.MAINTENANCE:
                self.health.pause(system, on=True)

    def open(self, system: str) -> MaintenanceRecord | None:
        return self._open.get(system)

    def announced(self, system: str | None = None) -> list[MaintenanceRecord]:
        """Open now or still to come, the next one first."""
        now = self.runtime.clock.now()
        found = [each for each in self.records.values() if not each.past and each.over > now]
        return sorted((each for each in found if system in (None, each.system)), key=lambda each: each.begins)

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        clock, read = self.runtime.clock, float("-inf")
        while True:
            if clock.monotonic() - read >= AGAIN_SECONDS:
                try:
                    await self.refresh()
                except StoreFailed:
                    self.look()
                read = clock.monotonic()
            else:
                self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        """A step of the pipeline. Raises `Maintenance` with the seconds that are left."""
        window = self._open.get(exchange.system or "")
        if window is not None:
            now = self.runtime.clock.now()
            if now < window.over:
                left = max(1, math.ceil((window.over - now).total_seconds()))
                raise Maintenance(_until(window), retry_after=left)
        return handler(exchange)


def _until(window: MaintenanceRecord) -> Text:
    at = f"{window.over.astimezone(HANOI):%H:%M %d/%m}"
    return Text(f"Bảo trì có báo trước tới {at}", f"Announced maintenance until {at}")


# -- what people decide ------------------------------------------------------------------------------------------------


class MaintenanceDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def decided(self) -> Callable[[], Awaitable[None]]:
        """Windows are read again: at once where the bus runs."""


async def maintenance_list(desk: MaintenanceDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Those that are open or to come, and those of the last 90 days."""
    del by
    rows = await desk.store.stewardship.maintenance(desk.runtime.clock.now() - timedelta(days=DAYS))
    system = arguments.get("system")
    return [shown(each) for each in rows if system in (None, "", each.system)]


async def maintenance_announce(desk: MaintenanceDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    record, now = _record(desk, by, arguments), desk.runtime.clock.now()
    if record.begins < now - _GRACE:
        raise Refused("Thời điểm bắt đầu đã qua", "a window begins now or later; past downtime is reclassified")
    if record.ends <= now:
        raise Refused("Thời điểm kết thúc đã qua", "the window would be over already")
    return await _add(desk, record, "maintenance-announced")


async def maintenance_reclassify(desk: MaintenanceDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """From now on that time counts as maintenance on strips and in availability. The transitions themselves stay."""
    record, now = _record(desk, by, arguments), desk.runtime.clock.now()
    if record.ends > now:
        raise Refused("Chỉ điều chỉnh thời gian đã qua", "only what is over is reclassified")
    if record.begins < now - timedelta(days=DAYS):
        raise Refused(f"Chỉ điều chỉnh trong {DAYS} ngày gần nhất", f"only the last {DAYS} days are reclassified")
    return await _add(desk, replace(record, past=True), "downtime-reclassified")


async def maintenance_end(desk: MaintenanceDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Before its time, or called off before it has begun."""
    name, now = str(arguments["id"]), desk.runtime.clock.now()
    known = next((each for each in await desk.store.stewardship.maintenance(now) if each.id == name), None)
    if known is None or known.past or known.closed is not None:
        raise Refused(f"Không có cửa sổ bảo trì {name}", f"no window {name} is open or to come")
    await desk.audit.note("maintenance-ended", by, id=name, system=known.system)
    await desk.store.stewardship.close_maintenance(name, now, by)
    await desk.decided()
    return shown(replace(known, closed=now, closed_by=by))


async def _add(desk: MaintenanceDesk, record: MaintenanceRecord, what: str) -> Any:
    """Evidence first: no downtime is excused that nobody can account for."""
    facts = shown(record)
    await desk.audit.note(
        what, record.by, **{name: facts[name] for name in ("id", "system", "begins", "ends", "reason")}
    )
    await desk.store.stewardship.add_maintenance(record)
    await desk.decided()
    return facts


def _record(desk: MaintenanceDesk, by: str, arguments: Mapping[str, Any]) -> MaintenanceRecord:
    system, reason = str(arguments["system"]), str(arguments.get("reason") or "").strip()
    if desk.ledger.stage(system) is None:
        raise Refused(f"Không có hệ thống {system}", f"no system {system}")
    begins, ends = moment_of(arguments.get("begins")), moment_of(arguments.get("ends"))
    if ends <= begins:
        raise Refused("Phải kết thúc sau khi bắt đầu", "it must end after it begins")
    if ends - begins > LONGEST:
        raise Refused(f"Tối đa {LONGEST.days} ngày", f"at most {LONGEST.days} days")
    if not reason:
        raise Refused("Cần nêu lý do", "a reason is needed")
    name = desk.runtime.ids.new()[-12:].lower()
    return MaintenanceRecord(name, system, begins, ends, reason[:500], by, desk.runtime.clock.now())


def moment_of(text: Any) -> datetime:
    """2026-12-31T22:00 or 31/12/2026 22:00, in Viet Nam where it names no zone. Raises `Refused`."""
    written = str(text or "").strip()
    try:
        found = (
            datetime.strptime(written + "+0700", "%d/%m/%Y %H:%M%z")
            if "/" in written
            else datetime.fromisoformat(written)
        )
    except ValueError as error:
        raise Refused("Thời điểm viết 31/12/2026 22:00", "a moment is written 2026-12-31T22:00") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=HANOI)


def shown(record: MaintenanceRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "system": record.system,
        "begins": record.begins.isoformat(),
        "ends": record.ends.isoformat(),
        "reason": record.reason,
        "by": record.by,
        "decided": record.decided.isoformat(),
        "past": record.past,
        "closed": record.closed.isoformat() if record.closed else None,
        "closed_by": record.closed_by,
    }


MAINTENANCE: Mapping[str, Callable[[MaintenanceDesk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "maintenance.list": maintenance_list,
        "maintenance.announce": maintenance_announce,
        "maintenance.reclassify": maintenance_reclassify,
        "maintenance.end": maintenance_end,
    }
)
