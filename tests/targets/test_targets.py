"""`lgsp config check`: real doors on loopback, each wrong in its own way; one sentence in two languages, and never a secret."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lgsp import manifest
from lgsp.certificates import server_context
from lgsp.home import builtin
from lgsp.runtime import Runtime
from lgsp.settings import Province, Settings, StoreSettings, TlsSettings, Upstream, WitnessSettings
from lgsp.targets import Checked, check
from tests.security.house import Authority

SECRET = "bi-mat-cua-phep-thu"  # a canary: it must stand in no sentence
BASE = Settings(province=Province(code="17"), data=Path("/nonexistent"))
REGISTRY = manifest.load([builtin()])


@asynccontextmanager
async def platform(status: int = 200, tls: ssl.SSLContext | None = None, said: Any = None) -> AsyncIterator[int]:
    """A platform that answers every request alike."""
    body = json.dumps(said if said is not None else {"access_token": "t", "expires_in": 60}).encode()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # the line alone was looked at
            writer.close()
            return
        size = next((int(e.split(b":")[1]) for e in head.split(b"\r\n") if e.lower().startswith(b"content-length")), 0)
        await reader.readexactly(size)
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n".encode()
        writer.write(head + b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def oauth(url: str, **more: Any) -> Upstream:
    return Upstream("oauth2", url, client_id="lgsp", client_secret=SECRET, **more)


async def of(settings: Settings, key: str, *, network: bool = True) -> Checked:
    found = await check(settings, REGISTRY, {}, Runtime.system(), network=network)
    assert SECRET not in json.dumps([each.as_json() for each in found])
    return next(each for each in found if each.key == key)


def failing(each: Checked) -> str:
    return each.failed.name if each.failed else ""


@pytest.mark.parametrize(
    ("status", "said", "failed"),
    [(200, None, ""), (401, {"error": "invalid_client"}, "authentication"), (200, {}, "authentication")],
)
async def test_signing_in_is_tried(status: int, said: Any, failed: str) -> None:
    async with platform(status, said=said) as port:
        found = await of(replace(BASE, upstreams={"ngsp": oauth(f"http://127.0.0.1:{port}")}), "upstreams.ngsp")
    assert failing(found) == failed
    assert found.where == f"127.0.0.1:{port}"
    assert found.said.vi != found.said.en or not failed


async def test_xroad_signs_in_by_a_session() -> None:
    settings = Upstream("xroad-session", "", username="u", password=SECRET)
    async with platform(said={"error_code": "0", "session": "s"}) as port:
        upstreams = {"xroad": replace(settings, url=f"http://127.0.0.1:{port}")}
        assert failing(await of(replace(BASE, upstreams=upstreams), "upstreams.xroad")) == ""
    async with platform(said={"error_code": "9"}) as port:
        upstreams = {"xroad": replace(settings, url=f"http://127.0.0.1:{port}")}
        found = await of(replace(BASE, upstreams=upstreams), "upstreams.xroad")
    assert failing(found) == "authentication"


async def test_credentials_that_travel_with_each_call_are_tried_by_a_harmless_question() -> None:
    async with platform(401, said={}) as port:
        upstreams = {"ngsp": Upstream("headers", f"http://127.0.0.1:{port}", client_id="x", client_secret=SECRET)}
        found = await of(replace(BASE, upstreams=upstreams), "upstreams.ngsp")
    assert failing(found) == "authentication"


async def test_name_and_line() -> None:
    upstreams = {"ngsp": oauth("https://khong-co.invalid"), "xroad": oauth("https://127.0.0.1:1")}
    settings = replace(BASE, upstreams=upstreams, witnesses={"w": WitnessSettings("http://127.0.0.1:1", "")})
    assert failing(await of(settings, "upstreams.ngsp")) == "dns"
    assert failing(await of(settings, "upstreams.xroad")) == "tcp"
    assert failing(await of(settings, "witnesses.w")) == "tcp"
    assert failing(await of(settings, "witnesses.w.key")) == "settings"


async def test_tls_must_chain_to_what_the_settings_name(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other", "CA khac")
    here = ours.issue("localhost")
    async with platform(tls=server_context(here.file, here.key, None)) as port:
        url = f"https://localhost:{port}"
        for ca, failed in ((ours.file, ""), (other.file, "tls"), (None, "tls")):
            found = await of(replace(BASE, upstreams={"ngsp": oauth(url, ca=ca)}), "upstreams.ngsp")
            assert failing(found) == failed
        (tmp_path / "none.pem").write_text("nothing")
        settings = replace(BASE, upstreams={"ngsp": oauth(url, ca=tmp_path / "none.pem")})
        assert failing(await of(settings, "upstreams.ngsp.ca")) == "settings"


async def test_our_own_certificate(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    good, soon, other = ours.issue("localhost", days=90), ours.issue("localhost", days=10), ours.issue("x", days=90)
    locked = tmp_path / "locked.key"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----\n")
    for tls, said in (
        (TlsSettings(good.file, good.key, ours.file), ""),
        (TlsSettings(soon.file, soon.key), "ends on"),
        (TlsSettings(good.file, other.key), "key: is not the key of this certificate"),
        (TlsSettings(good.file, good.file), "key: holds no private key"),
        (TlsSettings(good.file, locked), "key: has a passphrase"),
        (TlsSettings(good.key, good.key), "certificate: holds none"),
        (TlsSettings(tmp_path / "missing.pem", good.key), "certificate: cannot be read: No such file"),
        (TlsSettings(good.file, tmp_path / "missing.pem"), "key: cannot be read: No such file"),
        (TlsSettings(good.file, good.key, good.key), "client_ca: The file holds no certificate"),
        (TlsSettings(good.file, good.key, tmp_path / "missing.pem"), "client_ca: cannot be read: No such file"),
    ):
        found = await of(replace(BASE, tls=tls), "tls", network=False)
        assert (bool(found.failed), found.note) == (
            bool(said) and tls.certificate != soon.file,
            tls.certificate == soon.file,
        )
        assert said in found.said.en


async def test_the_database(postgres_url: str) -> None:
    assert failing(await of(replace(BASE, store=StoreSettings(url=postgres_url)), "store.url")) == ""
    away = StoreSettings(url=f"postgresql://lgsp:{SECRET}@127.0.0.1:1/lgsp")
    assert failing(await of(replace(BASE, store=away), "store.url")) == "tcp"
    nobody = postgres_url.replace("lgsp@", "khong-co@", 1)
    assert failing(await of(replace(BASE, store=StoreSettings(url=nobody)), "store.url")) == "authentication"


async def test_the_receiver_of_security_events() -> None:
    async with platform() as port:
        assert failing(await of(replace(BASE, security_syslog=f"tcp://127.0.0.1:{port}"), "security_syslog")) == ""
    assert failing(await of(replace(BASE, security_syslog="tcp://127.0.0.1:1"), "security_syslog")) == "tcp"
    assert failing(await of(replace(BASE, security_syslog="udp://127.0.0.1:1"), "security_syslog")) == ""
    assert failing(await of(replace(BASE, security_syslog="smoke://x"), "security_syslog")) == "settings"


async def test_what_is_not_connected_yet_is_a_note() -> None:
    found = await of(replace(BASE, upstreams={"ngsp": oauth("https://127.0.0.1:1")}), "upstreams.xroad", network=False)
    assert found.note
    assert not found.failed
    wrong = await of(
        replace(BASE, upstreams={"ngsp": Upstream("oauth3", "https://x")}), "upstreams.ngsp.manner", network=False
    )
    assert wrong.failed is not None
