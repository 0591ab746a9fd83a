"""The composition root: settings become a registry, steps and an aiohttp application. `chain` is the map of the product."""

from __future__ import annotations

import sys
from dataclasses import replace

from lgsp import __version__, cef, log, manifest
from lgsp.alerts import SecurityWatch
from lgsp.audit import Audit
from lgsp.audit.witnessing import Witnessing
from lgsp.cutover import Switchboard
from lgsp.diagnosis import Diagnoser, Sockets
from lgsp.endpoints.addresses import routes
from lgsp.endpoints.feed import Feed
from lgsp.events import AttemptMade, Events, ExchangeFinished, HealthChanged, StageChanged
from lgsp.exchange import chain
from lgsp.gateway import Gateway
from lgsp.health import HealthBook, HealthKeeper, History
from lgsp.health.conformity import ConformityBook
from lgsp.home import Home, builtin
from lgsp.lifecycle import Ledger
from lgsp.maintenance import Windows
from lgsp.pipeline.authenticate import Authenticate
from lgsp.pipeline.authorize import Authorize
from lgsp.pipeline.breaker import Breaker
from lgsp.pipeline.bulkhead import Bulkhead, TurnAway
from lgsp.pipeline.call import Call
from lgsp.pipeline.deadline import Deadline
from lgsp.pipeline.decode import Decode
from lgsp.pipeline.deposit import Deposit
from lgsp.pipeline.documents import CheckDocument, Documents, SealDocument
from lgsp.pipeline.handover import AuthenticateMinistry, HandOver
from lgsp.pipeline.hint import Hint
from lgsp.pipeline.identify import Identify
from lgsp.pipeline.intend import Intend
from lgsp.pipeline.minimise import Minimise
from lgsp.pipeline.record import Record
from lgsp.pipeline.retry import Retry
from lgsp.pipeline.shadow import Shadow
from lgsp.policy import Policy
from lgsp.prober import Prober
from lgsp.promotion import Promotion, gathered
from lgsp.registry import Registry
from lgsp.reload import Current
from lgsp.room import Room
from lgsp.runtime import Clock, Runtime, trim
from lgsp.sandbox import either, open_sandbox
from lgsp.settings import Settings, SettingsError
from lgsp.signature import TrustFolder
from lgsp.signature.files import signers
from lgsp.spool import Spool
from lgsp.store import Store, open_store
from lgsp.store.port import Change
from lgsp.store.port.together import SUBMISSIONS
from lgsp.submissions import Inbox, Submissions, Teller
from lgsp.supervise import Supervisor
from lgsp.syslog import Syslog, Target
from lgsp.transport import AiohttpTransport, Transport
from lgsp.upstream import Upstreams
from lgsp.wiring import demonstration, demonstration_trust, ministry_keys, surroundings, trusted, witnesses
from lgsp.workers.together import Together

__all__ = ["Gateway", "build", "routes"]


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
    store = store or await open_store(settings.data, runtime, settings=settings.store)
    try:
        return await _compose(settings, runtime, registry, transport, store, real=real)
    except BaseException:
        if owned:
            await store.close()
        raise


def _soc(settings: Settings, clock: Clock) -> Syslog | None:
    """Raises `SettingsError` for an address that is none."""
    if not settings.security_syslog:
        return None
    try:
        return Syslog(Target.parse(settings.security_syslog, settings.security_syslog_ca), clock, __version__)
    except ValueError as error:
        raise SettingsError(f"security_syslog {error}") from None


