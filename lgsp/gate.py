"""What a call is held against besides its grant: the day, the address, the purpose, the levels of both systems."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from lgsp.compliance import Approval, as_record, from_records, of_consumer, of_system, said, standing
from lgsp.errors import PurposeRequired, SecurityLevelNotApproved, Unauthenticated
from lgsp.guard import refused, within
from lgsp.identifiers import parse_dossier_code
from lgsp.model import Consumer, Grant, Text
from lgsp.store.port import Store

LEVELS = "system-levels"
"""Where the levels of connected systems stand in the store."""


def stands(grant: Grant, today: date) -> bool:
    begun = grant.valid_from is None or grant.valid_from <= today
    return begun and (grant.valid_to is None or today <= grant.valid_to)


def check_address(consumer: Consumer, peer: str) -> None:
    """A consumer that is bound to addresses calls from them only. The same refusal as a wrong secret: it tells nothing."""
    if consumer.addresses and not within(peer, consumer.addresses):
        raise Unauthenticated(refused())


def check_purpose(grant: Grant, purpose: str | None) -> None:
    if grant.purposes is not None and purpose not in grant.purposes:
        listed = ", ".join(grant.purposes)
        raise PurposeRequired(
            Text(f"Cần X-LGSP-Purpose là một trong: {listed}", f"X-LGSP-Purpose must be one of: {listed}")
        )


def check_case(grant: Grant, case: str | None, today: date) -> None:
    """A dossier code by its format rules, of a day that has come."""
    if grant.needs_case and not is_case(case, today):
        raise PurposeRequired(
            Text("Cần X-LGSP-Case là mã hồ sơ hợp lệ", "X-LGSP-Case must be the code of the dossier that this is for")
        )


def is_case(case: str | None, today: date) -> bool:
    return case is not None and parse_dossier_code(case, today) is not None


def check_level(consumer: Consumer, today: date) -> None:
    """Of the system that calls."""
    found = standing(of_consumer(consumer), today)
    if found.cut:
        raise SecurityLevelNotApproved(said(found))


@dataclass(slots=True, repr=False)
class Callers:
    """Whose level was found to hold today: it can change only with his record, so one look a day is enough."""

    _day: date = date.min
    _held: dict[str, Consumer] = field(default_factory=dict)

    def check(self, consumer: Consumer, today: date) -> None:
        """Raises `SecurityLevelNotApproved`."""
        if self._day != today:
            self._day, self._held = today, {}
        if self._held.get(consumer.id) is not consumer:
            check_level(consumer, today)
            self._held[consumer.id] = consumer


@dataclass(slots=True, repr=False)
class Levels:
    """What was declared of the databases behind the bus."""

    store: Store
    _known: dict[str, Approval] = field(default_factory=dict)

    async def load(self) -> None:
        self._known = {each.id: each for each in from_records(await self.store.meta.get(LEVELS) or ())}

    async def put(self, approval: Approval) -> None:
        levels = {**self._known, approval.id: approval}
        await self.store.meta.put(LEVELS, [as_record(each) for each in levels.values()])
        self._known = levels

    def check(self, system: str, today: date) -> None:
        """Raises `SecurityLevelNotApproved`; never for one of which nothing was declared."""
        approval = self._known.get(system)
        if approval is not None and (found := of_system(approval, today)).cut:
            words = said(found)
            raise SecurityLevelNotApproved(Text(f"Cơ sở dữ liệu {words.vi}", f"The database: {words.en}"))

    def of(self, system: str) -> Approval:
        """No level where nothing was declared."""
        return self._known.get(system, Approval(system, system, "", None))

    def all(self) -> list[Approval]:
        return list(self._known.values())
