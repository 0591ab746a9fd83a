"""Alerts on every store: one cause, one alert that stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lgsp.model import Text
from lgsp.store import Store
from lgsp.store.port import AlertRow, RouteRow
from tests.store.test_store import NOW, installation, store

__all__ = ["installation", "store"]
LATER = NOW + timedelta(minutes=5)
DOWN = AlertRow("A1", "health:x", "health", 8, Text("Ngắt", "Down"), NOW)


async def test_a_cause_has_one_alert_while_it_stands(store: Store) -> None:
    assert await store.alerts.raised(DOWN)
    assert not await store.alerts.raised(replace(DOWN, id="A2"))
    assert await store.alerts.standing() == [DOWN]
    assert await store.alerts.cleared("A1", LATER)
    assert not await store.alerts.cleared("A1", LATER)
    assert await store.alerts.standing() == []
    assert await store.alerts.raised(replace(DOWN, id="A3"))
    assert await store.alerts.past(9) == [replace(DOWN, cleared=LATER)]


async def test_the_gravest_come_first(store: Store) -> None:
    for name, severity in (("A1", 5), ("A2", 9), ("A3", 5)):
        await store.alerts.raised(replace(DOWN, id=name, cause=name, severity=severity))
    assert [each.id for each in await store.alerts.standing()] == ["A2", "A1", "A3"]


async def test_one_person_takes_it(store: Store) -> None:
    await store.alerts.raised(DOWN)
    assert await store.alerts.acknowledge("A1", "operator", "đã gọi", LATER)
    assert not await store.alerts.acknowledge("A1", "another", "", LATER)
    assert not await store.alerts.acknowledge("none", "another", "", LATER)
    assert await store.alerts.standing() == [replace(DOWN, acknowledged=LATER, by="operator", note="đã gọi")]


async def test_routes(store: Store) -> None:
    route = RouteRow("R1", "webhook", "https://receiver.example/hook", b"sealed", 5, NOW, "operator")
    await store.alerts.put_route(route)
    await store.alerts.put_route(replace(route, least=8))
    assert await store.alerts.routes() == [replace(route, least=8)]
    assert await store.alerts.drop_route("R1")
    assert not await store.alerts.drop_route("R1")
