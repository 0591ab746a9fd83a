"""Several processes, one opinion: breakers move together, one probe of all, the leader's verdicts everywhere, also after it died."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lgsp.errors import CircuitOpen, ConnectFailed, Timeout
from lgsp.events import Event, Events, HealthChanged
from lgsp.health import HealthBook, Permit
from lgsp.manifest import load
from lgsp.model import Health
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.store.hub import Hub
from lgsp.workers.health import HealthLink
from lgsp_mocks.clock import run
from tests.manifest.small_home import MANIFEST, write_home
from tests.workers.members import Member


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return load([write_home(tmp_path_factory.mktemp("home"), MANIFEST)])


class Process:
    """One of several; `told` is what its own readers would see."""

    def __init__(self, runtime: Runtime, registry: Registry, member: Member) -> None:
        self.registry, self.seen, self.told = registry, list[Event](), list[HealthChanged]()
        events = Events()
        events.subscribe(self.seen.append)
        self.book = HealthBook(lambda: registry, runtime, events)
        self.link = self.book.link = HealthLink(self.book, member, member, runtime.clock, self.told.append)
        self.link.begin()
        self.task = asyncio.ensure_future(self.link.run())

    @property
    def operation(self) -> object:
        return self.registry.connectors["register"].operations["hoi"]

    async def admit(self) -> Permit:
        return self.book.admit(self.operation) or await self.book.ask(self.operation)  # type: ignore[arg-type]

    async def good(self) -> None:
        (await self.admit()).succeeded(0.1)

    async def bad(self) -> None:
        (await self.admit()).failed(ConnectFailed(), 0.1)

    @property
    def state(self) -> tuple[Health, str]:
        seen = self.book.system("register")
        return seen.health, str(seen.breaker)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


def together(
    registry: Registry, story: Callable[[Runtime, Hub, list[Process]], Awaitable[None]], count: int = 3
) -> None:
    async def main(runtime: Runtime) -> None:
        hub = Hub(runtime.clock)
        made = [Process(runtime, registry, await Member(hub, f"w{number}").join()) for number in range(count)]
        made[0].link.lead()
        await asyncio.sleep(0.3)
        await story(runtime, hub, made)
        for each in made:
            await each.close()

    run(main)


def test_what_one_has_seen_all_show_within_a_second(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        await made[2].good()
        await asyncio.sleep(0.9)
        assert {each.state for each in made} == {(Health.UP, "closed")}
        for _ in range(5):
            await made[1].bad()
        await asyncio.sleep(0.9)
        assert {each.state for each in made} == {(Health.DOWN, "open")}
        rows = [each.book.system("register") for each in made]
        assert len({(row.since, row.cause, row.evidence, row.checked_at) for row in rows}) == 1
        assert [[each.now for each in one.told] for one in made[1:]] == [[Health.UP, Health.DOWN]] * 2
        changes = [[each for each in one.seen if isinstance(each, HealthChanged)] for one in made]
        assert [bool(each) for each in changes] == [True, False, False], "told once: one cause, one line in the log"

    together(registry, story)


def test_failures_spread_over_all_trip_the_breaker_that_none_would_trip_alone(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        for each in made:
            await each.bad()
            await each.bad()
        assert {each.state[1] for each in made} == {"closed"}
        await asyncio.sleep(0.9)
        assert {each.state[1] for each in made} == {"open"}

    together(registry, story)


def test_one_probe_of_all_processes(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        for _ in range(5):
            await made[0].bad()
        probes = 0
        for _ in range(60):  # half a minute, every process asks twenty times a second
            await asyncio.sleep(0.5)
            asked = await asyncio.gather(*(each.admit() for each in made for _ in range(10)), return_exceptions=True)
            permits = [each for each in asked if isinstance(each, Permit)]
            assert len(permits) <= 1
            assert all(isinstance(each, CircuitOpen) for each in asked if not isinstance(each, Permit))
            for permit in permits:
                probes += 1
                assert {each.state[1] for each in made} <= {"open", "half-open"}
                permit.failed(Timeout(), 10)
        assert 4 <= probes <= 6, "one in five seconds"

    together(registry, story)


def test_a_probe_that_passes_closes_everywhere(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        for _ in range(5):
            await made[0].bad()
        await asyncio.sleep(5.5)
        permit = await made[2].admit()
        await asyncio.sleep(0.2)
        assert {each.state[1] for each in made} == {"half-open"}
        permit.succeeded(0.1)
        await asyncio.sleep(0.2)
        assert {each.state[1] for each in made} == {"closed"}
        for each in made:
            await each.good()

    together(registry, story)


def test_a_probe_whose_process_dies_is_another_ones(registry: Registry) -> None:
    async def story(_runtime: Runtime, hub: Hub, made: list[Process]) -> None:
        for _ in range(5):
            await made[0].bad()
        await asyncio.sleep(5.5)
        await made[2].admit()
        await asyncio.sleep(0.2)
        with pytest.raises(CircuitOpen):
            await made[1].admit()
        await made[2].close()
        await hub.leave("w2")
        await asyncio.sleep(0.5)
        (await made[1].admit()).succeeded(0.1)
        await asyncio.sleep(0.2)
        assert {each.state[1] for each in made[:2]} == {"closed"}

    together(registry, story)


def test_a_probe_without_a_verdict_is_given_back(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        for _ in range(5):
            await made[0].bad()
        await asyncio.sleep(5.5)
        (await made[2].admit()).abandoned()
        await asyncio.sleep(0.6)
        (await made[1].admit()).succeeded(0.1)
        await asyncio.sleep(0.3)
        assert {each.state[1] for each in made} == {"closed"}

    together(registry, story)


def test_a_caller_who_leaves_a_closed_breaker_opens_none(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        (await made[1].admit()).abandoned()
        await asyncio.sleep(0.5)
        assert {each.state[1] for each in made} == {"closed"}

    together(registry, story)


def test_who_comes_late_hears_what_holds_and_who_takes_over_goes_on_from_there(registry: Registry) -> None:
    async def story(runtime: Runtime, hub: Hub, made: list[Process]) -> None:
        await made[0].good()
        for _ in range(5):
            await made[1].bad()
        await asyncio.sleep(1)
        since = made[0].book.system("register").since
        late = Process(runtime, registry, await Member(hub, "w9").join())
        await asyncio.sleep(0.9)
        assert late.state == (Health.DOWN, "open")
        await made[0].close()
        await hub.leave("w0")
        late.link.lead()
        await asyncio.sleep(0.9)
        assert late.state == made[1].state == (Health.DOWN, "open")
        assert late.book.system("register").since == made[1].book.system("register").since == since
        assert late.link.informed.is_set()
        await late.close()

    together(registry, story)


def test_maintenance_is_everywhere(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        made[1].book.maintenance("register", on=True)
        await asyncio.sleep(0.9)
        assert {each.state[0] for each in made} == {Health.MAINTENANCE}

    together(registry, story)


def test_an_upstream_that_two_cannot_reach_is_down_for_all(registry: Registry) -> None:
    async def story(_runtime: Runtime, _hub: Hub, made: list[Process]) -> None:
        for each in made[1:]:
            each.book.upstream_failed("ngsp", "register", ConnectFailed())
        await asyncio.sleep(0.9)
        assert {each.book.upstream("ngsp").health for each in made} == {Health.DOWN}
        made[2].book.upstream_answered("ngsp")
        await asyncio.sleep(0.9)
        assert {each.book.upstream("ngsp").health for each in made} == {Health.UP}

    together(registry, story)
