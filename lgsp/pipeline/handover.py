"""A call that a ministry makes to the province: proved, understood, kept for whom it concerns, then answered.

The roles are exchanged, the steps are the same; these two stand where `Authenticate` and `Call` stand for agencies.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from lgsp.adapters import rest, soap
from lgsp.errors import BusFault, LgspError, RecordNotFound, Unauthenticated
from lgsp.exchange import Exchange, Handler
from lgsp.mapping import Context, Received
from lgsp.model import SYSTEM_CALLS, Consumer, Data, HttpResponse, Kind
from lgsp.pipeline.authenticate import missing
from lgsp.pipeline.decode import OFFLOAD_FROM, Read
from lgsp.policy import Policy
from lgsp.registry import BackendRoute, Connector, InboundOperation
from lgsp.runtime import Runtime
from lgsp.submissions import Arrival, Inbox


class AuthenticateMinistry:
    """`keys`: API key by system. With authenticate = "message" the mapping proves the message itself, by its checksum."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = keys

    async def __call__(self, exchange: Exchange, handler: Handler) -> Data:
        called, connector = inbound_of(exchange)
        if called.authenticate == "credential":
            key, given = self._keys.get(connector.name, ""), exchange.header("x-api-key") or ""
            if not key or not hmac.compare_digest(key.encode(), given.encode()):
                raise Unauthenticated(missing())
        exchange.consumer = Consumer(id=f"{SYSTEM_CALLS}{connector.name}", name=connector.title)
        return await handler(exchange)


class Owners(Protocol):
    """What is asked of the submissions."""

    async def owner(self, system: str, key: str) -> str | None:
        """The consumer that has submitted something about this business record."""


@dataclass(slots=True)
class HandOver:
    """The innermost handler of a ministry's call. What it brings is durable before the ministry hears that it was taken."""

    inbox: Inbox
    policy: Policy
    runtime: Runtime
    context: Callable[[Exchange, Connector, BackendRoute], Context]
    submissions: Owners

    async def __call__(self, exchange: Exchange) -> Data:
        called, connector = inbound_of(exchange)
        read: Read | None = exchange.face_state.pop("read", None)
        if read is not None:
            exchange.request = replace(exchange.request, body=await read(exchange))
        if len(exchange.request.body) > OFFLOAD_FROM:
            data = await self.runtime.offload(lambda: _decoded(called, exchange))
        else:
            data = _decoded(called, exchange)
        exchange.data = data
        received = self._received(called, connector, exchange, data)
        arrivals = [
            Arrival(consumer, connector.name, called.name, received.key, received.data)
            for consumer in await self._concerned(connector, called, received, data)
        ]
        if not arrivals:  # acknowledged it would be lost
            raise RecordNotFound()
        await self.inbox.put_all(arrivals)
        exchange.reply = _encoded(called, exchange, received.reply)
        return received.reply

    def _received(self, called: InboundOperation, connector: Connector, exchange: Exchange, data: Data) -> Received:
        """Without a mapping's `receive` the message is handed on as it came, under the manifest's key."""
        receive = getattr(connector.mapping, "receive", None)
        if receive is None:
            return Received(None, str(data.get(called.key, "")), data, {})
        found: Received = receive(called.name, data, self._context(exchange, connector))
        return found

    async def _concerned(
        self, connector: Connector, called: InboundOperation, received: Received, data: Data
    ) -> list[str]:
        """Whom the mapping names, else who submitted the record, else every consumer that may update this system itself."""
        record = str(data.get(called.key, ""))
        named = received.consumer or await self.submissions.owner(connector.name, record)
        if named is not None and self.policy.consumer(named) is not None:
            return [named]
        updates = [name for name, each in connector.operations.items() if each.kind is Kind.UPDATE]
        return [consumer.id for consumer in self.policy.readers(connector.name, updates or [called.name])]

    def refusal(self, exchange: Exchange, error: LgspError) -> HttpResponse | None:
        """What the ministry is told in its own dialect; None where the mapping gives no words for it."""
        called, connector = inbound_of(exchange)
        refuse = getattr(connector.mapping, "refuse", None)
        if refuse is None:
            return None
        said: Data = refuse(called.name, exchange.data or {}, error, self._context(exchange, connector))
        return _encoded(called, exchange, said)

    def _context(self, exchange: Exchange, connector: Connector) -> Context:
        if exchange.route is None:
            raise BusFault()
        return self.context(exchange, connector, exchange.route)


def inbound_of(exchange: Exchange) -> tuple[InboundOperation, Connector]:
    """What `Identify` has found of a ministry's call."""
    called: InboundOperation | None = exchange.face_state.get("inbound")
    if called is None or exchange.connector is None:
        raise BusFault()
    return called, exchange.connector


def _decoded(called: InboundOperation, exchange: Exchange) -> Data:
    if called.backend.adapter == "soap":
        envelope = soap.decode_request(called.backend.contract, exchange.request)
        exchange.face_state["version"] = envelope.version
        return envelope.data
    return rest.decode_request(called.operation, exchange.request)


def _encoded(called: InboundOperation, exchange: Exchange, data: Data) -> HttpResponse:
    if called.backend.adapter == "soap":
        return soap.encode_response(called.operation, data, exchange.face_state.get("version", "1.1"))
    return rest.encode_response(called.operation, data)
