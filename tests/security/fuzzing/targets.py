"""Five targets. Each takes any bytes and returns; what it lets out is a defect: anything but the refusals that its caller knows."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from lxml import etree

from lgsp import manifest
from lgsp.adapters import rest, soap
from lgsp.adapters.envelope import UsernameToken, security_block, wrapped
from lgsp.app import Gateway, build
from lgsp.errors import BusFault, LgspError
from lgsp.home import builtin
from lgsp.mapping import Context
from lgsp.memory_door import MemoryDoor
from lgsp.model import Consumer, Data, HttpRequest, HttpResponse, Text
from lgsp.pipeline.authenticate import by_username
from lgsp.pipeline.call import encode
from lgsp.registry import BackendRoute, Connector, Operation, Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings
from lgsp.signature import edxml
from lgsp.signature.strict import Verified
from lgsp.store import open_store
from lgsp.xml import parse_xml
from tests.signature import house

CHARSETS = (None, "utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "iso-8859-1", "")
Target = Callable[[bytes], None]


def xml(data: bytes) -> None:
    """The first byte chooses the charset and the limits."""
    charset = CHARSETS[data[0] % len(CHARSETS)] if data else None
    small = bool(data) and data[0] & 64
    try:
        parse_xml(
            data[1:], charset=charset, max_elements=20 if small else 50_000, max_attributes=20 if small else 50_000
        )
    except LgspError as error:
        _known(error)


def json_body(data: bytes) -> None:
    """The first two bytes choose the operation; the rest is its body, which goes as far as the ministry's request."""
    operations = _operations()
    connector, chosen = operations[int.from_bytes(data[:2], "big") % len(operations)]
    request = HttpRequest("POST", "/", {"content-type": "application/json"}, data[2:])
    try:
        asked = rest.decode_request(chosen.public, request)
        for route in chosen.routes:
            encode(connector, chosen, route, asked, _context(connector, route, asked))
    except LgspError as error:
        _known(error)


def username_token(data: bytes) -> None:
    """An envelope whose security header is the data; what is read of it goes to the policy."""
    header = data if data[:1] == b"<" else security_block(_token(data))
    body = wrapped("1.1", b"<a/>", [header])  # the writer's own, so that the envelope around is sound
    try:
        opened = soap.open_request(_contract(), HttpRequest("POST", "/", {"content-type": "text/xml"}, body))
    except LgspError as error:
        _known(error)
    else:
        _prove(opened.username_token)
    _prove(_token(data))


def signature(data: bytes) -> None:
    """An edXML document; where the data is no document, it replaces a part of a genuine signed one."""
    genuine = _signed()
    raw = data
    if data[:1] != b"<" and len(data) > 3:
        place = int.from_bytes(data[:2], "big") % len(genuine)
        raw = genuine[:place] + data[3:] + genuine[place + data[2] :]
    try:
        found = edxml.verify_edxml(raw, _trust(), house.NOW)
    except LgspError as error:
        _known(error)
    else:  # whatever stands around it, what is handed on is what was signed
        assert _said(found) == _said(_verified())


def token_endpoint(data: bytes) -> None:
    """`POST /token` of a whole gateway: the first byte chooses where the data goes."""
    kinds = ("application/x-www-form-urlencoded", "application/json", "", "text/plain")
    choice = data[0] if data else 0
    headers = {"content-type": kinds[choice % 4]}
    body = data[1:]
    match choice >> 2 & 3:
        case 1:
            headers["authorization"] = "Basic " + base64.b64encode(body).decode()
        case 2:
            headers["lgspaccesstoken"] = base64.b64encode(body).decode()
        case 3:
            headers["authorization"] = "".join(chr(each) for each in body if 32 < each < 127)[:4000]
    path = ("/token", "/revoke", "/native/token")[choice >> 4 & 3 if choice >> 4 & 3 < 3 else 0]
    loop, door = _door()
    answer = loop.run_until_complete(
        door.send(HttpRequest("POST", path, headers, body if choice >> 2 & 3 == 0 else b""))
    )
    assert answer.status < 500, answer.status
    if isinstance(answer.body, bytes) and answer.headers.get("content-type", "").startswith("application/json"):
        json.loads(answer.body)


TARGETS: dict[str, Target] = {
    "xml": xml, "json": json_body, "username-token": username_token, "signature": signature, "token": token_endpoint,
}  # fmt: skip


