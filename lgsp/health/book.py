"""The board's memory: breakers of operations, health of systems and upstreams, counts of the last day (RULES 8, 12-16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lgsp.errors import CircuitOpen, LgspError
from lgsp.events import Event, Events, ExchangeFinished, HealthChanged, ProbeMade
from lgsp.health import cause
from lgsp.health.breaker import Breaker, BreakerPolicy, Result
from lgsp.health.breakers import Breakers
from lgsp.health.counts import PROBE, Counts
from lgsp.health.known import Known
from lgsp.health.link import Link, SystemHealth, UpstreamHealth, Verdict
from lgsp.health.permit import Permit
from lgsp.health.state import Observation, UpstreamState
from lgsp.health.tables import BreakerState, Signal
from lgsp.model import Face, Health, Text
from lgsp.registry import Operation, Registry
from lgsp.runtime import Runtime

_WORDS_SECONDS = 0.5


@dataclass(slots=True)
class HealthBook:
    """Asked by the pipeline before and after attempts, read by the board. Nothing in it waits."""

    registry_of: Callable[[], Registry]
    runtime: Runtime
    events: Events
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    counts: Counts = field(default_factory=Counts)
    link: Link | None = None
    """The other processes, where there are any."""
    breakers: Breakers = field(init=False)
    known: Known = field(init=False)
    _said: dict[str, tuple[float, Text | None]] = field(default_factory=dict)
    """Since when, and why, callers of a system are refused."""

    def __post_init__(self) -> None:
        self.breakers = Breakers(self.policy, self.runtime.clock, self.events)
        self.known = Known(self.registry_of, self.runtime.clock, self.breakers)
        self.events.subscribe(self._count, ExchangeFinished, ProbeMade)

    # -- the pipeline -------------------------------------------------------------------------------------------------

    def admit(self, operation: Operation) -> Permit | None:
        """Raises `CircuitOpen` with the seconds after which asking again makes sense. None: `ask` the others first."""
        key = (operation.system, operation.name)
        breaker = self.breakers.of(key)
        now, was = self.runtime.clock.monotonic(), breaker.state
        if self.link is not None and was != "closed":
            if breaker.rests(now):
                return None
        elif breaker.admit(now):
            if breaker.state != was:
                self._breaker_moved(key, breaker, was)
            return Permit(self, operation, breaker, breaker.epoch)
        raise self._refusal(operation, breaker, now)

    async def ask(self, operation: Operation) -> Permit:
        """Leave for the one probe that all processes have together. Raises `CircuitOpen`."""
        key, clock = (operation.system, operation.name), self.runtime.clock
        breaker = self.breakers.of(key)
        breaker.asked = clock.monotonic()  # whoever comes meanwhile is refused at once
        granted = self.link is None or await self.link.may_probe(*key, operation.timeout)
        now, was = clock.monotonic(), breaker.state
        if was != "closed":
            breaker.asked = float("-inf")
            if not granted or not breaker.rests(now):
                breaker.asked = now
                raise self._refusal(operation, breaker, now)
            breaker.take_over(now)
            self._breaker_moved(key, breaker, was)
        return Permit(self, operation, breaker, breaker.epoch)

    def turn_away(self, operation: Operation) -> None:
        """Raises `CircuitOpen` where `admit` would, before anything is done for the call; leave is not given here. An
        announced maintenance has its own word for it."""
        breaker = self.breakers.of((operation.system, operation.name))
        if breaker.state != "closed" and self.known.system(operation.system).health is not Health.MAINTENANCE:
            now = self.runtime.clock.monotonic()
            if breaker.shut(now, shared=self.link is not None):
                raise self._refusal(operation, breaker, now)

    def judge(
        self, permit: Permit, code: str, detail: Text | None = None, layer: str = "", *, slow: bool = False
    ) -> None:
        """One pass has its verdict (see `Permit`)."""
        now, breaker = self.runtime.clock.monotonic(), permit.breaker
        key, was = (permit.operation.system, permit.operation.name), breaker.state
        breaker.record(permit.epoch, Result(now, code, slow))
        if breaker.state != was:
            self._breaker_moved(key, breaker, was)
        if self._follows:
            self.link.seen(*key, code, detail, layer, slow=slow)  # type: ignore[union-attr]  # who follows has whom to follow
        else:
            self._observe(Observation(now, key[1], code, detail, layer, slow), key[0])

    def upstream_failed(self, name: str, system: str, error: LgspError) -> None:
        """`error` of a sign-in says it all; one of a connection does when it is met twice with no answer between, by two
        systems where there are two."""
        alone = getattr(error, "upstream", "") == name
        self.take_unreached(name, system, error.detail, cause.named_layer(error), alone=alone)

    def upstream_answered(self, name: str) -> None:
        """Something behind this upstream has answered, whatever it said."""
        if self._follows:
            self.link.answered(name)  # type: ignore[union-attr]  # as above
            return
        state = self.known.upstream(name)
        state.checked_at, state.answered = self.runtime.clock.now(), self.runtime.clock.monotonic()
        state.unreached.clear()
        if state.health is not Health.UP:
            state.said = None
            self._upstream_moves(name, state, Health.UP)

    def maintenance(self, system: str, *, on: bool) -> None:
        """A maintenance window begins or ends."""
        if self.link is not None:
            self.link.paused(system, on=on)
        self.pause(system, on=on)

    # -- what other processes have seen -------------------------------------------------------------------------------

    @property
    def _follows(self) -> bool:
        return self.link is not None and not self.link.leads

    def take_in(self, system: str, operation: str, code: str, detail: Text | None, layer: str, *, slow: bool) -> None:
        """A call of another process has its outcome."""
        key, now = (system, operation), self.runtime.clock.monotonic()
        breaker = self.breakers.of(key)
        was = breaker.state
        if was == "closed":
            breaker.record(breaker.epoch, Result(now, code, slow))
        if breaker.state != was:
            self._breaker_moved(key, breaker, was)
        self._observe(Observation(now, operation, code, detail, layer, slow), system)

    def pause(self, system: str, *, on: bool) -> None:
        state, clock = self.known.system(system), self.runtime.clock
        state.signal(Signal.PAUSED if on else Signal.RESUMED, clock.now(), clock.monotonic())
        self._show(system)

    def follow(self, system: str, operation: str, state: BreakerState, since: float) -> None:
        """Another process has moved this breaker; `since` in our monotonic seconds."""
        key = (system, operation)
        self.breakers.of(key).follow(state, since)
        self.breakers.note(key, state)

    def adopt(self, systems: Mapping[str, Verdict], upstreams: Mapping[str, Verdict]) -> None:
        """This process leads from now on, from where the one before it stood."""
        for name, each in systems.items():
            state = self.known.system(name)
            own = Health.UP if each.because else each.health  # cut off by its upstream: of itself it may be well
            state.health, state.since, state.checked_at, state.shown = own, each.since, each.checked_at, each.health
        for name, each in upstreams.items():
            upstream = self.known.upstream(name)
            upstream.health, upstream.since, upstream.said = each.health, each.since, each.cause
            (self.known.down.add if each.health is Health.DOWN else self.known.down.discard)(name)

    # -- the board ----------------------------------------------------------------------------------------------------

    def system(self, name: str) -> SystemHealth:
        day = self.counts.day(name, self.runtime.clock.now())
        seen = (self.link.verdict(name) if self.link is not None and self._follows else None) or self.verdict(name)
        return SystemHealth(
            seen.health, seen.since, seen.cause, seen.evidence, seen.checked_at,
            self.breakers.of_system(name), day.p50, day.p95, day.success_rate, day.calls, seen.because, seen.layer, seen.todo,
        )  # fmt: skip

    def verdict(self, name: str) -> Verdict:
        """What this process itself thinks of the system."""
        return self.known.verdict(name)

    def upstreams(self) -> list[UpstreamHealth]:
        """Every upstream that a registered system names."""
        return [self.upstream(name) for name in sorted(self.known.behind())]

    def upstream(self, name: str) -> UpstreamHealth:
        seen = self.link.upstream_verdict(name) if self.link is not None and self._follows else None
        seen = seen or self.upstream_verdict(name)
        systems = self.known.behind().get(name, ())
        return UpstreamHealth(
            name, seen.health, seen.since, seen.cause, seen.checked_at, systems, seen.layer, seen.todo
        )

    def upstream_verdict(self, name: str) -> Verdict:
        return self.known.upstream_verdict(name)

    def breaker(self, system: str) -> BreakerState:
        return self.breakers.of_system(system)

    def observed(self, system: str) -> float | None:
        """Monotonic moment of the last observation, for the prober."""
        return self.known.system(system).observed

    def well(self, system: str) -> bool:
        return self.known.effective(system, self.known.system(system))[0] is Health.UP

    # -- inside -------------------------------------------------------------------------------------------------------

    def _refusal(self, operation: Operation, breaker: Breaker, now: float) -> CircuitOpen:
        """In a crowd the cause is put into words now and then, not for everybody."""
        at, said = self._said.get(operation.system, (float("-inf"), None))
        if now - at >= _WORDS_SECONDS:
            said = self._why(operation.system)
            self._said[operation.system] = now, said
        return CircuitOpen(said, retry_after=breaker.again(now))

    def _why(self, system: str) -> Text | None:
        seen = self.link.verdict(system) if self.link is not None and self._follows else None
        if seen is not None:
            return cause.Cause(seen.layer or "", seen.cause, seen.todo).text if seen.cause else None
        state = self.known.system(system)
        why = self.known.cause_of(system, state, *self.known.effective(system, state))
        return why.text if why else None

    def _observe(self, seen: Observation, system: str) -> None:
        state = self.known.system(system)
        state.observe(seen, self.runtime.clock.now(), open_breaker=self.breakers.any_open(system, seen.at))
        self._show(system)

    def take_unreached(self, name: str, system: str, said: Text | None, layer: str, *, alone: bool) -> None:
        if self._follows:
            self.link.unreached(name, system, said, layer, alone=alone)  # type: ignore[union-attr]  # as above
            return
        state = self.known.upstream(name)
        state.checked_at = self.runtime.clock.now()
        if not alone:
            state.unreached[system] = state.unreached.get(system, 0) + 1
            single = self.known.behind().get(name) == (system,)
            if len(state.unreached) < 2 and not (single and state.unreached[system] >= 2):
                return
        state.said, state.layer = said, layer
        self._upstream_moves(name, state, Health.DOWN)

    def _upstream_moves(self, name: str, state: UpstreamState, health: Health) -> None:
        was, now = state.health, self.runtime.clock.now()
        if was is health:
            return
        state.health, state.since = health, now
        (self.known.down.add if health is Health.DOWN else self.known.down.discard)(name)
        why = self.known.upstream_cause(name, state)
        self.events.publish(HealthChanged(f"upstream:{name}", was, health, why.text if why else None, now))
        for system in self.known.behind().get(name, ()):
            self.known.system(system).observed = None  # whatever was known is old: the prober asks at once
            self._show(system)

    def _show(self, name: str) -> None:
        """Publish a transition, once (RULES 15)."""
        state = self.known.system(name)
        health, because = self.known.effective(name, state)
        if health is state.shown:
            return
        was, state.shown = state.shown, health
        if self._follows:
            return  # the leader tells
        why = self.known.cause_of(name, state, health, because)
        self.events.publish(
            HealthChanged(name, was, health, why.text if why else None, self.runtime.clock.now(), because)
        )

    def _breaker_moved(self, key: tuple[str, str], breaker: Breaker, was: BreakerState) -> None:
        if self.link is not None:
            self.link.moved(*key, breaker.state, breaker.failed, len(breaker.window))
        self.breakers.moved(key, breaker, was)

    def _count(self, event: Event) -> None:
        if isinstance(event, ExchangeFinished) and event.system and event.operation and event.face != Face.INTERNAL:
            consumer = event.consumer or "-"
            self.counts.add(event.system, event.operation, consumer, event.outcome, event.seconds, event.at)
        elif isinstance(event, ProbeMade):
            now = self.runtime.clock.now()
            self.counts.add(event.system, event.operation, PROBE, event.outcome, event.seconds, now)
