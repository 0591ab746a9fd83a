"""What a consumer reads of the bus itself: its submissions, its inbox, and what it may call."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from lgsp.adapters.rest import JSON
from lgsp.endpoints.house import House, Route
from lgsp.errors import InvalidMessage, UnknownOperation
from lgsp.model import Consumer, FieldError
from lgsp.registry import Connector

CONSUMER = web.RequestKey("consumer", Consumer)
"""Who has signed in at the door; set before a handler with access "consumer" runs."""
_PAGE = 100


def routes(house: House) -> list[Route]:
    async def systems(request: web.Request) -> web.StreamResponse:
        consumer = request[CONSUMER]
        return _json([_system(house, consumer, each) for each in house.registry.connectors.values()])

    async def submission(request: web.Request) -> web.StreamResponse:
        found = await house.submissions_of(request[CONSUMER]).get(request.match_info["id"], request[CONSUMER].id)
        if found is None:
            raise UnknownOperation()
        return _json(found.view())

    async def inbox(request: web.Request) -> web.StreamResponse:
        cursor = request.query.get("cursor")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise InvalidMessage(errors=(FieldError("", "query cursor"),))
        page = await house.inbox_of(request[CONSUMER]).page(
            request[CONSUMER].id, cursor, _limit(request.query.get("limit", ""))
        )
        return _json(page.view())

    async def acknowledge(request: web.Request) -> web.StreamResponse:
        if not await house.inbox_of(request[CONSUMER]).acknowledge(request[CONSUMER].id, request.match_info["id"]):
            raise UnknownOperation()
        return web.Response(status=204)

    return [
        Route("GET", "/api/systems", "consumer", systems),
        Route("GET", "/submissions/{id}", "consumer", submission),
        Route("GET", "/inbox", "consumer", inbox),
        Route("DELETE", "/inbox/{id}", "consumer", acknowledge),
    ]


def _limit(asked: str) -> int:
    if not asked:
        return _PAGE
    if not (asked.isascii() and asked.isdigit() and 0 < int(asked[:6]) <= _PAGE):
        raise InvalidMessage(errors=(FieldError("", f"query limit: 1 to {_PAGE}"),))
    return int(asked)


def _system(house: House, consumer: Consumer, connector: Connector) -> dict[str, Any]:
    entry = house.ledger.stage(connector.name)
    return {
        "id": connector.name,
        "title": connector.title.as_dict(),
        "owner": connector.owner.as_dict(),
        "version": connector.version,
        "stage": entry.stage.value if entry else "planned",
        "health": house.health.system(connector.name).health.value,
        "operations": [_operation(house, consumer, connector, name) for name in connector.operations],
        "versions": [_version(house, consumer, each) for each in connector.versions()],
    }


def _version(house: House, consumer: Consumer, connector: Connector) -> dict[str, Any]:
    """A major version that is served; an older one with its own operations and until when it is promised."""
    notice = connector.notice
    if notice is None:
        return {"version": connector.version}
    return {
        "version": connector.version,
        "deprecated": notice.deprecated.isoformat(),
        "sunset": notice.sunset.isoformat() if notice.sunset else None,
        "successor": notice.successor,
        "operations": [_operation(house, consumer, connector, name) for name in connector.operations],
    }


def _operation(house: House, consumer: Consumer, connector: Connector, name: str) -> dict[str, Any]:
    operation = connector.operations[name]
    grant = house.policy.grant_for(consumer, connector.name, name)
    row: dict[str, Any] = {
        "name": name,
        "title": operation.public.title.as_dict(),
        "kind": operation.kind.value,
        "personal": operation.personal,
        "granted": grant is not None,
        "limits": {"timeout": operation.timeout, "max_body": operation.max_body},
    }
    if grant is not None:
        limit = grant.quota_per_minute if grant.quota_per_minute is not None else house.policy.quota_per_minute
        row["limits"]["per_minute"] = limit
        row["fields"] = grant.fields
        row["purposes"] = grant.purposes
        row["needs_case"] = grant.needs_case
    return row


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type=JSON)