def seeds(name: str) -> list[bytes]:
    """Where each begins: good ones and bad ones of its kind."""
    match name:
        case "xml":
            texts = [
                b"<a/>",
                b'<?xml version="1.0" encoding="UTF-8"?><a b="c">d</a>',
                b"<!DOCTYPE a []><a/>",
                b"<a><![CDATA[x]]></a>",
                "<a/>".encode("utf-16"),
                b"<!-- --><?p ?><a xmlns='u'/>",
            ]
            return [bytes([choice]) + text for text in texts for choice in (0, 2, 64)]
        case "json":
            found = [
                place.to_bytes(2, "big") + each
                for place in range(len(_operations()))
                for each in (b"{}", b'{"a":[{"b":"c"}]}')
            ]
            return [*found, b"\0\0" + b"[" * 2000, b'\0\0{"a":"\\ud800"}', b"\0\0\xff"]
        case "username-token":
            now = datetime(2022, 12, 6, tzinfo=UTC)
            made = UsernameToken.digested("fuzz", "secret", b"nonce", now)
            return [
                security_block(made),
                b"fuzz\0secret\0bm9uY2U=\0" + b"2022-12-06T00:00:00Z\0" + b"1",
                b"\0\0\0\0",
                security_block(replace(made, digest=False)),
            ]
        case "signature":
            return [_signed(), house.document(), b"\0\x10\x05abcdef", b"\x01\x00\x00<!-- -->", b"\x71\xcf\x05\x71"]
        case _:
            forms = [
                b"grant_type=client_credentials&client_id=fuzz&client_secret=x",
                b'{"client_id":"fuzz","client_secret":"x"}',
                b"fuzz:secret",
                b'{"AccessKey":"fuzz","SecretKey":"x"}',
                b"Bearer x",
            ]
            return [bytes([choice]) + form for form in forms for choice in (0, 1, 4, 8, 12, 16, 33)]


# -- what they stand on ---------------------------------------------------------------------------------------------------


def _known(error: Exception) -> None:
    assert not isinstance(error, BusFault)


@cache
def _registry() -> Registry:
    return manifest.load([builtin()])


@cache
def _operations() -> tuple[tuple[Connector, Operation], ...]:
    connectors = _registry().connectors.values()
    return tuple((connector, operation) for connector in connectors for operation in connector.operations.values())


def _context(connector: Connector, route: BackendRoute, asked: Data) -> Context:
    secrets = manifest.demonstration(connector, {})
    return Context(
        now=house.NOW, new_id=lambda: "01F", backend=route.backend.name, consumer="fuzz", officer=None, purpose="1.001193",
        case=None, secrets=secrets, values=dict(route.backend.values), places=connector.places, request=asked, era="2025",
    )  # fmt: skip


@cache
def _contract() -> soap.Contract:
    return next(iter(_registry().connectors.values())).public


@cache
def _signed() -> bytes:
    return edxml.sign_edxml(house.document(), house.signer())


@cache
def _verified() -> Verified:
    return edxml.verify_edxml(_signed(), _trust(), house.NOW)


@cache
def _trust() -> house.TrustStore:
    return house.trust(house.signer())


def _said(found: Verified) -> dict[str, bytes]:
    """What the handler is handed, as canonical octets."""
    return {name: etree.tostring(part, method="c14n") for name, part in found.parts.items()}


def _token(data: bytes) -> UsernameToken:
    parts = [*data.decode("utf-8", "replace").split("\0"), "", "", "", "", ""]
    return UsernameToken(parts[0], parts[1], digest=parts[4] != "", nonce=parts[2], created=parts[3])


def _prove(token: UsernameToken | None) -> None:
    if token is not None:
        try:
            by_username(_gateway().policy, token, "127.0.0.1")
        except LgspError as error:
            _known(error)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _gateway() -> Gateway:
    async def made() -> Gateway:
        runtime = Runtime.system()
        store = await open_store(None, runtime, inline=True)
        gateway = await build(
            Settings(data=Path("/nonexistent")), runtime, transport=_NoTransport(), store=store, registry=_registry()
        )
        await gateway.policy.create_consumer(Consumer("fuzz", Text("Thử", "Fuzz"), security_level=3))
        return gateway

    return _loop().run_until_complete(made())


@cache
def _door() -> tuple[asyncio.AbstractEventLoop, MemoryDoor]:
    gateway = _gateway()
    door = MemoryDoor(gateway.application, gateway.runtime)
    _loop().run_until_complete(door.open())
    return _loop(), door


class _NoTransport:
    async def send(self, *_: object, **__: object) -> HttpResponse:
        raise AssertionError("a target reached for the network")
