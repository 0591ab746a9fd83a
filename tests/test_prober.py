"""Probes: at the start all at once, then only who is idle, sooner who is in trouble, never held up by one that hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lgsp.errors import ConnectFailed
from lgsp.events import ProbeMade
from lgsp.model import Health, HttpRequest, HttpResponse
from lgsp.prober import Prober, questions
from tests.manifest.small_home import MANIFEST
from tests.pipeline.house import House, answered, fails, found, play, raw


def prober_of(house: House) -> Prober:
    return Prober(house.handle, lambda: house.registry, house.health, house.runtime, house.events)


def probes(house: House) -> list[str]:
    return [each.outcome for each in house.seen if isinstance(each, ProbeMade)]


async def running(house: House, seconds: float) -> Prober:
    prober = prober_of(house)
    task = asyncio.create_task(prober.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return prober


def test_the_first_round_verifies_and_idle_systems_are_asked_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        prober = await running(house, 100)
        assert prober.first_round.is_set()
        assert house.health.system("register").health is Health.UP
        assert 3 <= len(probes(house)) <= 5
        assert raw(house.wire.seen[0]) == b'{"MA":"0","KHOA":"demo-khoa"}'

    play(tmp_path, story)


def test_not_found_proves_health(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def unknown(_: HttpRequest) -> HttpResponse:
            return answered({"TRANG_THAI": 0})

        house.wire.answer = unknown
        await running(house, 1)
        assert probes(house) == ["ok"]
        assert house.health.system("register").health is Health.UP

    play(tmp_path, story)


def test_a_system_in_trouble_is_watched_closely_and_its_return_is_seen(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = fails(ConnectFailed)
        await running(house, 21)
        assert house.health.system("register").health is Health.DOWN
        assert 3 <= len(probes(house)) <= 6
        house.wire.answer = found
        await running(house, 30)
        assert house.health.system("register").health is Health.UP

    play(tmp_path, story)


def test_traffic_makes_probes_needless(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        prober = prober_of(house)
        task = asyncio.create_task(prober.run())
        for _ in range(30):
            await asyncio.sleep(5)
            await house.ask()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert probes(house) == ["ok"]

    play(tmp_path, story)


def test_a_hanging_probe_ends_at_its_deadline_and_does_not_stop_the_prober(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def silence(_: HttpRequest) -> HttpResponse:
            await asyncio.Event().wait()
            raise AssertionError

        house.wire.answer = silence
        prober = await running(house, 30)
        assert prober.first_round.is_set()
        assert probes(house)[0] == "timeout"
        assert len(probes(house)) >= 2

    play(tmp_path, story)


def test_a_system_without_a_probe_stays_unknown(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert questions(house.registry.connectors["register"], "") == []
        prober = await running(house, 60)
        assert prober.first_round.is_set()
        assert house.health.system("register").health is Health.UNKNOWN

    play(tmp_path, story, MANIFEST.replace('probe = { ma = "0" }', ""))
