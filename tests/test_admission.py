"""A new agency system by two people: a request is no caller, keys come in one answer, and evidence names both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.office import Office, perform
from lgsp.policy import Policy
from lgsp.runtime import Runtime
from lgsp.store import open_store

ASKED = {"consumer": "so-y-te.his", "name": "Sở Y tế", "agency": "H99.07", "basis": "12/CV-SYT", "admits_trial": True}


@pytest.fixture
async def office() -> Office:
    runtime = Runtime.system()
    store = await open_store(None, runtime)
    return Office(
        store, Policy(store, runtime), Audit(store, runtime, patience=30.0), runtime, Ledger(store, runtime, Events())
    )


async def do(office: Office, action: str, by: str, **arguments: Any) -> Any:
    return await perform(office, f"consumer.{action}", by, arguments)


async def test_asked_by_one_admitted_by_another(office: Office) -> None:
    request = await do(office, "ask", "an", **ASKED)
    assert office.policy.consumers() == []
    assert await do(office, "requests", "x") == [request]
    for person in ("an", " An"):
        with pytest.raises(Refused, match="two different people"):
            await do(office, "admit", person, request=request["id"])
    made = await do(office, "admit", "binh", request=request["id"])
    assert office.policy.by_api_key(made["api_key"]).id == "so-y-te.his"
    (consumer,) = office.policy.consumers()
    assert (consumer.agency, consumer.admits_trial, consumer.security_level) == ("H99.07", True, None)
    assert await do(office, "requests", "x") == []
    with pytest.raises(Refused, match="no request"):
        await do(office, "admit", "binh", request=request["id"])
    text = b"".join([row.body for row in await office.store.evidence.rows(0, 9)])
    assert [json.loads(row.body)["what"] for row in await office.store.evidence.rows(0, 9)] == [
        "consumer-asked",
        "consumer-added",
    ]
    assert made["api_key"].encode() not in text
    assert made["client_secret"].encode() not in text


async def test_declined_by_anybody(office: Office) -> None:
    request = await do(office, "ask", "an", **ASKED)
    assert (await do(office, "decline", "an", request=request["id"]))["consumer"] == "so-y-te.his"
    assert await do(office, "requests", "x") == []
    assert office.policy.consumers() == []


@pytest.mark.parametrize(
    "wrong", [{"consumer": "Sở"}, {"consumer": ""}, {"name": " "}, {"basis": ""}, {"consumer": "-x"}]
)
async def test_what_cannot_be_asked_for(office: Office, wrong: dict[str, str]) -> None:
    with pytest.raises(Refused):
        await do(office, "ask", "an", **{**ASKED, **wrong})
    assert await do(office, "requests", "x") == []


async def test_one_request_a_name(office: Office) -> None:
    await do(office, "ask", "an", **ASKED)
    with pytest.raises(Refused, match="asked for already"):
        await do(office, "ask", "binh", **ASKED)
