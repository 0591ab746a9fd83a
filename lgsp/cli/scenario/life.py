"""A scenario lived: dossiers and standing questions as moments on the virtual clock, calls through the real bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from lgsp.cli.scenario import dossiers
from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.plan import Policy, Scenario, Standing, Step
from lgsp.cli.scenario.stands import AWAY, Stand, stand
from lgsp.cli.scenario.tally import Tally
from lgsp.cli.scenario.timeline import Do, Timeline
from lgsp.cli.scenario.troubles import Troubles
from lgsp.registry import Registry
from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded
from lgsp_mocks import clock
from lgsp_mocks.clock import VirtualLoop
from lgsp_mocks.traffic import Flow, Requests

_NO_WORD = AWAY | {"suspended", "unknown"}
"""Codes that say nothing about the message."""
_MENDED = -1.0
"""`errors` of a step that an officer has put right: neither data nor codes are wrong any more."""


@dataclass
class Life:
    """One telling. `run` returns the tally."""

    scenario: Scenario
    sample: int
    stands: list[Stand]
    loop: VirtualLoop
    random: Random
    dossiers: Random
    """What dossiers there are: apart from the rest, so that no policy changes it."""
    tally: Tally
    progress: Callable[[float], None]

    def __post_init__(self) -> None:
        self.offices = dossiers.offices(self.scenario, self.sample)
        self.polls = self.scenario.polls_thinned(self.sample)
        self.thin = self.scenario.messages_thinned(self.sample)
        time = dossiers.time_of(self.scenario)
        self.timeline = Timeline(self.loop, self.tally.start, time, self._busy)
        self.troubles = Troubles(self.timeline, self.stands, lambda: self.stand, self.tally, self.random)
        self.end = datetime.combine(self.scenario.last + timedelta(days=1), datetime.min.time(), HANOI)
        self.stand = self.stands[0]

    async def run(self) -> Tally:
        self._furnish()
        self._next_dossier(dossiers.draw(self.scenario, self.sample, self.dossiers))
        await self.timeline.run(self.end, self.progress)
        await self._finish()
        return self.tally

    def _busy(self) -> bool:
        return bool(self.tally.delivering) or any(each.busy() for each in self.stands)

    def _furnish(self) -> None:
        self.troubles.begin(self.scenario)
        for each in self.stands[1:]:
            self.timeline.at(each.since, lambda each=each: self._switch(each))  # type: ignore[misc]  # default binds now
        for poll in self.scenario.polls:
            flow = Flow(poll.system, poll.operation, 0.0, poll.consumer)
            if self.stand.requests.knows(flow):
                self._poll(poll, flow, poll.every / poll.pollers * self.polls)
        a_day = self.scenario.calendar.seconds_a_day
        for daily in self.scenario.daily:
            flow = Flow(daily.system, daily.operation, 0.0, daily.consumer)
            if self.stand.requests.knows(flow):
                self._work(daily, flow, a_day / daily.a_day * self.polls)

    async def _switch(self, stand: Stand) -> None:
        """Another era: its bus, its ministries, its codes. What the old bus still has to deliver, it delivers."""
        self.stand = stand
        self.troubles.moved()

    async def _finish(self) -> None:
        for dossier in self.tally.dossiers:
            self._released(dossier)  # who still waits when the telling ends has waited until then
        for _ in range(600):
            counts = [await each.gateway.submissions.counts() for each in self.stands]
            if not any(each.get(state, 0) for each in counts for state in self.tally.WAITING):
                break
            await asyncio.sleep(60)
        self.tally.closed(self.end)

    # -- a dossier ------------------------------------------------------------------------------------------------------

    def _next_dossier(self, upcoming: Iterator[Dossier]) -> None:
        dossier = next(upcoming, None)
        if dossier is None:
            return
        self.tally.came_in(dossier)

        async def begins() -> None:
            self._next_dossier(upcoming)
            if dossier.carried:
                await self._office(dossier)
            else:
                await self._steps(dossier, "reception", lambda: self._office(dossier))

        self.timeline.at(max(dossier.received, self.timeline.start), begins)

    async def _office(self, dossier: Dossier) -> None:
        done = self.offices[dossier.kind.id].finished(self.timeline.working, dossier.desk, dossier.effort)
        self.timeline.when(done, lambda: self._steps(dossier, "work", lambda: self._ministry(dossier)))

    async def _ministry(self, dossier: Dossier) -> None:
        done = self.timeline.working + dossier.ministry
        self.timeline.when(done, lambda: self._steps(dossier, "result", lambda: self._settled(dossier)))

    async def _settled(self, dossier: Dossier) -> None:
        dossier.settled, dossier.ended = self.timeline.now, self.timeline.working
        self.tally.went_out(dossier)

    async def _steps(self, dossier: Dossier, at: str, then: Do) -> None:
        todo = [
            step
            for step in dossier.kind.steps
            if step.at == at and self.stand.requests.knows(_flow(step))
            for _ in range(step.times)
            if dossier.luck.random() < step.chance / (self.thin if step.thinned else 1)
        ]
        await self._go_on(dossier, todo, then)

    async def _go_on(self, dossier: Dossier, todo: list[Step], then: Do) -> None:
        """The dossier's questions one after the other; one that fails is asked again later, and what follows waits."""
        while todo:
            step = todo[0]
            if step.errors > 0 and dossier.luck.random() < step.errors:
                await self._corrected(dossier, todo, then)
                return
            code, stale = await self._ask(dossier, step)
            if stale is not None and code not in _NO_WORD:
                self.tally.sent_stale(step, accepted=code == "ok")
                if code not in {"ok", "accepted"}:
                    await self._corrected(dossier, todo, then)
                    return
            if code in {"ok", "accepted"} or not step.holds:
                if code in AWAY:
                    self.tally.message_lost(step)  # nobody waits for it, so nobody sends it again
                self._released(dossier)
                todo.pop(0)
            elif code == "suspended":
                dossier.by_hand += 1
                seconds = self.scenario.paper * self.scenario.calendar.seconds_a_day
                dossier.waits_for(step.system, seconds)
                self.tally.on_paper(step)
                await self._later(seconds, dossier, todo[1:], then)
                return
            elif code in AWAY:
                if dossier.held_since is None:
                    dossier.held_since, dossier.held_by = self.timeline.working, step.system
                self.timeline.after(self.scenario.agency_retry, lambda: self._go_on(dossier, todo, then))
                return
            elif code == "unknown":  # the outcome of an update: the bus settles it, or an officer does
                dossier.by_hand += 1
                self.tally.corrected(step)
                dossier.waits_for(step.system, self.scenario.correction * 3600)
                await self._later(self.scenario.correction * 3600, dossier, todo[1:], then)
                return
            else:  # the ministry's own word: an answer like any other
                todo.pop(0)
                self._released(dossier)
        await then()

    async def _corrected(self, dossier: Dossier, todo: list[Step], then: Do) -> None:
        """An officer puts right what is wrong with the first step, and it is sent once more."""
        step = todo[0]
        dossier.by_hand += 1
        self.tally.corrected(step)
        mended = [replace(step, errors=_MENDED), *todo[1:]]
        await self._later(self.scenario.correction * 3600, dossier, mended, then)

    async def _later(self, seconds: float, dossier: Dossier, todo: list[Step], then: Do) -> None:
        self._released(dossier)
        self.timeline.when(self.timeline.working + seconds, lambda: self._go_on(dossier, todo, then))

    def _released(self, dossier: Dossier) -> None:
        if dossier.held_since is not None:
            dossier.waits_for(dossier.held_by, self.timeline.working - dossier.held_since)
            dossier.held_since = None

    # -- calls ----------------------------------------------------------------------------------------------------------

    async def _ask(self, dossier: Dossier, step: Step) -> tuple[str, Requests | None]:
        """What came of it, and by whom it was written where that was an office that still has the codes of before."""
        stale = self._stale(dossier, step)
        # what carries doubtful codes is sent while the officer waits: a refusal has to reach somebody
        asynchronous = self.scenario.policy.submissions and self._is_update(step) and stale is None
        headers = {"prefer": "respond-async"} if asynchronous else {}
        weight = self.sample * (self.thin if step.thinned else 1)
        return await self._call(_flow(step), weight, stale, **headers), stale

    def _stale(self, dossier: Dossier, step: Step) -> Requests | None:
        switch, now = self.scenario.switch, self.timeline.now
        if switch is None or step.errors == _MENDED or not step.holds:
            return None
        return self.stands[0].requests if dossier.luck.random() < switch.share(now) else None

    async def _call(self, flow: Flow, weight: float, written: Requests | None = None, **headers: str) -> str:
        began = self.loop.time()
        code = await self.stand.call(flow, self.timeline.now, written, **headers)
        self.tally.called(flow.system, flow.operation, code, weight, self.loop.time() - began)
        return code

    def _is_update(self, step: Step) -> bool:
        operation = self.stand.gateway.registry.connectors[step.system].operations[step.operation]
        return operation.deliver is not None

    def _poll(self, poll: Standing, flow: Flow, pause: float) -> None:
        async def ask() -> None:
            self._poll(poll, flow, pause)
            await self._call(flow, self.polls)

        self.timeline.after(pause * self.random.uniform(0.9, 1.1), ask)

    def _work(self, daily: Standing, flow: Flow, pause: float) -> None:
        async def ask() -> None:
            self._work(daily, flow, pause)
            await self._call(flow, self.polls)

        self.timeline.when(self.timeline.working + pause * self.random.uniform(0.5, 1.5), ask)


def _flow(step: Step) -> Flow:
    return Flow(step.system, step.operation, 0.0, fresh=step.fresh)


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
    loaded = Loaded(_under(scenario.policy, loaded.registry), loaded.systems, loaded.homes)

    async def main(runtime: Runtime) -> Tally:
        source = Random(seed)  # noqa: S311  a simulated world
        async with AsyncExitStack() as stack:
            stands = await stand(stack, runtime, scenario, loaded, seed, source, epoch)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            tally, drawn = Tally(scenario, sample, epoch), Random(seed)  # noqa: S311
            return await Life(scenario, sample, stands, loop, source, drawn, tally, progress).run()

    return clock.run(main, seed, epoch)


def _under(policy: Policy, registry: Registry) -> Registry:
    """The registry with what the policy does without taken out of its operations."""
    changes: dict[str, Any] = {}
    if not policy.retry:
        changes |= {"safe": False, "keyed": False}
    if not policy.submissions:  # nothing is kept at the bus, not even while a system is away
        changes["deliver"] = None
    if not changes:
        return registry
    return type(registry).of([
        replace(
            connector,
            operations={name: replace(operation, **changes) for name, operation in connector.operations.items()},
        )
        for connector in registry.connectors.values()
    ])  # fmt: skip
