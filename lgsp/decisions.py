"""Decisions that two people make or that a register brings: grants asked for and approved, security levels imported.

Carried out like every action of the office (`office.py`): a name and plain arguments, one entry of evidence each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.compliance import Approval, RegisterError, as_record, from_records, preview
from lgsp.errors import Told
from lgsp.explain import explain
from lgsp.identifiers import parse_procedure_code
from lgsp.lifecycle import Ledger
from lgsp.model import Consumer, Grant
from lgsp.policy import Policy
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store

REGISTER = "security-register"
_REQUESTS = "grant-requests"
_OPEN = 1000
"""Requests that wait for their second person; more are refused."""


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


# -- grants by two people ----------------------------------------------------------------------------------------------


async def grant_ask(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A request, which is no grant yet."""
    grant, person = _grant(desk.policy, arguments), person_of(by, arguments.get("by"))
    requests = await _requests(desk)
    if len(requests) >= _OPEN:
        raise Refused(
            f"Đã có {_OPEN} đề nghị đang chờ; hãy giải quyết bớt trước",
            f"{_OPEN} requests wait already; decide about some of them first",
        )
    request = {
        "id": desk.runtime.ids.new()[-12:].lower(),
        "by": person,
        "at": desk.runtime.clock.now().isoformat(),
        "grant": grant_shown(grant),
    }
    await desk.audit.note("grant-asked", by, request=request["id"], asked_by=person, **grant_shown(grant))
    await desk.store.meta.put(_REQUESTS, [*requests, request])
    return request


async def grant_requests(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return await _requests(desk)


async def grant_approve(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The second person makes it a grant. The first one cannot."""
    request, person = await _request(desk, arguments["request"]), person_of(by, arguments.get("by"))
    two_people(request["by"], person)
    grant = _grant(desk.policy, request["grant"])
    await _put(desk, by, grant, asked_by=request["by"], approved_by=person, request=request["id"])
    await _forget(desk, request["id"])
    return {**grant_shown(grant), "asked_by": request["by"], "approved_by": person}


async def grant_reject(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Anybody may say no, who asked too."""
    request, person = await _request(desk, arguments["request"]), person_of(by, arguments.get("by"))
    facts = {"request": request["id"], "asked_by": request["by"], "rejected_by": person}
    await desk.audit.note("grant-rejected", by, **facts)
    await _forget(desk, request["id"])
    return facts


async def grant_add(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A decision that stands on paper already, entered at once: `by` asked for it, `approved_by` approved it."""
    grant = _grant(desk.policy, arguments)
    asked, approved = str(arguments.get("by") or ""), str(arguments.get("approved_by") or "")
    two_people(asked, approved)
    await _put(desk, by, grant, asked_by=asked, approved_by=approved)
    return grant_shown(grant)


async def grant_explain(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Why a call would be allowed or refused today, in the order in which the bus asks."""
    del by
    return explain(
        desk.policy,
        desk.ledger,
        str(arguments["consumer"]),
        str(arguments["system"]),
        str(arguments["operation"]),
        purpose=arguments.get("purpose"),
        case=arguments.get("case"),
        native=bool(arguments.get("native")),
    ).as_dict()


async def _put(desk: Desk, typed_by: str, grant: Grant, **people: str) -> None:
    """Evidence first: a grant that nobody can account for must not stand."""
    await desk.audit.note("grant-added", typed_by, **grant_shown(grant), **people)
    await desk.policy.put_grant(grant)


async def _requests(desk: Desk) -> list[dict[str, Any]]:
    return list(await desk.store.meta.get(_REQUESTS) or [])


async def _request(desk: Desk, wanted: Any) -> dict[str, Any]:
    for each in await _requests(desk):
        if each["id"] == str(wanted):
            return each
    raise Refused(
        f"Không có đề nghị {wanted} đang chờ; xem bằng `lgsp grant requests`",
        f"no request {wanted} waits; `lgsp grant requests` shows those that do",
    )


async def _forget(desk: Desk, request: str) -> None:
    await desk.store.meta.put(_REQUESTS, [each for each in await _requests(desk) if each["id"] != request])


def person_of(typed_by: str, named: Any) -> str:
    return str(named or "").strip() or typed_by


def two_people(first: str, second: str) -> None:
    if not first.strip() or not second.strip() or first.strip().casefold() == second.strip().casefold():
        raise Refused("Người đề nghị và người phê duyệt phải là hai người", "two different people must ask and approve")


def _grant(policy: Policy, arguments: Mapping[str, Any]) -> Grant:
    fields, purposes = arguments.get("fields"), arguments.get("purposes")
    if not str(arguments.get("legal_basis") or "").strip():
        raise Refused(
            "Quyền phải dựa trên quyết định hoặc văn bản: hãy nêu căn cứ",
            "a grant rests on a decision or a law: name it",
        )
    if wrong := [each for each in purposes or () if parse_procedure_code(str(each)) is None]:
        raise Refused(
            f"Mã thủ tục không đúng dạng: {wrong[0]}", f"{wrong[0]} is no code of a procedure, as 1.001193 is"
        )
    return Grant(
        consumer=consumer_of(policy, arguments["consumer"]).id,
        system=str(arguments["system"]),
        operation=str(arguments["operation"]),
        fields=tuple(fields) if fields else None,
        purposes=tuple(purposes) if purposes else None,
        legal_basis=str(arguments["legal_basis"]),
        admits_trial=bool(arguments.get("admits_trial")),
        valid_from=day_of(arguments.get("valid_from")),
        valid_to=day_of(arguments.get("valid_to")),
        quota_per_minute=arguments.get("quota_per_minute"),
        needs_case=bool(arguments.get("needs_case")),
    )


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


def grant_shown(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), "valid_from": iso(grant.valid_from), "valid_to": iso(grant.valid_to)}


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def day_of(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError as error:
        raise Refused("Ngày viết 2026-12-31", "a day is written 2026-12-31") from error


DECISIONS: Mapping[str, Callable[[Desk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "grant.ask": grant_ask,
        "grant.requests": grant_requests,
        "grant.approve": grant_approve,
        "grant.reject": grant_reject,
        "grant.add": grant_add,
        "grant.explain": grant_explain,
        "compliance.show": compliance_show,
        "compliance.import": compliance_import,
    }
)
