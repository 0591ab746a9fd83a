"""What the doors may ask of the house, and the table of routes: who may come in by each (RULES 24)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiohttp import web

from lgsp.errors import LgspError
from lgsp.events import Events
from lgsp.exchange import Exchange, Handler
from lgsp.model import Consumer, HttpResponse
from lgsp.office import Office
from lgsp.policy import Policy
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings
from lgsp.spool import Spool

Access = Literal["public", "client", "exchange", "consumer", "ministry", "operator"]
"""public: anybody, and no personal data · client: proves its secret in the request itself · exchange: the pipeline decides ·
consumer: a signed-in consumer, checked at the door · ministry: proves itself by its message or the system's key ·
operator: a person signed in to the console, with one of the route's roles."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. No address is served that has no line, and no line stands without its access."""

    method: str
    path: str
    access: Access
    answer: Answer
    roles: frozenset[str] = frozenset()
    """Of operators who may; every route with access "operator" names at least one."""
    short: bool = False
    """Its door reads names out of the address itself, so a plain address may lead there past the table (`short.py`)."""


class House(Protocol):
    """`app.Gateway`, as far as a door needs it."""

    settings: Settings
    runtime: Runtime
    events: Events
    policy: Policy
    spool: Spool
    ledger: Any
    health: Any
    conformity: Any
    submissions: Any
    inbox: Any
    metrics: Any
    feed: Any
    collected: Callable[[str], Awaitable[str]] | None
    """Adds the other workers' numbers to a page of metrics; None for a process that is alone."""
    store: Any
    pages: Any
    outlook: Any

    @property
    def office(self) -> Office:
        """What people decide is carried out there."""

    def submissions_of(self, consumer: Consumer) -> Any:
        """Those of the side that this consumer's key leads to: the real systems or the sandbox."""

    def inbox_of(self, consumer: Consumer) -> Any:
        """Likewise."""

    @property
    def handle(self) -> Handler:
        """The steps around a call to a ministry."""

    @property
    def receive(self) -> Handler:
        """The steps around a call from a ministry."""

    @property
    def registry(self) -> Registry: ...

    @property
    def is_ready(self) -> bool: ...

    def refusal(self, exchange: Exchange, error: LgspError) -> HttpResponse | None:
        """A ministry's call refused in the ministry's own dialect, where its mapping has words for it."""

    async def refuse(self, exchange: Exchange) -> None:
        """Puts on record an exchange that its face could not even hand to the steps; `exchange.error` says why."""
