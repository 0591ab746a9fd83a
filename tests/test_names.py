"""Whom a connection may lead to: what names resolve to, a pool for each system, and no more bytes at once than can be read."""

from __future__ import annotations

import socket

import pytest

from lgsp.names import AddressRefused, checked_addresses, connector


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("ministry.mau.invalid", ["10.1.2.3", "fd00::7"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("127.0.0.1", ["127.0.0.1"]),
        ("[::1]", ["::1"]),
    ],
)
def test_addresses_that_an_upstream_may_have(host: str, found: list[str]) -> None:
    assert checked_addresses(host, found) == found


@pytest.mark.parametrize(
    "bent", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1", "::"]
)
def test_one_bent_address_among_good_ones_is_bent_enough(bent: str) -> None:
    with pytest.raises(AddressRefused):
        checked_addresses("ministry.mau.invalid", ["10.1.2.3", bent])


async def test_pools_are_narrow_and_not_shared() -> None:
    one, two = connector(None), connector(None)
    try:
        assert one is not two
        assert one.limit == 256
        made = one._socket_factory((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0)))  # type: ignore[misc]
        with made:
            assert made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * 64 * 1024  # Linux doubles it
    finally:
        await one.close()
        await two.close()
