"""Headers that are no text, or expect what nobody gives: a clear refusal in the caller's format, never a fault of the bus."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.endpoints.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_TEXT = b"\xff\xfe"
JSON = b'{"maDonVi": 48601, "maHoSo": "H28.148-221101-9901"}'
ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<traTrangThaiHoSo xmlns="urn:lgsp:civil-status:v1"><maDonVi>48601</maDonVi>'
    b"<maHoSo>H28.148-221101-9901</maHoSo></traTrangThaiHoSo></s:Body></s:Envelope>"
)
PLACES = {
    "/api/civil-status/v1/traTrangThaiHoSo": (b"application/json", JSON),
    "/soap/civil-status/v1": (b"text/xml", ENVELOPE),
    "/native/apiHoTichTuPhap/traTrangThaiHoSo": (b"application/json", JSON),
    "/inbound/public-payment/CONFIRM": (b"application/json", JSON),
    "/token": (b"application/x-www-form-urlencoded", b"grant_type=client_credentials"),
}
CREDENTIALS = ("Authorization: Bearer ", "Authorization: Basic ", "Authorization: ", "X-API-Key: ", "lgspaccesstoken: ", "X-SystemId: ",
               "X-SystemId: a\r\nX-SecretKey: ", "session: ", "Cookie: ")  # fmt: skip


async def ask(bus: Bus, path: str, *lines: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of what answers."""
    kind, body = PLACES[path]
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(bus.url).port)
    head = [
        b"POST " + path.encode() + b" HTTP/1.1",
        b"Host: bus",
        b"Connection: close",
        b"Content-Type: " + kind,
        *lines,
    ]
    writer.write(b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body]))
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    before, _, after = answer.partition(b"\r\n\r\n")
    return int(before.split()[1]), before.lower(), after


@pytest.mark.parametrize("name", CREDENTIALS)
@pytest.mark.parametrize("path", PLACES)
async def test_a_credential_that_is_no_text_is_a_wrong_one(bus: Bus, path: str, name: str) -> None:
    status, _, body = await ask(bus, path, name.encode() + NO_TEXT)
    assert b"bus-fault" not in body
    assert status in ({200, 401} if path.startswith("/inbound") else {400, 401}), body


@pytest.mark.parametrize("name", ["X-LGSP-Case", "X-LGSP-Officer", "X-LGSP-Purpose", "Idempotency-Key", "X-Correlation-ID", "traceparent",
                                  "Prefer", "Accept-Language", "Accept", "User-Agent", "SOAPAction", "dstcode", "X-Forwarded-For"])  # fmt: skip
@pytest.mark.parametrize("path", list(PLACES)[:3])
async def test_a_header_that_is_no_text_is_read_as_latin(bus: Bus, path: str, name: str) -> None:
    key = f"X-API-Key: {bus.secrets.api_key}".encode()
    status, _, body = await ask(bus, path, key, name.encode() + b": \xc4inh " + NO_TEXT)
    right = {"SOAPAction": {200, 500}, "dstcode": {200, 404}}.get(name, {200})  # it contradicts; no such destination
    assert status in right, body
    assert b"bus-fault" not in body


@pytest.mark.parametrize("path", list(PLACES)[:3])
async def test_only_a_hundred_can_be_expected(bus: Bus, path: str) -> None:
    key = f"X-API-Key: {bus.secrets.api_key}".encode()
    status, head, body = await ask(bus, path, key, b"Expect: 200-ok-0a")
    assert status == (500 if path.startswith("/soap") else 400)
    assert b"200-ok-0a" not in body, "a caller's value is not repeated"
    assert (b"xml" if path.startswith("/soap") else b"json") in head
    status, head, body = await ask(bus, path, key, b"Expect: 100-Continue")
    assert head.startswith(b"http/1.1 100 continue")
    assert body.startswith(b"HTTP/1.1 200 OK")


async def test_a_name_of_megabytes_is_told_short(bus: Bus) -> None:
    reply = await bus.call("civil-status", "traTrangThaiHoSo", {"maDonVi": 48601, "x" * 200_000: 1})
    assert (reply.status, reply.data["code"]) == (400, "invalid-message")
    assert len(reply.body) < 5_000
    assert all(len(each["path"]) <= 501 for each in msgspec.json.decode(reply.body)["errors"])
