"""The simulator: every system of every home on one province, behind the national platform and the X-Road adapter.

One function, `exchange`: a request in, an `Outcome` out. Sockets (`server.py`) and the in-memory transport of the simulated
world play the outcome out; nothing here knows which of them asked.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import tomllib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp_mocks import catalogue, spoil, xroad
from lgsp_mocks.admin import Admin
from lgsp_mocks.catalogue import Home, SimSystem
from lgsp_mocks.desk import run_later
from lgsp_mocks.faults import Call, Fault, Faults
from lgsp_mocks.journal import Journal
from lgsp_mocks.keeping import Keeping
from lgsp_mocks.ministry import INLINE, Ministry
from lgsp_mocks.ndop import NAME as NDOP
from lgsp_mocks.ndop import PREFIX as NDOP_PREFIX
from lgsp_mocks.ndop import Ndop
from lgsp_mocks.ngsp import Tokens, fault
from lgsp_mocks.outcome import ConnectionBroken, Outcome
from lgsp_mocks.province_calls import ProvinceCalls
from lgsp_mocks.work import Work
from lgsp_mocks.world import Province, World

Realism = Literal["calm", "typical"]
Gateway = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""How the simulator reaches the province's bus, for calls that ministries make."""

_ELSEWHERE = ("/_sim", "/token", "/revoke", xroad.LOGIN, f"{NDOP_PREFIX}/")
"""Where addresses begin that are no ministry's; what only looks like one of them goes the long way too."""
CALM_FACTOR = 8_640.0
"""A day of a ministry's work in 10 s."""


