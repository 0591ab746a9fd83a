"""Shadowing: while a system is in trial, another service is asked beside it and both answers compared; no caller notices.

The real one answers. Only safe queries are asked twice, after the answer, one at a time, and those that would have to wait too
long are left out and counted. What is kept are counts by field path, never a value: where the two disagree, not what they said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from lgsp.errors import LgspError, ProviderFault
from lgsp.exchange import Deadline, Exchange, Handler
from lgsp.model import Data, Face, HttpRequest, Kind, Stage, StageEntry
from lgsp.runtime import Runtime
from lgsp.store.port import Meta, StoreFailed

PLACE = "shadow"
"""Where the counts stand in the store."""
OUTCOME = "(outcome)"
"""The path of a difference between an answer and a refusal, or two refusals."""
_WAITING = 64
_PATHS = 300


class Stages(Protocol):
    """What is asked of the ledger of decisions."""

    def stage(self, system: str) -> StageEntry | None: ...


@dataclass(frozen=True, slots=True)
class _Pair:
    """One comparison to make."""

    exchange: Exchange
    upstream: str
    answer: Data | None
    """None where the real one refused."""
    outcome: str


@dataclass(slots=True)
class Tally:
    """What was seen of one operation."""

    asked: int = 0
    same: int = 0
    differs: int = 0
    failed: int = 0
    """The other one gave no answer at all."""
    skipped: int = 0
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    """Path -> changed, missing (only the real one has it), extra, count (lists of other lengths)."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "same": self.same,
            "differs": self.differs,
            "failed": self.failed,
            "skipped": self.skipped,
            "fields": {path: dict(kinds) for path, kinds in sorted(self.fields.items())},
        }

    def found(self, paths: set[tuple[str, str]]) -> None:
        if not paths:
            self.same += 1
            return
        self.differs += 1
        for path, kind in paths:
            if path in self.fields or len(self.fields) < _PATHS:
                kinds = self.fields.setdefault(path, {})
                kinds[kind] = kinds.get(kind, 0) + 1


@dataclass(slots=True)
class Shadow:
    """`upstream_of` names the other upstream of a system, "" where it has none. `ask` leads there, with evidence and without
    any mark on the health of the real systems."""

    upstream_of: Callable[[str], str]
    stages: Stages
    ask: Handler
    runtime: Runtime
    meta: Meta
    tallies: dict[str, Tally] = field(default_factory=dict)
    waiting: asyncio.Queue[_Pair] = field(default_factory=lambda: asyncio.Queue(_WAITING))

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        upstream = self._wanted(exchange)
        return self._beside(exchange, handler, upstream) if upstream else handler(exchange)

    async def _beside(self, exchange: Exchange, handler: Handler, upstream: str) -> Data:
        try:
            answer = await handler(exchange)
        except ProviderFault as refusal:
            self._later(_Pair(exchange, upstream, None, refusal.code))
            raise
        self._later(_Pair(exchange, upstream, answer, "ok"))
        return answer

    def _wanted(self, exchange: Exchange) -> str:
        operation = exchange.operation
        if operation is None or operation.kind is not Kind.QUERY or not operation.safe or operation.streamed:
            return ""
        if exchange.face in (Face.INTERNAL, Face.NATIVE):
            return ""
        entry = self.stages.stage(operation.system)
        return self.upstream_of(operation.system) if entry is not None and entry.stage is Stage.TRIAL else ""

    def _later(self, pair: _Pair) -> None:
        try:
            self.waiting.put_nowait(pair)
        except asyncio.QueueFull:
            self._tally(pair.exchange).skipped += 1

    async def run(self) -> None:
        """The supervised task."""
        known = await self.meta.get(PLACE)
        for name, each in (known or {}).items():
            self.tallies.setdefault(name, Tally(**each))
        while True:
            await self.compare(await self.waiting.get())

    async def compare(self, pair: _Pair) -> None:
        """Asks the other one and counts."""
        tally = self._tally(pair.exchange)
        tally.asked += 1
        try:
            other: Data | None = await self.ask(self._copy(pair))
            outcome = "ok"
        except ProviderFault as refusal:
            other, outcome = None, refusal.code
        except LgspError:
            tally.failed += 1
            await self._keep()
            return
        if pair.answer is None or other is None:
            tally.found(set() if outcome == pair.outcome else {(OUTCOME, "changed")})
        else:
            tally.found(set(differences(pair.answer, other)))
        await self._keep()

    async def _keep(self) -> None:
        """Counts that a disk does not take now stand in memory and go with the next ones."""
        try:
            await self.meta.put(PLACE, {name: each.as_dict() for name, each in self.tallies.items()})
        except StoreFailed:
            return

    def _tally(self, exchange: Exchange) -> Tally:
        return self.tallies.setdefault(f"{exchange.system}/{exchange.operation_name}", Tally())

    def _copy(self, pair: _Pair) -> Exchange:
        """An exchange of the bus itself for the same caller and purpose: its evidence says that the person was asked about."""
        asked, clock = pair.exchange, self.runtime.clock
        now = clock.monotonic()
        operation, route = asked.operation, asked.route
        assert operation is not None
        assert route is not None
        return Exchange(
            id=self.runtime.ids.new(),
            face=Face.INTERNAL,
            request=HttpRequest("POST", ""),
            received=clock.now(),
            started=now,
            correlation_id=f"{asked.correlation_id}:shadow",
            system=asked.system,
            operation_name=asked.operation_name,
            version=asked.version,
            purpose=asked.purpose,
            case=asked.case,
            officer=asked.officer,
            consumer=asked.consumer,
            grant=asked.grant,
            data=asked.data,
            connector=asked.connector,
            operation=operation,
            route=replace(route, backend=replace(route.backend, upstream=pair.upstream)),
            deadline=Deadline(now + operation.timeout),
        )


def differences(real: Any, other: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(field path, kind): changed, missing, extra, or count for lists of different lengths, whose items are still compared."""
    if isinstance(real, dict) and isinstance(other, dict):
        for name in real.keys() | other.keys():
            inner = f"{path}.{name}" if path else name
            if name not in other:
                yield inner, "missing"
            elif name not in real:
                yield inner, "extra"
            else:
                yield from differences(real[name], other[name], inner)
    elif isinstance(real, list) and isinstance(other, list):
        if len(real) != len(other):
            yield f"{path}[]", "count"
        for one, two in zip(real, other, strict=False):
            yield from differences(one, two, f"{path}[]")
    elif type(real) is not type(other) or real != other:
        yield path, "changed"