async def _compose(
    settings: Settings, runtime: Runtime, registry: Registry, transport: Transport | None, store: Store, *, real: bool
) -> Gateway:
    clock, limits = runtime.clock, settings.limits
    settings = replace(settings, upstreams={**demonstration(settings, registry), **settings.upstreams})
    current = Current(registry, settings)
    events = Events()
    if real:
        events.subscribe(log.subscriber(sys.stderr, clock, settings.log_level))
        if settings.security_log is not None:
            lines = settings.security_log.open("a", encoding="utf-8")  # as long as the process lives
            events.subscribe(cef.subscriber(lines, clock, __version__))
    soc = _soc(settings, clock) if real else None
    if soc is not None:
        events.subscribe(soc)
    alone = store.changes.alone
    folder = settings.data / "spool" if alone else settings.data / "spool" / store.evidence.writer
    relieve = (lambda: runtime.offload(trim)) if real else None
    spool = Spool(folder, runtime, memory=Room(limits.messages, relieve))
    spool.sweep()
    policy = Policy(store, runtime, limits.token_seconds, limits.quota_per_minute)
    await policy.load()
    promotion = Promotion(store, runtime, lambda system: gathered(gateway, system))
    ledger = Ledger(store, runtime, events, promotion.prove)
    await ledger.load(registry.connectors.values())
    transport = transport or AiohttpTransport(runtime, cas=trusted(settings), events=events)
    upstreams = Upstreams(settings.upstreams, transport, runtime, events)
    health = HealthBook(current.registry_of, runtime, events)
    watch = SecurityWatch(events, clock, settings.bulk_subjects_per_hour)
    if not alone:
        watch.readers.join(store.changes, store.leases)
    audit = Audit(store, runtime, watch.subjects, limits.evidence_seconds)
    submissions = Submissions(store, runtime, events, current.registry_of, spool)
    inbox = Inbox(store, runtime)
    teller = Teller(store, runtime, events, audit, transport, submissions, inbox, demonstration=settings.demo)
    era = settings.province.era
    call = Call(upstreams, health, runtime, events, surroundings(settings, registry))
    trust = TrustFolder((settings.data / "trust", *demonstration_trust(settings, registry)))
    documents = Documents(trust, runtime, spool, signers(settings), settings.signatures_required)
    record = Record(audit, events, clock, submissions)
    deadline = Deadline(clock)
    identify = Identify(current.registry_of, runtime, lambda: era)
    intend, breaker, bulkhead = Intend(audit), Breaker(health), Bulkhead(clock)

    quiet = Events()  # what is asked beside the real one leaves evidence, and no mark on board or metrics
    aside = Call(upstreams, HealthBook(current.registry_of, runtime, quiet), runtime, quiet, call.surroundings)
    beside = chain(Record(audit, quiet, clock, submissions), intend, then=aside)
    shadow = Shadow(lambda name: current.settings.system(name).shadow, ledger, beside, runtime, store.meta)

    history = History()
    windows = Windows(store, health, history, runtime)
    handle = chain(
        record,
        deadline,
        identify,
        Authenticate(policy),
        Authorize(policy, ledger, clock),
        TurnAway(bulkhead, health),
        Decode(runtime),
        Hint(),
        CheckDocument(documents),
        Deposit(submissions, health),
        windows,
        Minimise(),
        shadow,
        SealDocument(documents),
        intend,
        Retry(runtime),
        breaker,
        bulkhead,
        then=call,
    )
    keys = ministry_keys(settings, registry)
    handover = HandOver(inbox, policy, runtime, call.context, submissions)
    receive = chain(record, deadline, identify, AuthenticateMinistry(keys), then=handover)
    probe = chain(intend, breaker, bulkhead, then=call)

    sandbox = await open_sandbox(
        settings, runtime, registry, transport, policy, ledger, spool, writer=store.evidence.writer, real=real
    )
    feed = Feed(clock)
    conformity = ConformityBook(store.meta, runtime)
    keeper = HealthKeeper(health, store.health, runtime, events)
    wire = Sockets(transport.trust_of) if isinstance(transport, AiohttpTransport) else None
    diagnoser = Diagnoser(beside, lambda: current.settings.upstreams, wire, runtime, lambda: era)

    def told(event: HealthChanged | StageChanged) -> None:  # by the process that leads, where this one does not
        feed(event)
        history(event)

    def in_force(fresh: Registry) -> None:
        current.registry = fresh

    known, passed = (lambda: current.settings.upstreams), settings.passthrough.paths
    switchboard = Switchboard(store, runtime, registry, in_force, known, passed)
    switchboard.begin()
    together = Together.of(store, clock, policy, ledger, health, keeper, submissions.desk, told)
    gateway = Gateway(
        settings=settings,
        runtime=runtime,
        events=events,
        current=current,
        store=store,
        policy=policy,
        ledger=ledger,
        health=health,
        audit=audit,
        submissions=submissions,
        inbox=inbox,
        teller=teller,
        spool=spool,
        feed=feed,
        transport=transport,
        upstreams=upstreams,
        supervisor=Supervisor(runtime, events),
        handle=either(handle, sandbox.handle if sandbox is not None else None),
        receive=receive,
        record=record,
        handover=handover,
        bulkhead=bulkhead,
        keeper=keeper,
        conformity=conformity,
        prober=Prober(probe, current.registry_of, health, runtime, events, lambda: era),
        watch=watch,
        soc=soc,
        witnessing=Witnessing(store, transport, runtime, events, witnesses(settings)),
        real=real,
        sandbox=sandbox,
        shadow=shadow,
        windows=windows,
        diagnoser=diagnoser,
        promotion=promotion,
        switchboard=switchboard,
        together=together,
        history=history,
    )
    events.subscribe(gateway.metrics, *gateway.metrics.HEARS)
    events.subscribe(conformity, AttemptMade)
    events.subscribe(feed, HealthChanged, StageChanged, ExchangeFinished)
    events.subscribe(history, HealthChanged)
    events.subscribe(gateway.attention, ExchangeFinished)
    events.subscribe(watch, *watch.HEARS)

    def taken_over(now: Current) -> None:
        switchboard.reloaded(now.registry)
        upstreams.replace(now.settings.upstreams)
        call.surroundings = aside.surroundings = surroundings(now.settings, now.registry)
        keys.clear()
        keys.update(ministry_keys(now.settings, now.registry))
        if isinstance(transport, AiohttpTransport):
            transport.trust(trusted(now.settings))

    current.listeners.append(taken_over)

    async def decided(_: Change) -> None:  # by operators, through another process
        gateway.wake()

    store.changes.subscribe(SUBMISSIONS, decided)
    return gateway
