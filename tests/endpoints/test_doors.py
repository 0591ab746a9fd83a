"""Token, reads, documents, status, events, the outer door, and the table of routes."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import get_args

import pytest
from openapi_spec_validator import validate

from lgsp.app import routes
from lgsp.endpoints.house import Access
from tests.endpoints.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(client: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode(), **FORM}


# -- token ------------------------------------------------------------------------------------------------------------


async def test_a_token_is_the_same_inside_its_validity_and_can_be_revoked(bus: Bus) -> None:
    header = basic(bus.secrets.client_id, bus.secrets.client_secret)
    first = (await bus.send("POST", "/token", b"grant_type=client_credentials", header)).data
    again = (await bus.send("POST", "/token", b"grant_type=client_credentials&scope=", header)).data
    assert first["access_token"] == again["access_token"]
    assert (first["token_type"], 3000 < first["expires_in"] <= 3600) == ("Bearer", True)
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    assert (await bus.send("GET", "/inbox", headers=bearer)).status == 200
    assert (await bus.send("POST", "/revoke", f"token={first['access_token']}".encode(), header)).status == 200
    assert (await bus.send("GET", "/inbox", headers=bearer)).status == 401
    assert (await bus.send("POST", "/token", b"grant_type=client_credentials", header)).data != first


async def test_wrong_clients_are_refused_as_oauth_says(bus: Bus) -> None:
    wrong = await bus.send("POST", "/token", b"grant_type=client_credentials", basic("tester", "wrong"))
    assert (wrong.status, wrong.data["error"]) == (401, "invalid_client")
    other = await bus.send("POST", "/token", b"grant_type=password", basic("tester", bus.secrets.client_secret))
    assert (other.status, other.data["error"]) == (400, "unsupported_grant_type")
    in_form = f"grant_type=client_credentials&client_id=tester&client_secret={bus.secrets.client_secret}".encode()
    assert (await bus.send("POST", "/token", in_form, FORM)).status == 200


# -- reads and documents ------------------------------------------------------------------------------------------------


async def test_systems_say_what_this_consumer_may_call(bus: Bus) -> None:
    systems = (await bus.send("GET", "/api/systems", headers=bus.key)).data
    assert {each["id"] for each in systems} == set(bus.gateway.registry.connectors)
    operations = [operation for each in systems for operation in each["operations"]]
    assert all(each["granted"] and each["limits"]["timeout"] > 0 for each in operations)
    assert {(str(each["purposes"]), each["needs_case"]) for each in operations} == {("None", False)}
    assert (await bus.send("GET", "/inbox?cursor=x", headers=bus.key)).data["code"] == "invalid-message"
    assert (await bus.send("GET", "/submissions/none", headers=bus.key)).status == 404


async def test_openapi_of_one_and_of_all_is_valid(bus: Bus) -> None:
    merged = (await bus.send("GET", "/api/openapi.json")).data
    validate(merged)
    for name, connector in bus.gateway.registry.connectors.items():
        document = (await bus.send("GET", f"/api/{name}/v1/openapi.json")).data
        validate(document)
        assert set(document["paths"]) == {f"/{operation}" for operation in connector.operations}
        assert all(f"/api/{name}/v1/{operation}" in merged["paths"] for operation in connector.operations)
    assert (await bus.send("GET", "/api/khong-co/v1/openapi.json")).data["code"] == "unknown-operation"


async def test_swagger_ui_asks_nobody_else(bus: Bus) -> None:
    page = await bus.send("GET", "/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert named
    assert "trình diễn" in page.body.decode(), "the demonstration shows itself"
    for address in named:
        assert address.startswith("/")
        assert (await bus.send("GET", address)).status == 200
    assert "http" not in page.headers["content-security-policy"]
    assert (await bus.send("GET", "/docs/index.css")).status == 404


# -- status -------------------------------------------------------------------------------------------------------------


async def test_status_counts_stages_and_not_health(bus: Bus) -> None:
    board = (await bus.send("GET", "/status", headers={"Accept": "application/json"})).data
    counts, systems = board["counts"], board["systems"]
    assert counts["total"] == len(systems) == counts["official"] + counts["trial"] + counts["suspended"]
    assert sum(board["health"].values()) == counts["total"]
    assert f"{counts['official']}/{counts['total']}" in board["headline"]["vi"]
    assert {each["id"] for each in board["upstreams"]} >= {"ngsp"}
    wanted = {
        "id", "title", "owner", "stage", "since", "decision", "evidence", "health", "health_since", "cause", "checked_at",
        "protocol", "upstream", "operations", "breaker", "latency_ms", "success_rate", "calls",
    }  # fmt: skip
    assert all(wanted <= each.keys() for each in systems)


async def test_status_is_a_page_for_browsers_and_json_for_others(bus: Bus) -> None:
    assert (await bus.send("GET", "/")).kind == "application/json"
    html = {"Accept": "text/html,application/xhtml+xml"}
    page = await bus.send("GET", "/", headers=html)
    assert page.kind == "text/html"
    assert 'lang="vi"' in page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    english = await bus.send("GET", "/status?lang=en", headers=html)
    assert 'lang="en"' in english.body.decode()
    for name in ("board.css", "console.js"):
        assert (await bus.send("GET", f"/assets/{name}")).status == 200
    assert (await bus.send("GET", "/assets/board.html")).status == 404


async def test_probes_of_whoever_runs_the_bus(bus: Bus) -> None:
    assert (await bus.send("GET", "/livez")).status == 200
    assert (await bus.send("GET", "/readyz")).status == 200
    text = (await bus.send("GET", "/metrics")).body.decode()
    for name in (
        "lgsp_exchanges_total", "lgsp_exchange_seconds", "lgsp_attempts_total", "lgsp_breaker_state", "lgsp_health",
        "lgsp_stage_info", "lgsp_submissions", "lgsp_loop_lag_seconds", "lgsp_audit_entries_total", "lgsp_build_info",
    ):  # fmt: skip
        assert f"\n# TYPE {name} " in f"\n{text}"


async def test_events_can_be_taken_up_again(bus: Bus) -> None:
    async with bus.session.get(f"{bus.url}/status/events", headers={"Last-Event-ID": "0"}) as stream:
        assert stream.content_type == "text/event-stream"
        text = b""
        async with asyncio.timeout(5):
            while text.count(b"event: health") < 2:
                text += await stream.content.readany()
    numbers = [int(each) for each in re.findall(rb"id: ([0-9]+)", text)]
    assert numbers == sorted(numbers)
    async with bus.session.get(f"{bus.url}/status/events", headers={"Last-Event-ID": str(numbers[0])}) as stream:
        async with asyncio.timeout(5):
            rest = b""
            while b"id:" not in rest:
                rest += await stream.content.readany()
    assert int(re.findall(rb"id: ([0-9]+)", rest)[0]) > numbers[0]


# -- the outer door -----------------------------------------------------------------------------------------------------


async def test_what_does_not_exist_is_a_problem_and_never_a_page(bus: Bus) -> None:
    reply = await bus.send("GET", "/nowhere", headers={"Accept": "text/html"})
    assert (reply.status, reply.kind, reply.data["code"]) == (404, "application/problem+json", "unknown-operation")
    method = await bus.send("GET", "/api/civil-status/v1/danhMuc")
    assert (method.status, method.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "head",
    [
        "POST /token HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    ],
)
async def test_framing_that_two_servers_could_read_differently_is_refused(bus: Bus, head: str) -> None:
    host, _, port = bus.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode())
    async with asyncio.timeout(5):
        answer = await reader.read()  # to the end: the connection does not stay open either
    writer.close()
    await writer.wait_closed()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))


async def test_an_answer_to_head_ends_with_its_head(bus: Bus) -> None:
    """A body behind it would be taken for the answer to what comes next on the connection."""
    host, _, port = bus.url.removeprefix("http://").partition(":")
    for path in sorted({re.sub(r"\{[^}]+\}", "x", each.path) for each in routes(bus.gateway)} | {"/no/such/page"}):
        reader, writer = await asyncio.open_connection(host, int(port))
        for method, end in (("HEAD", ""), ("GET", "Connection: close\r\n")):
            asked = "/livez" if method == "GET" else path
            writer.write(f"{method} {asked} HTTP/1.1\r\nHost: x\r\n{end}\r\n".encode())
        async with asyncio.timeout(60):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        if b"Connection: close" in answer.partition(b"\r\n\r\n")[0]:
            continue  # it was the last on its connection
        _, _, after = answer.partition(b"\r\n\r\n")
        assert after.startswith(b"HTTP/1.1 200 OK"), (path, answer)


async def test_every_route_has_its_access_and_nothing_else_is_served(bus: Bus) -> None:
    table = routes(bus.gateway)
    assert all(each.access in get_args(Access) for each in table)
    served = {(r.method, r.resource.canonical) for r in bus.gateway.application.router.routes() if r.resource}
    listed = {(each.method, re.sub(r"\{(\w+):[^}]+\}", r"{\1}", each.path)) for each in table}
    assert served == listed
    for each in table:
        if each.access == "consumer":
            reply = await bus.send(each.method, each.path.replace("{id}", "x"))
            assert (reply.status, reply.data["code"]) == (401, "unauthenticated")
