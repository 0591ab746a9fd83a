"""A scenario lived: dossiers, standing questions and outages as moments on the virtual clock, calls through the real bus.

Between two moments at which nothing is under way the clock jumps. What a running bus does every few seconds (probes) happens
at its real pace while something is wrong, and thinned by a stated factor while all is well.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lgsp.cli.scenario import dossiers
from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.plan import Cut, Outage, Scenario, Standing, Step
from lgsp.cli.scenario.tally import Tally
from lgsp.events import AttemptMade, Event, HealthChanged, SubmissionMoved
from lgsp.health.breaker import BreakerPolicy
from lgsp.model import Health, HttpResponse, Stage
from lgsp.registry import Registry
from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded, Province
from lgsp_mocks import clock
from lgsp_mocks.clock import VirtualLoop
from lgsp_mocks.faults import spec
from lgsp_mocks.traffic import Flow, Requests, code_of

Do = Callable[[], Awaitable[None]]
AWAY = frozenset(
    {"timeout", "connect-failed", "bad-answer", "overloaded", "circuit-open", "maintenance", "unreachable", "bus-fault"}
)
"""Codes after which an agency asks again by itself."""
LOOK = 30.0
"""Seconds between two probes of a bus that is well, in the real world."""
PROBES, POLLS = 2880, 30
"""Thinning of probes of a healthy bus; of standing questions, the latter once more by the sample."""
_TROUBLED, _INSTANT = 5.0, 0.001


@dataclass
class Life:
    """One telling. `run` returns the tally."""

    scenario: Scenario
    sample: int
    province: Province
    loop: VirtualLoop
    random: random.Random
    tally: Tally
    progress: Callable[[float], None]
    _heap: list[tuple[float, int, Do]] = field(default_factory=list)
    _count: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _down: set[str] = field(default_factory=set)
    _struck: Counter[str] = field(default_factory=Counter)
    """Systems and upstreams with a fault."""
    _closely: bool = False

    def __post_init__(self) -> None:
        self.time = dossiers.time_of(self.scenario)
        self.offices = dossiers.offices(self.scenario, self.sample)
        self.requests = Requests.of(self.province.simulator.admin.examples(), self.random)
        self.polls = thinned(self.sample)
        self.keys = {name: secrets.api_key for name, secrets in self.province.secrets.items()}
        self.start = self.province.runtime.clock.now()
        self.end = datetime.combine(self.scenario.last + timedelta(days=1), datetime.min.time(), HANOI)
        self.province.gateway.events.subscribe(self._heard)

    # -- the clock ------------------------------------------------------------------------------------------------------

    def at(self, moment: datetime, do: Do) -> None:
        self._count += 1
        heapq.heappush(self._heap, ((moment - self.start).total_seconds(), self._count, do))

    def after(self, seconds: float, do: Do) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.loop.time() + seconds, self._count, do))

    def when(self, working: float, do: Do) -> None:
        """At so many working seconds."""
        self.at(self.time.wall(working), do)

    @property
    def now(self) -> datetime:
        return self.province.runtime.clock.now().astimezone(HANOI)

    @property
    def working(self) -> float:
        return self.time.of(self.now)

    async def run(self) -> Tally:
        await self._furnish()
        whole = (self.end - self.start).total_seconds()
        upcoming = dossiers.draw(self.scenario, self.sample, self.random)
        self._next_dossier(upcoming)
        while self._heap and self._heap[0][0] <= whole:
            due, _, do = heapq.heappop(self._heap)
            while (gap := due - self.loop.time()) > 0:
                await asyncio.sleep(min(gap, _INSTANT))  # whatever can go on without time passing has gone on
                if self._running or self._busy():
                    await self._settle(gap)
                elif gap > _INSTANT:
                    self.loop.jump(gap - _INSTANT)
            task = asyncio.ensure_future(do())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await asyncio.sleep(0)
            self.progress(due / whole)
        while self._running:
            await asyncio.gather(*self._running)
        await self._finish()
        return self.tally

    async def _settle(self, gap: float) -> None:
        """What is under way goes on for a moment at its own pace."""
        if self._running:
            await asyncio.wait(self._running, timeout=min(gap, 1.0), return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(min(gap, 0.05))

    def _busy(self) -> bool:
        return bool(self.tally.delivering) or any(self.province.gateway.inflight().values())

    # -- what happens ---------------------------------------------------------------------------------------------------

    async def _furnish(self) -> None:
        for outage in self.scenario.outages:
            self.at(outage.start, lambda outage=outage: self._fails(outage))  # type: ignore[misc]  # default binds now
        for cut in self.scenario.cuts:
            self.at(cut.start, lambda cut=cut: self._cut(cut))  # type: ignore[misc]
        for poll in self.scenario.polls:
            flow = Flow(poll.system, poll.operation, 0.0, poll.consumer)
            if self.requests.knows(flow):
                self._poll(poll, flow, poll.every / poll.pollers * self.polls)
        a_day = self.scenario.calendar.seconds_a_day
        for daily in self.scenario.daily:
            flow = Flow(daily.system, daily.operation, 0.0, daily.consumer)
            if self.requests.knows(flow):
                self._work(daily, flow, a_day / daily.a_day * self.polls)
        self.after(0, self._look)

    def _next_dossier(self, upcoming: Any) -> None:
        dossier = next(upcoming, None)
        if dossier is None:
            return
        self.tally.came_in(dossier)

        async def begins() -> None:
            self._next_dossier(upcoming)
            await self._reception(dossier)

        self.at(max(dossier.received, self.start), begins)

    async def _reception(self, dossier: Dossier) -> None:
        if not dossier.carried:
            await self._steps(dossier, "reception", lambda: self._office(dossier))
        else:
            await self._office(dossier)

    async def _office(self, dossier: Dossier) -> None:
        done = self.offices[dossier.kind.id].finished(self.working, dossier.desk)
        self.when(done, lambda: self._steps(dossier, "work", lambda: self._ministry(dossier)))

    async def _ministry(self, dossier: Dossier) -> None:
        self.when(
            self.working + dossier.ministry, lambda: self._steps(dossier, "result", lambda: self._settled(dossier))
        )

    async def _settled(self, dossier: Dossier) -> None:
        dossier.settled, dossier.ended = self.now, self.working
        self.tally.went_out(dossier)

    async def _steps(self, dossier: Dossier, at: str, then: Do) -> None:
        todo = [
            step
            for step in dossier.kind.steps
            if step.at == at and self.requests.knows(self._flow(step))
            for _ in range(step.times)
            if self.random.random() < step.chance / (self.scenario.thin if step.thinned else 1)
        ]
        await self._go_on(dossier, todo, then)

    async def _go_on(self, dossier: Dossier, todo: list[Step], then: Do) -> None:
        """The dossier's questions one after the other; one that fails is asked again later, and what follows waits."""
        while todo:
            step = todo[0]
            wrong = step.errors + self._drifted(step)
            if wrong and self.random.random() < wrong:
                dossier.by_hand += 1
                self.tally.corrected(step)
                todo[0] = replace(step, errors=0.0, fresh=step.fresh)
                await self._later(
                    self.scenario.correction * 3600, dossier, [replace(step, errors=-1.0), *todo[1:]], then
                )
                return
            code = await self._ask(step)
            if code in {"ok", "accepted"} or not step.holds:
                self._released(dossier)
                todo.pop(0)
                continue
            if code == "suspended":
                dossier.by_hand += 1
                dossier.reasons.add(step.system)
                seconds = self.scenario.paper * self.scenario.calendar.seconds_a_day
                dossier.waited += seconds
                self.tally.on_paper(step)
                await self._later(seconds, dossier, todo[1:], then)
                return
            if code in AWAY:
                dossier.reasons.add(step.system)
                if dossier.held_since is None:
                    dossier.held_since = self.working
                self.after(self.scenario.agency_retry, lambda: self._go_on(dossier, todo, then))
                return
            if code == "unknown":  # the outcome of an update: the bus settles it, or an officer does
                dossier.reasons.add(step.system)
                dossier.by_hand += 1
                self.tally.corrected(step)
                dossier.waited += self.scenario.correction * 3600
                await self._later(self.scenario.correction * 3600, dossier, todo[1:], then)
                return
            todo.pop(0)  # the ministry's own word: an answer like any other
            self._released(dossier)
        await then()

    async def _later(self, seconds: float, dossier: Dossier, todo: list[Step], then: Do) -> None:
        self._released(dossier)
        self.when(self.working + seconds, lambda: self._go_on(dossier, todo, then))

    def _released(self, dossier: Dossier) -> None:
        if dossier.held_since is not None:
            dossier.waited += self.working - dossier.held_since
            dossier.held_since = None

    def _drifted(self, step: Step) -> float:
        drift = self.scenario.drift
        if drift is None or step.errors < 0 or not step.holds or not drift[0] <= self.now < drift[1]:
            return 0.0
        return drift[2]

    # -- calls ----------------------------------------------------------------------------------------------------------

    def _flow(self, step: Step) -> Flow:
        return Flow(step.system, step.operation, 0.0, fresh=step.fresh)

    async def _ask(self, step: Step) -> str:
        asynchronous = self.scenario.policy.submissions and self._is_update(step)
        headers = {"prefer": "respond-async"} if asynchronous else {}
        weight = self.sample * (self.scenario.thin if step.thinned else 1)
        return await self._call(self._flow(step), weight, **headers)

    async def _call(self, flow: Flow, weight: float, **headers: str) -> str:
        request = self.requests.request(flow, self.keys[flow.consumer], self.now, **headers)
        began = self.loop.time()
        try:
            answer = await self.province.door.send(request)
        except (OSError, TimeoutError):
            answer = HttpResponse(0)
        code = _code(answer)
        self.tally.called(flow.system, flow.operation, code, weight, self.loop.time() - began)
        return code

    def _is_update(self, step: Step) -> bool:
        operation = self.province.gateway.registry.connectors[step.system].operations[step.operation]
        return operation.deliver is not None

    def _poll(self, poll: Standing, flow: Flow, pause: float) -> None:
        async def ask() -> None:
            self._poll(poll, flow, pause)
            await self._call(flow, self.polls)

        self.after(pause * self.random.uniform(0.9, 1.1), ask)

    def _work(self, daily: Standing, flow: Flow, pause: float) -> None:
        async def ask() -> None:
            self._work(daily, flow, pause)
            await self._call(flow, self.polls)

        self.when(self.working + pause * self.random.uniform(0.5, 1.5), ask)

    # -- what is wrong --------------------------------------------------------------------------------------------------

    async def _fails(self, outage: Outage) -> None:
        self._struck[outage.where] += 1
        simulator = self.province.simulator
        [fault] = simulator.set_fault(outage.where, spec(outage.kind, **outage.params), add=True)
        if "probability" not in outage.params:  # one of weeks is no reason to look every five seconds
            self._trouble()

        async def over() -> None:
            there = simulator.faults.all().get(outage.where, [])
            there[:] = [each for each in there if each is not fault]
            self._struck[outage.where] -= 1
            if not self._struck[outage.where]:
                del self._struck[outage.where]

        self.after(outage.minutes * 60, over)

    async def _cut(self, cut: Cut) -> None:
        ledger = self.province.gateway.ledger
        was = ledger.stage(cut.system)
        names = {"decision": "QĐ-MẪU/ATTT", "by": "mau-1", "approved_by": "mau-2"}
        await ledger.move(cut.system, Stage.SUSPENDED, since=cut.start.date(), **names)

        async def over() -> None:
            back = was.stage if was else Stage.TRIAL
            await ledger.move(cut.system, back, since=cut.until.date(), **names)

        self.at(cut.until, over)

    async def _look(self) -> None:
        """The prober's round while all is well: seldom."""
        gateway = self.province.gateway
        for connector in gateway.registry.connectors.values():
            await gateway.prober.probe(connector)
        self.after(LOOK * PROBES, self._look)

    async def _look_closely(self) -> None:
        """The prober's own pace at systems that are down, and at those of which a fault is set."""
        gateway = self.province.gateway
        for connector in gateway.registry.connectors.values():
            behind = {backend.upstream for backend in connector.backends.values()}
            struck = connector.name in self._struck or behind & self._struck.keys()
            if connector.name in self._down or (struck and self.random.random() < _TROUBLED / LOOK):
                await gateway.prober.probe(connector)
        if self._down or self._struck:
            self.after(_TROUBLED, self._look_closely)
        else:
            self._closely = False

    def _trouble(self) -> None:
        if not self._closely:
            self._closely = True
            self.after(_TROUBLED, self._look_closely)

    def _heard(self, event: Event) -> None:
        match event:
            case HealthChanged() if not event.system.startswith("upstream:"):
                (self._down.add if event.now is Health.DOWN else self._down.discard)(event.system)
                if self._down:
                    self._trouble()
                self.tally.health(event.system, event.now, event.at)
            case AttemptMade() if event.number > 1:
                self.tally.retries[event.system] += 1
            case SubmissionMoved():
                self.tally.submission(event)
            case _:
                pass

    async def _finish(self) -> None:
        for _ in range(600):
            counts = await self.province.gateway.submissions.counts()
            if not any(counts.get(state, 0) for state in self.tally.WAITING):
                break
            await asyncio.sleep(60)
        self.tally.closed(self.end)


