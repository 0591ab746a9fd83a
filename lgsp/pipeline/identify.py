"""Identify: system, operation and backend of an exchange, from what its face has read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lgsp.errors import UnknownOperation
from lgsp.exchange import Deadline as Moment
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, Face, HttpRequest
from lgsp.pipeline.deadline import within
from lgsp.pipeline.dialect import find
from lgsp.registry import BackendRoute, Connector, Operation, Registry
from lgsp.runtime import Runtime

INBOUND_SECONDS = 10.0


class Identify:
    """Raises `UnknownOperation`: the registry is no secret. `era` is the province's, it chooses among backends."""

    def __init__(self, registry_of: Callable[[], Registry], runtime: Runtime, era: Callable[[], str] = str) -> None:
        self._registry_of, self._runtime, self._era = registry_of, runtime, era

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        registry = self._registry_of()
        if exchange.face is Face.NATIVE:
            return self._native(registry, exchange, handler)
        connector = registry.connector(exchange.system or "")
        name = exchange.operation_name or ""
        if connector is None:
            raise UnknownOperation()
        if exchange.face is Face.INBOUND:
            self._inbound(exchange, connector, name)
            return handler(exchange)
        connector = connector.at(exchange.version)
        operation = connector.operations.get(name) if connector is not None else None
        if connector is None or operation is None:
            raise UnknownOperation()
        resolve(exchange, connector, operation, operation.route(self._era()))
        return handler(exchange)

    async def _native(self, registry: Registry, exchange: Exchange, handler: Handler) -> Data:
        entry = await find(registry, exchange.request, self._runtime)
        exchange.system, exchange.operation_name = entry.connector.name, entry.operation.name
        exchange.version = entry.connector.version
        resolve(exchange, entry.connector, entry.operation, entry.route)
        return await handler(exchange)

    def _inbound(self, exchange: Exchange, connector: Connector, name: str) -> None:
        called = connector.inbound.get(name)
        if called is None:
            raise UnknownOperation()
        exchange.connector = connector
        exchange.route = BackendRoute(called.backend, called.operation)
        exchange.face_state["inbound"] = called
        exchange.deadline = Moment(exchange.started + within(INBOUND_SECONDS, exchange.wanted_timeout))


def resolve(exchange: Exchange, connector: Connector, operation: Operation, route: BackendRoute) -> None:
    """Fill what is known once the operation is: its objects, and the deadline narrowed to its limit."""
    exchange.connector, exchange.operation, exchange.route = connector, operation, route
    exchange.deadline = Moment(exchange.started + within(operation.timeout, exchange.wanted_timeout))


def internal(
    runtime: Runtime, connector: Connector, operation: Operation, data: Data, era: str, **slots: Any
) -> Exchange:
    """An exchange of the bus itself (probe, delivery, settlement, collector), ready for the steps below `Deposit`."""
    name = runtime.ids.new()
    exchange = Exchange(**{
        "id": name, "face": Face.INTERNAL, "request": HttpRequest("POST", ""), "received": runtime.clock.now(),
        "started": runtime.clock.monotonic(), "correlation_id": name, "system": connector.name,
        "operation_name": operation.name, "version": connector.version, "data": data, **slots,
    })  # fmt: skip
    resolve(exchange, connector, operation, operation.route(era))
    return exchange
