"""The composition root: settings become a registry, steps and an aiohttp application. `chain` is the map of the product."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from lgsp import __version__, cef, log, manifest
from lgsp.alerts import SecurityWatch
from lgsp.audit import Audit
from lgsp.audit.notes import NoteRefused, VerifierKey
from lgsp.audit.witnessing import Outside, Witnessing
from lgsp.endpoints import control, docs, door, inbound, native, reads, rest, soap, status, token
from lgsp.endpoints.feed import Feed
from lgsp.endpoints.house import Route
from lgsp.errors import BusFault, LgspError
from lgsp.events import Events, Started, Stopped
from lgsp.exchange import Exchange, Handler, chain
from lgsp.health import HealthBook, HealthKeeper
from lgsp.home import Home, builtin
from lgsp.lifecycle import Ledger
from lgsp.metrics import Metrics
from lgsp.model import Data, Health, HttpResponse, Stage
from lgsp.office import Office
from lgsp.pipeline.authenticate import Authenticate
from lgsp.pipeline.authorize import Authorize
from lgsp.pipeline.breaker import Breaker
from lgsp.pipeline.bulkhead import Bulkhead
from lgsp.pipeline.call import Call, Surroundings
from lgsp.pipeline.deadline import Deadline
from lgsp.pipeline.decode import Decode
from lgsp.pipeline.deposit import Deposit
from lgsp.pipeline.handover import AuthenticateMinistry, HandOver
from lgsp.pipeline.identify import Identify
from lgsp.pipeline.intend import Intend
from lgsp.pipeline.minimise import Minimise
from lgsp.pipeline.record import Record
from lgsp.pipeline.retry import Retry
from lgsp.policy import Policy
from lgsp.prober import Prober
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings, SettingsError, Upstream
from lgsp.spool import Spool
from lgsp.store import Store, open_store
from lgsp.submissions import Collectors, Inbox, Submissions
from lgsp.supervise import Supervisor
from lgsp.transport import AiohttpTransport, Transport
from lgsp.upstream import Upstreams


@dataclass(slots=True)
class Gateway:
    """One running bus. `build` makes it, `start` sets its background tasks going, `close` drains it."""

    settings: Settings
    runtime: Runtime
    events: Events
    registry: Registry
    store: Store
    policy: Policy
    ledger: Ledger
    health: HealthBook
    audit: Audit
    submissions: Submissions
    inbox: Inbox
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
    prober: Prober
    watch: SecurityWatch
    witnessing: Witnessing
    real: bool
    """With sockets of its own; False in the simulated world."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    metrics: Metrics = field(init=False)
    application: web.Application = field(init=False)
    _control: web.AppRunner | None = None

    def __post_init__(self) -> None:
        self.metrics = Metrics(self)
        self.application = door.application(self, routes(self))
        self.application.on_shutdown.append(self._end_streams)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Background tasks under the supervisor; `ready` is set once every system's first probe has ended."""
        await self.keeper.restore()
        start = self.supervisor.start
        start("audit", self.audit.run)
        start("health-keeper", self.keeper.run)
        start("deliveries", lambda: self.submissions.run(self.handle))
        start("collectors", lambda: self._collectors().run(self.handle))
        start("prober", self.prober.run)
        start("readiness", self._until_ready)
        start("security-levels", lambda: self.watch.run(self.policy.consumers))
        if self.settings.witnesses:
            start("witnesses", self.witnessing.run)
        if self.real:
            start("traffic", self.feed.run)
            start("loop-lag", self._watch_loop)
            office = Office(
                store=self.store, policy=self.policy, ledger=self.ledger, audit=self.audit, runtime=self.runtime
            )
            self._control = await control.listen(office, self.settings.data)
        self.events.publish(
            Started("gateway", self.settings.public_url or f"{self.settings.host}:{self.settings.port}")
        )

    async def close(self) -> None:
        """Ends in the order in which nothing is lost: doors, tasks, evidence, store."""
        self.feed.close()
        if self._control is not None:
            await self._control.cleanup()
            (self.settings.data / "control.sock").unlink(missing_ok=True)
        await self.supervisor.close()
        await self.upstreams.close()
        await self.keeper.flush()
        await self.audit.close()
        if self.real and isinstance(self.transport, AiohttpTransport):
            await self.transport.close()
        await self.store.close()
        self.events.publish(Stopped("gateway"))

    async def _end_streams(self, _: web.Application) -> None:
        """Readers of events would hold the drain up for its whole limit."""
        self.feed.close()

    @property
    def is_ready(self) -> bool:
        return self.ready.is_set()

    async def _until_ready(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.limits.ready_seconds):
                await self.prober.first_round.wait()
        self.ready.set()

    async def _watch_loop(self) -> None:
        clock, pause = self.runtime.clock, 0.5
        while True:
            began = clock.monotonic()
            await asyncio.sleep(pause)
            self.metrics.loop_lag.set(max(0.0, clock.monotonic() - began - pause))

    def _collectors(self) -> Collectors:
        return Collectors(self.store, self.inbox, self.runtime, lambda: self.registry, self.policy)

    # -- what the doors ask -------------------------------------------------------------------------------------------

    async def refuse(self, exchange: Exchange) -> None:
        """Puts on record an exchange that its face could not even hand to the steps; `exchange.error` says why."""

        async def refused(_: Exchange) -> Data:
            raise exchange.error or BusFault()

        with contextlib.suppress(LgspError):
            await self.record(exchange, refused)

    def refusal(self, exchange: Exchange, error: LgspError) -> HttpResponse | None:
        return self.handover.refusal(exchange, error)

    # -- what the scrape asks -----------------------------------------------------------------------------------------

    def systems(self) -> Mapping[str, tuple[Stage | None, Health, str]]:
        rows = {}
        for name in self.registry.connectors:
            entry, seen = self.ledger.stage(name), self.health.system(name)
            rows[name] = (entry.stage if entry else None, seen.health, str(seen.breaker))
        return rows

    def knows(self, system: str, operation: str) -> bool:
        connector = self.registry.connector(system)
        return connector is not None and (operation in connector.operations or operation in connector.inbound)

    def inflight(self) -> Mapping[str, int]:
        return self.bulkhead.inflight()

    def audit_entries(self) -> int:
        return self.audit.entries