def thinned(sample: int) -> int:
    """One in so many standing questions is played."""
    return POLLS * max(2, sample)


def _code(answer: HttpResponse) -> str:
    if answer.status == 0:
        return "unreachable"
    if answer.status < 400:
        return "accepted" if answer.status == 202 else "ok"
    code = code_of(answer)
    return "unknown" if code == "timeout" and "location" in answer.headers else code


def live(
    scenario: Scenario,
    loaded: Loaded,
    *,
    seed: int = 1,
    sample: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Tally:
    """The whole scenario in virtual time; the same seed gives the same tally."""
    sample = sample or scenario.sample
    epoch = datetime.combine(scenario.first, datetime.min.time(), HANOI)
    if not scenario.policy.retry:
        loaded = Loaded(_without_retries(loaded.registry), loaded.systems, loaded.homes)

    async def main(runtime: Runtime) -> Tally:
        telling = Province(runtime, seed=seed, province=scenario.province, loaded=loaded, watched=False)
        async with telling as province:
            if not scenario.policy.breaker:
                never = 1_000_000_000
                province.gateway.health.policy = BreakerPolicy(minimum=never, timeouts_alone=never)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            tally = Tally(scenario, sample, epoch)
            life = Life(scenario, sample, province, loop, random.Random(seed), tally, progress)  # noqa: S311  a simulated world
            return await life.run()

    return clock.run(main, seed, epoch)


def _without_retries(registry: Registry) -> Registry:
    return type(registry).of([
        replace(
            connector,
            operations={
                name: replace(operation, safe=False, keyed=False) for name, operation in connector.operations.items()
            },
        )
        for connector in registry.connectors.values()
    ])  # fmt: skip
