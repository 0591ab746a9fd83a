"""The invariants of the simulated world. Each is held against what left, what arrived and what the disk says.

Checked when something is sent, when the ministry acts, when a caller hears an answer, at every tick, and at the end.
A violation has a name, so that the table of planted bugs can say which of them found a bug.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lgsp.audit.entries import values_at
from lgsp.events import (
    AttemptMade,
    BreakerChanged,
    BusFaultFound,
    Event,
    ExchangeFinished,
    HealthChanged,
    SubmissionMoved,
    TaskDied,
)
from lgsp.exchange import Exchange
from lgsp.model import Face, Health, Kind
from lgsp.runtime import Clock

if TYPE_CHECKING:
    from tests.faults.life import Life
    from tests.faults.truth import Truth

GRACE = 0.2
EVIDENCE_PATIENCE = 2.0
"""What a failing disk may add to a call: an asked and an answered entry, each given up within a second."""
RECENT = 60.0
PROVED = 100.0
"""So long a system may be shown up without a good answer: an idle one is asked about every 36 s, and one bad answer after
many good ones is no illness yet."""
CALM_OUTCOMES = ("ok", "business")
TRIES = 3
QUESTIONS, TRIED, REFUSALS, STORM = 12, 12, 24, 6.0
"""In so many virtual seconds: one submission's questions, its tries whether or not anything leaves, and one task's writes that
the disk refuses; twice what pauses of a second allow."""
SHARE, FLOOR = 0.2, 3

_FOR_OTHERS = ("evidence groups",)
"""Tasks that write what many callers wait for."""


@dataclass(frozen=True, slots=True)
class Violation:
    at: float
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.name}: {self.text}"


@dataclass(slots=True)
class Sent:
    """One request under way to a ministry."""

    life: Life
    system: str
    exchange: Exchange | None
    began: float
    retry: bool


@dataclass(slots=True)
class Effect:
    at: float
    system: str
    operation: str
    key: str
    submission: str | None
    correlation: str
    keyed: bool
    first: bool
    """False where the ministry recognised a repetition: the bus has asked for it twice all the same."""


@dataclass(slots=True)
class Watch:
    """One per seed; survives the gateway's lives."""

    clock: Clock
    truth: Truth
    said: Callable[[str], None]
    violations: list[Violation] = field(default_factory=list)
    under_way: list[Sent] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)
    """Client calls under way, by correlation id."""
    sends: Counter[str] = field(default_factory=Counter)
    """Requests of one exchange that were no repetition after a refused sign-in."""
    refused_last: dict[str, bool] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    performed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    order: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Submissions of one business record that were left with the bus, in the order of their acceptance."""
    outcomes: dict[str, deque[tuple[float, str]]] = field(default_factory=dict)
    results: dict[tuple[str, str], deque[tuple[float, str]]] = field(default_factory=dict)
    breakers: dict[tuple[str, str], str] = field(default_factory=dict)
    technical_until: dict[str, float] = field(default_factory=dict)
    """When a system was last under a technical fault of ours; infinite while it is."""
    disk_trouble: float = float("-inf")
    poison: set[str] = field(default_factory=set)
    tried: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    """When the bus itself has asked about a submission, and when a task was refused by the disk."""
    keys: dict[str, str] = field(default_factory=dict)
    """Submission -> business record, as far as a caller was told of it."""

    def now(self) -> float:
        return self.clock.monotonic()

    def violated(self, name: str, text: str) -> None:
        self.violations.append(Violation(self.now(), name, text))
        self.said(f"VIOLATION {name}: {text}")

    @property
    def collecting(self) -> bool:
        """Whether a collector's question is on its way."""
        return any(
            each.exchange is not None and each.exchange.face is Face.INTERNAL and each.exchange.consumer is None
            and each.exchange.connector is not None
            and each.exchange.operation_name in {one.operation for one in each.exchange.connector.collectors.values()}
            for each in self.under_way
        )  # fmt: skip

    def calm(self, system: str, seconds: float) -> bool:
        """No fault of ours at this system, its platform or the disk for so long."""
        now = self.now()
        at = max(self.technical_until.get(system, 0.0), self.technical_until.get("ngsp", 0.0), self.disk_trouble)
        return now - at >= seconds

    # -- something leaves ----------------------------------------------------------------------------------------------

    def sending(self, life: Life, system: str, exchange: Exchange | None, until: float) -> Sent:
        now = self.now()
        retry = False
        if exchange is not None and exchange.operation is not None:
            operation = exchange.operation
            if (operation.kind is Kind.UPDATE or operation.personal) and not self.truth.asked(exchange.id):
                self.violated("evidence-before-release", f"{system} {operation.name} left without its asked entry")
            limit = exchange.started + min(operation.timeout, exchange.wanted_timeout or operation.timeout)
            if until > limit + 1e-6:
                self.violated(
                    "deadline-inherited", f"{system} {operation.name} may take {until - limit:.1f} s too long"
                )
            if now > limit + 1e-6:
                self.violated("deadline-inherited", f"{system} {operation.name} left after its deadline")
            retry = self._repeated(exchange, life)
            self._in_order(exchange)
            self._stored(exchange, life)
            self._one_probe(system, operation.name, life)
            self._storm(exchange)
        sent = Sent(life, system, exchange, now, retry)
        self.under_way.append(sent)
        slots = life.slots(system)
        inflight = sum(each.system == system and each.life is life for each in self.under_way)
        if slots is not None and inflight > slots:
            self.violated("in-flight-cap", f"{inflight} requests at {system}, {slots} slots")
        return sent

    def sent(self, sent: Sent, *, refused: bool) -> None:
        """It has ended, however; `refused`: the sign-in was refused, so that one more is no retry."""
        self.under_way.remove(sent)
        if sent.exchange is not None:
            self.refused_last[sent.exchange.id] = refused

    def _repeated(self, exchange: Exchange, life: Life) -> bool:
        operation = exchange.operation
        assert operation is not None
        if self.refused_last.pop(exchange.id, False):
            return self.sends[exchange.id] > 1
        self.sends[exchange.id] += 1
        times = self.sends[exchange.id]
        if times == 1:
            return False
        if not (operation.safe or operation.keyed):
            self.violated("write-retried", f"{operation.system} {operation.name} was sent {times} times in one call")
        if times > TRIES:
            self.violated("retry-budget", f"{operation.name}: try {times}")
        retrying = 1 + sum(
            each.retry and each.life is life and each.system == operation.system for each in self.under_way
        )
        active = sum(call.system == operation.system for call in self.calls.values())
        if retrying - 1 >= max(FLOOR, SHARE * active):
            self.violated("retry-budget", f"{operation.system}: {retrying} retries under way, {active} calls")
        return True

    def _in_order(self, exchange: Exchange) -> None:
        """Whoever is sent must not have an open one before him that was left with the bus."""
        operation = exchange.operation
        assert operation is not None
        if operation.kind is not Kind.UPDATE or operation.deliver is None or operation.deliver.order_by is None:
            return
        value = "\n".join(values_at(exchange.data, operation.deliver.order_by))
        left = self.order.get((operation.system, value), ())
        mine = self.truth.submission(exchange.submission) if exchange.submission and left else None
        if mine is None:
            return
        for name in left:
            row = self.truth.submission(name)
            waits = row is not None and row["state"] in ("queued", "delivering", "indeterminate")
            if row is None or not waits or row["number"] >= mine["number"]:
                continue
            if row["state"] != "indeterminate" or row["next_at"] is not None:
                self.violated("order", f"{operation.name} of {value} overtook {name} ({row['state']})")
                return

    def _storm(self, exchange: Exchange) -> None:
        """Deliveries and settlements of one submission come with growing pauses, whatever fails."""
        if exchange.face is Face.INTERNAL and exchange.submission is not None:
            self._tried(QUESTIONS, "questions about submission", exchange.submission)

    def refused(self, life: Life, task: str) -> None:
        """The disk did not take a write: who wants it comes again after a pause. What leaves nothing is a storm as well."""
        if task in _FOR_OTHERS:
            return
        self._tried(REFUSALS, "refused writes of", f"{task}, life {life.number}")

    def _tried(self, most: int, what: str, who: str) -> None:
        now, times = self.now(), self.tried.setdefault((what, who), deque(maxlen=most))
        times.append(now)
        if len(times) == most and now - times[0] < STORM:
            self.violated("no-storm", f"{most} {what} {who} in {now - times[0]:.1f} s")
            times.clear()

    def _stored(self, exchange: Exchange, life: Life) -> None:
        """What a collector acknowledges is on the disk."""
        connector, operation = exchange.connector, exchange.operation
        if connector is None or operation is None or exchange.face is not Face.INTERNAL or life.store is None:
            return
        for collector in connector.collectors.values():
            if collector.acknowledge == operation.name:
                for key in values_at(exchange.data, collector.item_key.rpartition(".")[2]):
                    if not self.truth.holds(life.store.keys.digest(b"item", key.encode())):
                        self.violated("acknowledged-after-commit", f"{operation.name} of {key}, which is not stored")
                return

    def _one_probe(self, system: str, operation: str, life: Life) -> None:
        if self.breakers.get((system, operation)) != "half-open":
            return
        inside = [
            each for each in self.under_way
            if each.life is life and each.system == system and each.exchange is not None
            and each.exchange.operation_name == operation and each.began >= life.half_open.get((system, operation), 0.0)
        ]  # fmt: skip
        if inside:
            self.violated("one-probe", f"{system} {operation}: {len(inside) + 1} requests while half-open")

    # -- a ministry acts -----------------------------------------------------------------------------------------------

    def handled(self, exchange: Exchange | None, system: str, *, effect: bool) -> None:
        """An update reached its handler."""
        operation = exchange.operation if exchange else None
        if exchange is None or operation is None or operation.kind is not Kind.UPDATE:
            return
        key = next(values_at(exchange.data, operation.key), "") if operation.key else ""
        name = (system, operation.name, key)
        self.performed[name] += effect or self.performed[name] > 0
        self.effects.append(
            Effect(self.now(), system, operation.name, key, exchange.submission, exchange.correlation_id, operation.keyed, effect)
        )  # fmt: skip
        if self.performed[name] > 1 and not operation.keyed:
            self.violated("effect-once", f"{system} {operation.name} {key} was done {self.performed[name]} times")

    # -- events --------------------------------------------------------------------------------------------------------

    def heard(self, life: Life, event: Event) -> None:
        if life.dead:
            return
        now = self.now()
        match event:
            case AttemptMade():
                if event.outcome == "cancelled":
                    return
                window = self.outcomes.setdefault(event.system, deque(maxlen=200))
                window.append((now, event.outcome))
                self.results.setdefault((event.system, event.operation), deque(maxlen=200)).append((now, event.outcome))
            case BreakerChanged():
                self._breaker(life, event, now)
            case HealthChanged():
                self.said(f"{event.system} is {event.now}")
                up = event.now is Health.UP and not event.system.startswith("upstream:")
                if up and not self._answered(life, event.system):
                    self.violated("board", f"{event.system} is called up, and nothing has answered")
            case SubmissionMoved():
                self.said(f"{event.id} {event.operation} {event.was} -> {event.now}, attempt {event.attempts}")
            case ExchangeFinished() if event.face == "internal":
                self.said(f"bus asks {event.system} {event.operation}: {event.outcome}")
                self._tried(TRIED, f"times {event.system} {event.operation} for", event.correlation_id)
            case TaskDied():
                self.violated("worker-stays", f"task {event.name} died of {event.error}")
            case BusFaultFound() if not self.poison:
                self.violated("no-defect", f"{event.kind} at {event.place}")
            case _:
                pass

    def _breaker(self, life: Life, event: BreakerChanged, now: float) -> None:
        key = (event.system, event.operation)
        self.breakers[key] = event.now
        self.said(f"breaker {event.system} {event.operation} {event.was} -> {event.now}")
        if event.now == "half-open":
            life.half_open[key] = now
        if event.was != "closed" or event.now != "open":
            return
        recent = [outcome for at, outcome in self.results.get(key, ()) if at >= max(now - RECENT, life.began)]
        bad = [each for each in recent if each not in CALM_OUTCOMES]
        if len(recent) < 5 and not all(each == "timeout" for each in recent[-2:]):
            self.violated("breaker-volume", f"{key} opened after {recent}")
        if not bad and self.calm(event.system, RECENT):
            self.violated("breaker-business", f"{key} opened though only business was refused")

    # -- looking around ------------------------------------------------------------------------------------------------

    def tick(self, life: Life) -> None:
        now = self.now()
        for call in self.calls.values():
            if now > call.until + (EVIDENCE_PATIENCE if now - self.disk_trouble < 5 else 0.0):
                self.violated("past-deadline", f"{call} is {now - call.until:.1f} s late")
                call.until = float("inf")
        for task in life.leaked(now):
            self.violated("task-leaked", task)
        for system in life.systems():
            self._board(life, system, now)

    def _answered(self, life: Life, system: str) -> bool:
        """Whether it has ever answered in this life."""
        return any(at >= life.began and how in CALM_OUTCOMES for at, how in self.outcomes.get(system, ()))

    def _board(self, life: Life, system: str, now: float) -> None:
        shown = life.health(system)
        past = [(at, outcome) for at, outcome in self.outcomes.get(system, ()) if at >= life.began]
        good = [at for at, outcome in past if outcome in CALM_OUTCOMES]
        recent = [(at, outcome) for at, outcome in past if at >= now - RECENT]
        if shown is Health.UP and not good:
            self.violated("board", f"{system} is shown up and has never answered since the start")
        long_ago = good and good[-1] < now - PROVED
        if shown is Health.UP and long_ago and now - self.technical_until.get("ngsp", 0.0) > RECENT:
            self.violated("board", f"{system} is shown up, with nothing good in {PROVED:.0f} s")
        if shown is Health.UP and len(recent) >= 5 and not any(at >= now - RECENT for at in good):
            self.violated("board", f"{system} is shown up, and the last {len(recent)} answers were bad")
        well = len(recent) >= 10 and all(outcome in CALM_OUTCOMES for _, outcome in recent)
        if shown is Health.DOWN and well and self.calm(system, RECENT):
            self.violated("board", f"{system} is shown down, with {len(recent)} good answers and no bad one")

    # -- the end -------------------------------------------------------------------------------------------------------

    def ended(self, told: dict[str, str]) -> None:
        """`told`: by correlation, what the caller heard of his update."""
        for effect in self.effects:
            heard = told.get(effect.correlation)
            if heard is not None and heard.startswith("refused"):
                self.violated("refused-yet-done", f"{effect.system} {effect.operation} {effect.key}: {heard}")
        for name, system, operation, state, _, next_at in self.truth.submissions():
            mine = [each for each in self.effects if each.submission == name]
            if name in self.poison:
                continue
            if state == "failed" and mine and not any(each.keyed for each in mine):
                self.violated("settled-right", f"{name} {operation} is failed and has taken effect")
            if state == "delivered" and not mine and not self._done_by_another(name, system, operation):
                self.violated("settled-right", f"{name} {operation} is delivered and never took effect")
            if state in ("queued", "delivering", "expired") or (state == "indeterminate" and next_at is not None):
                self.violated("all-delivered", f"{name} {system} {operation} is still {state}")

    def _done_by_another(self, name: str, system: str, operation: str) -> bool:
        """A query of this record finds what another submission of the same record has done."""
        key = self.keys.get(name)
        return key is None or self.performed[system, operation, key] > 0
