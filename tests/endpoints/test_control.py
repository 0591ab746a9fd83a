"""`control.sock`: a named action in, its result out; what is no command is refused with a sentence."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from lgsp.audit import Audit
from lgsp.endpoints.control import control
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.office import Office, perform
from lgsp.policy import Policy
from lgsp.runtime import Runtime, SeededIds, SystemClock
from lgsp.store import open_store


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    clock = SystemClock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    policy, ledger = Policy(store, runtime), Ledger(store, runtime, Events())
    await policy.load()
    await ledger.load(())
    office = Office(store, policy, Audit(store, runtime), runtime, ledger)
    async with TestClient(TestServer(control(partial(perform, office)))) as found:
        yield found
    await store.close()


async def test_an_action(client: TestClient[Any, Any]) -> None:
    arguments = {"id": "x", "name": "X"}
    async with client.post("/consumer.add", json={"by": "local:a", "arguments": arguments}) as answer:
        assert answer.status == 200
        assert (await answer.json())["result"]["id"] == "x"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/consumer.show", b'{"by": "a", "arguments": {"id": "nobody"}}', 409),
        ("/no.such", b'{"by": "a", "arguments": {}}', 409),
        ("/consumer.add", b'{"by": "a", "arguments": {}}', 400),
        ("/consumer.add", b'{"by": "a", "arguments": {}, "more": 1}', 400),
        ("/consumer.add", b"not json", 400),
        ("/user.add", b'{"by": "a", "arguments": {"user": "u", "role": "viewer", "password": "short"}}', 409),
    ],
)
async def test_refusals(client: TestClient[Any, Any], path: str, body: bytes, status: int) -> None:
    async with client.post(path, data=body) as answer:
        assert answer.status == status
        assert set(await answer.json()) == {"error"}
