"""What happens in ten virtual minutes, drawn from a seed: load, faults, kills, clock steps, and a quiet end."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from lgsp.crash import POINTS

SYSTEMS = (
    "budget-unit", "civil-servants", "civil-status", "criminal-record", "land-registry", "postal-delivery", "public-payment",
)  # fmt: skip
"""Both adapters, two upstreams, settled and unsettled updates, keyed and ordered ones, collectors, inbound calls."""

LOAD_UNTIL = 450.0
FAULTS_UNTIL = 420.0
"""Every fault has ended by then."""
END = 600.0

TECHNICAL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refuse", {}), ("reset", {}), ("reset", {"effect": True}), ("lost-answer", {}), ("hang", {"seconds": 20.0}),
    ("hang", {"seconds": 400.0, "effect": True}), ("latency", {"seconds": 1.0}), ("latency", {"seconds": 6.0, "jitter": 6.0}),
    ("latency", {"seconds": 22.0, "jitter": 3.0}), ("latency", {"seconds": 10.0, "jitter": 14.0}), ("garbage", {}), ("garbage", {"effect": True}), ("empty", {}),
    ("html-200", {"effect": True}), ("http-status", {"status": 500, "effect": True}), ("http-status", {"status": 503}),
    ("http-status", {"status": 429, "retry_after": 3}), ("soap-fault", {"effect": True}), ("truncate", {}),
    ("dribble", {"seconds": 40.0}), ("slow-close", {"seconds": 40.0}), ("schema-invalid", {}), ("old-contract", {}),
    ("xml-fault", {}), ("suspend-303001", {"seconds": 15.0}), ("token-expired", {}), ("token-down", {}),
)  # fmt: skip
PLATFORM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refuse", {}), ("hang", {"seconds": 20.0}), ("latency", {"seconds": 3.0}), ("token-down", {}), ("reset", {}),
    ("http-status", {"status": 503}), ("lost-answer", {}),
)  # fmt: skip
STORE_POINTS = tuple(name for name in POINTS if name != "migration.before-commit" and not name.startswith("callback."))
"""Those that are passed here: a simulated month has no receivers of call-backs."""
READING = ("collector.read", "inbox.stored")
FEED = "postal-delivery"
"""Its collector keeps a cursor."""


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing that happens; the harness knows the words."""

    at: float
    number: int
    what: str
    given: dict[str, Any] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.what} " + " ".join(f"{name}={value}" for name, value in self.given.items())


@dataclass(slots=True)
class Plan:
    """Everything about one seed; the same seed draws the same plan."""

    seed: int
    systems: tuple[str, ...]
    acts: list[Act] = field(default_factory=list)

    @classmethod
    def of(cls, seed: int) -> Plan:
        source = Random(seed)
        plan = cls(seed, tuple(sorted(source.sample(SYSTEMS, source.choice((2, 2, 3))))))
        _load(plan, source)
        _faults(plan, source)
        _ends(plan, source)
        _marks(plan, source)
        _doubts(plan, source)
        _readers(plan, source)
        plan.acts.sort()
        return plan

    def add(self, at: float, what: str, **given: Any) -> None:
        self.acts.append(Act(round(at, 3), len(self.acts), what, given))


def _load(plan: Plan, source: Random) -> None:
    for _ in range(12):
        patience = source.choice((None, None, None, 2, 5))
        plan.add(source.uniform(5, LOAD_UNTIL), "query", system=source.choice(plan.systems), patience=patience)
    calls = source.randint(8, 20)
    plan.add(source.uniform(20, LOAD_UNTIL), "burst", system=source.choice(plan.systems), calls=calls)
    for _ in range(16):
        manner = source.choice(("now", "now", "later", "later", "later", "race", "large"))
        _update(plan, source, source.uniform(5, LOAD_UNTIL), manner)
    for _ in range(3):
        plan.add(source.uniform(5, LOAD_UNTIL), "leave", system=source.choice(plan.systems))
    for at in range(30, int(END), 45):
        plan.add(at + source.uniform(0, 10), "inbox")


def _update(plan: Plan, source: Random, at: float, manner: str, system: str = "") -> None:
    plan.add(
        at,
        "update",
        system=system or source.choice(plan.systems),
        manner=manner,
        keyed=source.random() < 0.6,
        patience=source.choice((None, None, 2)),
        repeats=sorted(round(source.choice((0.0, 1.0, 10.0, 60.0, 200.0)) * source.uniform(0.5, 1.5), 3)
                       for _ in range(source.choice((0, 0, 1, 2)))),
        other_body=source.random() < 0.15,
        mates=source.choice((0, 0, 1, 2)),
        serial=1000 + len(plan.acts),
    )  # fmt: skip


