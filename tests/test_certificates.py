"""Client certificates: by real TLS on loopback, by a trusted proxy's header, by fingerprint and by subject; and nobody else's."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from multidict import CIMultiDict

from lgsp.certificates import from_header, from_pem, named, registered_name, server_context
from lgsp.decisions import Refused
from lgsp.keyring import certificate_add, certificate_revoke
from lgsp.model import Consumer, Text
from lgsp.settings import Settings, TlsSettings
from tests.endpoints.bus import Bus
from tests.security.house import Authority, Certified, bus_of, client

ASK = {"loaiDanhMuc": "3"}
PATH = "/api/civil-status/v1/danhMuc"


async def call(bus: Bus, context: ssl.SSLContext | None = None, headers: Mapping[str, str] | None = None) -> int:
    """The status over a connection of its own; 0 where the handshake ended it."""
    async with aiohttp.ClientSession() as session:
        try:
            kind = True if context is None else context
            async with session.post(bus.url + PATH, json=ASK, headers=headers, ssl=kind) as answer:
                return answer.status
        except (aiohttp.ClientError, ConnectionError):
            return 0


async def register(bus: Bus, certified: Certified, **how: str) -> None:
    named_by = how or {"pem": certified.pem}
    await certificate_add(bus.gateway.office, "test", {"id": "tester", **named_by})


async def test_over_tls_of_our_own(tmp_path: Path) -> None:
    ours, foreign = Authority(tmp_path / "ca"), Authority(tmp_path / "other", "CA khac")
    here = ours.issue("localhost")
    door = server_context(here.file, here.key, ours.file)
    good, unknown, stranger = ours.issue("mot cua"), ours.issue("nobody"), foreign.issue("mot cua")
    over = ours.issue("mot cua", begin=-20, days=10)

    def tls(settings: Settings) -> Settings:
        return replace(settings, tls=TlsSettings(here.file, here.key, ours.file))

    async with bus_of(tmp_path / "data", tls, door) as bus:
        await register(bus, good)
        assert await call(bus, client(good)) == 200
        assert await call(bus, client()) == 401, "no certificate, no key"
        assert await call(bus, client(unknown)) == 401, "of our authority, registered for nobody"
        assert await call(bus, client(stranger)) == 0, "the same name by another authority: the handshake ends"
        assert await call(bus, client(over)) == 0, "expired"
        assert await call(bus, client(), bus.key) == 200, "a key is enough without a certificate"
        assert await call(bus, client(good), {"X-API-Key": "lgsp_000000000000_" + "x" * 43}) == 401, (
            "a wrong key is wrong"
        )
        header = {"Client-Cert": f":{base64.b64encode(good.der).decode()}:"}
        assert await call(bus, client(), header) == 401, "a header is no certificate"

        renewed = ours.issue("mot cua")
        await register(bus, renewed)
        assert [await call(bus, client(each)) for each in (good, renewed)] == [200, 200], "two during rotation"
        one = named(good.der)
        assert one is not None
        await certificate_revoke(bus.gateway.office, "test", {"id": "tester", "name": one.fingerprint})
        assert [await call(bus, client(each)) for each in (good, renewed)] == [401, 200], "revoked at once"

        first, second = ours.issue("mot cua dien tu"), ours.issue("mot cua dien tu")
        await register(bus, first, name="CN=mot cua dien tu")
        assert [await call(bus, client(each)) for each in (first, second)] == [200, 200], "by subject: any of that name"
        assert await call(bus, client(ours.issue("mot cua dien tu 2"))) == 401
        await bus.gateway.policy.put_consumer(replace(_tester(bus), addresses=("10.9.9.0/24",)))
        assert await call(bus, client(first)) == 401, "from an address that it may not call from"
        await bus.gateway.policy.put_consumer(replace(_tester(bus), addresses=()))
        assert await call(bus, client(first)) == 200
        await bus.gateway.policy.set_active("tester", active=False)
        assert await call(bus, client(renewed)) == 401


def _tester(bus: Bus) -> Consumer:
    found = bus.gateway.policy.consumer("tester")
    assert found is not None
    return found


async def test_by_a_proxy_that_is_registered_and_by_nobody_else(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ca")
    good, other, over = ours.issue("mot cua"), ours.issue("khac"), ours.issue("mot cua", begin=-20, days=10)

    def behind(settings: Settings) -> Settings:
        return replace(settings, trusted_proxies=("127.0.0.1",), tls=TlsSettings(proxy_header="Client-Cert"))

    async with bus_of(tmp_path / "data", behind) as bus:
        await register(bus, good)
        packed = base64.b64encode(good.der).decode()
        forms = (f":{packed}:", quote(good.pem), good.pem.replace("\n", " "), packed)
        assert [await call(bus, None, {"Client-Cert": each}) for each in forms] == [200] * 4
        for certified in (other, over):
            assert await call(bus, None, {"Client-Cert": f":{base64.b64encode(certified.der).decode()}:"}) == 401
        for value in (
            ":AAAA:",
            "::",
            "x",
            "%",
            "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----",
            packed * 8,
            quote(good.pem + other.pem),
            "-----BEGIN CERTIFICATE-----" * 280,
        ):
            assert await call(bus, None, {"Client-Cert": value}) == 401
        for first, second in ((good, other), (other, good), (good, good)):
            twice = [("Client-Cert", quote(first.pem)), ("Client-Cert", quote(second.pem))]
            assert await call(bus, None, CIMultiDict(twice)) == 401, "a proxy that adds where it should have replaced"
        bus.gateway.settings = replace(bus.gateway.settings, trusted_proxies=("10.0.0.1",))
        assert [await call(bus, None, {"Client-Cert": each}) for each in forms] == [401] * 4
        await _what_an_operator_may_register(bus, ours, good)


async def test_the_names_of_a_certificate(tmp_path: Path) -> None:
    one = Authority(tmp_path).issue("mot cua")
    found = named(one.der)
    assert found is not None
    assert registered_name(found.fingerprint.upper()) == found.fingerprint
    colons = ":".join(found.fingerprint[i : i + 2] for i in range(0, 64, 2))
    assert registered_name(colons) == found.fingerprint
    assert registered_name("CN=mot cua") == found.subject
    assert [registered_name(each) for each in ("", "mot cua", "a" * 63, "=,=")] == [None] * 4
    assert named(b"no certificate") is None
    assert from_pem(one.pem) == one.der
    assert from_pem("-----BEGIN") is None
    assert from_header(quote(one.pem, safe="")) == one.der


async def _what_an_operator_may_register(bus: Bus, ours: Authority, good: Certified) -> None:
    office, over = bus.gateway.office, ours.issue("cu", begin=-20, days=10)
    wrongs = ({"pem": over.pem}, {"pem": "x"}, {"name": "x"}, {}, {"use": "sign", "name": "CN=a"}, {"use": "all"})
    for wrong in wrongs:
        with pytest.raises(Refused):
            await certificate_add(office, "test", {"id": "tester", **wrong})
    await bus.gateway.policy.create_consumer(Consumer("other", Text("K", "O"), security_level=3))
    with pytest.raises(Refused, match="registered for tester"):
        await certificate_add(office, "test", {"id": "other", "pem": good.pem})
    with pytest.raises(Refused, match="no such certificate"):
        await certificate_revoke(office, "test", {"id": "other", "name": "CN=mot cua"})
