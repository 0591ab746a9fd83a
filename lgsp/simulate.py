"""A whole province in memory: the real gateway and the real simulator, composed on a virtual clock without a socket.

    async def story(province: Province) -> None:
        reply = await province.call("some-system", "someOperation", {...})
        province.fail("some-system", "hang", times=2)
        await asyncio.sleep(86_400)          # a day passes at once

    tell(story, seed=7)

The gateway's own HTTP server is played over in-memory connections, its transport hands requests straight to the simulator,
the store commits inline. The same seed gives the same trace.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, Timeout, TooLarge, Unavailable
from lgsp.home import Home, builtin
from lgsp.memory_door import MemoryDoor
from lgsp.model import Consumer, Data, Grant, HttpRequest, HttpResponse, Text
from lgsp.runtime import Runtime
from lgsp.settings import Province as Whose
from lgsp.settings import Settings
from lgsp.spool import chunks_of
from lgsp.transport import MIB, SPOOL_FROM, Keep, Until
from lgsp_mocks import catalogue, clock
from lgsp_mocks.catalogue import SimSystem
from lgsp_mocks.faults import spec
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.simulator import CALM_FACTOR, Realism, Simulator
from lgsp_mocks.world import Province as Folder

if TYPE_CHECKING:
    from lgsp.app import Gateway
    from lgsp.policy import NewSecrets, Policy
    from lgsp.registry import Registry

T = TypeVar("T")
SIMULATOR = "http://simulator.invalid"
"""The simulator's address in settings; nothing ever resolves it."""


@dataclass(slots=True)
class MemoryTransport:
    """`lgsp.transport.Transport` straight into a simulator: what its outcomes would do to a socket becomes the same error."""

    simulator: Simulator
    runtime: Runtime
    seen: deque[tuple[str, HttpRequest, Outcome]] = field(default_factory=lambda: deque(maxlen=500))
    """System (or "upstream:…"), request as it stood on the wire, what came of it: the last ones."""
    tamper: Callable[[HttpResponse], HttpResponse] = field(default=lambda response: response)
    """What becomes of an answer on its way, for tests of what a ministry should never have said."""

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse:
        left = deadline.at - self.runtime.clock.monotonic()
        if left <= 0:
            raise _reached(Timeout(), reached=False)
        target = urlsplit(base).path.rstrip("/") + request.target
        try:
            async with asyncio.timeout(left):
                sent = replace(request, target=target)
                outcome = await self.simulator.exchange(sent)
                self.seen.append((system, sent, outcome))
                if outcome.response is not None:
                    outcome = replace(outcome, response=self.tamper(outcome.response))
                return await self._play(outcome, keep, limit)
        except TimeoutError:
            raise _reached(Timeout(), reached=True) from None

    async def _play(self, outcome: Outcome, keep: Keep | None, limit: int) -> HttpResponse:
        response = outcome.response
        if response is None:
            refused = outcome.broken == "refused"
            error = ConnectFailed(Text("Kết nối bị ngắt", "The connection broke"))
            error.layer = "tcp"
            raise _reached(error, reached=not refused)
        await asyncio.sleep(outcome.seconds + outcome.linger)
        if outcome.cut is not None and outcome.cut < len(response.body):
            raise BadAnswer(Text("Phản hồi bị cắt cụt", "The answer was cut off"))
        if len(response.body) > limit:
            raise BadAnswer(Text("Phản hồi vượt giới hạn kích thước", "The answer is over the size limit"))
        chunks = chunks_of(response.body, self.runtime)
        if keep is None or len(response.body) <= SPOOL_FROM:
            return replace(response, body=b"".join([chunk async for chunk in chunks]))
        try:
            return replace(response, body=await keep(chunks, response.headers.get("content-type", ""), limit))
        except (TooLarge, InvalidMessage) as error:
            raise BadAnswer(Text("Phản hồi không đọc được", "The answer cannot be read")) from error


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bus answered a consumer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def data(self) -> Any:
        """The body as JSON; None where it is empty."""
        return msgspec.json.decode(self.body) if self.body else None

    @property
    def code(self) -> str:
        """ "ok", or the error's code."""
        return "ok" if self.status < 400 else str((self.data or {}).get("code", self.status))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Contracts, manifests and handlers, read once for many provinces. Nothing in it changes."""

    registry: Registry
    systems: Mapping[str, SimSystem]
    homes: tuple[Path, ...] = ()

    @classmethod
    def read(cls, homes: Iterable[Path] = (), *, built_in: bool = True) -> Loaded:
        """The built-in systems and those of further homes. Raises `RegistryError` with every finding."""
        from lgsp import manifest

        homes = tuple(homes)
        folders = [*([builtin()] if built_in else []), *map(Home.at, homes)]
        return cls(manifest.load(folders), catalogue.read(folders), homes)

    def only(self, *names: str) -> Loaded:
        """The same with these systems alone: nothing else probes or collects meanwhile."""
        chosen = [connector for name, connector in self.registry.connectors.items() if name in names]
        systems = {name: system for name, system in self.systems.items() if name in names}
        return Loaded(type(self.registry).of(chosen), systems, self.homes)


class Province:
    """Gateway and simulator of one province, running. Enter it inside a virtual loop, or let `tell` do so."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        seed: int = 1,
        province: str | Path = "hoa-binh",
        size: int = 2_000,
        loaded: Loaded | None = None,
        realism: Realism = "calm",
        time_factor: float = CALM_FACTOR,
        settings: Settings | None = None,
        watched: bool = True,
    ) -> None:
        """`watched` False: nothing is probed or collected by itself, for stretches so long that the teller does it."""
        self.runtime, self.seed, self._watched = runtime, seed, watched
        self.folder = Folder.load(province)
        self._loaded = loaded or Loaded.read()
        self._settings = settings or Settings()
        self.simulator = Simulator(
            self._loaded.systems,
            runtime=runtime,
            province=self.folder,
            seed=seed,
            size=size,
            realism=realism,
            time_factor=time_factor,
        )
        self.gateway: Gateway
        self.transport: MemoryTransport
        self.door: MemoryDoor
        self.secrets: dict[str, NewSecrets] = {}
        """By consumer: what `create_consumer` has shown once."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        from lgsp.app import build
        from lgsp.store import open_store

        try:
            data = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lgsp-world-")))
            await self.simulator.start()
            self._stack.push_async_callback(self.simulator.close)
            where = self.folder
            settings = replace(
                self._settings,
                data=data,
                demo=True,
                sim=SIMULATOR,
                homes=self._loaded.homes,
                province=Whose(where.code, where.agency, where.title, where.title, where.era),
            )
            store = await open_store(None, self.runtime, inline=True)
            self.transport = transport = MemoryTransport(self.simulator, self.runtime)
            self.gateway = await build(
                settings, self.runtime, transport=transport, store=store, registry=self._loaded.registry
            )
            self._stack.push_async_callback(self.gateway.close)
            self.door = MemoryDoor(self.gateway.application, self.runtime)
            self.secrets = await furnish(self.gateway.policy, where)
            await (self.gateway.start() if self._watched else start_unwatched(self.gateway))
            await self.door.open()
            self._stack.push_async_callback(self.door.close)
            self.simulator.gateway = self.door.send
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def call(
        self,
        system: str,
        operation: str,
        data: Data | None = None,
        *,
        consumer: str = "mot-cua",
        headers: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> Reply:
        """One REST call by an agency system, at the newest version; headers go beside its API key."""
        connector = self.gateway.registry.connector(system)
        version = version or (connector.version if connector else "v1")
        body = msgspec.json.encode(data or {})
        sent = {"content-type": "application/json", "x-api-key": self.secrets[consumer].api_key, **(headers or {})}
        return await self.send("POST", f"/api/{system}/{version}/{operation}", sent, body)

    async def get(self, path: str, *, consumer: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Any page of the bus, as JSON."""
        key = {"x-api-key": self.secrets[consumer].api_key} if consumer else {}
        return await self.send("GET", path, {"accept": "application/json", **key, **(headers or {})})

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request at the bus's own HTTP server."""
        answer = await self.door.send(HttpRequest(method, path, headers, body))
        return Reply(answer.status, answer.headers, answer.body if isinstance(answer.body, bytes) else b"")

    def fail(self, system: str, kind: str, **given: Any) -> None:
        """Adds a fault: parameters of the kind and conditions in one list, as in `fail("x", "hang", times=2, effect=True)`."""
        self.simulator.set_fault(system, spec(kind, **given), add=True)

    def heal(self, system: str) -> None:
        """Takes the faults of a system away."""
        self.simulator.faults.delete(system)


