"""What goes wrong in a telling, and how closely the bus looks meanwhile.

What a running bus does every few seconds (probes) happens at its real pace while something is wrong, and thinned by a stated
factor while all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from lgsp.cli.scenario.plan import Cut, Outage, Scenario
from lgsp.cli.scenario.rows import ScenarioError, nearest
from lgsp.cli.scenario.stands import Stand
from lgsp.cli.scenario.tally import Tally
from lgsp.cli.scenario.timeline import Timeline
from lgsp.events import AttemptMade, Event, HealthChanged, SubmissionMoved
from lgsp.model import Health, Stage
from lgsp.runtime import Runtime
from lgsp.simulate import Loaded
from lgsp_mocks.faults import FaultError, spec
from lgsp_mocks.simulator import Simulator
from lgsp_mocks.world import Province as Folder

LOOK = 30.0
"""Seconds between two probes of a bus that is well, in the real world."""
PROBES = 2880
"""Thinning of probes of a healthy bus."""
_TROUBLED = 5.0


def possible(scenario: Scenario, loaded: Loaded) -> None:
    """Raises `ScenarioError` for provinces, systems and faults that there are not: it would be told without trouble."""
    try:
        where = [
            Folder.load(name) for name in (scenario.province, *([scenario.switch.province] if scenario.switch else []))
        ]
    except FileNotFoundError as error:
        raise ScenarioError(str(error)) from None
    there = Simulator(loaded.systems, runtime=Runtime.system(), province=where[0])
    try:
        for outage in scenario.outages:
            there.set_fault(outage.where, spec(outage.kind, **outage.params), add=True)
    except FaultError as error:
        raise ScenarioError(f"an outage that cannot be: {error}") from None
    for cut in scenario.cuts:
        if cut.system not in loaded.registry.connectors:
            raise ScenarioError(f"no system {cut.system!r}{nearest(cut.system, loaded.registry.connectors)}")


@dataclass
class Troubles:
    """Outages and cuts happen to every stand: they do not know of eras. Only the stand of the day is looked at."""

    timeline: Timeline
    stands: Sequence[Stand]
    today: Callable[[], Stand]
    tally: Tally
    random: Random
    _down: set[str] = field(default_factory=set)
    _struck: Counter[str] = field(default_factory=Counter)
    """Systems and upstreams with a fault."""
    _closely: bool = False

    def begin(self, scenario: Scenario) -> None:
        for each in self.stands:
            each.gateway.events.subscribe(lambda event, stand=each: self._heard(stand, event))  # type: ignore[misc]  # default binds now
        for outage in scenario.outages:
            self.timeline.at(outage.start, lambda outage=outage: self._fails(outage))  # type: ignore[misc]
        for cut in scenario.cuts:
            self.timeline.at(cut.start, lambda cut=cut: self._cut(cut))  # type: ignore[misc]
        self.timeline.after(0, self._look)

    def moved(self) -> None:
        """Another stand from now on: what was down in the last one is its own affair."""
        self.tally.closed(self.timeline.now)
        self._down.clear()

    async def _fails(self, outage: Outage) -> None:
        self._struck[outage.where] += 1
        given = spec(outage.kind, **outage.params)
        faults = [stand.province.simulator.set_fault(outage.where, given, add=True)[0] for stand in self.stands]
        if "probability" not in outage.params:  # one of weeks is no reason to look every five seconds
            self._trouble()

        async def over() -> None:
            for stand, fault in zip(self.stands, faults, strict=True):
                there = stand.province.simulator.faults.all().get(outage.where, [])
                there[:] = [each for each in there if each is not fault]
            self._struck[outage.where] -= 1
            if not self._struck[outage.where]:
                del self._struck[outage.where]

        self.timeline.after(outage.minutes * 60, over)

    async def _cut(self, cut: Cut) -> None:
        names = {"decision": "QĐ-MẪU/ATTT", "by": "mau-1", "approved_by": "mau-2"}
        ledgers = [stand.gateway.ledger for stand in self.stands]
        before = [ledger.stage(cut.system) for ledger in ledgers]
        for ledger in ledgers:
            await ledger.move(cut.system, Stage.SUSPENDED, since=cut.start.date(), **names)

        async def over() -> None:
            for ledger, was in zip(ledgers, before, strict=True):
                await ledger.move(cut.system, was.stage if was else Stage.TRIAL, since=cut.until.date(), **names)

        self.timeline.at(cut.until, over)

    async def _look(self) -> None:
        """The prober's round while all is well: seldom."""
        gateway = self.today().gateway
        for connector in gateway.registry.connectors.values():
            await gateway.prober.probe(connector)
        self.timeline.after(LOOK * PROBES, self._look)

    async def _look_closely(self) -> None:
        """The prober's own pace at systems that are down, and at those of which a fault is set."""
        gateway = self.today().gateway
        for connector in gateway.registry.connectors.values():
            behind = {backend.upstream for backend in connector.backends.values()}
            struck = connector.name in self._struck or behind & self._struck.keys()
            if connector.name in self._down or (struck and self.random.random() < _TROUBLED / LOOK):
                await gateway.prober.probe(connector)
        if self._down or self._struck:
            self.timeline.after(_TROUBLED, self._look_closely)
        else:
            self._closely = False

    def _trouble(self) -> None:
        if not self._closely:
            self._closely = True
            self.timeline.after(_TROUBLED, self._look_closely)

    def _heard(self, stand: Stand, event: Event) -> None:
        match event:
            case HealthChanged() if stand is self.today() and not event.system.startswith("upstream:"):
                (self._down.add if event.now is Health.DOWN else self._down.discard)(event.system)
                if self._down:
                    self._trouble()
                self.tally.health(event)
            case AttemptMade() if event.number > 1:
                self.tally.retries[event.system] += 1
            case SubmissionMoved():
                self.tally.submission(event, self.timeline.now)
            case _:
                pass
