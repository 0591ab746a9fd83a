"""Maintenance at the console: announced, refused with Retry-After, ended, reclassified; only by those who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lgsp.console.pages.maintenance import split, state_of
from lgsp.model import Health
from lgsp.runtime import HANOI
from lgsp.store.port.stewardship import MaintenanceRecord
from tests.endpoints.bus import running
from tests.endpoints.people import Person, notes, signed_in, text

NOW = datetime(2026, 3, 2, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = "/console/maintenance"


def window(begins: int, ends: int, **more: object) -> MaintenanceRecord:
    return MaintenanceRecord("w", "s", NOW + begins * HOUR, NOW + ends * HOUR, "r", "an", NOW, **more)  # type: ignore[arg-type]


def test_states_and_order() -> None:
    records = [
        window(2, 3),
        window(-1, 1),
        window(-5, -4),
        window(-9, -8, past=True),
        window(-1, 1, closed=NOW, closed_by="b"),
    ]
    assert [state_of(each, NOW) for each in records] == ["announced", "open", "over", "reclassified", "closed"]
    coming, past = split(records, {"s": "Đất đai"}, NOW)
    assert [row["state"] for row in coming] == ["open", "announced"]
    assert [row["state"] for row in past] == ["closed", "over", "reclassified"]


def local(moment: datetime) -> str:
    return f"{moment.astimezone(HANOI):%Y-%m-%dT%H:%M}"


async def test_a_window_at_the_console(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        example = (await bus.examples())[0]
        system = str(example["system"])
        operator, viewer = await signed_in(bus, "truc"), await signed_in(bus, "xem", "viewer")
        assert (await Person(bus).get(PAGE)).status == 303
        shown = await viewer.get(PAGE)
        assert b'action="/console/maintenance"' not in shown.body
        now = bus.gateway.runtime.clock.now()
        fields = {"system": system, "begins": local(now), "ends": local(now + HOUR), "reason": "Nâng cấp <máy chủ>"}
        assert (await viewer.post(PAGE, fields)).status == 403
        assert (await operator.post(PAGE, fields)).status == 403, "no form of this session"
        wrong = await operator.submit(PAGE, PAGE, {**fields, "reason": ""})
        assert wrong.status == 422
        assert (await operator.submit(PAGE, PAGE, {**fields, "ends": local(now - HOUR)})).status == 422
        assert await notes(bus, "maintenance-announced") == []

        assert (await operator.submit(PAGE, PAGE, fields)).status == 303
        assert bus.gateway.health.system(system).health is Health.MAINTENANCE
        assert "Nâng cấp <máy chủ>" in (await operator.get(PAGE)).body.decode().replace("&lt;", "<").replace(
            "&gt;", ">"
        )
        refused = await bus.call(system, str(example["operation"]), {"khong": "co"})
        body = example.get("request", example.get("body"))
        refused = await bus.call(system, str(example["operation"]), body, {"X-LGSP-Purpose": "test"})
        assert (refused.status, refused.data["code"]) == (503, "maintenance"), refused.body
        assert 3000 < int(refused.headers["retry-after"]) <= 3600

        (found,) = bus.gateway.windows.announced(system)
        assert (await operator.submit(PAGE, f"{PAGE}/end", {"id": found.id})).status == 303
        assert bus.gateway.health.system(system).health is not Health.MAINTENANCE
        assert (await operator.submit(PAGE, PAGE, fields)).status == 303  # so that the page has a form again
        again = await operator.submit(PAGE, f"{PAGE}/end", {"id": found.id})
        assert again.status == 409
        past = {**fields, "begins": local(now - 3 * HOUR), "ends": local(now - 2 * HOUR)}
        assert (await operator.submit(PAGE, f"{PAGE}/past", past)).status == 303
        assert len(bus.gateway.history.excused[system]) == 1
        (note,) = await notes(bus, "downtime-reclassified")
        assert note["by"] == "truc"
        assert "điều chỉnh sau" in text(await viewer.get(PAGE))
