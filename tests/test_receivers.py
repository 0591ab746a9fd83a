"""Where consumers are called back: an operator's decision, its secret shown once, all of it in the evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lgsp.audit import Audit
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.model import Consumer, Text
from lgsp.office import Office, Refused, perform
from lgsp.policy import Policy
from lgsp.runtime import Runtime
from lgsp.store import InboxRow, Store
from lgsp.submissions.webhook import open_secrets
from tests.store.test_store import NOW, installation, store

__all__ = ["installation", "store"]
URL = "https://receiver.example/hook"


@pytest.fixture
async def office(store: Store) -> Office:
    runtime = Runtime.system()
    policy = Policy(store, runtime)
    await policy.load()
    await policy.create_consumer(Consumer("portal", Text("Một cửa", "One-stop")))
    return Office(store, policy, Audit(store, runtime, patience=30.0), runtime, Ledger(store, runtime, Events()))


async def do(office: Office, action: str, **arguments: Any) -> Any:
    return await perform(office, f"callback.{action}", "local:tester", {"id": "portal", **arguments})


async def secrets(office: Office) -> list[str]:
    row = await office.store.callbacks.get("portal")
    assert row is not None
    return [each.text for each in open_secrets(office.store.keys, "portal", row.secrets)]


async def test_registered_with_a_secret_shown_once(office: Office) -> None:
    assert (await do(office, "show"))["on"] is False
    made = await do(office, "set", url=URL)
    assert made["secret"].startswith("whsec_")
    shown = await do(office, "show")
    assert (shown["url"], shown["on"], shown["with_data"]) == (URL, True, False)
    moved = await do(office, "set", url=URL + "2", with_data=True)
    assert moved["secret"] is None
    assert await secrets(office) == [made["secret"]]
    kept = json.dumps(shown) + "".join(row.body.decode() for row in await office.store.evidence.rows(0, 100))
    assert made["secret"] not in kept
    assert "callback-registered" in kept
    with pytest.raises(Refused, match="no consumer"):
        await do(office, "set", id="nobody", url=URL)


async def test_only_addresses_that_are_allowed(office: Office) -> None:
    for url in ("http://receiver.example/", "https://127.0.0.1/", "http://127.0.0.1:9000/"):
        with pytest.raises(Refused):
            await do(office, "set", url=url)
    assert await office.store.callbacks.get("portal") is None
    shown = replace(office, demonstration=True)
    assert (await do(shown, "set", url="http://127.0.0.1:9000/"))["secret"]


async def test_a_fresh_secret_beside_the_one_before(office: Office) -> None:
    with pytest.raises(Refused, match="no receiver"):
        await do(office, "rotate")
    first = (await do(office, "set", url=URL))["secret"]
    second = (await do(office, "rotate"))["secret"]
    assert await secrets(office) == [second, first]
    third = (await do(office, "rotate", overlap=0))["secret"]
    assert await secrets(office) == [third]
    with pytest.raises(Refused, match="720 hours"):
        await do(office, "rotate", overlap=721)


async def test_off_and_on_again(office: Office) -> None:
    await do(office, "set", url=URL)
    await office.store.inbox.put([InboxRow("1", "portal", "register", "notice", b"k", NOW, b"")])
    assert (await do(office, "show"))["counts"]["waiting"] == 1
    assert await do(office, "off") == {"id": "portal", "on": False, "stopped": 1}
    with pytest.raises(Refused, match="as it is"):
        await do(office, "off")
    with pytest.raises(Refused, match="switched off"):
        await do(office, "again")
    assert (await do(office, "set", url=URL))["secret"] is None
    assert await do(office, "again") == {"id": "portal", "waiting": 1}
    shown = await do(office, "show")
    assert (shown["on"], shown["counts"]) == (True, {"waiting": 1, "delivered": 0, "parked": 0, "stopped": 0})


async def test_what_is_parked_is_shown(office: Office) -> None:
    await do(office, "set", url=URL)
    await office.store.inbox.put([InboxRow("1", "portal", "register", "notice", b"k", NOW, b"")])
    await office.store.callbacks.tried("1-arrived", "http-500", NOW)
    await office.store.callbacks.ended("1-arrived", "parked", "http-500", NOW + timedelta(days=3))
    assert (await do(office, "show"))["parked"] == [
        {
            "id": "1-arrived", "kind": "inbox.arrived", "subject": "1", "created": NOW.isoformat(), "attempts": 1,
            "last": "http-500",
        }
    ]  # fmt: skip
