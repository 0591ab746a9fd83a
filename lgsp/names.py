"""Whom a connection may lead to: names are resolved, what they resolve to is looked at, then a socket is opened (RULES 21)."""

from __future__ import annotations

import socket
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, cast

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from lgsp.runtime import Apart

POOL = 256
"""Connections to one system; its slots are fewer, so nothing ever waits here."""
_AT_ONCE = 64 * 1024
"""Bytes of one backend connection that the kernel holds for us; on a long way that is still some megabytes a second."""

_METADATA = frozenset({"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"})
"""Where clouds tell a machine its own secrets, besides the link-local address that all have."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
_LOOKUPS = 4
"""Look-ups of one system under way; a second one of the same name waits for the first anyway."""
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def connector(resolver: AbstractResolver | None, *, once: bool = False) -> aiohttp.TCPConnector:
    """A pool of its own with its own cache of names; `resolver` instead of the machine's. `once`: no connection is used again."""
    kept: dict[str, Any] = {"force_close": True} if once else {"keepalive_timeout": 15}
    return aiohttp.TCPConnector(
        limit=POOL, ttl_dns_cache=30, resolver=checked(resolver), socket_factory=_narrow, **kept
    )


def checked(inner: AbstractResolver | None) -> AbstractResolver:
    return cast(AbstractResolver, CheckedResolver(inner or MachineResolver()))


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host that no pool leads to, looked at as all are. Raises `OSError`."""
    found = await MachineResolver().resolve(host, port)
    return checked_addresses(host, [each["host"] for each in found])


class AddressRefused(OSError):
    """A registered name that resolves to this machine, its neighbours or to nobody: somebody has bent the name (RULES 21)."""


class MachineResolver:
    """The machine's own look-up. asyncio's has a handful of threads for everybody, and each is held for half a minute by
    a name whose server does not answer: a few such names, and no other system is found any more (RULES 9)."""

    def __init__(self) -> None:
        self._apart = Apart(_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            rows = await self._apart(
                partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
            )
        except UnicodeError as error:  # no name at all: a label that is empty or too long
            raise socket.gaierror(socket.EAI_NONAME, "no name") from error
        return [
            ResolveResult(hostname=host, host=_address(row[4]), port=port, family=row[0], proto=row[2], flags=_NUMERIC)
            for row in rows
        ]

    async def close(self) -> None:
        """Nothing is open."""


class CheckedResolver:
    """What a name resolves to is looked at before anything connects to it, each time. An upstream on this very machine is
    registered as `localhost` or by its address, then nothing is resolved."""

    def __init__(self, inner: AbstractResolver | MachineResolver) -> None:
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


def _address(found: tuple[Any, ...]) -> str:
    """With the interface where it is of one link only."""
    return f"{found[0]}%{found[3]}" if len(found) == 4 and found[3] else str(found[0])


def _refused(address: str, *, local: bool) -> bool:
    found = _meant(ip_address(address.partition("%")[0]))
    if found.is_loopback:
        return not local
    return (
        found.is_link_local or found.is_unspecified or found.is_multicast or (found.is_reserved and found.version == 4)
        or str(found) in _METADATA
    )  # fmt: skip


def _meant(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of the old kind that one of the new kind carries, where it does."""
    if isinstance(found, IPv4Address):
        return found
    if found in _TRANSLATED:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found
