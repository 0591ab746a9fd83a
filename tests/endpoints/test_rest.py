"""The REST door: what every example promises, each kind of bad input in its own words, headers in and out."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from lgsp.exchange import Exchange
from tests.endpoints.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM, OPERATION = "civil-status", "danhMuc"
PATH = f"/api/{SYSTEM}/v1/{OPERATION}"
GOOD = {"loaiDanhMuc": "3"}


async def test_every_example_gives_what_it_promises(bus: Bus) -> None:
    wrong = []
    for each in await bus.examples():
        reply = await bus.call(each["system"], each["operation"], each["request"], each.get("headers"))
        got = "ok" if reply.status == 200 else reply.data["code"]
        if got != each["expect"]:
            wrong.append((each["system"], each["operation"], each["expect"], got))
    assert wrong == []


@pytest.mark.parametrize(
    ("body", "headers", "path", "status", "code", "error"),
    [
        (b"{", {}, PATH, 400, "invalid-message", {"path": "", "rule": "json"}),
        (b"\xff\xfe{}", {}, PATH, 400, "invalid-message", {"path": "", "rule": "json"}),
        (b"[]", {}, PATH, 400, "invalid-message", None),
        (b'{"loaiDanhMuc":"3","loaiDanhMuc":"4"}', {}, PATH, 400, "invalid-message", None),
        (b"{}", {}, PATH, 400, "invalid-message", {"path": "/loaiDanhMuc", "rule": "required"}),
        (b'{"loaiDanhMuc":"3","la":1}', {}, PATH, 400, "invalid-message", None),
        (b"{}", {"Content-Type": "text/plain"}, PATH, 415, "unsupported-media-type", None),
        (b"{}", {"Content-Type": "application/json; charset=utf-16"}, PATH, 415, "unsupported-media-type", None),
        (b'{"loaiDanhMuc":"' + b"3" * (2 << 20) + b'"}', {}, PATH, 413, "too-large", None),
        (b"{}", {}, f"/api/{SYSTEM}/v1/khongCo", 404, "unknown-operation", None),
        (b"{}", {}, "/api/khong-co/v1/khongCo", 404, "unknown-operation", None),
        (b"{}", {}, f"/api/{SYSTEM}/v2/{OPERATION}", 404, "unknown-operation", None),
        (b"{}", {"X-LGSP-Timeout": "soon"}, PATH, 400, "invalid-message", None),
    ],
)
async def test_bad_input_has_its_own_error(
    bus: Bus, body: bytes, headers: dict[str, str], path: str, status: int, code: str, error: dict[str, str] | None
) -> None:
    reply = await bus.send("POST", path, body, {"Content-Type": "application/json", **bus.key, **headers})
    assert (reply.status, reply.kind) == (status, "application/problem+json")
    found = reply.data
    assert found["code"] == code
    assert found["type"] == f"/errors/{code}"
    assert found["status"] == status
    assert found["fault_domain"] == reply.headers["x-lgsp-fault-domain"] == "caller"
    if error is not None:
        assert error in found["errors"]


async def test_an_unread_body_of_a_stranger_is_never_parsed(bus: Bus) -> None:
    reply = await bus.send("POST", PATH, b"{", {"Content-Type": "application/json"})
    assert reply.status == 401
    assert reply.data["code"] == "unauthenticated"
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", [PATH, f"/soap/{SYSTEM}/v1", f"/native/{SYSTEM}/khong-co"])
async def test_a_refused_call_leaves_nothing_to_the_collector(bus: Bus, path: str) -> None:
    """A circle of references in each of them would be thousands of objects that stay until the collector comes."""
    mark = f"let-go-{path.count('/')}-{path[1]}"
    gc.disable()
    try:
        reply = await bus.send("POST", path, b"{}", {"Content-Type": "application/json", "X-Correlation-ID": mark})
        left = [each for each in gc.get_objects() if type(each) is Exchange and each.correlation_id == mark]
    finally:
        gc.enable()
    assert reply.status >= 400
    assert left == []


async def test_headers_of_an_answer(bus: Bus) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    reply = await bus.call(SYSTEM, OPERATION, GOOD, {"X-Correlation-ID": "case-7", "traceparent": trace})
    assert reply.status == 200
    assert reply.headers["x-correlation-id"] == "case-7"
    assert reply.headers["traceparent"].startswith("00-" + "a" * 32)
    assert all(part in reply.headers["server-timing"] for part in ("policy;dur=", "wait;dur=", "backend;dur=", "codec"))
    assert "r=" in reply.headers["ratelimit"]
    assert "q=" in reply.headers["ratelimit-policy"]


async def test_a_personal_number_is_no_correlation_id(bus: Bus) -> None:
    reply = await bus.call(SYSTEM, OPERATION, GOOD, {"X-Correlation-ID": "017099990001"})
    assert reply.headers["x-correlation-id"] != "017099990001"


async def test_english_for_who_asks_for_it(bus: Bus) -> None:
    vi = await bus.call(SYSTEM, "khongCo", GOOD)
    en = await bus.call(SYSTEM, "khongCo", GOOD, {"Accept-Language": "en-GB"})
    assert (vi.data["title"], en.data["title"]) == ("Không có chức năng này", "Unknown operation")


async def test_a_trial_says_so(bus: Bus) -> None:
    example: dict[str, Any] = next(e for e in await bus.examples() if e["system"] == "population")
    reply = await bus.call("population", example["operation"], example["request"], example.get("headers"))
    assert reply.headers["x-lgsp-stage"] == "trial"


async def test_an_update_asked_asynchronously_is_accepted_and_can_be_polled(bus: Bus) -> None:
    examples = await bus.examples()
    example = next(e for e in examples if (e["system"], e["kind"], e["expect"]) == (SYSTEM, "update", "ok"))
    headers = {**(example.get("headers") or {}), "Prefer": "respond-async", "Idempotency-Key": "k-1"}
    reply = await bus.call(SYSTEM, example["operation"], example["request"], headers)
    assert reply.status == 202
    where = reply.headers["location"]
    assert where == f"/submissions/{reply.data['id']}"
    assert reply.data["state"] == "queued"
    again = await bus.call(SYSTEM, example["operation"], example["request"], headers)
    assert (again.status, again.headers["location"]) == (202, where)
    found = await bus.send("GET", where, headers=bus.key)
    assert found.data["id"] == reply.data["id"]
    assert "state" in found.data
    assert (await bus.send("GET", where)).status == 401
    other = await bus.call(
        SYSTEM, example["operation"], {**example["request"], "maHoSo": "H28.01-999999-0001"}, headers
    )
    assert (other.status, other.data["code"]) == (422, "idempotency-mismatch")
