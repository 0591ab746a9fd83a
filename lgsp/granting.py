"""Grants by two people: asked for, approved, refused, explained; and what one may say: a call that exists, fields of its answer,
purposes, days in their order.

One grant stands for a consumer and an operation: a new one takes the place of the one before, and the answer says of which.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from lgsp.decisions import Desk, Refused, consumer_of, day_of, found, iso, leave, person_of, take, two_people, waiting
from lgsp.explain import explain
from lgsp.gate import stands
from lgsp.identifiers import parse_procedure_code
from lgsp.manifest.fields import has_field
from lgsp.model import Grant
from lgsp.registry import Operation

_REQUESTS = "grant-requests"
_SHOWN_BY = "lgsp grant requests"
_OPEN = 1000
"""Requests that wait for their second person; more are refused."""


async def grant_ask(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A request, which is no grant yet."""
    grant, person = grant_of(desk, arguments), person_of(by, arguments.get("by"))
    request = {
        "id": desk.runtime.ids.new()[-12:].lower(),
        "by": person,
        "at": desk.runtime.clock.now().isoformat(),
        "grant": grant_shown(grant),
    }
    await desk.audit.note("grant-asked", by, request=request["id"], asked_by=person, **grant_shown(grant))
    await leave(desk, _REQUESTS, request, _OPEN)
    return {**request, "replaces": _replaced(desk, grant)}


