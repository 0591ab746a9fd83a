"""The agency systems' calls, and the way to the bus over a real socket."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from aiohttp import web

from lgsp.model import HttpRequest
from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded, Province
from lgsp_mocks import clock
from lgsp_mocks.traffic import Flow, HttpGateway, Plan, Requests, Traffic


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
    with pytest.raises(ConnectionRefusedError, match="closed"):  # no session that nobody would close
        await gateway(HttpRequest("POST", "/inbound/so-mau/BAO"))


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


def test_the_skew_is_that_of_the_real_month() -> None:
    """A million calls a month to the central platforms, eight to the last system (DOMAIN.md §7.2)."""
    days = PLAN.calendar.days(date(2022, 11, 1), date(2022, 11, 30))
    month: Counter[str] = Counter()
    for flow in PLAN.flows:
        central = flow.system in ("national-portal", "document-exchange")
        a_month = flow.a_day * (30 if flow.when == "poll" else sum(map(PLAN.calendar.weight, days)))
        month["central" if central else flow.system] += round(a_month)
    assert 900_000 < month["central"] < 1_300_000
    assert month["central"] == max(month.values())
    assert min(month.values()) == month["social-insurance"] in range(7, 11)
    assert 3_000 < month["population"] < 6_000


def test_hours_holidays_month_end_and_villages_in_bursts() -> None:
    work = next(flow for flow in PLAN.flows if flow.when == "work")
    poll = next(flow for flow in PLAN.flows if flow.when == "poll")
    burst = next(flow for flow in PLAN.flows if flow.when == "burst")

    def at(flow: Flow, *moment: int) -> float:
        return PLAN.rate(flow, datetime(*moment, tzinfo=HANOI))  # type: ignore[misc, arg-type]

    assert at(work, 2022, 11, 16, 9) > 5 * at(work, 2022, 11, 16, 12) > at(work, 2022, 11, 16, 3) > 0
    assert at(work, 2022, 11, 30, 9) == pytest.approx(PLAN.calendar.month_end * at(work, 2022, 11, 16, 9))
    assert at(work, 2022, 2, 2, 9) < at(work, 2022, 11, 16, 9) / 20, "Tết"
    assert at(poll, 2022, 2, 2, 3) == at(poll, 2022, 11, 16, 9) > 0
    assert [bool(at(burst, 2022, 11, 16, hour, 35)) for hour in (9, 11, 14, 16)] == [False, True, False, True]
    assert not at(burst, 2022, 11, 13, 11, 35), "a Sunday"


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


def test_no_step_is_reported_twice(lgsp_loaded: Loaded) -> None:
    """The portal would take the second one for a repetition, and the board would tell the caller so all day."""
    flow = next(flow for flow in PLAN.flows if flow.operation == "CapNhatTienDoHoSoMC")

    async def main(runtime: Runtime) -> list[int]:
        async with Province(runtime, loaded=lgsp_loaded, watched=False) as province:
            requests = Requests.of(province.simulator.admin.examples(), random.Random(1))
            for _ in range(3):
                key = province.secrets[flow.consumer].api_key
                await province.door.send(requests.request(flow, key, runtime.clock.now()))
                await asyncio.sleep(2)
            return list(province.simulator.journal.effects["national-portal"].values())

    assert clock.run(main, 1, datetime(2026, 3, 2, 9, tzinfo=HANOI)) == [1, 1, 1]


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
