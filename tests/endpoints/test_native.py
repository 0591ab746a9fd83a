"""The native door: a client of the published guides changes its base URL and nothing else."""

from __future__ import annotations

import base64
import json

import pytest

from lgsp.adapters import rest
from lgsp.registry import XROAD_FORWARD, NativeEntry
from lgsp.xml import parse_xml
from tests.endpoints.bus import Bus, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM, OPERATION = "civil-status", "danhMuc"


def entry(bus: Bus) -> NativeEntry:
    rows = bus.gateway.registry.native.literal.values()
    return next(e for es in rows for e in es if (e.connector.name, e.operation.name) == (SYSTEM, OPERATION))


async def ask(bus: Bus, headers: dict[str, str], *, at: str | None = None) -> Reply:
    """The same question to the bus, or (with `at`) to the ministry itself."""
    found = entry(bus)
    request = rest.encode_request(
        found.route.operation, found.route.operation.request_example or {}, found.route.backend.path
    )
    assert isinstance(request.body, bytes)
    return await bus.send(
        "POST", f"{at or bus.url + '/native'}{request.target}", request.body, {**request.headers, **headers}
    )


def packed(bus: Bus) -> str:
    named = {"AccessKey": bus.secrets.client_id, "SecretKey": bus.secrets.client_secret, "AppName": "x"}
    return base64.b64encode(json.dumps(named).encode()).decode()


async def test_the_answer_is_the_ministrys_byte_for_byte(bus: Bus) -> None:
    basic = base64.b64encode(b"client:demo-client").decode()
    form = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    token = await bus.send("POST", f"{bus.simulator}/token", b"grant_type=client_credentials", form)
    direct = await ask(bus, {"Authorization": f"Bearer {token.data['access_token']}"}, at=bus.simulator)
    through = await ask(bus, bus.key)
    assert direct.status == through.status == 200
    assert direct.body == through.body
    assert direct.headers["content-type"] == through.headers["content-type"]


async def test_every_credential_dialect_opens(bus: Bus) -> None:
    secrets = bus.secrets
    a4 = await bus.send(
        "POST", "/native/token", {"client_id": secrets.client_id, "client_secret": secrets.client_secret}
    )
    form = {"lgspaccesstoken": packed(bus), "Content-Type": "application/x-www-form-urlencoded"}
    a2 = await bus.send("POST", "/native/token", b"grant_type=client_credentials", form)
    assert a4.data["access_token"] == a2.data["access_token"]
    assert a4.data["scope"] == "am_application_scope default"
    for headers in (
        {"Authorization": f"Bearer {a4.data['access_token']}", "lgspaccesstoken": packed(bus)},
        {"lgspaccesstoken": packed(bus)},
        {"X-SystemId": secrets.client_id, "X-SecretKey": secrets.client_secret},
        bus.key,
    ):
        assert (await ask(bus, headers)).status == 200


async def test_refusals_speak_wso2(bus: Bus) -> None:
    missing, wrong = await ask(bus, {}), await ask(bus, {"Authorization": "Bearer nonsense"})
    assert (missing.status, missing.data["fault"]["code"]) == (401, 900902)
    assert (wrong.status, wrong.data["fault"]["code"]) == (401, 900901)
    unknown = await bus.send("GET", "/native/apiNowhere/x", headers=bus.key)
    assert (unknown.status, unknown.data["fault"]["code"]) == (404, 900906)
    as_xml = await bus.send("GET", "/native/apiNowhere/x", headers={**bus.key, "Accept": "application/xml"})
    assert parse_xml(as_xml.body).tag == "{http://wso2.org/apimanager/security}fault"
    assert (await bus.send("PUT", "/native/apiNowhere/x")).data["fault"]["code"] == 900906


async def test_xroad_login_and_session(bus: Bus) -> None:
    rows = bus.gateway.registry.native.literal
    path = next(p for (method, p), _ in rows.items() if p.startswith(XROAD_FORWARD) and method == "GET")
    login = f"/native{XROAD_FORWARD}/mapi/login?dstcode=VN:GOV:000.00.00.G22:vdxp"
    good = await bus.send("POST", login, {"username": bus.secrets.client_id, "password": bus.secrets.client_secret})
    assert good.status == 200
    assert good.data["error_code"] == "0"
    bad = await bus.send("POST", login, {"username": bus.secrets.client_id, "password": "wrong"})
    assert bad.data["error_code"] != "0"
    refused = await bus.send("GET", f"/native{path}", headers={"session": "expired"})
    assert refused.status == 401
    assert refused.data["error_code"] != "0"
    passed = await bus.send("GET", f"/native{path}", headers={"session": good.data["session"]})
    assert passed.status != 401  # the ministry itself judges what else the call carries


async def test_a_grant_by_fields_does_not_open_the_native_door(bus: Bus) -> None:
    from lgsp.model import Consumer, Grant, Text

    secrets = await bus.gateway.policy.create_consumer(
        Consumer("reader", Text("Đọc", "Reader"), security_level=1), [Grant("reader", SYSTEM, OPERATION, fields=("x",))]
    )
    refused = await ask(bus, {"X-API-Key": secrets.api_key})
    assert (refused.status, refused.data["fault"]["code"]) == (403, 900908)
