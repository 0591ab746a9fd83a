"""The other side of one address: calls with a sandbox key go the same way to simulated systems, with records of their own.

Credentials, grants, purposes, limits and stages are those of the consumer, so that what works here works there. Health, counts,
evidence and submissions stand apart (`{data}/sandbox`): nothing that happens here is ever seen on the board of the real systems.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from dataclasses import dataclass, replace

from lgsp import log
from lgsp.audit import Audit
from lgsp.events import Events
from lgsp.exchange import Exchange, Handler, chain
from lgsp.health import HealthBook, HealthKeeper
from lgsp.lifecycle import Ledger
from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp.pipeline.authenticate import Authenticate, of_sandbox
from lgsp.pipeline.authorize import Authorize
from lgsp.pipeline.breaker import Breaker
from lgsp.pipeline.bulkhead import Bulkhead
from lgsp.pipeline.call import Call
from lgsp.pipeline.deadline import Deadline
from lgsp.pipeline.decode import Decode
from lgsp.pipeline.deposit import Deposit
from lgsp.pipeline.documents import CheckDocument, Documents, SealDocument
from lgsp.pipeline.hint import Hint
from lgsp.pipeline.identify import Identify
from lgsp.pipeline.intend import Intend
from lgsp.pipeline.minimise import Minimise
from lgsp.pipeline.record import Record
from lgsp.pipeline.retry import Retry
from lgsp.policy import Policy
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings, Upstream
from lgsp.signature import TrustFolder
from lgsp.spool import Spool
from lgsp.store import Store, open_store
from lgsp.submissions import Inbox, Submissions
from lgsp.supervise import Supervisor
from lgsp.transport import MIB, Keep, Transport, Until
from lgsp.upstream import Upstreams
from lgsp.wiring import demonstration, demonstration_trust, surroundings


@dataclass(slots=True)
class Sandbox:
    """A second set of records and steps around the same consumers and grants."""

    store: Store
    audit: Audit
    submissions: Submissions
    inbox: Inbox
    keeper: HealthKeeper
    health: HealthBook
    upstreams: Upstreams
    handle: Handler

    def start(self, supervisor: Supervisor) -> None:
        supervisor.start("sandbox-audit", self.audit.run)
        supervisor.start("sandbox-health", self.keeper.run)
        supervisor.start("sandbox-deliveries", lambda: self.submissions.run(self.handle))

    async def close(self) -> None:
        await self.upstreams.close()
        await self.keeper.flush()
        await self.audit.close()
        await self.store.close()


def addresses(settings: Settings, registry: Registry) -> dict[str, Upstream]:
    """By upstream, where sandbox calls go; an upstream without an address of its own or of the installation has none."""
    names = {backend.upstream for each in registry.connectors.values() for backend in each.backends.values()}
    found = {}
    for name in names:
        own = settings.upstreams[name].sandbox if name in settings.upstreams else ""
        url = own or settings.sandbox
        if url:
            found[name] = replace(demonstration(replace(settings, sim=url), registry)[name], url=url)
    return found


async def open_sandbox(
    settings: Settings,
    runtime: Runtime,
    registry: Registry,
    transport: Transport,
    policy: Policy,
    ledger: Ledger,
    spool: Spool,
    *,
    writer: str,
    real: bool,
) -> Sandbox | None:
    """None where no simulated system is named. Raises `StoreBusy` as the real store does."""
    where = addresses(settings, registry)
    if not where:
        return None
    clock = runtime.clock
    events = Events()
    if real:
        events.subscribe(log.subscriber(sys.stderr, clock, settings.log_level))
    store = await open_store(settings.data / "sandbox" / writer if real else None, runtime, inline=not real)
    health = HealthBook(lambda: registry, runtime, events)
    audit = Audit(store, runtime, None, settings.limits.evidence_seconds)
    submissions = Submissions(store, runtime, events, lambda: registry, spool)
    upstreams = Upstreams(where, _Apart(transport), runtime, events)
    invented = replace(settings, sim="sandbox", systems={})  # no secret of the real systems goes to a simulated one
    around = surroundings(invented, registry)
    documents = Documents(TrustFolder(tuple(demonstration_trust(invented, registry))), runtime, spool)
    handle = chain(
        Record(audit, events, clock, submissions),
        Deadline(clock),
        Identify(lambda: registry, runtime, lambda: settings.province.era),
        Authenticate(policy, sandbox=True),
        Authorize(policy, ledger, clock),
        Decode(runtime),
        Hint(),
        CheckDocument(documents),
        Deposit(submissions, health),
        Minimise(),
        SealDocument(documents),
        Intend(audit),
        Retry(runtime),
        Breaker(health),
        Bulkhead(clock),
        then=Call(upstreams, health, runtime, events, around),
    )
    keeper = HealthKeeper(health, store.health, runtime, events)
    return Sandbox(store, audit, submissions, Inbox(store, runtime), keeper, health, upstreams, handle)


def either(real: Handler, sandbox: Handler | None) -> Handler:
    """By the key: what it says of itself chooses the way, and the way's own `Authenticate` checks that it is true."""

    def handle(exchange: Exchange) -> Awaitable[Data]:
        if sandbox is not None and of_sandbox(exchange):
            return sandbox(exchange)
        return real(exchange)

    return real if sandbox is None else handle


@dataclass(frozen=True, slots=True)
class _Apart:
    """The transport under other names: connections of the sandbox stand in pools of their own (RULES 9)."""

    transport: Transport

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse:
        return await self.transport.send(f"sandbox:{system}", base, request, deadline, keep=keep, limit=limit)
