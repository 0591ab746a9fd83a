"""The platform to come, reconstructed: tokens and faults of its own, the same ministries behind it, untouched."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp.simulate import Loaded
from lgsp_mocks.ndop import EXCHANGE, PROVIDER, TOKEN
from lgsp_mocks.simulator import Simulator

BASIC = {
    "authorization": "Basic " + base64.b64encode(b"lgsp:demo-x").decode(),
    "content-type": "application/x-www-form-urlencoded",
}


@pytest.fixture
def simulator(lgsp_loaded: Loaded, tmp_path: Path) -> Simulator:
    return Simulator(lgsp_loaded.systems, runtime=Runtime.system(), size=200, state=tmp_path)


async def sign_in(simulator: Simulator) -> str:
    answer = await simulator.handle(HttpRequest("POST", TOKEN, BASIC, b"grant_type=client_credentials"))
    assert isinstance(answer.body, bytes)
    return str(json.loads(answer.body)["access_token"])


async def ask(simulator: Simulator, path: str, token: str, body: Any, **headers: str) -> tuple[int, Any]:
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json", **headers}
    answer = await simulator.handle(HttpRequest("POST", EXCHANGE + path, sent, json.dumps(body).encode()))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


async def test_the_same_ministry_by_another_door(simulator: Simulator) -> None:
    example = next(
        e for e in simulator.admin.examples() if e["operation"] == "getTraCuuTtHgdByMaSoBhxh" and e["expect"] == "ok"
    )
    path = "/apiBHXH/getTraCuuTtHgdByMaSoBhxh"
    token = await sign_in(simulator)
    status, said = await ask(simulator, path, token, example["request"])
    assert (status, "hoTen" in said) == (200, True)
    assert simulator.journal.calls(example["system"])[-1].headers["through"] == "ndop"
    assert (await ask(simulator, path, "of-nobody", {}))[0] == 401
    platform = await simulator.handle(HttpRequest("POST", "/token", BASIC, b"grant_type=client_credentials"))
    assert isinstance(platform.body, bytes)
    other = json.loads(platform.body)["access_token"]
    assert (await ask(simulator, path, other, {}))[0] == 401  # a token of today's platform opens nothing here
    simulator.set_fault("ngsp", {"kind": "http-status", "when": {"always": True}})
    token = await sign_in(simulator)
    assert (await ask(simulator, path, token, example["request"]))[0] == 200
    simulator.faults.delete("ngsp")
    simulator.set_fault("ndop", {"kind": "http-status", "when": {"always": True}})
    with pytest.raises(json.JSONDecodeError):  # a page, and no answer
        await ask(simulator, path, token, example["request"])
    simulator.set_fault("ndop", {"kind": "token-down", "when": {"always": True}})
    refused = await simulator.handle(HttpRequest("POST", TOKEN, BASIC, b"grant_type=client_credentials"))
    assert refused.status == 503


async def test_whom_it_is_for_stands_in_a_header(simulator: Simulator) -> None:
    backend = next(
        b for s in simulator.systems.values() for b in s.backends.values() if b.dstcode and b.adapter == "rest"
    )
    assert backend.dstcode is not None
    token = await sign_in(simulator)
    status, _ = await ask(simulator, "/khong-co", token, {}, **{PROVIDER: backend.dstcode})
    assert status == 404
    assert simulator.unmatched[-1].startswith("POST /XrdAdapter/RestService/forward/khong-co")
    assert (await ask(simulator, "", token, {}))[0] == 404
