"""The token door: addresses, and a lock-out that meets the guesser and never the consumer, also behind a proxy; revoked is revoked."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from tests.endpoints.bus import Bus, Reply
from tests.security.house import bus_of

ASK = {"loaiDanhMuc": "3"}


async def token(bus: Bus, secret: str, peer: str) -> Reply:
    basic = base64.b64encode(f"tester:{secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": f"198.51.100.7, {peer}",
    }
    return await bus.send("POST", "/token", b"grant_type=client_credentials", headers)


async def test_the_token_door(tmp_path: Path) -> None:
    async with bus_of(tmp_path, lambda settings: replace(settings, trusted_proxies=("127.0.0.1",))) as bus:
        await _guessing(bus)
        await _addresses(bus)
        await _revoked(bus)


async def _guessing(bus: Bus) -> None:
    """All come through one proxy; only the one address that guesses has to wait."""
    secret = bus.secrets.client_secret
    for _ in range(10):
        assert (await token(bus, "wrong", "10.0.0.66")).status == 401
    locked = await token(bus, secret, "10.0.0.66")
    assert locked.status == 401, "even with the right secret: the guesser learns nothing"
    assert int(locked.headers["retry-after"]) > 0
    assert (await token(bus, secret, "10.0.0.5")).status == 200, "the consumer goes on"
    assert (await bus.call("civil-status", "danhMuc", ASK)).status == 200


async def _addresses(bus: Bus) -> None:
    policy = bus.gateway.policy
    known = policy.consumer("tester")
    assert known is not None
    await policy.put_consumer(replace(known, addresses=("10.1.2.0/24",)))
    assert (await token(bus, bus.secrets.client_secret, "10.1.2.9")).status == 200
    assert (await token(bus, bus.secrets.client_secret, "10.1.3.9")).status == 401
    found = (await token(bus, bus.secrets.client_secret, "10.1.2.9")).data["access_token"]
    for peer, status in (("10.1.2.9", 200), ("10.1.3.9", 401)):
        headers = {"Authorization": f"Bearer {found}", "X-Forwarded-For": peer}
        assert (await bus.send("POST", "/api/civil-status/v1/danhMuc", ASK, headers)).status == status
    await policy.put_consumer(known)


async def _revoked(bus: Bus) -> None:
    """Effective with the next call, at every face."""
    found = (await token(bus, bus.secrets.client_secret, "10.0.0.5")).data["access_token"]
    bearer = {"Authorization": f"Bearer {found}"}
    body = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'
    assert (await bus.send("POST", "/api/civil-status/v1/danhMuc", ASK, bearer)).status == 200
    await bus.gateway.policy.revoke_secret("client", "tester")
    await bus.gateway.policy.revoke_secret("api_key", bus.secrets.api_key.split("_")[1])
    for headers in (bearer, bus.key):
        assert (await bus.send("POST", "/api/civil-status/v1/danhMuc", ASK, headers)).status == 401
        assert (
            await bus.send("POST", "/soap/civil-status/v1", body, {**headers, "Content-Type": "text/xml"})
        ).status == 401
        assert (await bus.send("POST", "/native/apiHoTichTuPhap/danhMuc", ASK, headers)).status == 401
        assert (await bus.send("GET", "/inbox", headers=headers)).status == 401
    assert (await token(bus, bus.secrets.client_secret, "10.0.0.5")).status == 401
