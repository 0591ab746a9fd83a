"""Ten virtual minutes of a province under faults: the real gateway, the real simulator, callers, and the acts of a plan.

python -m tests.faults seeds 0..1999      # every seed, on all cores
python -m tests.faults replay 17          # one seed, with everything that happened
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgsp.app import Gateway
from lgsp.audit import verify
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp.settings import Province as Whose
from lgsp.settings import Settings
from lgsp.simulate import SIMULATOR
from lgsp_mocks import clock
from lgsp_mocks.faults import spec
from lgsp_mocks.simulator import Simulator
from tests.faults.callers import Callers
from tests.faults.ground import COLLECT_EVERY, Ground
from tests.faults.life import Life, observed, task_factory
from tests.faults.load import UPDATES, Calls
from tests.faults.schedule import END, Act, Plan
from tests.faults.truth import Truth
from tests.faults.watch import Violation, Watch
from tests.faults.wire import Wire

LONGEST_WAIT = 1500.0
"""Virtual seconds after the end until everything must be delivered: more than the longest pause between two tries."""
DRAIN = 10.0
"""Virtual seconds: nobody is waited for, and an inline store is quick."""


@dataclass(slots=True)
class Found:
    """What one seed has shown."""

    seed: int
    violations: list[Violation]
    trace: list[str]
    calls: int
    effects: int
    lives: int

    @property
    def ok(self) -> bool:
        return not self.violations


class World:
    """One seed."""

    def __init__(self, ground: Ground, plan: Plan, runtime: Runtime, folder: Path) -> None:
        self.ground, self.plan, self.runtime, self.folder = ground, plan, runtime, folder
        self.trace: list[str] = []
        self.truth = Truth(folder)
        self.watch = Watch(runtime.clock, self.truth, self.say)
        systems = {name: ground.ministry.systems[name] for name in plan.systems}
        self.simulator = Simulator(systems, runtime=runtime, province=ground.people, seed=plan.seed)
        ground.ministry.watch, ground.ministry.simulator = self.watch, self.simulator
        self.registry = ground.registry(plan.systems)
        self.wire = Wire.to(self.simulator, runtime, self.watch)
        where = ground.folder
        self.settings = replace(
            Settings(), data=folder, demo=True, sim=SIMULATOR,
            province=Whose(where.code, where.agency, where.title, where.title, where.era),
        )  # fmt: skip
        self.life = self._life()
        self.lives = 1
        self.changing = asyncio.Lock()
        self.failing = 0
        """Failures of the disk under way."""
        self.under_fault: list[tuple[str, ...]] = []
        self.callers = Callers(self, Calls(each for each in ground.examples if each["system"] in plan.systems))

    def say(self, text: str) -> None:
        self.trace.append(f"{self.runtime.clock.monotonic():9.3f}  {text}")

    async def run(self) -> None:
        await self.simulator.start()
        self.simulator.gateway = self._inward
        await self._begin()
        looking = asyncio.create_task(self._look(), name="watch")
        under_way = []
        for act in self.plan.acts:
            await self._until(act.at)
            if self.watch.violations:
                break
            under_way.append(asyncio.create_task(self._act(act), name=f"act {act.what}"))
        else:
            await self._until(END)
            await self._quiet(under_way)
        looking.cancel()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, looking, return_exceptions=True)
        await self._end()
        await self.simulator.close()

    async def _quiet(self, under_way: list[asyncio.Task[None]]) -> None:
        """After the last fault: nothing is open any more, everybody is well, and the orderly end is orderly."""
        await asyncio.gather(*under_way)
        until = self.runtime.clock.monotonic() + LONGEST_WAIT
        while self.truth.open_rows() and self.runtime.clock.monotonic() < until and not self.watch.violations:  # noqa: ASYNC110
            await asyncio.sleep(5)
        await asyncio.sleep(30)
        await self.callers.farewell()
        if self.life.gateway is not None:
            await self._slots_freed(self.life.gateway)
            missing = {
                "audit",
                "health-keeper",
                "deliveries",
                "collectors",
                "prober",
            } - self.life.gateway.supervisor.running()
            if missing:
                self.watch.violated("worker-stays", f"{sorted(missing)} run no more")
        await self.callers.ended()
        self.watch.ended(self.callers.told)
        await self._at_work()

    async def _at_work(self) -> None:
        """The orderly end comes while a collector reads and deliveries are on their way: whoever lives on is seen."""
        until = self.runtime.clock.monotonic() + 1.2 * COLLECT_EVERY
        reads = any(each.collectors for each in self.registry.connectors.values())
        while reads and not self.watch.collecting and self.runtime.clock.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self.callers.leaves()

    async def _slots_freed(self, gateway: Gateway) -> None:
        """A slot is held by what is under way, and by nothing else."""
        for _ in range(40):
            held = Counter({name: count for name, count in gateway.bulkhead.inflight().items() if count})
            if held == Counter(each.system for each in self.watch.under_way if each.life is self.life):
                return
            await asyncio.sleep(0.05)
        self.watch.violated("slots-freed", f"{dict(held)} slots are held by nobody")

    async def _end(self) -> None:
        if not self.life.dead:
            for wrong in await self.life.drain(DRAIN):
                self.watch.violated("drain", wrong)
        self.truth.close()
        with self.ground.disk.aside():
            verdict = verify(self.folder)
        if not verdict.ok:
            self.watch.violated("evidence-chain", str(verdict.first_bad))

    # -- the gateway's lives -------------------------------------------------------------------------------------------

    def _life(self, number: int = 1) -> Life:
        return Life(
            self.runtime, self.folder, self.ground.disk, self.truth, self.registry, self.settings, self.wire, number,
            self.watch.refused,
        )  # fmt: skip

    async def _begin(self) -> None:
        while True:
            if await self.life.start(self.watch.heard):
                break
            await self.life.bury()
            await asyncio.sleep(2.0)
            self.life = self._life(self.lives)
        if lost := self.truth.evidence_lost():
            self.watch.violated("durable", f"{lost} evidence entries that were there are gone")
        self.callers.after_restart()
        self.watch.breakers.clear()
        self.watch.tick(self.life)

    async def end(self, how: str, point: str, times: int, down: float) -> None:
        """The gateway ends, and begins again after a while."""
        async with self.changing:
            life = self.life
            if how == "crash":
                life.crash = (point, times)
                await asyncio.wait({asyncio.create_task(life.ended.wait())}, timeout=40.0)
                if not life.dead:
                    life.crash = None
                    return
                self.say(f"died at {point}")
            elif how == "drain":
                for wrong in await life.drain(DRAIN):
                    self.watch.violated("drain", wrong)
            else:
                gone = life.die(power=how == "power")
                if gone:
                    self.say(f"{gone} unsynced writes are gone")
            await life.bury()
            await asyncio.sleep(down)
            self.lives += 1
            self.life = self._life(self.lives)
            await self._begin()
            self.say(f"life {self.lives} begins")

    async def _inward(self, request: HttpRequest) -> HttpResponse:
        """A ministry calls the province. What it is told was taken must be on the disk."""
        answer = await self.life.ask(request)
        if answer is None:
            raise ConnectionError("the province is away")
        self.callers.inward(request, answer)
        return answer

    # -- acts ----------------------------------------------------------------------------------------------------------

    async def _act(self, act: Act) -> None:
        self.say(str(act))
        given = act.given
        match act.what:
            case "fault":
                await self._fault(**given)
            case "disk":
                await self._disk(**given)
            case "clock":
                assert isinstance(self.runtime.clock, clock.VirtualClock)
                self.runtime.clock.step(given["seconds"])
            case "poison":
                name = self.truth.spoil() if not self.life.dead else None
                if name is not None:
                    self.watch.poison.add(name)
                    self.say(f"{name} cannot be read any more")
            case "end":
                await self.end(**given)
            case _:
                await self.callers.act(act)

    async def _fault(self, name: str, kind: str, given: dict[str, Any], only: str | None, lasts: float) -> None:
        if only is not None and name in UPDATES:
            kinds = self.ground.loaded.systems[name].kinds
            given = given | {
                "operation": [each for each, its in kinds.items() if (its == "update") == (only == "updates")]
            }
        if name == "ngsp" and not any("ngsp" in self._upstreams(each) for each in self.plan.systems):
            return
        self.simulator.set_fault(name, spec(kind, **given), add=True)
        fault = self.simulator.faults.all()[name][-1]
        technical = kind != "business-error"
        struck = (name, "ngsp") if kind.startswith("token-") else (name,)  # the sign-in is everybody's
        for each in struck if technical else ():
            self.watch.technical_until[each] = float("inf")
        self.under_fault += [struck] if technical else []
        await asyncio.sleep(lasts)
        standing = self.simulator.faults.all().get(name, [])
        if fault in standing:
            standing.remove(fault)  # type: ignore[attr-defined]
        self.say(f"{kind} at {name} has ended")
        self.under_fault = [each for each in self.under_fault if each is not struck]
        for each in struck if technical else ():
            if not any(each in others for others in self.under_fault):
                self.watch.technical_until[each] = self.runtime.clock.monotonic()

    def _upstreams(self, system: str) -> set[str]:
        return {backend.upstream for backend in self.ground.loaded.systems[system].backends.values()}

    async def _disk(self, kind: Any, lasts: float) -> None:
        self.ground.disk.fails = kind
        self.watch.disk_trouble = float("inf")
        self.failing += 1
        await asyncio.sleep(lasts)
        self.failing -= 1
        if self.failing:
            return
        self.ground.disk.fails = None
        self.watch.disk_trouble = self.runtime.clock.monotonic()
        self.say("the disk is well again")

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(10)
            if not self.life.dead and self.life.gateway is not None:
                self.watch.tick(self.life)

    async def _until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self.runtime.clock.monotonic()))


def play(ground: Ground, seed: int, plan: Plan | None = None) -> Found:
    """One seed from its beginning to its end."""
    drawn = plan or Plan.of(seed)

    worlds: list[World] = []

    async def main(runtime: Runtime) -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(task_factory())
        loop.set_exception_handler(lambda *_: None)  # what was killed says nothing
        world = World(ground, drawn, runtime, folder)
        worlds.append(world)
        await world.run()

    with observed(), ground.data() as folder:
        try:
            clock.run(main, seed)
        except (clock.NothingLeft, clock.Spinning) as error:
            worlds[0].watch.violated("goes-on", str(error))
        finally:
            worlds[0].truth.close()
    world = worlds[0]
    watch = world.watch
    return Found(seed, watch.violations, world.trace, world.callers.made, len(watch.effects), world.lives)
