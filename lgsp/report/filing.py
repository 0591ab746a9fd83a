"""Reports on record: figures of any period for a command, and last month's filed by itself, once in the whole installation.

The figures are kept in the store; the files in `{data}/reports` are written from them, by the process that files.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.errors import EvidenceUnavailable
from lgsp.report.facts import Facts, Period, PeriodError, decode, encode, gather
from lgsp.report.incidents import Times
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store, StoreFailed
from lgsp.store.port.reports import ReportRow

EVERY_SECONDS = 3600.0
LISTED = 60
_LEASE = 600.0
"""Seconds in which nobody else files: far more than one report takes."""
Files = Callable[[Facts], Awaitable[Mapping[str, bytes]]]
"""Every form of a report, by file name."""


class ReportDesk(Protocol):
    """What is asked of the house."""

    @property
    def store(self) -> Store: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def demonstration(self) -> bool:
        """The figures are invented, and the report says so."""

    @property
    def excused(self) -> Mapping[str, Times]:
        """Downtime that somebody has reclassified as maintenance."""


async def collect(desk: ReportDesk, first: date, last: date) -> Facts:
    """Raises `PeriodError`, `StoreFailed`."""
    now = desk.runtime.clock.now()
    period = Period.of(first, last, now.astimezone(HANOI).date())
    return await gather(desk.store, period, now, demonstration=desk.demonstration, excused=desk.excused)


async def file_last_month(desk: ReportDesk, folder: Path, files: Files) -> bool:
    """True where it was filed now; False where it had been, by whomever. Raises `StoreFailed`, `EvidenceUnavailable`."""
    yesterday = desk.runtime.clock.now().astimezone(HANOI).date().replace(day=1) - timedelta(days=1)
    name = f"{yesterday:%Y-%m}"
    if await desk.store.reports.get(name) is not None:
        return False
    facts = await collect(desk, yesterday.replace(day=1), yesterday)
    made = await files(facts)
    row = ReportRow(name, facts.period.first, facts.period.last, facts.made, "bus", encode(facts))
    if not await desk.store.reports.add(row):
        return False
    await desk.runtime.offload(lambda: _write(folder, made))
    await desk.audit.note("report-filed", "bus", period=name, files=sorted(made))
    return True


async def run(desk: ReportDesk, folder: Path, files: Files) -> None:
    """The standing task. The month that ended before the bus was first started has nothing to report and is filed too:
    its sentence stands all the same."""
    while True:
        with contextlib.suppress(StoreFailed, EvidenceUnavailable):
            if await desk.store.leases.take("monthly-report", _LEASE):
                await file_last_month(desk, folder, files)
        await asyncio.sleep(EVERY_SECONDS)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        fresh = folder / f".{name}.new"
        fresh.write_bytes(content)
        fresh.replace(folder / name)


# -- for commands -------------------------------------------------------------------------------------------------------


async def report_facts(desk: ReportDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The figures of a period, or those that were filed under a name."""
    del by
    if name := arguments.get("filed"):
        row = await desk.store.reports.get(str(name))
        if row is None:
            raise Refused(f"Chưa lập báo cáo {name}", f"no report of {name} is filed")
        return msgspec.to_builtins(decode(row.facts))
    try:
        days = [date.fromisoformat(str(arguments[name])) for name in ("first", "last")]
        return msgspec.to_builtins(await collect(desk, *days))
    except PeriodError as error:
        raise Refused(*error.both) from error
    except ValueError as error:
        raise Refused("Ngày viết 2026-12-31", "a day is YYYY-MM-DD") from error


async def report_list(desk: ReportDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [
        {
            "period": each.name,
            "from": each.first.isoformat(),
            "to": each.last.isoformat(),
            "made": each.made.isoformat(),
        }
        for each in await desk.store.reports.newest(LISTED)
    ]


REPORTS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {"report.facts": report_facts, "report.list": report_list}
)
