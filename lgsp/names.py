"""Whom a connection may lead to: names are resolved, what they resolve to is looked at, then a socket is opened (RULES 21)."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any, cast

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

POOL = 256
"""Connections to one system; its slots are fewer, so nothing ever waits here."""
_AT_ONCE = 64 * 1024
"""Bytes of one backend connection that the kernel holds for us; on a long way that is still some megabytes a second."""


def connector(resolver: AbstractResolver | None, *, once: bool = False) -> aiohttp.TCPConnector:
    """A pool of its own with its own cache of names; `resolver` instead of the machine's. `once`: no connection is used again."""
    kept: dict[str, Any] = {"force_close": True} if once else {"keepalive_timeout": 15}
    return aiohttp.TCPConnector(
        limit=POOL, ttl_dns_cache=30, resolver=checked(resolver), socket_factory=_narrow, **kept
    )


def checked(inner: AbstractResolver | None) -> AbstractResolver:
    return cast(AbstractResolver, CheckedResolver(inner or aiohttp.DefaultResolver()))


class AddressRefused(OSError):
    """A registered name that resolves to this machine, its neighbours or to nobody: somebody has bent the name (RULES 21)."""


class CheckedResolver:
    """What a name resolves to is looked at before anything connects to it, each time. An upstream on this very machine is
    registered as `localhost` or by its address, then nothing is resolved."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        checked_addresses(host, [each["host"] for each in found])
        return found

    async def close(self) -> None:
        await self._inner.close()


def checked_addresses(host: str, addresses: list[str]) -> list[str]:
    """The same ones. Raises `AddressRefused`: one bent address among good ones is bent enough. An upstream on this very
    machine may be registered by its address."""
    local = host.rstrip(".").lower() == "localhost" or addresses == [host.strip("[]")]
    if any(_refused(each, local=local) for each in addresses):
        raise AddressRefused
    return addresses


def _narrow(address: AddrInfoType) -> socket.socket:
    """What arrives at once is parsed at once: a quarter of a megabyte of interim answers would hold the loop for a second."""
    family, kind, protocol, *_ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AT_ONCE)
    return made


def _refused(address: str, *, local: bool) -> bool:
    found = ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return not local
    return (
        found.is_link_local or found.is_unspecified or found.is_multicast or (found.is_reserved and found.version == 4)
    )
