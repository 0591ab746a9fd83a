"""The board's memory: breakers of operations, health of systems and upstreams, counts of the last day (RULES 8, 12-16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lgsp.errors import CircuitOpen, ConnectFailed, LgspError
from lgsp.events import BreakerChanged, Event, Events, ExchangeFinished, HealthChanged, ProbeMade
from lgsp.health import cause
from lgsp.health.breaker import Breaker, BreakerPolicy, Result
from lgsp.health.counts import PROBE, Counts
from lgsp.health.state import WINDOW_SECONDS, Observation, SystemState, UpstreamState
from lgsp.health.tables import BreakerState, Signal
from lgsp.model import Face, Health, Text
from lgsp.registry import Connector, Operation, Registry
from lgsp.runtime import Runtime

IMPATIENT = 0.1
"""A caller who waited less than this share of the operation's time limit has learned nothing about the database."""


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """One row of the board; times in seconds."""

    health: Health
    since: datetime
    cause: Text | None
    evidence: str
    checked_at: datetime | None
    breaker: BreakerState
    p50: float | None
    p95: float | None
    success_rate: float | None
    calls: int
    because: str | None = None
    """The upstream whose failure this is."""


@dataclass(frozen=True, slots=True)
class UpstreamHealth:
    name: str
    health: Health
    since: datetime
    cause: Text | None
    checked_at: datetime | None
    systems: tuple[str, ...]


@dataclass(slots=True)
class Permit:
    """Leave for one attempt-making pass through an operation; exactly one verdict, the first, counts."""

    book: HealthBook
    operation: Operation
    breaker: Breaker
    epoch: int
    open: bool = True

    def succeeded(self, seconds: float) -> None:
        """The database answered; a business refusal is an answer."""
        if self._close():
            slow = seconds >= self.operation.timeout * self.breaker.policy.slow_after
            self.book.judge(self, "ok", None, slow=slow)

    def failed(self, error: LgspError, seconds: float) -> None:
        """A technical fault or a broken contract."""
        if error.code == "timeout" and seconds < self.operation.timeout * IMPATIENT:
            self.abandoned()
        elif self._close():
            self.book.judge(self, error.code, error.detail, slow=False)

    def abandoned(self) -> None:
        """No verdict: the caller left, no slot was free, the sign-in failed."""
        if self._close():
            self.breaker.release(self.epoch)

    def _close(self) -> bool:
        was, self.open = self.open, False
        return was


