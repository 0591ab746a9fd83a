"""A new agency system by two people: one asks, a second one admits it, and its keys are shown once, to the second."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from lgsp.decisions import Desk, Refused, found, leave, take, two_people, waiting
from lgsp.model import Consumer, Text

_REQUESTS = "consumer-requests"
_SHOWN_BY = "lgsp consumer requests"
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_OPEN = 200
"""Requests that wait for their second person; more are refused."""


async def consumer_ask(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A request: there is no such caller yet. `basis` is the agency's paper."""
    request: dict[str, Any] = {
        "id": desk.runtime.ids.new()[-12:].lower(),
        "by": by,
        "at": desk.runtime.clock.now().isoformat(),
        "consumer": _text(arguments, "consumer", 63),
        "name": _text(arguments, "name", 200),
        "agency": _text(arguments, "agency", 60),
        "basis": _text(arguments, "basis", 300),
        "admits_trial": bool(arguments.get("admits_trial")),
    }
    requests = await waiting(desk, _REQUESTS)
    if not request["name"] or not request["basis"]:
        raise Refused("Cần tên và căn cứ", "a caller has a name and a paper that it rests on")
    if any(each["consumer"] == request["consumer"] for each in requests) or desk.policy.consumer(request["consumer"]):
        raise Refused("Mã này đã có", f"{request['consumer']} exists or is asked for already")
    if not _ID.fullmatch(request["consumer"]):
        raise Refused("Mã chỉ gồm a-z, 0-9, dấu chấm, gạch nối", "an id is a-z, 0-9, dot and hyphen, at most 63")
    await desk.audit.note(
        "consumer-asked", by, request=request["id"], consumer=request["consumer"], basis=request["basis"]
    )
    await leave(desk, _REQUESTS, request, _OPEN)
    return request


async def consumer_requests(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return await waiting(desk, _REQUESTS)


async def consumer_admit(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The only answer that ever carries these secrets. Evidence first: no caller stands that nobody can account for."""
    request = await found(desk, _REQUESTS, arguments["request"], _SHOWN_BY)
    two_people(request["by"], by)
    name = request["consumer"]
    consumer = Consumer(
        id=name, name=Text(request["name"], request["name"]), agency=request["agency"],
        admits_trial=request["admits_trial"],
    )  # fmt: skip
    facts = {"consumer": name, "request": request["id"], "asked_by": request["by"], "basis": request["basis"]}
    await take(desk, _REQUESTS, request["id"], _SHOWN_BY)
    try:
        await desk.audit.note("consumer-added", by, **facts)
        secrets = await desk.policy.create_consumer(consumer)
    except ValueError as error:
        raise Refused("Mã không hợp lệ hoặc đã có", str(error)) from error
    except BaseException:
        await leave(desk, _REQUESTS, request, _OPEN + 1)  # nobody was admitted, so it waits still
        raise
    return {
        "id": name, "asked_by": request["by"], "client_id": secrets.client_id, "client_secret": secrets.client_secret,
        "api_key": secrets.api_key,
    }  # fmt: skip


async def consumer_decline(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Anybody may say no, who asked too."""
    request = await found(desk, _REQUESTS, arguments["request"], _SHOWN_BY)
    facts = {"consumer": request["consumer"], "request": request["id"], "asked_by": request["by"]}
    await take(desk, _REQUESTS, request["id"], _SHOWN_BY)
    await desk.audit.note("consumer-declined", by, **facts)
    return facts


def _text(arguments: Mapping[str, Any], name: str, longest: int) -> str:
    return str(arguments.get(name) or "").strip()[:longest]


ADMISSION: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "consumer.ask": consumer_ask,
        "consumer.requests": consumer_requests,
        "consumer.admit": consumer_admit,
        "consumer.decline": consumer_decline,
    }
)
