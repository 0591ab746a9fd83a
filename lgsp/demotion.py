"""Official systems that have broken what their stage rests on: the bus itself proposes to suspend them, and people decide.

What the bus proposes is no proposal of a person: somebody takes it over with a decision's number, somebody else approves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.criteria import Findings, breaches
from lgsp.errors import EvidenceUnavailable
from lgsp.lifecycle import Ledger
from lgsp.model import Stage, Text
from lgsp.promotion import BUS, Promotion
from lgsp.runtime import Runtime
from lgsp.store.port import Store, StoreFailed
from lgsp.store.port.stewardship import ProposalRecord

EVERY_SECONDS = 600.0
QUIET = timedelta(days=7)
"""After somebody has said no, the bus does not ask again for so long."""
_LISTED = 20


class House(Protocol):
    """What is looked at: the gateway."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def promotion(self) -> Promotion: ...
    @property
    def health(self) -> Any: ...
    @property
    def conformity(self) -> Any: ...
    @property
    def policy(self) -> Any: ...
    @property
    def windows(self) -> Any: ...


async def broken(house: House) -> Mapping[str, tuple[Text, ...]]:
    """Why, by system. One reading of a day's counts serves all; under maintenance nothing is held against anybody."""
    now = house.runtime.clock.now()
    counts = [*await house.store.health.counts(now - timedelta(days=1)), *house.health.counts.fresh.waiting()]
    found = {}
    for name, entry in house.ledger.all().items():
        if entry.stage is not Stage.OFFICIAL or house.windows.open(name) is not None:
            continue
        rows = [each for each in counts if each.system == name]
        known = Findings(entry, house.conformity.of(name), rows, {}, house.policy.level_of(name))
        if why := breaches(known, now, house.promotion.bar):
            found[name] = why
    return found


async def look(house: House) -> list[str]:
    """The systems for which there is a fresh proposal. Raises `StoreFailed` and `EvidenceUnavailable`."""
    made = []
    for system, why in (await broken(house)).items():
        now = house.runtime.clock.now()
        past = await house.store.stewardship.proposals(system, _LISTED)
        refused = [each.closed for each in past if each.by == BUS and each.closed is not None]
        if any(each.state == "open" for each in past) or any(now - each < QUIET for each in refused):
            continue
        record = ProposalRecord(
            house.runtime.ids.new()[-12:].lower(), system, Stage.SUSPENDED.value, "",
            "; ".join(each.vi for each in why)[:500], "{}", BUS, now,
        )  # fmt: skip
        await house.audit.note(
            "stage-proposed", BUS, proposal=record.id, system=system, to=record.stage, reason=record.reason
        )
        if await house.store.stewardship.propose(record):
            made.append(system)
    return made


async def run(house: House) -> None:
    """For the supervised group; ends by being cancelled."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with contextlib.suppress(StoreFailed, EvidenceUnavailable):
            await look(house)
