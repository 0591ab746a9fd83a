"""Filed reports on every store: a period is filed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lgsp.store import Store
from lgsp.store.port import ReportRow
from tests.store.test_store import NOW, installation, store

__all__ = ["installation", "store"]
OCTOBER = ReportRow("2022-10", date(2022, 10, 1), date(2022, 10, 31), NOW, "bus", b"{}")


async def test_a_period_is_filed_once(store: Store) -> None:
    assert await store.reports.get("2022-10") is None
    assert await store.reports.add(OCTOBER)
    assert not await store.reports.add(replace(OCTOBER, facts=b"other"))
    assert await store.reports.get("2022-10") == OCTOBER
    november = replace(OCTOBER, name="2022-11", first=date(2022, 11, 1), last=date(2022, 11, 30))
    assert await store.reports.add(november)
    assert await store.reports.newest(9) == [november, OCTOBER]
    assert await store.reports.newest(1) == [november]