class Simulator:
    """`start()` before the first request where asynchronous work or persistence is wanted, `close()` at the end."""

    def __init__(
        self,
        homes: Iterable[Home] | Mapping[str, SimSystem],
        *,
        runtime: Runtime,
        province: World | Province | str | Path = "hoa-binh",
        seed: int = 1,
        size: int = 100_000,
        state: Path | None = None,
        realism: Realism = "calm",
        time_factor: float = CALM_FACTOR,
        header_faults: bool = False,
        xml_faults: bool = False,
    ) -> None:
        """`homes` may be systems that were read before; `state` is a folder that survives restarts.

        `province` may be a world of an earlier simulator that has ended: it goes back to its seed.

        `header_faults` listens to `X-Sim-Fault`; `xml_faults` makes the platform answer XML by default, as it once did.
        """
        self.runtime, self.seed, self.realism, self.time_factor = runtime, seed, realism, time_factor
        self.header_faults, self.xml_faults = header_faults, xml_faults
        self.world = _world(province, seed, size)
        self.systems: Mapping[str, SimSystem] = homes if isinstance(homes, Mapping) else catalogue.read(homes)
        self.tokens, self.sessions = Tokens(runtime), xroad.Sessions(runtime)
        self.faults, self.journal = Faults(runtime.clock), Journal()
        self.states: dict[str, dict[str, Any]] = {}
        self.unmatched: deque[str] = deque(maxlen=100)
        """Calls that fit no contract: "POST /path", with what comes nearest."""
        self.defects: deque[str] = deque(maxlen=100)
        """Handlers that failed or broke their own contract."""
        self.gateway: Gateway | None = None
        self._state, self._scratch = state, _Scratch()
        self.ministry = Ministry(self)
        self.ndop = Ndop(self)
        self.calls_back = ProvinceCalls(self)
        self.work = Work(runtime, self._job)
        self.admin = Admin(self)
        self.keeping = Keeping(self, state)
        self._latencies = _latencies() if realism == "typical" else {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Takes up what was kept, and begins the asynchronous work."""
        self.keeping.load()
        self._tasks = [
            asyncio.create_task(self.work.run(), name="sim-work"),
            asyncio.create_task(self.keeping.run(), name="sim-keeping"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.keeping.save()
        self._scratch.clean()

    @property
    def kept(self) -> bool:
        """Whether an earlier run may have left something in its folder."""
        return self._state is not None

    @property
    def folder(self) -> Path:
        """Where bodies and values too large for memory stand; without `state` it is gone at the end."""
        return self._state or self._scratch.folder()

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer; raises `ConnectionBroken` where a fault leaves none."""
        outcome = await self.exchange(request)
        if outcome.response is None:
            raise ConnectionBroken(outcome)
        return outcome.response

    def at_once(self, request: HttpRequest) -> HttpResponse | None:
        """The answer of a ministry where nothing takes time: no fault is set, no latency is drawn, the message is small.

        None for every other call, before anything was done about it: that one is `exchange`'s.
        """
        target = request.target
        if (
            self.faults.all()
            or self._latencies
            or self.header_faults
            or len(request.body) > INLINE
            or target.startswith(_ELSEWHERE)
        ):
            return None
        self.keeping.changed = True
        return self.ministry.at_once(request)

    async def exchange(self, request: HttpRequest) -> Outcome:
        """One request, edge to edge."""
        if (answer := self.at_once(request)) is not None:
            return Outcome(answer)
        path = request.target.partition("?")[0]
        if path.startswith("/_sim"):
            return Outcome(await self.admin.answer(request))
        if path in ("/token", "/revoke"):
            manner = "password-grant" if self.tokens.by_password(request) else "oauth2"
            return await self._sign_in(
                request, manner, self.tokens.answer if path == "/token" else self.tokens.revoke_request
            )
        if path == xroad.LOGIN:
            return await self._sign_in(request, "xroad-session", self.sessions.login)
        if path.startswith(f"{NDOP_PREFIX}/"):
            outcome = await self.ndop.answer(request)
        else:
            outcome = await self.ministry.answer(request)
        self.keeping.changed = True
        return outcome

    async def latency(self, system: str) -> None:
        """What this ministry takes at typical realism; nothing at calm."""
        if not self._latencies:
            return
        median, p95 = self._latencies.get(system, self._latencies["default"])
        sigma = math.log(p95 / median) / 1.645
        await asyncio.sleep(self.runtime.random.lognormvariate(math.log(median), sigma))

    def state_of(self, system: str) -> dict[str, Any]:
        return self.states.setdefault(system, {})

    def reset(self) -> None:
        """Back to the seed; who is signed in stays so."""
        self.states.clear()
        self.world.restore()
        self.work.clear()
        self.journal.clear()
        self.faults.clear()
        self.unmatched.clear()
        self.defects.clear()
        self.ministry.forget()
        self.keeping.changed = True

    def fault_names(self) -> set[str]:
        """What `/_sim/faults/{name}` may be: systems and the upstreams that they use."""
        upstreams = {backend.upstream for system in self.systems.values() for backend in system.backends.values()}
        return {*self.systems, *upstreams, NDOP}

    def set_fault(self, name: str, spec: Any, *, add: bool = False) -> list[Fault]:
        """Sets what is to fail at a system or upstream. Raises `FaultError` for what cannot be."""
        self.admin.check(name, spec)
        faults = [self.faults.add(name, spec)] if add else self.faults.put(name, spec)
        if any(fault.kind == "token-down" for fault in faults):  # or nobody would knock for an hour
            self.tokens.revoke_all()
            self.sessions.expire_all()
            self.ndop.tokens.revoke_all()
        return faults

    async def _sign_in(
        self, request: HttpRequest, manner: str, answer: Callable[[HttpRequest], HttpResponse]
    ) -> Outcome:
        """The upstream's own faults strike here, and `token-down` of any system behind it: they share the door."""
        call = Call("", "", "", "", None)
        backends = [b for s in self.systems.values() for b in s.backends.values() if b.manner == manner]
        doors = dict.fromkeys(b.upstream for b in backends)
        behind = dict.fromkeys(b.system for b in backends)
        if down := self.faults.meet((*doors, *behind), call, "platform", only="token-down"):
            return Outcome(fault(101503, request, status=int(down.params["status"])))
        wire = self.faults.meet(doors, call, "wire")
        if wire and wire.kind in ("latency", "hang", "refuse", "reset"):
            if wire.kind == "latency":
                await self.ministry.wait(wire)
            else:
                return await self.ministry.play(wire, HttpResponse(200))
        instead = self.faults.meet(doors, call, "instead")
        self.keeping.changed = True
        response = spoil.instead(instead.kind, instead.params, xml=False, version="1.1") if instead else answer(request)
        return await self.ministry.play(wire, response) if wire else Outcome(response)

    async def _job(self, job: Any) -> bool:
        self.keeping.changed = True
        if job.kind == "call":
            return await self.calls_back.call(job)
        run_later(self, job)
        return True


def _world(province: World | Province | str | Path, seed: int, size: int) -> World:
    if isinstance(province, World):
        province.restore()
        return province
    return World(province if isinstance(province, Province) else Province.load(province), seed, size)


class _Scratch:
    """A temporary folder that is made when somebody needs it."""

    def __init__(self) -> None:
        self._made: tempfile.TemporaryDirectory[str] | None = None

    def folder(self) -> Path:
        if self._made is None:
            self._made = tempfile.TemporaryDirectory(prefix="lgsp-sim-")
        return Path(self._made.name)

    def clean(self) -> None:
        if self._made is not None:
            self._made.cleanup()
            self._made = None


def _latencies() -> dict[str, tuple[float, float]]:
    table = tomllib.loads((Path(__file__).parent / "realism.toml").read_text("utf-8"))
    return {
        name: (entry["median"], entry["p95"])
        for name, entry in {"default": table["default"], **table["systems"]}.items()
    }