async def start_unwatched(gateway: Gateway) -> None:
    """`Gateway.start` without the tasks that look around every second: evidence, health and deliveries go on as ever."""
    await gateway.keeper.restore()
    gateway.supervisor.start("audit", gateway.audit.run)
    gateway.supervisor.start("health-keeper", gateway.keeper.run)
    gateway.supervisor.start("deliveries", lambda: gateway.submissions.run(gateway.handle))
    gateway.ready.set()


async def furnish(policy: Policy, province: Folder) -> dict[str, NewSecrets]:
    """The demonstration's consumers with their grants; their secrets, by consumer."""
    found = {}
    for entry in province.consumers:
        consumer = Consumer(
            id=entry["id"],
            name=Text(entry["name"]["vi"], entry["name"]["en"]),
            agency=entry.get("agency", ""),
            admits_trial=entry.get("admits_trial", False),
            security_level=entry.get("security_level"),
        )
        grants = [
            Grant(
                consumer=consumer.id,
                system=grant["system"],
                operation=grant["operation"],
                fields=tuple(grant["fields"]) if "fields" in grant else None,
                purposes=tuple(grant["purposes"]) if "purposes" in grant else None,
                legal_basis=grant.get("legal_basis", ""),
                admits_trial=consumer.admits_trial,
            )
            for grant in entry.get("grants", ())
        ]
        found[consumer.id] = await policy.create_consumer(consumer, grants)
    return found


def tell(story: Callable[[Province], Awaitable[T]], seed: int = 1, **options: Any) -> T:
    """Runs a story in a province of its own, in virtual time, and returns what it returns. `options` are `Province`'s."""

    async def main(runtime: Runtime) -> T:
        async with Province(runtime, seed=seed, **options) as province:
            return await story(province)

    return clock.run(main, seed)


def _reached(error: Unavailable, *, reached: bool) -> Unavailable:
    error.reached = reached
    return error
