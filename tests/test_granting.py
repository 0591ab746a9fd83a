"""What may be asked for at all, what an approval takes the place of, and that no request is lost or decided twice."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lgsp import manifest
from lgsp.decisions import Refused, take
from lgsp.errors import EvidenceUnavailable
from lgsp.home import builtin
from lgsp.lifecycle import Ledger
from lgsp.office import Office
from lgsp.registry import Registry
from tests.test_decisions import ASKED, desk
from tests.test_office import do, office

__all__ = ["desk", "office"]
PEOPLE = {"by": "An", "approved_by": "Bình"}
STATUS = {"consumer": "mot-cua", "system": "civil-status", "operation": "ketQuaDangKyHS", "legal_basis": "Luật (mẫu)"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return manifest.load([builtin()])


@pytest.fixture
async def housed(desk: Office, registry: Registry) -> Office:
    """Where a bus runs, its contracts say what can be granted."""
    ledger: Ledger = desk.ledger
    await ledger.load(registry.connectors.values())
    return replace(desk, registry=registry)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "civl-status"}, "no system civl-status"),
        ({"operation": "ketQua"}, "no operation ketQua"),
        ({"system": "*"}, "name the system"),
        ({"fields": ["khongCo"]}, "no field khongCo"),
        ({"fields": ["daHoanThanh", ""]}, "empty name"),
        ({"fields": ["daHoanThanh..x"]}, "no field"),
        ({"purposes": [""]}, "empty name"),
        ({"valid_from": "2027-05-01", "valid_to": "2027-01-01"}, "before the first"),
    ],
)
@pytest.mark.parametrize("action", ["grant.ask", "grant.add"])
async def test_a_grant_for_nothing_is_refused(housed: Office, action: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        await do(housed, action, **{**STATUS, **PEOPLE, **changed})
    assert housed.policy.grants_of("mot-cua") == []
    assert await do(housed, "grant.requests") == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"fields": ["daHoanThanh"]},
        {"operation": "*", "fields": ["daHoanThanh"]},
        {"operation": "*"},
        {"system": "*", "operation": "*", "fields": ["daHoanThanh"]},
        {"fields": [], "purposes": []},
        {"valid_from": "2027-01-01", "valid_to": "2027-01-01"},
    ],
)
async def test_a_grant_for_something_is_not(housed: Office, wanted: dict[str, Any]) -> None:
    await do(housed, "grant.add", **{**STATUS, **PEOPLE, **wanted})
    (grant,) = housed.policy.grants_of("mot-cua")
    assert grant.fields == (("daHoanThanh",) if wanted.get("fields") else None)


async def test_the_same_person_written_otherwise_does_not_approve(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED, by="Nguyễn Văn Mẫu")
    for same in (unicodedata.normalize("NFD", "Nguyễn Văn Mẫu"), "Nguyễn  Văn Mẫu", "NGUYỄN VĂN\u00a0MẪU\u200b"):
        with pytest.raises(Refused, match="two different people"):
            await do(desk, "grant.approve", request=request["id"], by=same)
        with pytest.raises(Refused, match="two different people"):
            await do(desk, "grant.add", **ASKED, by="Nguyễn Văn Mẫu", approved_by=same)
    with pytest.raises(Refused, match="two different people"):
        await do(desk, "grant.add", **ASKED, by="\u200b", approved_by="An")


async def test_the_answer_says_what_a_grant_takes_the_place_of_and_whether_it_stands_today(desk: Office) -> None:
    first = await do(desk, "grant.add", **ASKED, **PEOPLE, fields=["a"])
    assert (first["replaces"], first["stands"]) == (None, True)
    later = (desk.policy.today() + timedelta(days=1)).isoformat()
    asked = await do(desk, "grant.ask", **ASKED, by="An", valid_from=later)
    assert asked["replaces"]["fields"] == ("a",)
    made = await do(desk, "grant.approve", request=asked["id"], by="Bình")
    assert (made["replaces"]["fields"], made["stands"]) == (("a",), False)
    bodies = [json.loads(row.body) for row in await desk.store.evidence.rows(0, 100)]
    said = [each["facts"]["replaces"] for each in bodies if each["what"] == "grant-added"]
    assert said[0] is None
    assert said[1]["fields"] == ["a"]


async def test_what_many_ask_in_one_moment_waits_in_full(desk: Office) -> None:
    await asyncio.gather(*(do(desk, "grant.ask", **ASKED, by=f"An {number}") for number in range(8)))
    await asyncio.gather(
        *(do(desk, "consumer.ask", consumer=f"he-{number}", name="Hệ", basis="1/CV") for number in range(8))
    )
    assert {each["by"] for each in await do(desk, "grant.requests")} == {f"An {number}" for number in range(8)}
    assert len(await do(desk, "consumer.requests")) == 8


async def test_one_request_is_decided_once(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED, by="An")
    deeds = (
        do(desk, "grant.approve", request=request["id"], by="Bình"),
        do(desk, "grant.reject", request=request["id"]),
    )
    done = await asyncio.gather(*deeds, return_exceptions=True)
    assert sorted(isinstance(each, Refused) for each in done) == [False, True]
    assert bool(desk.policy.grants_of("mot-cua")) is not isinstance(done[0], Refused)


async def test_what_was_taken_is_gone_for_whoever_had_read_it_before(desk: Office) -> None:
    """At two workers both may have found it; only one of them takes it."""
    request = await do(desk, "grant.ask", **ASKED, by="An")
    await take(desk, "grant-requests", request["id"], "x")
    with pytest.raises(Refused, match="no request"):
        await take(desk, "grant-requests", request["id"], "x")


async def test_without_evidence_nothing_is_granted_and_the_request_waits_still(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED, by="An")

    class Silent:
        async def note(self, *_: Any, **__: Any) -> None:
            raise EvidenceUnavailable

    mute = replace(desk, audit=Silent())
    for action, arguments in (
        ("grant.approve", {"request": request["id"], "by": "Bình"}),
        ("grant.add", {**ASKED, **PEOPLE}),
        ("consumer.key", {"id": "mot-cua"}),
        ("consumer.password", {"id": "mot-cua"}),
        ("consumer.sandbox-key", {"id": "mot-cua"}),
        ("consumer.add", {"id": "moi", "name": "Mới"}),
        ("consumer.approve", {"id": "mot-cua", "level": 5, "decision": "1/QĐ"}),
    ):
        before = await desk.store.consumers.secrets(), desk.policy.consumers(), desk.policy.grants_of("mot-cua")
        with pytest.raises(EvidenceUnavailable):
            await do(mute, action, **arguments)
        after = await desk.store.consumers.secrets(), desk.policy.consumers(), desk.policy.grants_of("mot-cua")
        assert before == after, action
    assert [each["id"] for each in await do(desk, "grant.requests")] == [request["id"]]
    with pytest.raises(EvidenceUnavailable):
        await do(mute, "consumer.active", id="mot-cua", active=False)
    found = desk.policy.consumer("mot-cua")
    assert found is not None
    assert not found.active, "what must end does not wait for evidence"


async def test_an_operation_that_there_is_not_is_explained_as_the_door_says_it(housed: Office) -> None:
    """Also where everything is granted: the explanation once allowed what every call got a 404 for."""
    await do(housed, "grant.add", **{**STATUS, **PEOPLE, "system": "*", "operation": "*"})
    which = {"consumer": "mot-cua", "system": "civil-status"}
    assert (await do(housed, "grant.explain", **which, operation="khongCo"))["code"] == "unknown-operation"
    for there in ("ketQuaDangKyHS", "*"):
        assert (await do(housed, "grant.explain", **which, operation=there))["code"] is None