def _faults(plan: Plan, source: Random) -> None:
    for _ in range(source.randint(2, 5)):
        start = source.uniform(15, FAULTS_UNTIL - 40)
        lasts = min(source.choice((3.0, 15.0, 40.0, 120.0)) * source.uniform(0.5, 1.5), FAULTS_UNTIL - start)
        kind, given = source.choice(TECHNICAL)
        when: dict[str, Any] = {}
        if source.random() < 0.4:
            when = {"probability": round(source.uniform(0.2, 0.8), 2), "seed": source.randint(1, 1000)}
        if source.random() < 0.15:
            when |= {"times": source.randint(1, 3)}
        only = source.choice((None, None, None, "updates", "queries"))
        system = source.choice(plan.systems)
        plan.add(start, "fault", name=system, kind=kind, given=given | when, only=only, lasts=lasts)
        if source.random() < 0.5:
            plan.add(start + source.uniform(0, 3), "burst", system=system, calls=source.randint(8, 20))
        if source.random() < 0.5:
            _update(plan, source, start + source.uniform(0, 3), "now", system)
    if source.random() < 0.35:
        start = source.uniform(15, FAULTS_UNTIL - 60)
        plan.add(start, "fault", name=source.choice(plan.systems), kind="business-error", given={}, only="updates",
                 lasts=source.uniform(20, 60))  # fmt: skip
    if source.random() < 0.3:
        start = source.uniform(15, FAULTS_UNTIL - 90)
        kind, given = source.choice(PLATFORM)
        plan.add(start, "fault", name="ngsp", kind=kind, given=dict(given), only=None, lasts=source.uniform(5, 80))
    for _ in range(source.choice((0, 0, 1, 2))):
        start = source.uniform(15, FAULTS_UNTIL - 40)
        plan.add(start, "disk", kind=source.choice(("full", "write", "sync")), lasts=source.uniform(0.5, 25))
        for _ in range(3):  # on their way when it happens
            _update(plan, source, start - source.uniform(0, 0.5), "now")
    if source.random() < 0.2:
        plan.add(
            source.uniform(15, FAULTS_UNTIL), "clock", seconds=round(source.choice((-1, 1)) * source.uniform(1, 60), 1)
        )
    if source.random() < 0.15:
        plan.add(source.uniform(60, FAULTS_UNTIL), "poison")


def _ends(plan: Plan, source: Random) -> None:
    """How the gateway ends before the end: killed, without power, at a crash point, or drained."""
    at = 0.0
    for _ in range(source.choice((0, 1, 1, 2))):
        at = source.uniform(max(15.0, at + 40.0), FAULTS_UNTIL) if at < FAULTS_UNTIL - 80 else FAULTS_UNTIL
        how = source.choice(("kill", "power", "crash", "crash", "drain"))
        point, times = source.choice(STORE_POINTS), source.choice((1, 1, 2, 5))
        plan.add(at, "end", how=how, point=point, times=times, down=round(source.uniform(0.2, 8), 2))


def _marks(plan: Plan, source: Random) -> None:
    """Many keyed updates at once whose answers are lost: some second tries meet the circuit that the others have opened."""
    if "criminal-record" not in plan.systems or source.random() < 0.5:
        return
    start = source.uniform(20, FAULTS_UNTIL - 10)
    plan.add(start, "fault", name="criminal-record", kind="lost-answer", given={}, only="updates", lasts=2.0)
    plan.add(start + 0.01, "marks", calls=16)


def _doubts(plan: Plan, source: Random) -> None:
    """Outcomes that are not known just before the disk is full: they can be neither asked for nor written down."""
    if source.random() < 0.75:
        return
    start = source.uniform(20, FAULTS_UNTIL - 50)
    system = source.choice(plan.systems)
    plan.add(start, "fault", name=system, kind="lost-answer", given={}, only="updates", lasts=2.0)
    for _ in range(3):
        _update(plan, source, start + source.uniform(0.1, 0.5), "now", system)
    plan.add(start + source.uniform(1.0, 3.0), "disk", kind="full", lasts=source.uniform(8, 25))


def _readers(plan: Plan, source: Random) -> None:
    """A collector's process ends between what it has read and what it has said of it, while there is something new."""
    has_feed = FEED in plan.systems
    if source.random() < (0.5 if has_feed else 0.85):
        return
    at = source.uniform(40, FAULTS_UNTIL - 45)
    for _ in range(3 if has_feed else 0):
        _update(plan, source, at - source.uniform(0.5, 20), "now", FEED)
    point, times = source.choice(READING), source.choice((1, 1, 2, 5))
    plan.add(at, "end", how="crash", point=point, times=times, down=1.0)
