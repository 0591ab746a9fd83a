"""Numbers for Prometheus: one subscriber of events, plus what is read at the moment of the scrape. Names as INTERFACE has them.

Labels come from the registry and the error table only, so their number has a bound: a name that is not registered counts
as "other" (RULES 10), and none is a person's identifier.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from lgsp import __version__
from lgsp.events import AttemptMade, BackendMistrusted, CallbackEnded, EdgeRefused, Event, ExchangeFinished, TaskDied
from lgsp.model import Health, Stage
from lgsp.runtime import Offload

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BOUNDS = (*(str(float(each)) for each in _BUCKETS), "+Inf")
_BREAKER = {"closed": 0, "half-open": 1, "open": 2}


class Reading(Protocol):
    """What the scrape asks the house; `scrape.py` answers it."""

    def systems(self) -> Mapping[str, tuple[Stage | None, Health, str]]:
        """Stage, health and breaker state by system."""

    def knows(self, system: str, operation: str) -> bool: ...
    def inflight(self) -> Mapping[str, int]: ...
    def audit_entries(self) -> int: ...
    def memory(self) -> tuple[int, int]:
        """Bytes that messages hold, and messages refused for want of room."""

    def let_go(self) -> int:
        """Readers of large answers who were cut off because they did not take them."""

    def syslog_dropped(self) -> int:
        """Security events that the province's SOC did not get."""

    def held(self) -> Mapping[str, tuple[int, int]]:
        """How much stands in each bounded memory of the house, and how much may (RULES 10)."""


class Connections(Protocol):
    """The callers' connections of a door."""

    refused: int

    @property
    def open(self) -> int: ...


class Metrics:
    """Owns its registry: nothing global, two gateways in one process do not mix."""

    HEARS = (ExchangeFinished, AttemptMade, EdgeRefused, CallbackEnded, BackendMistrusted, TaskDied)

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.registry = own = CollectorRegistry(auto_describe=True)
        self._exchanges = _Exchanges(reading)
        own.register(self._exchanges)
        self._refused = Counter("lgsp_edge_refused", "Refused before an exchange", ["code"], registry=own)
        self._told = Counter("lgsp_callbacks", "Call-backs that were taken or parked", ["outcome"], registry=own)
        self._mistrusted = Counter(
            "lgsp_backends_mistrusted",
            "Times that a backend began to say more than it was asked",
            ["system"],
            registry=own,
        )
        self._died = Counter("lgsp_tasks_died", "Background tasks restarted", ["name"], registry=own)
        self._breaker = Gauge("lgsp_breaker_state", "0 closed, 1 half-open, 2 open", ["system"], registry=own)
        self._health = Gauge("lgsp_health", "1 for the state that holds", ["system", "health"], registry=own)
        self._stage = Gauge("lgsp_stage_info", "1 for the stage that holds", ["system", "stage"], registry=own)
        self._submissions = Gauge("lgsp_submissions", "Submissions by state", ["state"], registry=own)
        self._callbacks = Gauge("lgsp_callbacks_open", "Call-backs by state: waiting, parked", ["state"], registry=own)
        self._inflight = Gauge("lgsp_inflight", "Attempts under way", ["system"], registry=own)
        self._held = Gauge(
            "lgsp_held", "What stands in a bounded memory; over the bound is refused", ["what"], registry=own
        )
        self._held_most = Gauge("lgsp_held_most", "The bound of that memory", ["what"], registry=own)
        self._entries = Gauge("lgsp_audit_entries_total", "Entries in this writer's chain", registry=own)
        self.loop_lag = Gauge("lgsp_loop_lag_seconds", "How late the event loop woke last", registry=own)
        Gauge("lgsp_build_info", "1", ["version"], registry=own).labels(__version__).set(1)
        self._asked: list[Callable[[], Metric]] = []
        self._answered = _Answered()
        own.register(self._answered)

    def __call__(self, event: Event) -> None:
        match event:
            case ExchangeFinished():
                self._exchanges.finished(event)
            case AttemptMade():
                self._exchanges.attempts[event.system, event.outcome] += 1
            case EdgeRefused():
                self._refused.labels(event.code).inc()
            case CallbackEnded():
                self._told.labels(event.outcome).inc()
            case BackendMistrusted():
                self._mistrusted.labels(event.system).inc()
            case TaskDied():
                self._died.labels(event.name).inc()
            case _:
                pass

    def watch(self, connections: Connections) -> None:
        """The door of this process is open."""
        self._asked.append(lambda: GaugeMetricFamily("lgsp_connections", "Open, of callers", connections.open))
        self._asked.append(
            lambda: CounterMetricFamily("lgsp_connections_refused", "Over the bound", connections.refused)
        )

    def _own(self) -> Iterator[Metric]:
        used, refused = self._reading.memory()
        yield GaugeMetricFamily("lgsp_message_bytes", "Memory counted for message bodies", used)
        yield CounterMetricFamily("lgsp_messages_refused", "Messages for which there was no room", refused)
        gone = self._reading.let_go()
        yield CounterMetricFamily("lgsp_readers_let_go", "Callers cut off who did not take a large answer", gone)
        lost = self._reading.syslog_dropped()
        yield CounterMetricFamily("lgsp_security_events_dropped", "Not taken by the syslog receiver", lost)
        yield from (ask() for ask in self._asked)

    async def render(
        self, offload: Offload, submissions: Mapping[str, int], callbacks: Mapping[str, int] = MappingProxyType({})
    ) -> bytes:
        """The text that `/metrics` answers; both count by state. Thousands of lines after some days: written off the loop."""
        for system, (stage, health, breaker) in self._reading.systems().items():
            self._breaker.labels(system).set(_BREAKER.get(breaker, 0))
            for each in Health:
                self._health.labels(system, each.value).set(each is health)
            for which in Stage:
                self._stage.labels(system, which.value).set(which is stage)
        for what, (held, most) in self._reading.held().items():
            self._held.labels(what).set(held)
            self._held_most.labels(what).set(most)
        _fill(self._inflight, self._reading.inflight())
        _fill(self._submissions, submissions)
        _fill(self._callbacks, callbacks)
        self._entries.set(self._reading.audit_entries())
        self._answered.rows = list(self._own())  # of tables that calls change: asked on the loop, like all above
        return await offload(lambda: generate_latest(self.registry))


