"""The watch in virtual time: a dead platform is one alert, and is kept, told and cleared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lgsp.alerting.causes import Cause, of_health
from lgsp.alerting.desk import alert_ack, route_add
from lgsp.alerting.routes import MOST, TRIES, Sender
from lgsp.alerting.watch import Alerting
from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.errors import ConnectFailed, Timeout
from lgsp.model import Health, HttpRequest, HttpResponse, Stage, Text
from lgsp.runtime import Runtime
from lgsp.store.port.alerts import AlertRow
from lgsp.store.sqlite import open_store
from lgsp_mocks.clock import run

SYSTEMS = [f"s{n}" for n in range(15)]


@dataclass
class Wire:
    """A transport that notes what is sent."""

    sent: list[Any] = field(default_factory=list)
    failures: int = 0
    silent: str = ""
    """An address where nothing is ever answered."""

    async def send(self, system: str, base: str, request: HttpRequest, *_: object, **__: object) -> HttpResponse:
        if base == self.silent:
            await asyncio.sleep(10)
            raise Timeout
        if self.failures:
            self.failures -= 1
            raise ConnectFailed()
        assert isinstance(request.body, bytes)
        self.sent.append((base, dict(request.headers), msgspec.json.decode(request.body)))
        return HttpResponse(204)


@dataclass
class World:
    """Fifteen systems behind one platform."""

    platform: Health = Health.UP
    own: dict[str, Health] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)

    def house(self) -> Any:
        def system(name: str) -> Any:
            down = self.platform is Health.DOWN
            health = Health.DOWN if down else self.own.get(name, Health.UP)
            return SimpleNamespace(health=health, because="ngsp" if down else None, cause=None)

        upstream = SimpleNamespace(name="ngsp", health=self.platform, cause=Text("NGSP ngắt", "NGSP is down"))
        return SimpleNamespace(
            health=SimpleNamespace(upstreams=lambda: [upstream], system=system),
            ledger=SimpleNamespace(stage=lambda name: SimpleNamespace(stage=Stage.OFFICIAL)),
            windows=SimpleNamespace(open=lambda name: "window" if name in self.announced else None),
            registry=SimpleNamespace(
                connectors={name: SimpleNamespace(title=Text(name, name), backends={}) for name in SYSTEMS}
            ),
        )

    async def __call__(self) -> Sequence[Cause]:
        return of_health(self.house(), datetime(2026, 3, 1, tzinfo=UTC))


@dataclass
class Duty:
    runtime: Runtime
    store: Any
    world: World
    wire: Wire
    alerting: Alerting
    demonstration: bool = False

    @property
    def audit(self) -> Audit:
        return Audit(self.store, self.runtime)


async def duty(runtime: Runtime) -> Duty:
    store, world, wire = await open_store(None, runtime, inline=True), World(), Wire()
    sender = Sender(wire, runtime, store.keys)
    return Duty(runtime, store, world, wire, Alerting(store, runtime, world, sender))


async def passes(house: Duty, seconds: float) -> None:
    for _ in range(int(seconds // 5)):
        await house.alerting.turn()
        await asyncio.sleep(5)


def test_a_dead_platform_is_one_alert_that_recovery_clears() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        house.world.platform = Health.DOWN
        await passes(house, 600)
        (one,) = await house.store.alerts.standing()
        assert (one.cause, one.text.en) == ("health:upstream:ngsp", "NGSP is down")
        house.world.platform = Health.UP
        await passes(house, 600)
        assert await house.store.alerts.standing() == []
        assert [each.id for each in await house.store.alerts.past(9)] == [one.id]

    run(main)


def test_one_system_of_its_own_and_maintenance_mutes() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        house.world.own = {"s1": Health.DOWN, "s2": Health.MAINTENANCE, "s3": Health.UNKNOWN, "s4": Health.DEGRADED}
        house.world.own |= {"s5": Health.DOWN}
        house.world.announced = {"s5"}
        await passes(house, 200)
        assert [each.cause for each in await house.store.alerts.standing()] == ["health:s1"]
        house.world.announced = set()
        await passes(house, 100)
        assert "health:s5" in {each.cause for each in await house.store.alerts.standing()}, "muted while it lasts"

    run(main)


def test_another_process_takes_over_what_stands() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        house.world.platform = Health.DOWN
        await passes(house, 100)
        heir = replace(house, alerting=Alerting(house.store, runtime, house.world, house.alerting.sender))
        await heir.alerting.resume()
        await passes(heir, 300)
        assert len(await house.store.alerts.standing()) == 1
        house.world.platform = Health.UP
        await passes(heir, 400)
        assert len(await house.store.alerts.past(9)) == 1

    run(main)


def test_a_route_is_told_of_what_is_grave_enough_signed_and_again_after_failures() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        made = await route_add(house, "operator", {"target": "https://soc.example/hook", "least": 8})
        await route_add(house, "operator", {"target": "https://other.example/hook", "least": 10})
        assert made["secret"].startswith("whsec_")
        sending = asyncio.get_running_loop().create_task(house.alerting.sender.run())
        house.wire.failures = 2
        house.world.platform = Health.DOWN
        await passes(house, 300)
        house.world.platform = Health.UP
        await passes(house, 600)
        sending.cancel()
        assert [(base, body["type"]) for base, _, body in house.wire.sent] == [
            ("https://soc.example", "alert.raised"),
            ("https://soc.example", "alert.cleared"),
        ]
        headers = house.wire.sent[0][1]
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= set(headers)
        assert headers["webhook-id"] != house.wire.sent[1][1]["webhook-id"]
        assert house.alerting.sender.lost == 0

    run(main)


def test_a_receiver_that_never_answers_delays_no_other() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        for target in ("https://silent.example/hook", "https://soc.example/hook"):
            await route_add(house, "operator", {"target": target, "least": 0})
        house.wire.silent = "https://silent.example"
        sender, alert = house.alerting.sender, AlertRow("A", "c", "health", 7, Text("x", "x"), runtime.clock.now())
        sending = asyncio.get_running_loop().create_task(sender.run())
        for number in range(9):
            sender.tell(await house.store.alerts.routes(), "alert.raised", replace(alert, id=f"A{number}"))
        await asyncio.sleep(1)
        assert [body["data"]["id"] for _, _, body in house.wire.sent] == [f"A{number}" for number in range(9)]
        sending.cancel()

    run(main)


def test_a_dead_receiver_loses_a_counted_message_and_the_queue_is_bounded() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        await route_add(house, "operator", {"target": "https://soc.example/hook", "least": 0})
        routes = await house.store.alerts.routes()
        house.world.platform = Health.DOWN
        await passes(house, 100)
        (alert,) = await house.store.alerts.standing()
        sender = house.alerting.sender
        sender.waiting.clear()
        house.wire.failures = TRIES
        sender.tell(routes, "alert.raised", alert)
        sending = asyncio.get_running_loop().create_task(sender.run())
        await asyncio.sleep(400)
        sending.cancel()
        assert (sender.lost, house.wire.sent) == (1, [])
        for _ in range(MOST + 7):
            sender.tell(routes, "alert.raised", alert)
        assert (len(sender.waiting), sender.lost) == (MOST, 8)

    run(main)


@pytest.mark.parametrize(
    "target", ["http://soc.example/", "https://127.0.0.1/", "https://u:p@soc.example/", "ftp://x/"]
)
def test_a_route_is_another_machine_by_https(target: str) -> None:
    async def main(runtime: Runtime) -> None:
        with pytest.raises(Refused):
            await route_add(await duty(runtime), "operator", {"target": target})

    run(main)


def test_one_person_takes_it() -> None:
    async def main(runtime: Runtime) -> None:
        house = await duty(runtime)
        house.world.platform = Health.DOWN
        await passes(house, 100)
        (one,) = await house.store.alerts.standing()
        await alert_ack(house, "trực ban", {"id": one.id, "note": "đã gọi"})
        (taken,) = await house.store.alerts.standing()
        assert (taken.by, taken.note) == ("trực ban", "đã gọi")
        for name in (one.id, "none"):
            with pytest.raises(Refused):
                await alert_ack(house, "khác", {"id": name})

    run(main)