async def grant_requests(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return await waiting(desk, _REQUESTS)


async def grant_approve(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The second person makes it a grant. The first one cannot."""
    request = await found(desk, _REQUESTS, arguments["request"], _SHOWN_BY)
    person = person_of(by, arguments.get("by"))
    two_people(request["by"], person)
    grant = grant_of(desk, request["grant"])
    await take(desk, _REQUESTS, request["id"], _SHOWN_BY)
    try:
        shown = await _put(desk, by, grant, asked_by=request["by"], approved_by=person, request=request["id"])
    except BaseException:
        await leave(desk, _REQUESTS, request, _OPEN + 1)  # nothing was granted, so it waits still
        raise
    return {**shown, "asked_by": request["by"], "approved_by": person}


async def grant_reject(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Anybody may say no, who asked too."""
    request = await found(desk, _REQUESTS, arguments["request"], _SHOWN_BY)
    person = person_of(by, arguments.get("by"))
    facts = {"request": request["id"], "asked_by": request["by"], "rejected_by": person}
    await take(desk, _REQUESTS, request["id"], _SHOWN_BY)
    await desk.audit.note("grant-rejected", by, **facts)
    return facts


async def grant_add(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A decision that stands on paper already, entered at once: `by` asked for it, `approved_by` approved it."""
    grant = grant_of(desk, arguments)
    asked, approved = str(arguments.get("by") or ""), str(arguments.get("approved_by") or "")
    two_people(asked, approved)
    return await _put(desk, by, grant, asked_by=asked, approved_by=approved)


async def grant_list(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by
    wanted = arguments.get("consumer")
    consumers = [consumer_of(desk.policy, wanted)] if wanted else desk.policy.consumers()
    return [grant_shown(grant) for each in consumers for grant in desk.policy.grants_of(each.id)]


async def grant_remove(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Taken away first, then noted: what must end does not wait for evidence."""
    which = (str(arguments["consumer"]), str(arguments["system"]), str(arguments["operation"]))
    if not await desk.policy.delete_grant(*which):
        raise Refused(
            f"{which[0]} không có quyền {which[1]} {which[2]}", f"{which[0]} has no grant for {which[1]} {which[2]}"
        )
    facts = dict(zip(("consumer", "system", "operation"), which, strict=True))
    await desk.audit.note("grant-removed", by, **facts)
    return facts


async def grant_explain(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Why a call would be allowed or refused today, in the order in which the bus asks."""
    del by
    system, operation = str(arguments["system"]), str(arguments["operation"])
    connector = desk.registry.connector(system) if desk.registry is not None else None
    offered = connector is None or any(operation in each.operations for each in connector.versions())
    return explain(
        desk.policy,
        desk.ledger,
        str(arguments["consumer"]),
        system,
        operation,
        purpose=arguments.get("purpose"),
        case=arguments.get("case"),
        native=bool(arguments.get("native")),
        exists=offered or operation == "*",
    ).as_dict()


async def _put(desk: Desk, typed_by: str, grant: Grant, **people: str) -> dict[str, Any]:
    """Evidence first: a grant that nobody can account for must not stand."""
    before = _replaced(desk, grant)
    await desk.audit.note("grant-added", typed_by, **grant_shown(grant), **people, replaces=before)
    await desk.policy.put_grant(grant)
    return {**grant_shown(grant), "replaces": before, "stands": stands(grant, desk.policy.today())}


# -- what it may say -----------------------------------------------------------------------------------------------------


def grant_of(desk: Desk, arguments: Mapping[str, Any]) -> Grant:
    """The grant that these arguments describe. Raises `Refused`, which says what is wrong with them."""
    system, operation = str(arguments["system"]), str(arguments["operation"])
    fields, purposes = _listed(arguments, "fields"), _listed(arguments, "purposes")
    begins, ends = day_of(arguments.get("valid_from")), day_of(arguments.get("valid_to"))
    basis = str(arguments.get("legal_basis") or "").strip()
    if not basis:
        raise Refused(
            "Quyền phải dựa trên quyết định hoặc văn bản: hãy nêu căn cứ",
            "a grant rests on a decision or a law: name it",
        )
    if wrong := [each for each in purposes or () if parse_procedure_code(each) is None]:
        raise Refused(
            f"Mã thủ tục không đúng dạng: {wrong[0]}", f"{wrong[0]} is no code of a procedure, as 1.001193 is"
        )
    if begins is not None and ends is not None and ends < begins:
        raise Refused("Ngày cuối đứng trước ngày đầu", "the last day is before the first")
    consumer = consumer_of(desk.policy, arguments["consumer"]).id
    _check_fields(_called(desk, system, operation), fields or ())
    return Grant(
        consumer=consumer,
        system=system,
        operation=operation,
        fields=fields,
        purposes=purposes,
        legal_basis=basis,
        admits_trial=bool(arguments.get("admits_trial")),
        valid_from=begins,
        valid_to=ends,
        quota_per_minute=arguments.get("quota_per_minute"),
        needs_case=bool(arguments.get("needs_case")),
    )


def _replaced(desk: Desk, grant: Grant) -> dict[str, Any] | None:
    """The grant for the same call that this one takes the place of."""
    place = (grant.system, grant.operation)
    same = (each for each in desk.policy.grants_of(grant.consumer) if (each.system, each.operation) == place)
    return next(map(grant_shown, same), None)


def grant_shown(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), "valid_from": iso(grant.valid_from), "valid_to": iso(grant.valid_to)}


def _listed(arguments: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """None where nothing is named, which is no limit."""
    named = tuple(dict.fromkeys(str(each).strip() for each in arguments.get(name) or ()))
    if not all(named):
        raise Refused("Tên trống: không giới hạn thì đừng nêu", "an empty name: what sets no limit is left out")
    return named or None


def _called(desk: Desk, system: str, operation: str) -> list[Operation]:
    """What the grant opens, of all versions that are served. A name that nobody knows would be a grant for nothing."""
    if system == "*":
        if operation != "*":
            raise Refused(
                "Quyền cho mọi hệ thống là quyền cho mọi chức năng: hãy nêu hệ thống",
                "a grant for every system is one for every operation: name the system",
            )
        return []
    known = desk.ledger.all()
    if known and system not in known:
        raise Refused(
            f"Không có hệ thống {system}; xem bằng `lgsp status`", f"no system {system}; `lgsp status` shows them"
        )
    if desk.registry is None or (connector := desk.registry.connectors.get(system)) is None:
        return []
    opened = [each for version in connector.versions() for each in version.operations.values()]
    if operation != "*":
        opened = [each for each in opened if each.name == operation]
        if not opened:
            raise Refused(
                f"{system} không có chức năng {operation}; xem ở /docs",
                f"{system} has no operation {operation}; /docs shows them",
            )
    return opened


def _check_fields(operations: Iterable[Operation], fields: tuple[str, ...]) -> None:
    schemas = [each.public.output.json_schema() for each in operations] if fields else []
    for each in fields if schemas else ():
        if not all(each.split(".")) or not any(has_field(schema, each) for schema in schemas):
            raise Refused(
                f"Kết quả không có trường {each}; tên viết có dấu chấm, ví dụ hoSo.nksHoTen",
                f"the answer has no field {each}; names are dotted, hoSo.nksHoTen for example",
            )


GRANTS: Mapping[str, Callable[[Desk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "grant.list": grant_list,
        "grant.ask": grant_ask,
        "grant.requests": grant_requests,
        "grant.approve": grant_approve,
        "grant.reject": grant_reject,
        "grant.add": grant_add,
        "grant.remove": grant_remove,
        "grant.explain": grant_explain,
    }
)