def routes(gateway: Gateway) -> list[Route]:
    """Every address that is served. Literal paths go before templates of the same shape."""
    doors = (docs, reads, token, status, rest, soap, native, inbound)
    return [route for each in doors for route in each.routes(gateway)]


async def build(
    settings: Settings,
    runtime: Runtime,
    *,
    transport: Transport | None = None,
    store: Store | None = None,
    registry: Registry | None = None,
) -> Gateway:
    """A gateway that is not started. Raises `RegistryError` with every finding, `StoreBusy`, `SettingsError`.

    `registry` is one that was read before: many gateways of the simulated world share one.
    """
    registry = registry or manifest.load([builtin(), *map(Home.at, settings.homes)])
    real, owned = transport is None, store is None
    store = store or await open_store(settings.data, runtime)
    try:
        return await _compose(settings, runtime, registry, transport, store, real=real)
    except BaseException:
        if owned:
            await store.close()
        raise


async def _compose(
    settings: Settings, runtime: Runtime, registry: Registry, transport: Transport | None, store: Store, *, real: bool
) -> Gateway:
    clock, limits = runtime.clock, settings.limits
    settings = replace(settings, upstreams={**_demonstration(settings, registry), **settings.upstreams})
    events = Events()
    if real:
        events.subscribe(log.subscriber(sys.stderr, clock, settings.log_level))
        if settings.security_log is not None:
            lines = settings.security_log.open("a", encoding="utf-8")  # as long as the process lives
            events.subscribe(cef.subscriber(lines, clock, __version__))
    spool = Spool(settings.data / "spool", runtime)
    spool.sweep()
    policy = Policy(store, runtime, limits.token_seconds, limits.quota_per_minute)
    await policy.load()
    ledger = Ledger(store, runtime, events)
    await ledger.load(registry.connectors.values())
    transport = transport or AiohttpTransport(runtime, cas=_trust(settings))
    upstreams = Upstreams(settings.upstreams, transport, runtime, events)
    health = HealthBook(lambda: registry, runtime, events)
    watch = SecurityWatch(events, clock, settings.bulk_subjects_per_hour)
    audit = Audit(store, runtime, watch.subjects, limits.evidence_seconds)
    submissions = Submissions(store, runtime, events, lambda: registry, spool)
    inbox = Inbox(store, runtime)
    era = settings.province.era
    call = Call(upstreams, health, runtime, events, _surroundings(settings, registry))
    record = Record(audit, events, clock, submissions)
    deadline = Deadline(clock)
    identify = Identify(lambda: registry, runtime, lambda: era)
    intend, breaker, bulkhead = Intend(audit), Breaker(health), Bulkhead(clock)

    handle = chain(
        record,
        deadline,
        identify,
        Authenticate(policy),
        Authorize(policy, ledger, clock),
        Decode(runtime),
        Deposit(submissions, health),
        Minimise(),
        intend,
        Retry(runtime),
        breaker,
        bulkhead,
        then=call,
    )
    handover = HandOver(inbox, policy, runtime, call.context, submissions)
    receive = chain(record, deadline, identify, AuthenticateMinistry(_ministry_keys(settings, registry)), then=handover)
    probe = chain(intend, breaker, bulkhead, then=call)

    feed = Feed(clock)
    gateway = Gateway(
        settings=settings,
        runtime=runtime,
        events=events,
        registry=registry,
        store=store,
        policy=policy,
        ledger=ledger,
        health=health,
        audit=audit,
        submissions=submissions,
        inbox=inbox,
        spool=spool,
        feed=feed,
        transport=transport,
        upstreams=upstreams,
        supervisor=Supervisor(runtime, events),
        handle=handle,
        receive=receive,
        record=record,
        handover=handover,
        bulkhead=bulkhead,
        keeper=HealthKeeper(health, store.health, runtime, events),
        prober=Prober(probe, lambda: registry, health, runtime, events, lambda: era),
        watch=watch,
        witnessing=Witnessing(store, transport, runtime, events, _witnesses(settings)),
        real=real,
    )
    events.subscribe(gateway.metrics)
    events.subscribe(feed)
    events.subscribe(watch)
    return gateway


