"""Documents of contracts, made once for each registry and away from the loop: a large one takes longer than a loop may stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from lgsp import contract as contracts
from lgsp.endpoints.house import House
from lgsp.endpoints.openapi import dressed, merged
from lgsp.registry import Connector, Registry

_NOWHERE = "http://dia-chi.invalid"
"""Địa chỉ, "address": stands in what is kept, and becomes the address by which the reader came."""


@dataclass(slots=True)
class Documents:
    """What is kept belongs to one registry and goes with it; there are as many as contracts have documents."""

    house: House
    _registry: Registry | None = None
    _kept: dict[tuple[str, ...], bytes] = dataclasses.field(default_factory=dict)

    async def openapi(self, connector: Connector, address: str) -> bytes:
        """Of one version of one system."""

        def make() -> bytes:
            server = f"{_NOWHERE}/api/{connector.name}/{connector.version}"
            return msgspec.json.encode(dressed(contracts.openapi(connector.public, server), connector))

        return await self._at(address, ("openapi", connector.name, connector.version), make)

    async def everything(self, address: str) -> bytes:
        def make() -> bytes:
            return msgspec.json.encode(merged(self.house.registry.connectors.values(), _NOWHERE))

        return await self._at(address, ("openapi",), make)

    async def wsdl(self, connector: Connector, address: str, path: str) -> bytes:
        key = ("wsdl", connector.name, connector.version)
        return await self._at(address, key, lambda: contracts.wsdl(connector.public, _NOWHERE + path))

    async def xsd(self, connector: Connector, name: str, address: str, path: str) -> bytes:
        """Raises `KeyError` for a name that the contract has not."""
        key = ("xsd", connector.name, connector.version, name)
        return await self._at(address, key, lambda: contracts.xsd(connector.public, name, _NOWHERE + path))

    async def _at(self, address: str, key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
        registry = self.house.registry
        if self._registry is not registry:
            self._registry, self._kept = registry, {}
        kept = self._kept
        if key not in kept:
            kept[key] = await self.house.runtime.offload(make)
        return kept[key].replace(_NOWHERE.encode(), address.encode())
