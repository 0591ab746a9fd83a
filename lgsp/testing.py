"""The pytest plugin: a simulated country and a real bus on loopback ports, fresh for every test.

    def test_my_client_survives(lgsp_bus):
        lgsp_bus.simulator.fail("some-system", "hang", times=1)
        my_client(lgsp_bus.url, lgsp_bus.api_key())
        assert len(lgsp_bus.simulator.calls("some-system")) == 2

`lgsp_simulator` is the simulator alone. Contracts are read once a session; servers run on one loop beside the test, so both
blocking and asyncio clients may ask them. `--lgsp-home DIR` runs the standard tests (`lgsp.standard`) on one's own systems.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading  # noqa: TID251  a test's own code may block: the servers run beside it
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:  # a plugin is imported in every session of every project: what costs time waits for the first fixture
    from lgsp.app import Gateway
    from lgsp.policy import NewSecrets
    from lgsp.runtime import Runtime
    from lgsp.simulate import Loaded
    from lgsp.store import Store
    from lgsp.transport import Transport
    from lgsp_mocks.journal import Entry
    from lgsp_mocks.simulator import Simulator
    from lgsp_mocks.world import Province as Folder
    from lgsp_mocks.world import World

T = TypeVar("T")
__tracebackhide__ = True  # a test that fails shows its own line and what was wrong, not how the plugin found out


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lgsp")
    group.addoption(
        "--lgsp-home",
        action="append",
        default=[],
        metavar="DIR",
        help="A folder with connectors/ contracts/ mocks/: its systems are simulated too, and the standard tests run on them.",
    )

    group.addoption(
        "--lgsp-seed", type=int, default=1, metavar="N", help="Seed of the simulated province; printed with a failure."
    )


def pytest_configure(config: pytest.Config) -> None:
    standard = Path(__file__).with_name("standard.py")
    if config.getoption("--lgsp-home") and not any(
        "standard" in Path(arg.partition("::")[0]).stem for arg in config.args
    ):
        config.args.append(str(standard))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure stands what it takes to have it again."""
    del call
    report = yield
    if report.failed and {"lgsp_simulator", "lgsp_loaded"} & set(getattr(item, "fixturenames", ())):
        seed = item.config.getoption("--lgsp-seed")
        report.sections.append(("lgsp", f"seed {seed}: once more with --lgsp-seed {seed}"))
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`lgsp_system`: the name of every system, of the named homes or else of the built-in one."""
    if "lgsp_system" in metafunc.fixturenames:
        from lgsp.home import Home, builtin

        homes = [Home.at(Path(folder)) for folder in metafunc.config.getoption("--lgsp-home")] or [builtin()]
        metafunc.parametrize("lgsp_system", [system for home in homes for system in home.systems()])


@dataclass
class Sim:
    """A running simulator, asked from the test's own thread."""

    url: str
    _simulator: Simulator = field(repr=False)
    _beside: Beside = field(repr=False)
    allow_unmatched: bool = False
    """Calls that fit no contract, and handlers' own defects, fail the test at its end unless this is set."""

    @property
    def world(self) -> World:
        return self._simulator.world

    def fail(self, system: str, kind: str, **given: Any) -> None:
        """Adds a fault to a system or upstream: parameters of the kind and conditions in one list (`docs/simulator.md`)."""
        from lgsp_mocks.faults import spec

        self._beside.do(lambda: self._simulator.set_fault(system, spec(kind, **given), add=True))

    def heal(self, system: str) -> None:
        """Takes the faults of a system or upstream away."""
        self._known(system)
        self._beside.do(lambda: self._simulator.faults.delete(system))

    def calls(self, system: str | None = None, operation: str | None = None) -> list[Entry]:
        """What the ministries were asked, oldest first, decoded. `FaultError` for a system or operation that there is not."""
        self._known(system, operation)
        return self._beside.do(lambda: self._simulator.journal.calls(system, operation))

    def called(self, system: str, operation: str, **fields: Any) -> Entry:
        """The one call with these fields somewhere in its message; else a failure that shows what came nearest."""
        from lgsp_mocks.nearness import holds, nearest

        calls = self.calls(system, operation)
        mine = [call for call in calls if holds(call.request, fields)]
        if len(mine) != 1:
            raise AssertionError(nearest(f"{system}/{operation}", fields, [call.request for call in calls], len(mine)))
        return mine[0]

    def called_xml(self, system: str, operation: str, body: str | bytes) -> Entry:
        """The one SOAP call whose Body has this element, as XML: prefixes do not count, namespaces do; else what came nearest."""
        from lgsp.xml import parse_xml
        from lgsp_mocks.expanded import body_of, difference
        from lgsp_mocks.nearness import nearest_xml

        wanted = parse_xml(body.encode() if isinstance(body, str) else body)
        calls = self.calls(system, operation)
        read = [body_of((call.raw or "").encode()) for call in calls]
        found = [["no SOAP message"] if message is None else difference(wanted, message) for message in read]
        mine = [call for call, lines in zip(calls, found, strict=True) if not lines]
        if len(mine) != 1:
            raise AssertionError(nearest_xml(f"{system}/{operation}", found))
        return mine[0]

    def retried(
        self, system: str, operation: str, *, times: int, at_least: float = 0.0, at_most: float = 120.0
    ) -> list[float]:
        """Asked so many times with one and the same message, in pauses (seconds) between these bounds; the pauses."""
        from lgsp_mocks.nearness import difference

        calls = self.calls(system, operation)
        assert len(calls) == times, f"{system}/{operation} was asked {len(calls)} times, not {times}"
        for again in calls[1:]:
            changed = difference(calls[0].request, again.request)
            assert not changed, f"{system}/{operation} was asked again with another message: {'; '.join(changed)}"
        moments = [datetime.fromisoformat(call.at) for call in calls]
        pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(moments)]
        assert all(at_least <= pause <= at_most for pause in pauses), f"pauses {pauses}, not {at_least} to {at_most} s"
        return pauses

    def effects(self, system: str) -> Mapping[str, int]:
        """Key -> times that an update of it took effect."""
        self._known(system)
        return self._beside.do(lambda: dict(self._simulator.journal.effects.get(system, {})))

    def examples(self) -> list[dict[str, Any]]:
        return self._beside.do(self._simulator.admin.examples)

    def people(self) -> list[dict[str, Any]]:
        """The test people's book."""
        return self._beside.do(self._simulator.admin.people)

    def reset(self) -> None:
        self._beside.do(self._simulator.reset)

    def complaints(self) -> list[str]:
        """Calls that fit no contract, and what was wrong with handlers."""
        return [*(f"no contract has {call}" for call in self._simulator.unmatched), *self._simulator.defects]

    def _known(self, system: str | None, operation: str | None = None) -> None:
        self._beside.do(lambda: self._simulator.admin.named(system, operation, asked_of_us=True))


