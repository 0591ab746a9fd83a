"""Grants by two people, the register's effect on callers, and the explanation: every answer agrees with the bus itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from lgsp.compliance import as_record
from lgsp.decisions import Refused
from lgsp.errors import LgspError
from lgsp.office import Office, perform
from tests.test_compliance import ONE
from tests.test_office import do, noted, office

__all__ = ["office"]
ASKED = {"consumer": "mot-cua", "system": "births", "operation": "*", "legal_basis": "Luật (mẫu)"}


@pytest.fixture
async def desk(office: Office) -> Office:
    await do(office, "consumer.add", id="mot-cua", name="Một cửa", admits_trial=True, security_level=3)
    return office


async def test_one_asks_and_another_approves(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED, by="An", admits_trial=True)
    assert desk.policy.grants_of("mot-cua") == []
    for same in ("An", " an ", "AN"):
        with pytest.raises(Refused, match="two different people"):
            await do(desk, "grant.approve", request=request["id"], by=same)
    made = await do(desk, "grant.approve", request=request["id"], by="Bình")
    assert (made["asked_by"], made["approved_by"]) == ("An", "Bình")
    assert [each.operation for each in desk.policy.grants_of("mot-cua")] == ["*"]
    assert await do(desk, "grant.requests") == []
    with pytest.raises(Refused, match="no request"):
        await do(desk, "grant.approve", request=request["id"], by="Chi")
    assert await noted(desk) == ["consumer-added", "grant-asked", "grant-added"]
    last = json.loads((await desk.store.evidence.rows(2, 1))[0].body)
    assert (last["facts"]["asked_by"], last["facts"]["approved_by"]) == ("An", "Bình")


async def test_the_person_at_the_keyboard_stands_in_where_nobody_is_named(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED)
    with pytest.raises(Refused, match="two different people"):
        await do(desk, "grant.approve", request=request["id"])
    await perform(desk, "grant.approve", "local:other", {"request": request["id"]})


async def test_no_is_said_by_anybody(desk: Office) -> None:
    request = await do(desk, "grant.ask", **ASKED)
    await do(desk, "grant.reject", request=request["id"])
    assert desk.policy.grants_of("mot-cua") == []
    assert (await noted(desk))[-1] == "grant-rejected"


@pytest.mark.parametrize(
    "changed",
    [
        {"legal_basis": " "},
        {"consumer": "nobody"},
        {"valid_to": "31/12/2022"},
        {"by": "An", "approved_by": "an"},
        {"purposes": ["thủ tục"]},
    ],
)
async def test_what_cannot_be_granted(desk: Office, changed: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await do(desk, "grant.add", **{**ASKED, "by": "An", "approved_by": "Bình", **changed})
    assert desk.policy.grants_of("mot-cua") == []


async def test_the_register_gives_and_takes(desk: Office) -> None:
    today = desk.runtime.clock.now().date()
    good = {**as_record(ONE), "id": "mot-cua", "expires": (today + timedelta(days=10)).isoformat()}
    assert (await do(desk, "compliance.import", register=[good]))["consumers"] == ["mot-cua"]
    consumer = desk.policy.consumer("mot-cua")
    assert consumer is not None
    desk.policy.check_security_level(consumer)
    assert (await do(desk, "compliance.show"))["warn"] == ["mot-cua"]
    await do(desk, "compliance.import", register=[{**good, "anti_malware": "no"}])
    consumer = desk.policy.consumer("mot-cua")
    assert consumer is not None
    with pytest.raises(LgspError) as error:
        desk.policy.check_security_level(consumer)
    assert error.value.code == "security-level-not-approved"
    assert error.value.detail is not None
    assert "mã độc" in error.value.detail.vi
    assert (await do(desk, "compliance.show"))["cut"] == ["mot-cua"]
    with pytest.raises(Refused):
        await do(desk, "compliance.import", register=[{**good, "level": "9"}])
