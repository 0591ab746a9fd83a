"""The agency systems' calls, and the way to the bus over a real socket."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from aiohttp import web

from lgsp.model import HttpRequest
from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded, Province
from lgsp_mocks import clock
from lgsp_mocks.traffic import HttpGateway, Plan, Requests, Traffic


async def test_it_calls_the_bus_and_says_when_it_cannot() -> None:
    async def inbound(request: web.Request) -> web.Response:
        return web.json_response({"heard": await request.text(), "path": request.raw_path})

    app = web.Application()
    app.router.add_post("/{path:.*}", inbound)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway = HttpGateway(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    try:
        answer = await gateway(HttpRequest("POST", "/inbound/so-mau/BAO", {"content-type": "text/plain"}, b"xin chao"))
        assert answer.status == 200
        assert answer.body == b'{"heard": "xin chao", "path": "/inbound/so-mau/BAO"}'
        await runner.cleanup()
        with pytest.raises(OSError):
            await gateway(HttpRequest("POST", "/inbound/so-mau/BAO"))
    finally:
        await gateway.close()
        await runner.cleanup()


PLAN = Plan.load()


@pytest.mark.parametrize("flow", PLAN.flows, ids=lambda flow: f"{flow.consumer}:{flow.operation}:{flow.when}")
def test_a_working_days_rate_is_the_plans(flow: object) -> None:
    start = datetime(2022, 11, 16, tzinfo=HANOI)
    total = sum(PLAN.rate(flow, start + timedelta(minutes=minute)) * 60 for minute in range(1_440))  # type: ignore[arg-type]
    slack = 1 + PLAN.calendar.night * 3  # the little that comes at night
    assert flow.a_day * 0.99 <= total <= flow.a_day * slack  # type: ignore[attr-defined]


def test_polling_makes_most_of_all_calls() -> None:
    polls = sum(flow.a_day for flow in PLAN.flows if flow.when == "poll")
    assert polls > sum(flow.a_day for flow in PLAN.flows) / 2


def test_levels() -> None:
    assert PLAN.of_level("calm") == (0.1, None)
    assert PLAN.of_level("12.5") == (1.0, 12.5)
    for wrong in ("viel", "0", "-1", "100000"):
        with pytest.raises(ValueError, match="off, calm, typical"):
            PLAN.of_level(wrong)


def test_every_flow_is_answered_on_any_day(lgsp_loaded: Loaded) -> None:
    """Fresh messages carry dossier codes of their own and days as of today."""

    async def main(runtime: Runtime) -> None:
        async with Province(runtime, loaded=lgsp_loaded, watched=False) as province:
            requests = Requests.of(province.simulator.admin.examples(), random.Random(1))
            for flow in PLAN.flows:
                for _ in range(2 if flow.fresh else 1):
                    key = province.secrets[flow.consumer].api_key
                    answer = await province.door.send(requests.request(flow, key, runtime.clock.now()))
                    assert answer.status == 200, (flow, answer.body)

    for day in (datetime(2022, 7, 4, 9, tzinfo=HANOI), datetime(2026, 3, 2, 9, tzinfo=HANOI)):
        clock.run(main, 1, day)


def test_a_working_hour_of_a_province(lgsp_loaded: Loaded) -> None:
    """Skewed, answered, and the same for the same seed."""

    async def main(runtime: Runtime) -> Traffic:
        async with Province(runtime, loaded=lgsp_loaded, watched=False) as province:
            keys = {name: secrets.api_key for name, secrets in province.secrets.items()}
            requests = Requests.of(province.simulator.admin.examples(), random.Random(7))
            traffic = Traffic(PLAN, requests, keys, province.door.send, runtime, "calm")
            await traffic.run(seconds=3_600)
            return traffic

    nine = datetime(2022, 11, 16, 9, tzinfo=HANOI)
    first, again = (clock.run(main, 1, nine) for _ in range(2))
    assert first.done == again.done
    assert {outcome for _, _, outcome in first.done} == {"ok"}
    by_system: dict[str, int] = {}
    for (system, _, _), count in first.done.items():
        by_system[system] = by_system.get(system, 0) + count
    ordered = sorted(by_system.values(), reverse=True)
    assert sum(ordered[:2]) > 0.8 * sum(ordered)
    assert 200 < sum(ordered) < 900
