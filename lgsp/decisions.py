"""Decisions that two people make, what waits for the second one, and security levels that a register brings.

Carried out like every action of the office (`office.py`): a name and plain arguments, one entry of evidence each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.compliance import Approval, RegisterError, as_record, from_records, preview
from lgsp.errors import Told
from lgsp.lifecycle import Ledger
from lgsp.model import Consumer
from lgsp.persons import same_person
from lgsp.policy import Policy
from lgsp.registry import Registry
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store

REGISTER = "security-register"


class Refused(Told):
    """The action cannot be carried out; the sentences say why."""


class Desk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def registry(self) -> Registry | None:
        """None where no bus runs."""


# -- what waits for a second person --------------------------------------------------------------------------------------


async def waiting(desk: Desk, place: str) -> list[dict[str, Any]]:
    return list(await desk.store.meta.get(place) or [])


async def leave(desk: Desk, place: str, request: dict[str, Any], most: int) -> None:
    """Raises `Refused` where `most` wait already."""

    def with_it(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(requests) >= most:
            raise Refused(
                f"Đã có {most} đề nghị đang chờ; hãy giải quyết bớt trước",
                f"{most} requests wait already; decide about some of them first",
            )
        return [*requests, request]

    await _change(desk, place, with_it)


async def take(desk: Desk, place: str, wanted: str, shown_by: str) -> None:
    """Whoever takes a request decides about it, and nobody else any more. Raises `Refused` where it is gone."""

    def without_it(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        left = [each for each in requests if each["id"] != wanted]
        if len(left) == len(requests):
            raise gone(wanted, shown_by)
        return left

    await _change(desk, place, without_it)


async def found(desk: Desk, place: str, wanted: Any, shown_by: str) -> dict[str, Any]:
    for each in await waiting(desk, place):
        if each["id"] == str(wanted):
            return each
    raise gone(wanted, shown_by)


def gone(wanted: Any, shown_by: str) -> Refused:
    return Refused(
        f"Không có đề nghị {wanted} đang chờ; xem bằng `{shown_by}`",
        f"no request {wanted} waits; `{shown_by}` shows those that do",
    )


async def _change(desk: Desk, place: str, work: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Two people who ask in the same moment, at two workers, are both heard."""
    while True:
        was = await desk.store.meta.get(place)
        if await desk.store.meta.swap(place, was, work(list(was or []))):
            return


def person_of(typed_by: str, named: Any) -> str:
    return str(named or "").strip() or typed_by


def two_people(first: str, second: str) -> None:
    if same_person(first, "") or same_person(second, "") or same_person(first, second):
        raise Refused("Người đề nghị và người phê duyệt phải là hai người", "two different people must ask and approve")


# -- security levels ---------------------------------------------------------------------------------------------------


async def compliance_show(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Who stands how on a day: the register's systems and the callers of this bus. None where nothing is registered."""
    del by
    on = day_of(arguments.get("on")) or desk.runtime.clock.now().astimezone(HANOI).date()
    register = from_records(await desk.store.meta.get(REGISTER) or ())
    connected = [desk.policy.level_of(system) for system in sorted(desk.ledger.all())]
    return preview(register, desk.policy.consumers(), on, connected).as_dict()


async def compliance_import(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The province's register, whole. A caller of the same id takes its approval over, or loses it."""
    try:
        register = from_records(arguments["register"])
    except RegisterError as error:
        raise Refused(*error.both) from error
    changed = [_approved(known, each) for each in register if (known := desk.policy.consumer(each.id)) is not None]
    changed = [each for each in changed if each != desk.policy.consumer(each.id)]
    facts = {"systems": len(register), "consumers": [each.id for each in changed]}
    await desk.audit.note("security-register", by, **facts)
    await desk.store.meta.put(REGISTER, [as_record(each) for each in register])
    for each in changed:
        await desk.policy.put_consumer(each)
    return facts


def _approved(consumer: Consumer, approval: Approval) -> Consumer:
    return replace(
        consumer,
        security_level=approval.level if approval.approved else None,
        security_since=approval.approved,
        security_expires=approval.expires,
        security_decision=approval.decision,
        anti_malware=approval.anti_malware,
    )


# -- what actions share ------------------------------------------------------------------------------------------------


def consumer_of(policy: Policy, name: Any) -> Consumer:
    consumer = policy.consumer(str(name))
    if consumer is None:
        raise Refused(
            f"Không có hệ thống khai thác {name}; xem bằng `lgsp consumer list`",
            f"no consumer {name}; `lgsp consumer list` shows them",
        )
    return consumer


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def day_of(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError as error:
        raise Refused("Ngày viết 2026-12-31", "a day is written 2026-12-31") from error


DECISIONS: Mapping[str, Callable[[Desk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "compliance.show": compliance_show,
        "compliance.import": compliance_import,
    }
)
