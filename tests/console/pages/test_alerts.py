"""The page of alerts, at a running bus."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lgsp.console.pages.alerts import unseen
from lgsp.model import Text
from lgsp.store.port import AlertRow
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import notes, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("alerts")) as found:
        yield found


async def test_an_operator_takes_an_alert_with_a_note(bus: Bus) -> None:
    person = await signed_in(bus, "duty")
    now = bus.gateway.runtime.clock.now()
    await bus.gateway.store.alerts.raised(AlertRow("A1", "test:a", "health", 9, Text("Trục ngắt", "Down"), now))
    assert "Trục ngắt" in text(await person.get("/console/alerts"))
    waiting = await unseen(bus.gateway)
    took = await person.submit("/console/alerts", "/console/alerts/A1/take", {"note": "đã gọi trực"})
    assert took.status == 303
    assert await unseen(bus.gateway) == waiting - 1, "the navigation counts those that nobody has taken"
    shown = text(await person.get("/console/alerts"))
    assert "duty" in shown
    assert "đã gọi trực" in shown
    assert [each["by"] for each in await notes(bus, "alert-acknowledged")] == ["duty"]


async def test_only_operators_see_and_register_routes(bus: Bus) -> None:
    person, viewer = await signed_in(bus, "router"), await signed_in(bus, "looker", "viewer")
    refused = await person.submit("/console/alerts", "/console/alerts/routes", {"target": "ftp://x", "least": "5"})
    assert refused.status == 422
    made = await person.submit("/console/alerts", "/console/alerts/routes", {"target": "https://soc.example/h"})
    assert "whsec_" in text(made)
    assert "whsec_" not in text(await person.get("/console/alerts"))
    assert "soc.example" in text(await person.get("/console/alerts"))
    assert "soc.example" not in text(await viewer.get("/console/alerts"))
    (route,) = await bus.gateway.store.alerts.routes()
    assert (await viewer.post(f"/console/alerts/routes/{route.id}/drop", {})).status == 403
    await person.submit("/console/alerts", f"/console/alerts/routes/{route.id}/drop", {})
    assert await bus.gateway.store.alerts.routes() == []


async def test_the_command_sees_the_same(bus: Bus) -> None:
    now = bus.gateway.runtime.clock.now()
    await bus.gateway.store.alerts.raised(AlertRow("A2", "test:b", "health", 9, Text("Trục ngắt", "Down"), now))
    listed = await bus.gateway.perform("alert.list", "local:x", {"past": True})
    assert [each["id"] for each in listed if each["cause"] == "test:b"] == ["A2"]