@dataclass(slots=True)
class HealthBook:
    """Asked by the pipeline before and after attempts, read by the board. Nothing in it waits."""

    registry_of: Callable[[], Registry]
    runtime: Runtime
    events: Events
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    counts: Counts = field(default_factory=Counts)
    _breakers: dict[tuple[str, str], Breaker] = field(default_factory=dict)
    _opened: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _systems: dict[str, SystemState] = field(default_factory=dict)
    _upstreams: dict[str, UpstreamState] = field(default_factory=dict)
    _down: set[str] = field(default_factory=set)
    """The upstreams that are down: none, nearly always, and then no system's fate hangs on them."""

    def __post_init__(self) -> None:
        self.events.subscribe(self._count)

    # -- the pipeline -------------------------------------------------------------------------------------------------

    def admit(self, operation: Operation) -> Permit:
        """Raises `CircuitOpen` with the seconds after which asking again makes sense."""
        key = (operation.system, operation.name)
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = Breaker(self.policy)
        now, was = self.runtime.clock.monotonic(), breaker.state
        if breaker.admit(now):
            if breaker.state != was:
                self._breaker_moved(key, breaker, was)
            return Permit(self, operation, breaker, breaker.epoch)
        state = self._system(operation.system)
        why = self._cause(operation.system, state, *self._effective(operation.system, state))
        raise CircuitOpen(why, retry_after=breaker.retry_after(now))

    def judge(self, permit: Permit, code: str, detail: Text | None, *, slow: bool) -> None:
        """One pass has its verdict (see `Permit`)."""
        now, breaker = self.runtime.clock.monotonic(), permit.breaker
        key, was = (permit.operation.system, permit.operation.name), breaker.state
        breaker.record(permit.epoch, Result(now, code, slow))
        if breaker.state != was:
            self._breaker_moved(key, breaker, was)
        state = self._system(key[0])
        seen = Observation(now, key[1], code, detail)
        state.observe(seen, self.runtime.clock.now(), open_breaker=self._any_open(key[0], now))
        self._show(key[0])

    def upstream_failed(self, name: str, system: str, error: LgspError) -> None:
        """`error` of a sign-in says it all; one of a connection does when it is met twice with no answer between, by two
        systems where there are two."""
        state = self._upstream(name)
        state.checked_at = self.runtime.clock.now()
        if getattr(error, "upstream", "") != name:
            state.unreached[system] = state.unreached.get(system, 0) + 1
            alone = self._behind().get(name) == (system,)
            if len(state.unreached) < 2 and not (alone and state.unreached[system] >= 2):
                return
        state.said = error.detail
        self._upstream_moves(name, state, Health.DOWN)

    def upstream_answered(self, name: str) -> None:
        """Something behind this upstream has answered, whatever it said."""
        state = self._upstream(name)
        state.checked_at, state.answered = self.runtime.clock.now(), self.runtime.clock.monotonic()
        state.unreached.clear()
        if state.health is not Health.UP:
            state.said = None
            self._upstream_moves(name, state, Health.UP)

    def maintenance(self, system: str, *, on: bool) -> None:
        """A maintenance window begins or ends."""
        state, clock = self._system(system), self.runtime.clock
        state.signal(Signal.PAUSED if on else Signal.RESUMED, clock.now(), clock.monotonic())
        self._show(system)

    # -- the board ----------------------------------------------------------------------------------------------------

    def system(self, name: str) -> SystemHealth:
        state, day = self._system(name), self.counts.day(name, self.runtime.clock.now())
        health, because = self._effective(name, state)
        since = self._upstream(because).since if because else state.since
        failed, calls = state.recent()
        code, _ = state.weighing()
        evidence = f"{failed}/{calls} {code}" if failed else f"{calls}/{calls} ok" if calls else "none"
        if because:
            evidence = f"upstream {because}"
        return SystemHealth(
            health, since, self._cause(name, state, health, because), evidence, state.checked_at,
            self.breaker(name), day.p50, day.p95, day.success_rate, day.calls, because,
        )  # fmt: skip

    def upstreams(self) -> list[UpstreamHealth]:
        """Every upstream that a registered system names."""
        return [self.upstream(name) for name in sorted(self._behind())]

    def upstream(self, name: str) -> UpstreamHealth:
        state, systems = self._upstream(name), self._behind().get(name, ())
        return UpstreamHealth(
            name, state.health, state.since, self._upstream_cause(name, state), state.checked_at, systems
        )

    def breaker(self, system: str) -> BreakerState:
        """The worst of the system's operations."""
        states = {self._breakers[key].state for key in self._opened if key[0] == system}
        return "open" if "open" in states else "half-open" if "half-open" in states else "closed"

    def observed(self, system: str) -> float | None:
        """Monotonic moment of the last observation, for the prober."""
        return self._system(system).observed

    def well(self, system: str) -> bool:
        return self._effective(system, self._system(system))[0] is Health.UP

    # -- inside -------------------------------------------------------------------------------------------------------

    def _system(self, name: str) -> SystemState:
        state = self._systems.get(name)
        if state is None:
            state = self._systems[name] = SystemState(self.runtime.clock.now())
        return state

    def _upstream(self, name: str) -> UpstreamState:
        state = self._upstreams.get(name)
        if state is None:
            state = self._upstreams[name] = UpstreamState(self.runtime.clock.now())
        return state

    def _behind(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for connector in self.registry_of().connectors.values():
            for upstream in dict.fromkeys(backend.upstream for backend in connector.backends.values()):
                found.setdefault(upstream, []).append(connector.name)
        return {name: tuple(systems) for name, systems in found.items()}

    def _any_open(self, system: str, now: float) -> bool:
        """A breaker that would let the next call probe, and that nobody has asked, says nothing against the others."""
        breakers = [self._breakers[key] for key in self._opened if key[0] == system]
        return any(each.probing or now - each.since <= 2 * self.policy.open_seconds for each in breakers)

    def _effective(self, name: str, state: SystemState) -> tuple[Health, str | None]:
        """A system all of whose upstreams are down is down, whatever it was seen to be itself."""
        if not self._down:
            return state.health, None
        connector = self.registry_of().connector(name)
        if connector is None or state.health is Health.MAINTENANCE:
            return state.health, None
        upstreams = list(dict.fromkeys(backend.upstream for backend in connector.backends.values()))
        down = [each for each in upstreams if self._upstream(each).health is Health.DOWN]
        if down and len(down) == len(upstreams):
            return Health.DOWN, down[0]
        if down and state.health is Health.UP:
            return Health.DEGRADED, down[0]
        return state.health, None

    def _cause(self, name: str, state: SystemState, health: Health, because: str | None) -> Text | None:
        connector, now = self.registry_of().connector(name), self.runtime.clock.now()
        title = connector.title if connector else Text(name, name)
        if because is not None:
            behind = len(self._behind().get(because, ()))
            upstream, innocent = self._upstream(because), state.health in (Health.UP, Health.UNKNOWN)
            return cause.cut_off(title, because, upstream.since, now, upstream.said, behind, innocent=innocent)
        if health is Health.UNKNOWN and connector is not None and not _can_be_probed(connector):
            return cause.no_probe(title)
        code, detail = state.weighing()
        opened = [(moment, op) for (system, op), moment in self._opened.items() if system == name]
        first = next(iter(connector.backends.values()), None) if connector else None
        return cause.system_cause(
            cause.Facts(
                title=title, contact=connector.contact if connector else title, health=health, since=state.since, now=now,
                code=code, detail=detail, failed=state.recent()[0], calls=state.recent()[1], good=state.good,
                open_since=min(opened)[0] if opened else None, operation=state.only_operation(),
                upstream=first.upstream if first else None,
                upstream_up=self._still_up(first.upstream, state, code) if first else None,
            )
        )  # fmt: skip

    def _still_up(self, name: str, system: SystemState, code: str) -> bool | None:
        """None: not known. Where connections fail, only an answer since then says that the upstream is not to blame."""
        upstream, now = self._upstream(name), self.runtime.clock.monotonic()
        if upstream.health is not Health.UP or upstream.answered is None:
            return False if upstream.health is Health.DOWN else None
        since = system.last_bad.at if system.last_bad and code == ConnectFailed.code else now - WINDOW_SECONDS
        return True if upstream.answered >= since else None

    def _upstream_cause(self, name: str, state: UpstreamState) -> Text | None:
        if state.health is not Health.DOWN:
            return None
        behind = len(self._behind().get(name, ()))
        return cause.upstream_cause(name, state.since, self.runtime.clock.now(), state.said, behind)

    def _upstream_moves(self, name: str, state: UpstreamState, health: Health) -> None:
        was, now = state.health, self.runtime.clock.now()
        if was is health:
            return
        state.health, state.since = health, now
        (self._down.add if health is Health.DOWN else self._down.discard)(name)
        self.events.publish(HealthChanged(f"upstream:{name}", was, health, self._upstream_cause(name, state), now))
        for system in self._behind().get(name, ()):
            self._system(system).observed = None  # whatever was known is old: the prober asks at once
            self._show(system)

    def _show(self, name: str) -> None:
        """Publish a transition, once (RULES 15)."""
        state = self._system(name)
        health, because = self._effective(name, state)
        if health is state.shown:
            return
        was, state.shown = state.shown, health
        why = self._cause(name, state, health, because)
        self.events.publish(HealthChanged(name, was, health, why, self.runtime.clock.now(), because))

    def _breaker_moved(self, key: tuple[str, str], breaker: Breaker, was: BreakerState) -> None:
        now = self.runtime.clock.now()
        if breaker.state == "open":
            self._opened.setdefault(key, now)
        elif breaker.state == "closed":
            self._opened.pop(key, None)
        why = None
        if breaker.state == "open":
            failed = breaker.failed
            why = Text(
                f"{failed}/{len(breaker.window)} cuộc gọi gần nhất hỏng",
                f"{failed} of {len(breaker.window)} calls failed",
            )
        self.events.publish(BreakerChanged(*key, was, breaker.state, why, now))

    def _count(self, event: Event) -> None:
        if isinstance(event, ExchangeFinished) and event.system and event.operation and event.face != Face.INTERNAL:
            consumer = event.consumer or "-"
            self.counts.add(event.system, event.operation, consumer, event.outcome, event.seconds, event.at)
        elif isinstance(event, ProbeMade):
            now = self.runtime.clock.now()
            self.counts.add(event.system, event.operation, PROBE, event.outcome, event.seconds, now)


def _can_be_probed(connector: Connector) -> bool:
    return any(operation.probe is not None for operation in connector.operations.values())
