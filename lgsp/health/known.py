"""What is known of systems and upstreams, and what it says in words: who is down, because of whom, since when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lgsp.errors import ConnectFailed
from lgsp.health import cause
from lgsp.health.breakers import Breakers
from lgsp.health.link import Verdict
from lgsp.health.state import WINDOW_SECONDS, SystemState, UpstreamState
from lgsp.model import Health, Text
from lgsp.registry import Connector, Registry
from lgsp.runtime import Clock


@dataclass(slots=True)
class Known:
    """The states that this process has seen itself, or has been told to go on from."""

    registry_of: Callable[[], Registry]
    clock: Clock
    breakers: Breakers
    systems: dict[str, SystemState] = field(default_factory=dict)
    upstreams: dict[str, UpstreamState] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """The upstreams that are down: none, nearly always, and then no system's fate hangs on them."""

    def verdict(self, name: str) -> Verdict:
        state = self.system(name)
        health, because = self.effective(name, state)
        since = self.upstream(because).since if because else state.since
        failed, calls = state.recent()
        code, _, _ = state.weighing()
        evidence = f"{failed}/{calls} {code}" if failed else f"{calls}/{calls} ok" if calls else "none"
        if because:
            evidence = f"upstream {because}"
        return _verdict(health, since, self.cause_of(name, state, health, because), evidence, state.checked_at, because)

    def upstream_verdict(self, name: str) -> Verdict:
        state = self.upstream(name)
        return _verdict(state.health, state.since, self.upstream_cause(name, state), "", state.checked_at)

    def system(self, name: str) -> SystemState:
        state = self.systems.get(name)
        if state is None:
            state = self.systems[name] = SystemState(self.clock.now())
        return state

    def upstream(self, name: str) -> UpstreamState:
        state = self.upstreams.get(name)
        if state is None:
            state = self.upstreams[name] = UpstreamState(self.clock.now())
        return state

    def behind(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for connector in self.registry_of().connectors.values():
            for upstream in dict.fromkeys(backend.upstream for backend in connector.backends.values()):
                found.setdefault(upstream, []).append(connector.name)
        return {name: tuple(systems) for name, systems in found.items()}

    def effective(self, name: str, state: SystemState) -> tuple[Health, str | None]:
        """A system all of whose upstreams are down is down, whatever it was seen to be itself."""
        if not self.down:
            return state.health, None
        connector = self.registry_of().connector(name)
        if connector is None or state.health is Health.MAINTENANCE:
            return state.health, None
        upstreams = list(dict.fromkeys(backend.upstream for backend in connector.backends.values()))
        down = [each for each in upstreams if self.upstream(each).health is Health.DOWN]
        if down and len(down) == len(upstreams):
            return Health.DOWN, down[0]
        if down and state.health is Health.UP:
            return Health.DEGRADED, down[0]
        return state.health, None

    def cause_of(self, name: str, state: SystemState, health: Health, because: str | None) -> cause.Cause | None:
        connector, now = self.registry_of().connector(name), self.clock.now()
        title = connector.title if connector else Text(name, name)
        if because is not None:
            behind = len(self.behind().get(because, ()))
            upstream, innocent = self.upstream(because), state.health in (Health.UP, Health.UNKNOWN)
            return cause.cut_off(
                title,
                because,
                upstream.since,
                now,
                upstream.said,
                behind,
                innocent=innocent,
                layer=upstream.layer or "platform",
            )
        if health is Health.UNKNOWN and connector is not None and not _can_be_probed(connector):
            return cause.no_probe(title)
        code, layer, detail = state.weighing()
        first = next(iter(connector.backends.values()), None) if connector else None
        return cause.system_cause(
            cause.Facts(
                title=title, contact=connector.contact if connector else title, health=health, since=state.since, now=now,
                code=code, layer=layer, detail=detail, failed=state.recent()[0], calls=state.recent()[1], good=state.good,
                open_since=self.breakers.open_since(name), operation=state.only_operation(),
                upstream=first.upstream if first else None,
                upstream_up=self._still_up(first.upstream, state, code) if first else None,
            )
        )  # fmt: skip

    def _still_up(self, name: str, system: SystemState, code: str) -> bool | None:
        """None: not known. Where connections fail, only an answer since then says that the upstream is not to blame."""
        upstream, now = self.upstream(name), self.clock.monotonic()
        if upstream.health is not Health.UP or upstream.answered is None:
            return False if upstream.health is Health.DOWN else None
        since = system.last_bad.at if system.last_bad and code == ConnectFailed.code else now - WINDOW_SECONDS
        return True if upstream.answered >= since else None

    def upstream_cause(self, name: str, state: UpstreamState) -> cause.Cause | None:
        if state.health is not Health.DOWN:
            return None
        systems = self.registry_of().connectors
        behind = [systems[each].title for each in self.behind().get(name, ())]
        return cause.upstream_cause(name, state.since, self.clock.now(), state.said, behind, state.layer or "platform")


def _can_be_probed(connector: Connector) -> bool:
    return any(operation.probe is not None for operation in connector.operations.values())


def _verdict(
    health: Health, since: datetime, why: cause.Cause | None, evidence: str, checked_at: datetime | None,
    because: str | None = None,
) -> Verdict:  # fmt: skip
    said, layer, todo = (why.said, why.layer, why.todo) if why else (None, None, None)
    return Verdict(health, since, said, evidence, checked_at, because, layer, todo)
