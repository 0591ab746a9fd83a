"""A small house for these tests: the real store, evidence, submissions and steps around one scripted ministry."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from lgsp.audit import Audit
from lgsp.errors import LgspError, RecordNotFound, Timeout, UnknownOperation
from lgsp.events import Event, Events, ExchangeFinished, SubmissionMoved
from lgsp.exchange import Attempt, Exchange, Handler, chain
from lgsp.model import Consumer, Data, Face, Grant, Health, HttpRequest, Kind, SubmissionState, Text
from lgsp.pipeline.deposit import Deposit
from lgsp.pipeline.intend import Intend
from lgsp.pipeline.record import Record
from lgsp.registry import Collector, Connector, Delivery, Operation, ProvedBy, Registry
from lgsp.runtime import Runtime
from lgsp.store import Store, open_store
from lgsp.submissions import Submissions

PORTAL = Consumer("portal", Text("Một cửa", "One-stop"), agency="H99.01")
GRANT = Grant("portal", "register", "*", legal_basis="QĐ 1/QĐ-UBND")


def operation(name: str, kind: Kind = Kind.UPDATE, **wanted: Any) -> Operation:
    given: dict[str, Any] = {
        "system": "register", "name": name, "kind": kind, "safe": kind is Kind.QUERY, "keyed": False, "personal": True,
        "public": None, "routes": (), "timeout": 10.0, "max_body": 1 << 20, "streamed": False, "deliver": None,
        "proved_by": None, "probe": None, "key": "code", "subject": ("person.id",),
    }  # fmt: skip
    return Operation(**{**given, **wanted})


def registry(*operations: Operation, collectors: tuple[Collector, ...] = ()) -> Registry:
    connector = cast(
        Connector,
        type(
            "Fake",
            (),
            {
                "name": "register",
                "operations": {each.name: each for each in operations},
                "collectors": {each.name: each for each in collectors},
                "version": "v1",
                "at": lambda self, _version: self,
            },
        )(),
    )
    return Registry(MappingProxyType({"register": connector}))


PUSH = operation(
    "push", deliver=Delivery(when_away=True, expires=86_400.0, order_by="code"), proved_by=ProvedBy("ask", "code", {})
)
PLAIN = operation("plain")
KEYED = operation("keyed", keyed=True)
ASK = operation("ask", Kind.QUERY)


@dataclass
class Board:
    """Health as these tests want it."""

    now: Health = Health.UP

    def system(self, _name: str) -> Board:
        return self

    @property
    def health(self) -> Health:
        return self.now


@dataclass
class Ministry:
    """Takes pushes, counts their effects, answers status queries; `script` says what goes wrong with the next pushes."""

    runtime: Runtime
    effects: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    script: list[LgspError | type[LgspError] | BaseException | str] = field(default_factory=list)
    calls: int = 0
    seconds: float = 0.0
    lists: list[Data] = field(default_factory=list)
    told: list[Data] = field(default_factory=list)

    async def __call__(self, exchange: Exchange) -> Data:
        data = exchange.data or {}
        if exchange.operation_name == "ask":
            return self._ask(data)
        if exchange.operation_name == "list":
            return {"data": self.lists.pop(0)["data"]} if self.lists else {"data": []}
        self.calls += 1
        began = self.runtime.clock.now()
        step = self.script.pop(0) if self.script else None
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if step is not None and not isinstance(step, str):
            raise step
        if exchange.operation_name == "acknowledge":
            self.told.append(data)
            return {}
        self.effects[data["code"]] += 1
        self.order.append(f"{data['code']}:{data.get('n', 0)}")
        if step == "lost":
            exchange.attempts.append(Attempt(1, began, 0.0, "timeout"))
            raise Timeout()
        return {"receipt": data["code"]}

    def _ask(self, data: Data) -> Data:
        if not self.effects[data["code"]]:
            raise RecordNotFound()
        return {"state": "done", "code": data["code"]}


@dataclass
class House:
    runtime: Runtime
    store: Store
    events: Events
    audit: Audit
    submissions: Submissions
    ministry: Ministry
    board: Board
    registry: Registry
    heard: list[Event] = field(default_factory=list)

    @property
    def handle(self) -> Handler:
        return chain(
            Record(self.audit, self.events, self.runtime.clock, self.submissions),
            self._identify,
            self._deadline,
            Deposit(self.submissions, self.board),
            Intend(self.audit),
            then=self.ministry,
        )

    async def _identify(self, exchange: Exchange, handler: Handler) -> Data:
        connector = self.registry.connector("register")
        assert connector is not None
        found = connector.operations.get(exchange.operation_name or "")
        if found is None:
            raise UnknownOperation()
        exchange.operation = found
        return await handler(exchange)

    async def _deadline(self, exchange: Exchange, handler: Handler) -> Data:
        try:
            async with asyncio.timeout(exchange.wanted_timeout or 10.0):
                return await handler(exchange)
        except TimeoutError as error:
            raise Timeout() from error

    def exchange(self, name: str = "push", data: Data | None = None, **slots: Any) -> Exchange:
        given: dict[str, Any] = {
            "id": self.runtime.ids.new(),
            "face": Face.REST,
            "request": HttpRequest("POST", f"/api/register/v1/{name}"),
            "received": self.runtime.clock.now(),
            "started": self.runtime.clock.monotonic(),
            "correlation_id": "c-1",
            "system": "register",
            "operation_name": name,
            "consumer": PORTAL,
            "grant": GRANT,
            "data": {"code": "a"} if data is None else data,
        }
        return Exchange(**{**given, **slots})

    async def ask(self, name: str = "push", data: Data | None = None, **slots: Any) -> tuple[Data, Exchange]:
        exchange = self.exchange(name, data, **slots)
        return await self.handle(exchange), exchange

    async def until(
        self, submission: str, *states: SubmissionState, within: float = 7200.0, every: float = 0.25
    ) -> SubmissionState:
        """Runs the delivery loop until the submission is in one of the states."""
        loop = asyncio.create_task(self.submissions.run(self.handle))
        try:
            async with asyncio.timeout(within):
                while True:
                    found = await self.submissions.get(submission)
                    assert found is not None
                    if found.state in states:
                        return found.state
                    if loop.done():
                        loop.result()
                    await asyncio.sleep(every)
        finally:
            loop.cancel()
            await asyncio.wait({loop})

    def moves(self) -> list[tuple[str | None, str]]:
        return [
            (each.was and each.was.value, each.now.value) for each in self.heard if isinstance(each, SubmissionMoved)
        ]

    def outcomes(self) -> list[str]:
        return [each.outcome for each in self.heard if isinstance(each, ExchangeFinished)]


async def house(
    runtime: Runtime,
    where: Path | None = None,
    *operations: Operation,
    ministry: Ministry | None = None,
    collectors: tuple[Collector, ...] = (),
) -> House:
    store = await open_store(where, runtime, inline=True)
    events = Events()
    known = registry(*(operations or (PUSH, PLAIN, KEYED, ASK)), collectors=collectors)
    built = House(
        runtime,
        store,
        events,
        Audit(store, runtime),
        Submissions(store, runtime, events, lambda: known),
        ministry or Ministry(runtime),
        Board(),
        known,
    )
    events.subscribe(built.heard.append)
    return built


Story = Callable[[Runtime], Awaitable[None]]
