"""What people decide and a command carries out, on a real store in memory; each decision stands in the evidence."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lgsp.audit import Audit
from lgsp.errors import Unauthenticated
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.model import Evidence, Stage, StageEntry
from lgsp.office import ACTIONS, Office, Refused, perform
from lgsp.passwords import check_password
from lgsp.policy import Policy
from lgsp.runtime import Runtime, SeededIds, SystemClock
from lgsp.store import open_store


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    clock = SystemClock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    await store.stages.append(
        StageEntry(
            "births",
            Stage.TRIAL,
            date(2022, 11, 1),
            "01/QĐ",
            "a",
            "b",
            Evidence.DECLARED,
            datetime(2022, 11, 1, tzinfo=UTC),
        )
    )
    policy, ledger = Policy(store, runtime), Ledger(store, runtime, Events())
    await policy.load()
    await ledger.load(())
    yield Office(store, policy, Audit(store, runtime), runtime, ledger)
    await store.close()


async def do(office: Office, action: str, **arguments: Any) -> Any:
    return await perform(office, action, "local:tester", arguments)


async def noted(office: Office) -> list[str]:
    import json

    return [json.loads(row.body)["what"] for row in await office.store.evidence.rows(0, 100)]


async def test_a_consumer_from_first_key_to_the_last(office: Office) -> None:
    made = await do(office, "consumer.add", id="mot-cua", name="Một cửa")
    assert office.policy.by_api_key(made["api_key"]).id == "mot-cua"
    fresh = await do(office, "consumer.key", id="mot-cua")
    assert office.policy.by_secret("mot-cua", fresh["client_secret"]).id == "mot-cua"
    shown = await do(office, "consumer.show", id="mot-cua")
    assert made["api_key"] not in str(shown)
    key_id = made["api_key"].split("_")[1]
    assert key_id in {each["key_id"] for each in shown["secrets"]}
    await do(office, "consumer.revoke", id="mot-cua", key_id=key_id)
    with pytest.raises(Exception, match="unauthenticated"):
        office.policy.by_api_key(made["api_key"])
    assert await noted(office) == ["consumer-added", "consumer-key", "consumer-key-revoked"]


async def test_no_secret_enters_the_evidence(office: Office) -> None:
    made = await do(office, "consumer.add", id="mot-cua", name="Một cửa")
    await do(office, "user.add", user="lan", role="viewer", password="mật khẩu rất dài")
    bodies = b"".join(row.body for row in await office.store.evidence.rows(0, 100)).decode()
    for secret in (made["api_key"], made["client_secret"], "mật khẩu"):
        assert secret not in bodies


async def test_approval_and_activity(office: Office) -> None:
    await do(office, "consumer.add", id="x", name="X")
    await do(office, "consumer.approve", id="x", level=3, until="2030-12-31", decision="12/QĐ")
    consumer = office.policy.consumer("x")
    assert consumer is not None
    assert (consumer.security_level, consumer.security_expires) == (3, date(2030, 12, 31))
    await do(office, "consumer.active", id="x", active=False)
    consumer = office.policy.consumer("x")
    assert consumer is not None
    assert not consumer.active


async def test_two_secrets_of_one_name_are_told_apart(office: Office) -> None:
    made = await do(office, "consumer.add", id="x", name="X")
    given = await do(office, "consumer.password", id="x")
    assert given["username"] == "x"
    assert office.policy.by_secret("x", given["password"]).id == "x"
    with pytest.raises(Refused, match="--kind"):
        await do(office, "consumer.revoke", id="x", key_id="x")
    await do(office, "consumer.revoke", id="x", key_id="x", kind="password")
    with pytest.raises(Unauthenticated):
        office.policy.by_secret("x", given["password"])
    assert office.policy.by_secret("x", made["client_secret"]).id == "x"
    assert await noted(office) == ["consumer-added", "consumer-password", "consumer-key-revoked"]


async def test_a_renewed_level_keeps_what_was_declared_of_the_anti_malware(office: Office) -> None:
    await do(office, "consumer.add", id="x", name="X")
    level = {"id": "x", "level": 3, "decision": "QĐ 1"}
    assert (await do(office, "consumer.approve", **level, anti_malware=False))["standing"] == "unprotected"
    renewed = await do(office, "consumer.approve", **level, until="2099-12-31")
    assert (renewed["anti_malware"], renewed["standing"], renewed["cut"]) == (False, "unprotected", True)
    assert (await do(office, "consumer.approve", **level, anti_malware=True))["cut"] is False
    assert (await do(office, "consumer.approve", **level, since="2099-01-01"))["standing"] == "pending"
    with pytest.raises(Refused, match="before the first"):
        await do(office, "consumer.approve", **level, since="2099-01-01", until="2098-12-31")
    await do(office, "compliance.system", system="births", level=3, decision="1", anti_malware=False)
    assert (await do(office, "compliance.system", system="births", level=3, decision="2"))["anti_malware"] is False


async def test_grants(office: Office) -> None:
    await do(office, "consumer.add", id="x", name="X")
    await do(
        office,
        "grant.add",
        consumer="x",
        system="births",
        operation="*",
        legal_basis="Luật",
        fields=["a.b"],
        by="An",
        approved_by="Bình",
    )
    assert [each["fields"] for each in await do(office, "grant.list", consumer="x")] == [("a.b",)]
    await do(office, "grant.remove", consumer="x", system="births", operation="*")
    assert await do(office, "grant.list") == []


async def test_operators(office: Office) -> None:
    await do(office, "user.add", user="lan", role="auditor", password="first-password")
    await do(office, "user.passwd", user="lan", password="second-password")
    known = await office.store.operators.get("lan")
    assert known is not None
    assert check_password("second-password", known.hash)
    await do(office, "user.disable", user="lan")
    assert (await do(office, "user.list"))[0]["active"] is False


async def test_a_move_of_a_stage(office: Office) -> None:
    moved = await do(
        office, "stage.move", system="births", to="suspended", decision="2/QĐ", by="an", approved_by="bình"
    )
    assert moved["stage"] == "suspended"
    assert [each["stage"] for each in await do(office, "stage.list", system="births")] == ["trial", "suspended"]
    assert await noted(office) == ["stage-moved"]


@pytest.mark.parametrize(
    ("action", "arguments", "said"),
    [
        ("no.such", {}, "no action"),
        ("consumer.add", {"id": "Bad Id", "name": "x"}, "a consumer's id"),
        ("consumer.show", {"id": "nobody"}, "no consumer nobody"),
        ("consumer.revoke", {"id": "there", "key_id": "x"}, "no key"),
        ("consumer.approve", {"id": "there", "level": 9, "decision": "x"}, "1 to 5"),
        ("consumer.approve", {"id": "there", "level": 3, "until": "31/12/2030", "decision": "x"}, "2026-12-31"),
        ("grant.remove", {"consumer": "there", "system": "s", "operation": "o"}, "no grant"),
        ("user.add", {"user": "a", "role": "king", "password": "long-enough-it-is"}, "a role is one of"),
        ("user.add", {"user": "a", "role": "viewer", "password": "short"}, "at least 12"),
        ("user.passwd", {"user": "nobody", "password": "long-enough-it-is"}, "no operator"),
        ("user.disable", {"user": "nobody"}, "no operator"),
        (
            "stage.move",
            {"system": "births", "to": "official", "decision": "1", "by": "a", "approved_by": "b"},
            "evidence",
        ),
        (
            "stage.move",
            {"system": "births", "to": "suspended", "decision": "1", "by": "a", "approved_by": "a"},
            "Two different",
        ),
    ],
)
async def test_refusals_say_why_and_change_nothing(
    office: Office, action: str, arguments: dict[str, Any], said: str
) -> None:
    await do(office, "consumer.add", id="there", name="There")
    before = await noted(office)
    with pytest.raises(Refused, match=said):
        await do(office, action, **arguments)
    assert await noted(office) == before


def test_every_action_has_a_group_and_a_verb() -> None:
    assert all(len(name.split(".")) == 2 for name in ACTIONS)
