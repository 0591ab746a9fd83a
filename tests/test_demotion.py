"""An official system that has broken what it rests on: the bus proposes, a person takes it over, a second one decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from lgsp import demotion
from lgsp.decisions import Refused
from lgsp.errors import Timeout
from lgsp.model import Stage
from lgsp.promotion import BUS
from lgsp.runtime import HANOI
from lgsp.store.port import CountRow
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import notes, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("demotion")) as found:
        yield found


def official(bus: Bus) -> list[str]:
    return sorted(name for name, each in bus.gateway.ledger.all().items() if each.stage is Stage.OFFICIAL)


async def fails(bus: Bus, system: str, calls: int = 150, hours: int = 2) -> None:
    """So many of three hundred calls have found nobody, some hours ago."""
    at = (bus.gateway.runtime.clock.now() - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    rows = [
        CountRow(system, "op", "x", at, "ok", 300 - calls, 1.0),
        CountRow(system, "op", "x", at, Timeout.code, calls, 1.0),
    ]
    await bus.gateway.store.health.add_counts(rows)


async def test_proposed_by_itself_taken_over_and_decided_by_two(bus: Bus) -> None:
    house, store = bus.gateway, bus.gateway.store
    system, calm, old = official(bus)[:3]
    await fails(bus, system)
    await fails(bus, calm, calls=3)
    await fails(bus, old, hours=30)
    proposed = await demotion.look(house)
    assert system in proposed
    assert not {calm, old} & set(proposed), "a bad quarter of an hour, and what is past"
    assert await demotion.look(house) == [], "one proposal, not one every ten minutes"
    (own,) = await store.stewardship.proposals(system, 9)
    assert (own.by, own.stage, own.state) == (BUS, "suspended", "open")
    assert "50,0 %" in own.reason
    assert (await notes(bus, "stage-proposed"))[-1]["by"] == BUS
    first, second = await signed_in(bus, "an"), await signed_in(bus, "binh")
    page = f"/console/systems/{system}/stage"
    assert "Vi phạm điều kiện" in text(await first.get("/console/approvals"))
    shown = await first.get(page)
    assert "/approve" not in shown.body.decode(), "nobody approves what no person has proposed"
    assert own.reason.split(";")[0] in text(shown)
    with pytest.raises(Refused, match="take it over"):
        await house.perform("stage.approve", "an", {"id": own.id})
    assert house.ledger.all()[system].stage is Stage.OFFICIAL
    taken = {"to": "suspended", "decision": "9/QĐ-UBND", "reason": own.reason}
    assert (await first.submit(page, page, taken)).status == 303
    newest = (await store.stewardship.proposals(system, 1))[0]
    assert (newest.by, newest.state) == ("an", "open")
    assert (await second.submit(page, f"{page}/approve", {"id": newest.id})).status == 303
    assert house.ledger.all()[system].stage is Stage.SUSPENDED
    assert await demotion.look(house) == [], "it is official no more"


async def test_a_no_is_heard_for_a_week(bus: Bus) -> None:
    house = bus.gateway
    system = official(bus)[-1]
    await fails(bus, system)
    assert system in await demotion.look(house)
    (own,) = await house.store.stewardship.proposals(system, 9)
    await house.perform("stage.reject", "an", {"id": own.id})
    assert await demotion.look(house) == []


async def test_under_maintenance_nothing_is_held_against_it(bus: Bus) -> None:
    house = bus.gateway
    system = official(bus)[-2]
    await fails(bus, system)
    now = house.runtime.clock.now().astimezone(HANOI)
    window = await house.perform("maintenance.announce", "an", {
        "system": system, "begins": now.isoformat(), "ends": (now + timedelta(hours=1)).isoformat(), "reason": "nâng cấp",
    })  # fmt: skip
    assert system not in await demotion.broken(house)
    await house.perform("maintenance.end", "an", {"id": window["id"]})
    assert system in await demotion.broken(house)
