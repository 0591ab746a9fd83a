"""What goes on in a running bus beside the calls: every background task, and which of several processes has it (RULES 30)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from lgsp import custody, demotion, inquiry
from lgsp.report import filing
from lgsp.runtime import trim
from lgsp.store.pruning import keep_of, prune
from lgsp.submissions import Collectors
from lgsp.workers.together import Work

if TYPE_CHECKING:  # the gateway starts these, and is all that they know
    from lgsp.gateway import Gateway

_WORTH_TRIMMING = 8 << 20
"""Bytes of large messages after which the heap is looked through for what is free."""
_LOOK_SECONDS = 0.5
_TRIM_SECONDS = 10
"""After so many it is looked through whatever passed: what the bus does by itself leaves free pieces too."""


def start(gateway: Gateway) -> None:
    """Under the supervisor. Of several processes one at a time has the tasks that are named twice; `leader` has the prober."""
    run, settings, together = gateway.supervisor.start, gateway.settings, gateway.together
    one: Callable[[str, Work], Work] = together.one if together is not None else _each
    leader: Callable[[Work], Work] = together.leader if together is not None else _alone
    run("maintenance", gateway.windows.run)
    run("audit", gateway.audit.run)
    run("health-keeper", gateway.keeper.run)
    run("conformity", gateway.conformity.run)
    run("deliveries", lambda: gateway.submissions.run(gateway.handle))
    run("shadow", gateway.shadow.run)
    run("collectors", one("collectors", lambda: collectors(gateway).run(gateway.handle)))
    run("prober", leader(gateway.prober.run))
    run("readiness", gateway.until_ready)
    run("payload-retention", lambda: custody.run(gateway, settings.store.keep_payload_days))
    run("pruning", lambda: prune(gateway.store, gateway.runtime.clock, keep_of(settings.store)))
    run(
        "security-levels",
        one("security-levels", lambda: gateway.watch.run(gateway.policy.consumers, gateway.policy.levels)),
    )
    if together is not None:
        run("readers", gateway.watch.readers.run)
    if gateway.observing is not None:
        run("observer", gateway.observing.follow)
        run("observed-calls", gateway.observing.keep_passed)
        if settings.observer.log is not None:
            run("observed-log", one(f"observed-log:{gateway.observing.node}", gateway.observing.keep))
    if gateway.sandbox is not None:
        gateway.sandbox.start(gateway.supervisor)
    if settings.witnesses:
        run("witnesses", gateway.witnessing.run)
    if gateway.soc is not None:
        run("syslog", gateway.soc.run)
    if gateway.real:  # a simulated month has no receivers, and nobody who looks at it or searches it
        _of_the_real_world(gateway, one)


def collectors(gateway: Gateway) -> Collectors:
    """The standing readers of what ministries keep for the province."""
    return Collectors(gateway.store, gateway.inbox, gateway.runtime, lambda: gateway.registry, gateway.policy)


def _of_the_real_world(gateway: Gateway, one: Callable[[str, Work], Work]) -> None:
    run, settings = gateway.supervisor.start, gateway.settings
    keep = settings.store.keep_exchanges_days
    run("upstream-switches", gateway.switchboard.run)
    run("alive", gateway.alive.run)
    run("call-backs", one("call-backs", gateway.teller.run))
    run("exchange-index", one("exchange-index", lambda: inquiry.run(gateway.store, gateway.runtime, keep)))
    run("alerts", one("alerts", gateway.alerting.run))
    run("alert-routes", gateway.alerting.sender.run)
    run("demotions", one("demotions", lambda: demotion.run(gateway)))
    if settings.report.monthly:
        run("reports", lambda: filing.run(gateway.office, settings.data / "reports", gateway.report_files))
    run("traffic", gateway.feed.run)
    run("pages", lambda: gateway.runtime.offload(gateway.pages.warm))
    run("loop-lag", lambda: loop_lag(gateway))


async def loop_lag(gateway: Gateway) -> None:
    """How late the loop wakes; and what is free in the heap is given back."""
    clock, room = gateway.runtime.clock, gateway.spool.memory
    seen, trimmed = 0, clock.monotonic()
    while True:
        began = clock.monotonic()
        await asyncio.sleep(_LOOK_SECONDS)
        gateway.metrics.loop_lag.set(max(0.0, clock.monotonic() - began - _LOOK_SECONDS))
        if room.passed - seen > _WORTH_TRIMMING or began - trimmed >= _TRIM_SECONDS:
            seen, trimmed = room.passed, began
            await gateway.runtime.offload(trim)


def _each(_name: str, work: Work) -> Work:
    return work


def _alone(work: Work) -> Work:
    return work
