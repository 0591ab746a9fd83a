"""Two people at the correction desk: reading is evidence, a correction is a new submission, and it is delivered corrected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from lgsp.amending import named
from lgsp.decisions import Refused
from lgsp.model import SubmissionState
from lgsp.office import perform
from lgsp.submissions.record import open_message
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import notes

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM, OPERATION, FIELD = "postal-delivery", "PostOrder", "/ReceiverTel"
WHY = "Bộ từ chối số điện thoại"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("amending")) as found:
        yield found


async def refused(bus: Bus, number: int) -> tuple[str, dict[str, Any]]:
    """(a submission that the ministry has refused for one field, what was asked)."""
    for each in await bus.examples():
        if (each["system"], each["operation"], each["expect"]) == (SYSTEM, OPERATION, "provider-fault"):
            asked = {**each["request"], "OrderNumber": f"H99-{number:06}"}
            reply = await bus.call(SYSTEM, OPERATION, asked, each.get("headers"))
            assert reply.data["errors"] == [{"path": FIELD, "rule": "format"}], reply.data
            return reply.headers["location"].rpartition("/")[2], asked
    raise AssertionError("the simulator refuses no telephone number any more")


async def do(bus: Bus, action: str, by: str, **arguments: Any) -> Any:
    return await perform(bus.gateway.office, f"submission.{action}", by, arguments)


async def settled(bus: Bus, name: str) -> SubmissionState:
    async with asyncio.timeout(60):
        while True:
            row = await bus.gateway.store.submissions.get(name)
            assert row is not None
            if row.state not in (SubmissionState.QUEUED, SubmissionState.DELIVERING):
                return row.state
            await asyncio.sleep(0.05)


async def test_who_reads_says_why_and_is_evidence_first(bus: Bus) -> None:
    name, asked = await refused(bus, 1)
    with pytest.raises(Refused, match="say why"):
        await do(bus, "read", "an", id=name, reason="  ")
    before = len(await notes(bus, "submission-read"))
    found = await do(bus, "read", "an", id=name, reason=WHY)
    assert found["data"] == asked
    assert found["complaints"] == [{"path": FIELD, "rule": "format"}]
    assert (found["after"], found["why_not"]) == (None, None)
    (entry,) = (await notes(bus, "submission-read"))[before:]
    assert (entry["by"], entry["facts"]["submission"], entry["facts"]["reason"]) == ("an", name, WHY)


async def test_corrected_confirmed_delivered_and_traced(bus: Bus) -> None:
    name, asked = await refused(bus, 2)
    proposal = await do(bus, "propose", "an", id=name, kind="correct", reason=WHY, fields={FIELD: "0912345678"})
    assert (proposal["paths"], proposal["state"]) == ([FIELD], "open")
    assert await do(bus, "proposals", "x") == [proposal]
    assert (await do(bus, "read", "binh", id=name, reason=WHY))["after"] == {**asked, "ReceiverTel": "0912345678"}
    for person in ("an", " AN "):
        with pytest.raises(Refused, match="two different people"):
            await do(bus, "approve", person, proposal=proposal["id"])
    done = await do(bus, "approve", "binh", proposal=proposal["id"])
    assert await settled(bus, done["became"]) is SubmissionState.DELIVERED
    store = bus.gateway.store
    old, new = await store.submissions.get(name), await store.submissions.get(done["became"])
    assert old is not None
    assert new is not None
    assert (old.state, new.follows, new.consumer, new.correlation_id) == (
        SubmissionState.FAILED, name, old.consumer, old.correlation_id,
    )  # fmt: skip
    assert open_message(store.keys, new).data == {**asked, "ReceiverTel": "0912345678"}
    assert open_message(store.keys, old).data == asked, "a record is never changed"
    entry = (await notes(bus, "submission-corrected"))[-1]
    facts = entry["facts"]
    assert (facts["submission"], facts["as"], facts["paths"]) == (name, done["became"], [FIELD])
    assert (facts["decided_by"], facts["approved_by"], facts["reason"]) == ("an", "binh", WHY)
    asked_entries = [msgspec.json.decode(row.body) for row in await store.evidence.rows(0, 100_000)]
    digests = {each["request"] for each in asked_entries if each["kind"] == "asked" and each["system"] == SYSTEM}
    assert {facts["was_digest"], facts["digest"]} <= digests, (
        "the lineage leads to what left the house, before and after"
    )
    assert "0912345678" not in str(asked_entries)
    closed = await store.corrections.one(proposal["id"])
    assert closed is not None
    assert (closed.state, closed.closed_by, closed.sealed) == ("approved", "binh", b"")
    with pytest.raises(Refused, match="no such proposal"):
        await do(bus, "approve", "binh", proposal=proposal["id"])
    with pytest.raises(Refused, match="sent again already"):
        await do(bus, "propose", "an", id=name, kind="correct", reason=WHY, fields={FIELD: "0987654321"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing is changed"),
        ({"ReceiverTel": "1"}, "no field"),
        ({"/ReceiverTel/x": "1"}, "no field"),
        ({"/ReceiverTel": {"a": 1}}, "breaks the contract"),
        ({"/ReceiverName": None}, "breaks the contract"),
        (None, "fields are"),
        ({f"/x{n}": "1" for n in range(201)}, "fields are"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_correction(bus: Bus, fields: Any, said: str) -> None:
    name, _ = await refused(bus, 3)
    with pytest.raises(Refused, match=said) as caught:
        await do(bus, "propose", "an", id=name, kind="correct", reason=WHY, fields=fields)
    assert "0912" not in str(caught.value), "paths and rules, never values"
    assert [each for each in await do(bus, "proposals", "x", id=name) if each["state"] == "open"] == []


async def test_a_proposal_is_judged_again_when_it_is_confirmed(bus: Bus) -> None:
    """A contract that came meanwhile may refuse what was valid: here the proposal itself holds it already."""
    name, asked = await refused(bus, 9)
    first = await do(bus, "propose", "an", id=name, kind="correct", reason=WHY, fields={FIELD: "0912345678"})
    store = bus.gateway.store
    kept = await store.corrections.one(first["id"])
    assert kept is not None
    await do(bus, "reject", "binh", proposal=first["id"])
    broken = msgspec.json.encode({**asked, "ReceiverTel": {"so": "0912345678"}})
    assert await store.corrections.propose(
        replace(kept, id="later", sealed=store.keys.seal(broken, "correction:later"))
    )
    with pytest.raises(Refused, match="breaks the contract"):
        await do(bus, "approve", "binh", proposal="later")
    assert [each["state"] for each in await do(bus, "proposals", "x", id=name) if each["id"] == "later"] == ["open"]
    await do(bus, "reject", "binh", proposal="later")


async def test_one_proposal_at_a_time_and_anybody_may_say_no(bus: Bus) -> None:
    name, _ = await refused(bus, 4)
    first = await do(bus, "propose", "an", id=name, kind="resend", reason=WHY)
    with pytest.raises(Refused, match="waits already"):
        await do(bus, "propose", "chi", id=name, kind="correct", reason=WHY, fields={FIELD: "0912345678"})
    await do(bus, "reject", "an", proposal=first["id"])
    assert (await notes(bus, "correction-rejected"))[-1]["facts"]["proposal"] == first["id"]
    again = await do(bus, "propose", "chi", id=name, kind="resend", reason=WHY)
    done = await do(bus, "approve", "an", proposal=again["id"])
    assert await settled(bus, done["became"]) is SubmissionState.FAILED, "as it was: the ministry refuses it again"
    assert [each["state"] for each in await do(bus, "proposals", "x", id=name)] == ["approved", "rejected"]


async def test_only_a_doubtful_one_is_settled_and_kinds_are_named(bus: Bus) -> None:
    name, _ = await refused(bus, 5)
    for kind, said in (("delivered", "only a doubtful one"), ("gửi", "a proposal is one of")):
        with pytest.raises(Refused, match=said):
            await do(bus, "propose", "an", id=name, kind=kind, reason=WHY)


async def test_the_keyed_names_are_those_that_the_bus_draws(bus: Bus) -> None:
    """Corrected or not, a submission waits in its order and is found by its record in the same way."""
    gateway, seen = bus.gateway, 0
    for each in await bus.examples():
        if each["kind"] != "update" or each["expect"] != "provider-fault" or "'file" in str(each["request"]):
            continue
        reply = await bus.call(each["system"], each["operation"], each["request"], each.get("headers"))
        row = await gateway.store.submissions.get(reply.headers.get("location", "").rpartition("/")[2])
        message = open_message(gateway.store.keys, row) if row is not None else None
        if row is None or message is None or message.large:
            continue
        operation = gateway.submissions.desk.operation(row)
        assert operation is not None
        drawn = {"order_key": row.order_key, "natural_key": row.natural_key, "digest": row.digest}
        assert named(gateway.store.keys, operation, message.data) == drawn, each["operation"]
        seen += row.order_key is not None
    assert seen, "no operation with an order among them"


async def test_without_a_bus_nothing_can_be_checked(bus: Bus, tmp_path: Path) -> None:
    del tmp_path
    from dataclasses import replace

    name, _ = await refused(bus, 6)
    office = replace(bus.gateway.office, registry=None)
    with pytest.raises(Refused, match="not running"):
        await perform(office, "submission.propose", "an",
                      {"id": name, "kind": "correct", "reason": WHY, "fields": {FIELD: "0912345678"}})  # fmt: skip