def _surroundings(settings: Settings, registry: Registry) -> Surroundings:
    """What mappings may know; with `--sim` also the manifests' invented secrets."""
    secrets = {name: settings.system(name).secrets for name in registry.connectors}
    if settings.sim is not None:
        secrets = {name: manifest.demonstration(each, secrets[name]) for name, each in registry.connectors.items()}
    values = {name: settings.system(name).values for name in registry.connectors}

    return Surroundings(settings.province.era, secrets, values)


def _demonstration(settings: Settings, registry: Registry) -> dict[str, Upstream]:
    """With `--sim` every upstream that a manifest names is the simulator, signed in with demonstration credentials."""
    if settings.sim is None:
        return {}
    found: dict[str, Upstream] = {}
    for connector in registry.connectors.values():
        for backend in connector.backends.values():
            manner = backend.demo_manner or ("oauth2" if backend.dstcode is None else "xroad-session")
            found[backend.upstream] = Upstream(
                manner="none" if backend.upstream == "direct" else manner,
                url=settings.sim,
                client_id="lgsp",
                client_secret="demo-lgsp",  # noqa: S106  visibly invented: the simulator takes demo-… and nothing else
                username="lgsp",
                password="demo-lgsp",  # noqa: S106
            )
    return found


def _ministry_keys(settings: Settings, registry: Registry) -> dict[str, str]:
    """The key with which a ministry's system proves itself: the secret `inbound`, invented with `--sim`."""
    keys = {name: settings.system(name).secrets.get("inbound", "") for name in registry.connectors}
    return {name: key or (f"demo-{name}" if settings.sim is not None else "") for name, key in keys.items()}


def _witnesses(settings: Settings) -> dict[str, Outside]:
    """Raises `SettingsError` for a key that is none."""
    found = {}
    for name, each in settings.witnesses.items():
        try:
            found[name] = Outside(each.url, VerifierKey.parse(each.key))
        except NoteRefused as error:
            raise SettingsError(f"witnesses.{name}.key: {error}") from error
    return found


def _trust(settings: Settings) -> dict[str, Path]:
    return {each.url: each.ca for each in settings.upstreams.values() if each.ca is not None}
