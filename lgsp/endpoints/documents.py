"""Documents of contracts, made once for each registry and away from the loop: a large one takes longer than a loop may stand.

Everybody may read them. So a large one leaves in pieces that all its readers share, and what one of them costs who reads
slowly, or not at all, is his address.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from lgsp import contract as contracts
from lgsp.endpoints.house import House
from lgsp.endpoints.openapi import dressed, merged
from lgsp.model import Spooled
from lgsp.registry import Connector, Registry

_PIECE = 64 * 1024
_NOWHERE = "http://dia-chi.invalid"
"""Địa chỉ, "address": stands in what is kept, and becomes the address by which the reader came."""

Body = bytes | Spooled
"""Small ones whole."""


@dataclass(slots=True)
class Documents:
    """What is kept belongs to one registry and goes with it; there are as many as contracts have documents."""

    house: House
    _registry: Registry | None = None
    _kept: dict[tuple[str, ...], tuple[bytes | None, ...]] = dataclasses.field(default_factory=dict)

    async def openapi(self, connector: Connector, address: str) -> Body:
        """Of one version of one system."""

        def make() -> bytes:
            server = f"{_NOWHERE}/api/{connector.name}/{connector.version}"
            return msgspec.json.encode(dressed(contracts.openapi(connector.public, server), connector))

        return await self._at(address, ("openapi", connector.name, connector.version), make)

    async def everything(self, address: str) -> Body:
        def make() -> bytes:
            return msgspec.json.encode(merged(self.house.registry.connectors.values(), _NOWHERE))

        return await self._at(address, ("openapi",), make)

    async def wsdl(self, connector: Connector, address: str, path: str) -> Body:
        key = ("wsdl", connector.name, connector.version)
        return await self._at(address, key, lambda: contracts.wsdl(connector.public, _NOWHERE + path))

    async def xsd(self, connector: Connector, name: str, address: str, path: str) -> Body:
        """Raises `KeyError` for a name that the contract has not."""
        key = ("xsd", connector.name, connector.version, name)
        return await self._at(address, key, lambda: contracts.xsd(connector.public, name, _NOWHERE + path))

    async def _at(self, address: str, key: tuple[str, ...], make: Callable[[], bytes]) -> Body:
        registry = self.house.registry
        if self._registry is not registry:
            self._registry, self._kept = registry, {}
        kept = self._kept
        if key not in kept:
            kept[key] = await self.house.runtime.offload(lambda: _pieces(make()))
        here = address.encode()
        pieces = tuple(here if piece is None else piece for piece in kept[key])
        size = sum(map(len, pieces))
        return b"".join(pieces) if size <= _PIECE else Spooled(pieces, size)


def _pieces(document: bytes) -> tuple[bytes | None, ...]:
    """None: the address."""
    found: list[bytes | None] = []
    for part in document.split(_NOWHERE.encode()):
        found += [part[place : place + _PIECE] for place in range(0, len(part), _PIECE)]
        found.append(None)
    return tuple(found[:-1])