@dataclass
class Bus:
    """A running gateway in front of a simulator."""

    url: str
    simulator: Sim
    secrets: Mapping[str, NewSecrets] = field(repr=False)
    """By demonstration consumer: client id, client secret, API key."""

    def api_key(self, consumer: str = "mot-cua") -> str:
        return self.secrets[consumer].api_key


class Beside:
    """One event loop on a thread of its own, for the length of a session."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lgsp-testing", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def do(self, work: Callable[[], T]) -> T:
        """A plain call, made where the servers live."""
        from lgsp_mocks.faults import FaultError

        async def body() -> T:
            return work()

        try:
            return self.run(body())
        except FaultError as error:
            raise FaultError(str(error)) from None

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="session")
def lgsp_beside() -> Iterator[Beside]:
    beside = Beside()
    yield beside
    beside.close()


@pytest.fixture(scope="session")
def lgsp_loaded(pytestconfig: pytest.Config) -> Loaded:
    """Contracts, manifests and handlers of the built-in home and of `--lgsp-home`, read once."""
    from lgsp.simulate import Loaded

    return Loaded.read(Path(home) for home in pytestconfig.getoption("--lgsp-home"))


@pytest.fixture(scope="session")
def _lgsp_world(pytestconfig: pytest.Config) -> World:
    """One province for all tests: every simulator begins with it as its seed made it."""
    from lgsp_mocks.world import Province, World

    return World(Province.load("hoa-binh"), pytestconfig.getoption("--lgsp-seed"), 1_000)


@pytest.fixture
def lgsp_simulator(lgsp_beside: Beside, lgsp_loaded: Loaded, _lgsp_world: World) -> Iterator[Sim]:
    """The national platform and every ministry on a free loopback port."""
    from lgsp.runtime import Runtime
    from lgsp_mocks.server import serve
    from lgsp_mocks.simulator import Simulator

    simulator = Simulator(
        lgsp_loaded.systems,
        runtime=Runtime.system(),
        province=_lgsp_world,
        size=_lgsp_world.size,
        seed=_lgsp_world.seed,
    )
    server = lgsp_beside.run(serve(simulator))
    sim = Sim(server.url, simulator, lgsp_beside)
    try:
        yield sim
    finally:
        lgsp_beside.run(server.close())
    if not sim.allow_unmatched and (complaints := sim.complaints()):
        pytest.fail("the simulator complains: " + "; ".join(complaints), pytrace=False)


@pytest.fixture(scope="session")
def lgsp_furnished(lgsp_beside: Beside, lgsp_loaded: Loaded, _lgsp_world: World) -> Iterator[Furnished]:
    with tempfile.TemporaryDirectory(prefix="lgsp-test-") as folder:
        yield lgsp_beside.run(Furnished.made(lgsp_loaded, _lgsp_world.province, Path(folder)))


@pytest.fixture
def lgsp_bus(lgsp_beside: Beside, lgsp_furnished: Furnished, lgsp_simulator: Sim) -> Iterator[Bus]:
    """The real gateway on a free loopback port, its upstreams pointing at `lgsp_simulator`."""
    stack = AsyncExitStack()
    bus = lgsp_beside.run(start_bus(stack, lgsp_furnished, lgsp_simulator))
    try:
        yield bus
    finally:
        lgsp_beside.run(stack.aclose())


@dataclass(frozen=True)
class Furnished:
    """A province's records with the demonstration's consumers, made once: every bus begins with a copy of them."""

    loaded: Loaded
    where: Folder
    folder: Path
    image: bytes = field(repr=False)
    secrets: Mapping[str, NewSecrets] = field(repr=False)

    @classmethod
    async def made(cls, loaded: Loaded, where: Folder, folder: Path) -> Furnished:
        from lgsp.runtime import Runtime
        from lgsp.simulate import furnish
        from lgsp.store.sqlite import open_store

        runtime = Runtime.system()
        store = await open_store(None, runtime, inline=True)
        empty = cls(loaded, where, folder, b"", {})
        gateway = await empty.gateway(store, runtime, "http://simulator.invalid")
        try:
            secrets = await furnish(gateway.policy, where)
            return cls(loaded, where, folder, await store.image(), secrets)
        finally:
            await gateway.close()

    async def gateway(
        self, store: Store, runtime: Runtime, simulator: str, transport: Transport | None = None
    ) -> Gateway:
        from lgsp.app import build
        from lgsp.settings import Province, Settings

        data = self.folder / runtime.ids.new()  # made when something large is kept there
        whose = Province(self.where.code, self.where.agency, self.where.title, self.where.title, self.where.era)
        settings = Settings(data=data, demo=True, sim=simulator, homes=self.loaded.homes, province=whose, port=0)
        return await build(settings, runtime, transport=transport, store=store, registry=self.loaded.registry)


async def start_bus(stack: AsyncExitStack, furnished: Furnished, sim: Sim) -> Bus:
    from aiohttp import web

    from lgsp.runtime import Runtime
    from lgsp.simulate import start_unwatched
    from lgsp.store.sqlite import open_store
    from lgsp.transport import AiohttpTransport
    from lgsp_mocks.traffic import HttpGateway

    runtime = Runtime.system()
    store = await open_store(None, runtime, inline=True, image=furnished.image)
    transport = AiohttpTransport(runtime)
    stack.push_async_callback(transport.close)
    gateway = await furnished.gateway(store, runtime, sim.url, transport)
    stack.push_async_callback(gateway.close)
    await start_unwatched(gateway)  # only the test's own calls reach a ministry, and meet its faults
    runner = web.AppRunner(gateway.application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    to_bus = HttpGateway(url)
    stack.push_async_callback(to_bus.close)
    sim._simulator.gateway = to_bus  # noqa: SLF001  the two halves of one plugin
    return Bus(url, sim, furnished.secrets)
