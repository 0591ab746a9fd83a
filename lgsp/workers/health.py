"""One opinion of every system's health in all processes: what each has seen goes to the leader, its verdicts go to all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from lgsp.events import HealthChanged
from lgsp.health import HealthBook, Verdict
from lgsp.health.tables import BreakerState
from lgsp.model import Health, Text
from lgsp.runtime import Clock
from lgsp.store.port import Change, Changes, Leases, StoreFailed
from lgsp.store.port.together import HEALTH, LONGEST

EVERY_SECONDS = 0.1
WHOLE_SECONDS = 1.0
"""How often the leader tells all verdicts: when each system was last asked changes all the time."""
_ANSWERED_SECONDS = 0.5
_WAITING = 2_000
_PROBED_SECONDS = 1.0
"""How long nobody else probes after a probe that passed: until everybody has heard of it."""
_ROOM = LONGEST - 200
T = TypeVar("T")


class Seen(msgspec.Struct, tag="seen"):
    """So many calls in a row had this outcome: [system, operation, code, detail, layer, slow, times]."""

    calls: list[tuple[str, str, str, Text | None, str, bool, int]]


class Reached(msgspec.Struct, tag="reached"):
    """Of upstreams: [name, system, what it said, layer, one failure says it all], and those that have answered."""

    failed: list[tuple[str, str, Text | None, str, bool]]
    answered: list[str]


class Verdicts(msgspec.Struct, tag="verdicts"):
    systems: dict[str, Verdict]
    upstreams: dict[str, Verdict]


class Moved(msgspec.Struct, tag="moved"):
    """A breaker, and how many seconds ago it moved."""

    system: str
    operation: str
    state: BreakerState
    age: float


class Paused(msgspec.Struct, tag="paused"):
    system: str
    on: bool


class Hello(msgspec.Struct, tag="hello"):
    """Somebody is new and knows nothing."""


Said = Seen | Reached | Verdicts | Moved | Paused | Hello
_said = msgspec.json.Decoder(Said)


@dataclass(slots=True)
class HealthLink:
    """See `lgsp.health.link.Link`. `told` hears the transitions that the leader tells, for this process's own readers."""

    book: HealthBook
    changes: Changes
    leases: Leases
    clock: Clock
    told: Callable[[HealthChanged], None]
    leads: bool = False
    informed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when verdicts have been heard, or are our own."""
    _systems: dict[str, Verdict] = field(default_factory=dict)
    _upstreams: dict[str, Verdict] = field(default_factory=dict)
    _sent: dict[str, Verdict] = field(default_factory=dict)
    _seen: dict[tuple[str, str], deque[tuple[str, Text | None, str, bool, int]]] = field(default_factory=dict)
    _failed: deque[tuple[str, str, Text | None, str, bool]] = field(default_factory=lambda: deque(maxlen=_WAITING))
    _answered: dict[str, float] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)
    _urgent: deque[tuple[Said, str, float]] = field(default_factory=lambda: deque(maxlen=_WAITING))
    """What must go at once; with a lease to renew before, and for how long."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _whole_at: float = 0.0

    # -- what the book tells and asks (Link) --------------------------------------------------------------------------

    def verdict(self, system: str) -> Verdict | None:
        return self._systems.get(system)

    def upstream_verdict(self, name: str) -> Verdict | None:
        return self._upstreams.get(name)

    def seen(self, system: str, operation: str, code: str, detail: Text | None, layer: str, *, slow: bool) -> None:
        runs = self._seen.setdefault((system, operation), deque(maxlen=50))
        if runs and runs[-1][:4] == (code, detail, layer, slow):
            runs[-1] = (code, detail, layer, slow, runs[-1][4] + 1)
        else:
            runs.append((code, detail, layer, slow, 1))

    def unreached(self, upstream: str, system: str, said: Text | None, layer: str, *, alone: bool) -> None:
        self._failed.append((upstream, system, said, layer, alone))

    def answered(self, upstream: str) -> None:
        """Said again only now and then while all is well."""
        now, known = self.clock.monotonic(), self._upstreams.get(upstream)
        well = known is not None and known.health is Health.UP
        if not well or now - self._answered.get(upstream, 0.0) >= _ANSWERED_SECONDS:
            self._answered[upstream] = now
            self._fresh.add(upstream)

    def paused(self, system: str, *, on: bool) -> None:
        self._now(Paused(system, on))

    def moved(self, system: str, operation: str, state: BreakerState, failed: int, calls: int) -> None:
        del failed, calls
        lease, seconds = _lease(system, operation), 0.0
        if state == "closed":
            seconds = _PROBED_SECONDS
        elif state == "open":
            seconds = self.book.policy.open_seconds
        self._now(Moved(system, operation, state, 0.0), lease, seconds)

    def given_up(self, system: str, operation: str) -> None:
        self._now(Moved(system, operation, "open", self.book.policy.open_seconds), _lease(system, operation), 0.01)

    async def may_probe(self, system: str, operation: str, seconds: float) -> bool:
        try:
            async with asyncio.timeout(1.0):
                return await self.leases.take(_lease(system, operation), seconds + 5.0)
        except (StoreFailed, TimeoutError):
            return False

    # -- life ---------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Hears from now on; called before the first exchange."""
        self.changes.subscribe(HEALTH, self._hear)

    def lead(self) -> None:
        self.book.adopt(self._systems, self._upstreams)
        self.leads, self._whole_at = True, 0.0
        self._sent.clear()
        self._seen.clear()
        self.informed.set()

    def follow(self) -> None:
        self.leads = False

    async def run(self) -> None:
        """The supervised task."""
        await self._tell(Hello())
        while True:
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._send_urgent()
                for each in self._verdicts() if self.leads else self._observations():
                    await self._tell(each)
            except StoreFailed:
                await asyncio.sleep(1.0)

    async def _send_urgent(self) -> None:
        while self._urgent:
            said, lease, seconds = self._urgent[0]
            if seconds:
                await self.leases.take(lease, seconds)
            await self._tell(said)
            self._urgent.popleft()

    async def _tell(self, said: Said) -> None:
        await self.changes.publish(HEALTH, msgspec.json.encode(said))

    def _now(self, said: Said, lease: str = "", seconds: float = 0.0) -> None:
        self._urgent.append((said, lease, seconds))
        self._wake.set()

    # -- what is told -------------------------------------------------------------------------------------------------

    def _observations(self) -> Iterator[Said]:
        seen, self._seen = self._seen, {}
        calls = [(*key, *run) for key, runs in seen.items() for run in runs]
        for part in _parts(calls):
            yield Seen(part)
        failed, answered = list(self._failed), sorted(self._fresh)
        self._failed.clear()
        self._fresh.clear()
        for some in _parts(failed):
            yield Reached(some, [])
        if answered:
            yield Reached([], answered)

    def _verdicts(self) -> Iterator[Said]:
        """Transitions in the next tenth of a second, the rest once a second."""
        now = self.clock.monotonic()
        whole = now - self._whole_at >= WHOLE_SECONDS
        if whole:
            self._whole_at = now
        systems = {name: self.book.verdict(name) for name in self.book.registry_of().connectors}
        upstreams = {f"upstream:{each.name}": self.book.upstream_verdict(each.name) for each in self.book.upstreams()}
        changed = []
        for name, verdict in {**systems, **upstreams}.items():
            sent = self._sent.get(name)
            if sent is None or (whole and sent != verdict) or sent.health is not verdict.health:
                changed.append((name, verdict))
                self._sent[name] = verdict
        for part in _parts(changed):
            found = dict(part)
            ups = {name.removeprefix("upstream:"): found.pop(name) for name in list(found) if name in upstreams}
            yield Verdicts(found, ups)

    # -- what is heard ------------------------------------------------------------------------------------------------

    async def _hear(self, change: Change) -> None:
        match _said.decode(change.body):
            case Seen(calls=calls) if self.leads:
                for system, operation, code, detail, layer, slow, times in calls:
                    for _ in range(min(times, self.book.policy.window_calls)):
                        self.book.take_in(system, operation, code, detail, layer, slow=slow)
            case Reached(failed=failed, answered=answered) if self.leads:
                for name, system, said, layer, alone in failed:
                    self.book.take_unreached(name, system, said, layer, alone=alone)
                for name in answered:
                    self.book.upstream_answered(name)
            case Verdicts(systems=systems, upstreams=upstreams) if not self.leads:
                self._take(self._systems, systems, "")
                self._take(self._upstreams, upstreams, "upstream:")
                self.informed.set()
            case Moved(system=system, operation=operation, state=state, age=age):
                self.book.follow(system, operation, state, self.clock.monotonic() - age)
            case Paused(system=system, on=on):
                self.book.pause(system, on=on)
            case Hello() if self.leads:
                self._sent.clear()
                for system, operation, state, since in self.book.breakers.not_closed():
                    self._now(Moved(system, operation, state, self.clock.monotonic() - since))
                self._wake.set()
            case _:
                pass

    def _take(self, known: dict[str, Verdict], fresh: Mapping[str, Verdict], prefix: str) -> None:
        for name, verdict in fresh.items():
            was = known.get(name)
            known[name] = verdict
            before = was.health if was else Health.UNKNOWN
            if before is not verdict.health:
                at: datetime = verdict.since
                self.told(HealthChanged(prefix + name, before, verdict.health, verdict.cause, at, verdict.because))


def _lease(system: str, operation: str) -> str:
    return f"probe:{system}/{operation}"


def _parts(items: list[T]) -> Iterator[list[T]]:
    """Lists that fit into one message each."""
    part: list[T] = []
    size = 0
    for item in items:
        more = len(msgspec.json.encode(item)) + 1
        if part and size + more > _ROOM:
            yield part
            part, size = [], 0
        part.append(item)
        size += more
    if part:
        yield part
