"""Levels of connected systems: previewed, warned of, cut off and explained; each decision noted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lgsp.alerts import LEVEL_ENDING, LEVEL_LOST, SecurityWatch
from lgsp.compliance import Approval, Standing, of_system, preview
from lgsp.decisions import Refused
from lgsp.errors import SecurityLevelNotApproved
from lgsp.events import Events, SecurityAlert
from lgsp.office import Office
from lgsp.policy import Policy
from tests.test_office import do, noted, office

__all__ = ["office"]
ON = date(2022, 12, 6)


def approval(**facts: Any) -> Approval:
    return Approval("births", "births", "", facts.pop("level", 3), "QĐ 1", **facts)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Approval("births", "births", "", None), Standing.UNDECLARED),
        (approval(approved=ON), Standing.APPROVED),
        (approval(approved=ON + timedelta(days=1)), Standing.PENDING),
        (approval(approved=ON - timedelta(days=400), expires=ON), Standing.EXPIRING),
        (approval(approved=ON - timedelta(days=400), expires=ON + timedelta(days=30)), Standing.EXPIRING),
        (approval(approved=ON - timedelta(days=400), expires=ON + timedelta(days=31)), Standing.APPROVED),
        (approval(approved=ON - timedelta(days=400), expires=ON - timedelta(days=1)), Standing.EXPIRED),
        (approval(approved=ON, anti_malware=False), Standing.UNPROTECTED),
    ],
)
def test_a_connected_system_s_standing(known: Approval, expected: Standing) -> None:
    assert of_system(known, ON) is expected
    shown = preview([], [], ON, [known]).as_dict()
    assert [each["standing"] for each in shown["connected"]] == [expected.value]
    assert shown["cut"] == (["births"] if expected.cut else [])
    assert shown["warn"] == (["births"] if expected is Standing.EXPIRING else [])
    assert (expected is Standing.UNDECLARED, expected.cut).count(True) <= 1, "what nobody declared cuts nobody off"


async def test_its_end_cuts_it_off_and_is_explained(office: Office) -> None:
    policy, today = office.policy, office.policy.today()
    await do(office, "consumer.add", id="mot-cua", name="Một cửa", admits_trial=True, security_level=3)
    grant = {
        "consumer": "mot-cua",
        "system": "births",
        "operation": "*",
        "legal_basis": "Luật (mẫu)",
        "admits_trial": True,
    }
    await do(office, "grant.add", **grant, by="An", approved_by="Bình")
    policy.check_system_level("births")
    decided = {"system": "births", "level": 3, "decision": "QĐ 1 (mẫu)"}
    facts = await do(office, "compliance.system", **decided, until=today.isoformat())
    assert facts["since"] == today.isoformat()
    policy.check_system_level("births")
    shown = await do(office, "compliance.show", on=(today + timedelta(days=1)).isoformat())
    assert "births" in shown["cut"], "tomorrow"
    assert "births" in (await do(office, "compliance.show"))["warn"], "today"

    yesterday = (today - timedelta(days=1)).isoformat()
    await do(office, "compliance.system", **decided, since="2020-01-01", until=yesterday)
    with pytest.raises(SecurityLevelNotApproved):
        policy.check_system_level("births")
    why = await do(office, "grant.explain", consumer="mot-cua", system="births", operation="ask")
    assert (why["allowed"], why["code"]) == (False, "security-level-not-approved")
    again = Policy(office.store, office.runtime)
    await again.load()
    with pytest.raises(SecurityLevelNotApproved):
        again.check_system_level("births")
    assert (await noted(office))[-2:] == ["system-level-approved", "system-level-approved"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"system": "nothing"},
        {"level": 6},
        {"decision": " "},
        {"since": "2022-01-02", "until": "2022-01-01"},
        {"until": "tomorrow"},
    ],
)
async def test_what_is_no_approval_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await do(office, "compliance.system", **{"system": "births", "level": 3, "decision": "QĐ 1", **wrong})
    assert office.policy.levels() == []


async def test_the_soc_hears_of_it(office: Office) -> None:
    heard: list[SecurityAlert] = []
    events = Events()
    events.subscribe(lambda event: heard.append(event) if isinstance(event, SecurityAlert) else None)
    watch = SecurityWatch(events, office.runtime.clock)
    today = office.policy.today()
    long_ago = today - timedelta(days=400)
    for expires in (today + timedelta(days=10), today + timedelta(days=9), today - timedelta(days=1)):
        watch.connected([approval(approved=long_ago, expires=expires)])
    assert [(each.what, each.consumer) for each in heard] == [
        (LEVEL_ENDING, "system:births"),
        (LEVEL_LOST, "system:births"),
    ]
