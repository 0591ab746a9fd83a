"""One running bus: its parts, its life, and what its doors ask of it. `app.py` puts it together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from lgsp import background
from lgsp.alerting.causes import News
from lgsp.alerting.expiry import Expiry
from lgsp.alerting.look import Looking
from lgsp.alerting.routes import Sender
from lgsp.alerting.watch import Alerting
from lgsp.alerts import SecurityWatch
from lgsp.audit import Audit
from lgsp.audit.witnessing import Witnessing
from lgsp.console import paper
from lgsp.console.indoors import indoors
from lgsp.console.outlook import Outlook
from lgsp.console.render import Pages
from lgsp.cutover import Switchboard
from lgsp.decisions import Refused
from lgsp.diagnosis import Diagnoser, Diagnosis
from lgsp.endpoints import control, door, strangers
from lgsp.endpoints.addresses import routes
from lgsp.endpoints.drain import Drain
from lgsp.endpoints.feed import Feed
from lgsp.errors import BusFault, LgspError
from lgsp.events import Events, Started, Stopped
from lgsp.exchange import Exchange, Handler
from lgsp.health import HealthBook, HealthKeeper, History
from lgsp.health.alive import Alive
from lgsp.health.attention import Attention
from lgsp.health.conformity import ConformityBook
from lgsp.lifecycle import Ledger
from lgsp.maintenance import Windows
from lgsp.metrics import Metrics
from lgsp.model import Consumer, Data, HttpResponse
from lgsp.observer import Keeping, Matching, ObservedBook
from lgsp.office import Office, perform
from lgsp.pipeline.bulkhead import Bulkhead
from lgsp.pipeline.handover import HandOver
from lgsp.pipeline.record import Record
from lgsp.pipeline.shadow import Shadow
from lgsp.policy import Policy
from lgsp.prober import Prober
from lgsp.promotion import Promotion
from lgsp.registry import Registry
from lgsp.reload import Current, Reload
from lgsp.report.facts import Facts
from lgsp.runtime import Runtime
from lgsp.sandbox import Sandbox
from lgsp.scrape import Scrape
from lgsp.settings import Settings
from lgsp.spool import Spool
from lgsp.store import Store
from lgsp.submissions import Inbox, Submissions, Teller
from lgsp.supervise import Supervisor
from lgsp.syslog import Syslog
from lgsp.transport import AiohttpTransport, Transport
from lgsp.upstream import Upstreams
from lgsp.wiring import mail_of
from lgsp.workers.together import Together


@dataclass(slots=True, repr=False)
class Gateway:
    """One running bus. `build` makes it, `start` sets its background tasks going, `close` drains it."""

    settings: Settings
    runtime: Runtime
    events: Events
    current: Current
    """Registry and settings as they are in force."""
    store: Store
    policy: Policy
    ledger: Ledger
    health: HealthBook
    audit: Audit
    submissions: Submissions
    inbox: Inbox
    teller: Teller
    spool: Spool
    feed: Feed
    transport: Transport
    upstreams: Upstreams
    supervisor: Supervisor
    handle: Handler
    """The steps around a call to a ministry."""
    receive: Handler
    """The steps around a call from a ministry."""
    record: Record
    handover: HandOver
    bulkhead: Bulkhead
    keeper: HealthKeeper
    conformity: ConformityBook
    prober: Prober
    watch: SecurityWatch
    witnessing: Witnessing
    real: bool
    """With sockets of its own; False in the simulated world."""
    shadow: Shadow
    windows: Windows
    """Maintenance, announced and reclassified."""
    diagnoser: Diagnoser
    promotion: Promotion
    switchboard: Switchboard
    soc: Syslog | None = None
    """Sends security events to the province's SOC; None where no receiver is set."""
    sandbox: Sandbox | None = None
    """Where calls with a sandbox key go; None where no simulated system is named."""
    observed: ObservedBook | None = field(init=False, default=None)
    observing: Keeping | None = field(init=False, default=None)
    """What another gateway's log has shown; None where none is named."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    pages: Pages = field(default_factory=Pages)
    history: History = field(default_factory=History)
    """Ninety days of health, for the strips of the board."""
    attention: Attention = field(default_factory=Attention)
    alive: Alive = field(init=False)
    outlook: Outlook = field(init=False)
    alerting: Alerting = field(init=False)
    news: News = field(init=False)
    metrics: Metrics = field(init=False)
    application: web.Application = field(init=False)
    together: Together | None = None
    """The other processes of this installation, where there may be any."""
    reload: Reload = field(init=False)
    drain: Drain = field(init=False)
    commanded: bool = True
    """Listens for commands itself; a worker hears them from the process that watches over it."""
    last: bool = True
    """Nobody takes over its door when it ends; a worker that is replaced has somebody."""
    collected: Callable[[str], Awaitable[str]] | None = None
    """Adds the other workers' numbers to a rendered page of metrics."""
    _control: control.Listening | None = None

    def __post_init__(self) -> None:
        self.metrics = Metrics(Scrape(self))
        log, passed = self.settings.observer.log, self.settings.passthrough
        if log is not None or passed.upstream:
            matching = Matching(self.registry, {**passed.paths, **self.settings.observer.paths})
            self.observed = ObservedBook(matching, self.runtime, log.name if log is not None else passed.upstream)
            self.observing = Keeping.of(self.observed, self.settings, self.store.health, self.store.meta)
            self.current.listeners.append(lambda now: setattr(matching, "registry", now.registry))
        self.alive = Alive(self.history, self.store.health, self.store.meta, self.runtime.clock)
        self.reload, self.drain = Reload(self.current, self.runtime), Drain(self.runtime.clock)
        self.outlook = Outlook(self, lambda: self.feed.changes)
        self.news = News(self.runtime.clock)
        self.events.subscribe(self.news, *News.HEARS)
        self.alerting = Alerting(
            self.store,
            self.runtime,
            Looking(self, self.runtime.clock, self.news, lambda now: indoors(self, now), self._expiry()),
            Sender(self.transport, self.runtime, self.store.keys, self.settings.demo, mail_of(self.settings)),
        )
        self.application = door.application(self, routes(self))
        self.application.on_shutdown.append(self._end_streams)
        self.drain.watch(self.application)
        if self.together is not None:
            self.application.middlewares.append(strangers.met(self.policy))

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Background tasks under the supervisor; `ready` is set once every system's first probe has ended."""
        await self.keeper.restore()
        await self.alive.restore(alone=self.together is None)
        await self.conformity.restore(list(self.registry.connectors))
        if self.together is not None:
            await self.together.start(self.supervisor)
        await self.windows.refresh()
        await self.switchboard.refresh()
        background.start(self)
        if self.real and self.commanded:
            self._control = await control.listen(self.perform, self.settings.data)
        self.events.publish(
            Started("gateway", self.settings.public_url or f"{self.settings.host}:{self.settings.port}")
        )

    async def close(self) -> None:
        """Ends in the order in which nothing is lost: doors, tasks, evidence, store."""
        self.feed.close()
        if self._control is not None:
            await self._control.close()
        await self.supervisor.close()
        await self.upstreams.close()
        await self.keeper.flush()
        if self.observing is not None:
            await self.observing.flush()
        await self.alive.note()
        await self.conformity.flush()
        await self.audit.close()
        if self.sandbox is not None:
            await self.sandbox.close()
        if self.real and isinstance(self.transport, AiohttpTransport):
            await self.transport.close()
        await self.store.close()
        self.events.publish(Stopped("gateway"))

    async def _end_streams(self, _: web.Application) -> None:
        """Readers of events would hold the drain up for its whole limit."""
        self.feed.close()

    @property
    def registry(self) -> Registry:
        return self.current.registry

    @property
    def is_ready(self) -> bool:
        return self.ready.is_set() and not self.drain.begun

    async def until_ready(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.limits.ready_seconds):
                await self._informed()
        self.ready.set()

    async def _informed(self) -> None:
        """Every system's first probe has ended, here or at the process that leads."""
        waits = [asyncio.ensure_future(self.prober.first_round.wait())]
        if self.together is not None:
            waits.append(asyncio.ensure_future(self.together.link.informed.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def perform(self, action: str, by: str, arguments: Mapping[str, Any]) -> Any:
        """A command of this machine's command line. Raises `Refused`."""
        if action == "report.facts":
            await self.keeper.flush()
            if self.observing is not None:
                await self.observing.flush()
        if action != "reload":
            return await perform(self.office, action, by, arguments)
        if arguments.get("restart"):
            raise Refused(
                "Ở đây chỉ có một tiến trình: hãy dừng rồi khởi động lại",
                "one process serves here: end it and start it again",
            )
        async with self.reload.one:
            report = await self.reload.prepare()
            if not report.findings:
                await self.take_over(by)
        return asdict(report)

    async def take_over(self, by: str) -> None:
        """What `reload.prepare` has found sound comes into force; new systems enter the ledger as their manifests declare."""
        self.reload.commit()
        await self.ledger.load(self.registry.connectors.values())
        await self.policy.refresh_all()
        await self.audit.note("reloaded", by, systems=len(self.registry.connectors))

    @property
    def office(self) -> Office:
        return Office(
            store=self.store,
            policy=self.policy,
            ledger=self.ledger,
            audit=self.audit,
            runtime=self.runtime,
            demonstration=self.settings.demo,
            excused=self.history.excused,
            wake=self.wake,
            diagnose=self._diagnose,
            decided=self.windows.refresh,
            promotion=self.promotion,
            switchboard=self.switchboard,
            registry=self.registry,
        )

    def _expiry(self) -> Expiry | None:
        if not isinstance(self.transport, AiohttpTransport):
            return None
        return Expiry(lambda: self.current.settings.upstreams, self.transport.trust_of)

    async def _diagnose(self, system: str, operation: str) -> Diagnosis:
        connector = self.registry.connector(system)
        if connector is None:
            raise Refused(f"Không có hệ thống {system}", f"no system {system}")
        return await self.diagnoser.run(connector, operation)

    async def report_files(self, facts: Facts) -> Mapping[str, bytes]:
        titles = {name: each.title for name, each in self.registry.connectors.items()}
        return await self.runtime.offload(lambda: paper.report_files(facts, titles, self.settings, self.pages))

    def wake(self) -> None:
        """Operators have decided about submissions or call-backs: something may be due."""
        self.submissions.desk.wake.set()
        self.teller.wake()

    def submissions_of(self, consumer: Consumer) -> Submissions:
        return self.sandbox.submissions if consumer.sandbox and self.sandbox is not None else self.submissions

    def inbox_of(self, consumer: Consumer) -> Inbox:
        return self.sandbox.inbox if consumer.sandbox and self.sandbox is not None else self.inbox

    # -- what the doors ask -------------------------------------------------------------------------------------------

    async def refuse(self, exchange: Exchange) -> None:
        """Puts on record an exchange that its face could not even hand to the steps; `exchange.error` says why."""

        async def refused(_: Exchange) -> Data:
            raise exchange.error or BusFault()

        with contextlib.suppress(LgspError):
            await self.record(exchange, refused)

    def refusal(self, exchange: Exchange, error: LgspError) -> HttpResponse | None:
        return self.handover.refusal(exchange, error)