@dataclass(slots=True)
class _Spread:
    """How long the exchanges of one system took."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS) + 1))
    seconds: float = 0.0


@dataclass(slots=True)
class _Calls:
    """Exchanges of one outcome, and where their seconds go."""

    spread: _Spread
    count: int = 0


@dataclass(slots=True, eq=False)
class _Exchanges(Collector):
    """What every call moves, as plain sums: the library's own numbers take a lock each, and find their buckets one by one.
    A scrape writes them off the loop, so it looks at a copy of each table."""

    reading: Reading
    calls: dict[tuple[str | None, str | None, str, str], _Calls] = field(default_factory=dict)
    spreads: dict[str, _Spread] = field(default_factory=dict)
    attempts: Counts[tuple[str, str]] = field(default_factory=Counts)

    def finished(self, event: ExchangeFinished) -> None:
        calls = self.calls.get((event.system, event.operation, event.face, event.outcome)) or self._calls(event)
        calls.count += 1
        spread = calls.spread
        spread.seconds += event.seconds
        spread.buckets[bisect_left(_BUCKETS, event.seconds)] += 1

    def _calls(self, event: ExchangeFinished) -> _Calls:
        """Only registered names are kept, so what is kept has a bound."""
        system, operation = event.system, event.operation
        if system is None or operation is None or not self.reading.knows(system, operation):
            system = operation = "other"
        spread = self.spreads.setdefault(system, _Spread())
        return self.calls.setdefault((system, operation, event.face, event.outcome), _Calls(spread))

    def collect(self) -> Iterator[Metric]:
        names = ["system", "operation", "face", "outcome"]
        exchanges = CounterMetricFamily("lgsp_exchanges", "Exchanges by outcome", labels=names)
        for key, calls in list(self.calls.items()):
            exchanges.add_metric([str(each) for each in key], calls.count)
        yield exchanges
        seconds = HistogramMetricFamily("lgsp_exchange_seconds", "From first byte to answer", labels=["system"])
        for system, spread in list(self.spreads.items()):
            seconds.add_metric([system], list(zip(_BOUNDS, accumulate(spread.buckets), strict=True)), spread.seconds)
        yield seconds
        attempts = CounterMetricFamily("lgsp_attempts", "Tries at backends", labels=["system", "outcome"])
        for both, count in list(self.attempts.items()):
            attempts.add_metric(both, count)
        yield attempts

    def describe(self) -> list[Metric]:
        """As below."""
        return []


@dataclass(slots=True, eq=False)
class _Answered(Collector):
    """What is counted elsewhere, as it stood at the moment of the scrape."""

    rows: list[Metric] = field(default_factory=list)

    def collect(self) -> Iterator[Metric]:
        return iter(self.rows)

    def describe(self) -> list[Metric]:
        """Nothing is asked before the house stands."""
        return []


def _fill(gauge: Gauge, values: Mapping[str, int]) -> None:
    for name, value in values.items():
        gauge.labels(name).set(value)
