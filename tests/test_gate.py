"""What a call is held against besides its grant, each by itself; the whole gate is tested in `tests/pipeline/test_rights.py`."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lgsp import gate
from lgsp.compliance import Approval
from lgsp.errors import PurposeRequired, SecurityLevelNotApproved, Unauthenticated
from lgsp.model import Consumer, Grant, Text
from lgsp.runtime import Runtime, SeededIds
from lgsp.store import open_store

ONE = Consumer("mot-cua", Text("Mẫu", "Sample"), security_level=3)
DAY = date(2022, 12, 6)


@pytest.mark.parametrize(
    ("begins", "ends", "holds"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (None, date(2022, 12, 5), False),
        (date(2022, 12, 7), None, False),
        (date(2022, 1, 1), date(2022, 12, 31), True),
    ],
)
def test_a_grant_stands_on_its_first_and_on_its_last_day(begins: date | None, ends: date | None, holds: bool) -> None:
    assert gate.stands(Grant("mot-cua", "register", "ask", valid_from=begins, valid_to=ends), DAY) is holds


@pytest.mark.parametrize(
    ("peer", "welcome"),
    [
        ("10.1.2.3", True),
        ("10.1.3.1", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("", False),
        ("unix", False),
    ],
)
def test_addresses(peer: str, welcome: bool) -> None:
    bound = replace(ONE, addresses=("10.1.2.0/24", "2001:db8::/32"))
    gate.check_address(ONE, peer)
    if welcome:
        gate.check_address(bound, peer)
    else:
        with pytest.raises(Unauthenticated):
            gate.check_address(bound, peer)


def test_a_caller_is_looked_at_once_a_day_and_again_when_his_record_has_changed() -> None:
    callers, last, over = gate.Callers(), date(2022, 12, 6), date(2022, 12, 7)
    ends = replace(ONE, security_expires=last)
    callers.check(ends, last)
    callers.check(ends, last)
    with pytest.raises(SecurityLevelNotApproved):
        callers.check(ends, over)
    callers.check(replace(ends, security_expires=over), over)
    for _ in range(2):
        with pytest.raises(SecurityLevelNotApproved):
            callers.check(replace(ends, security_level=None), over)


def test_purposes() -> None:
    bound = Grant("mot-cua", "register", "ask", purposes=("1.001193",))
    gate.check_purpose(bound, "1.001193")
    for purpose in (None, "", "1.001194"):
        with pytest.raises(PurposeRequired):
            gate.check_purpose(bound, purpose)
    with pytest.raises(PurposeRequired):
        gate.check_purpose(replace(bound, purposes=()), "1.001193")


def test_a_dossier_in_its_format_where_the_grant_wants_one() -> None:
    grant = Grant("mot-cua", "register", "ask")
    gate.check_case(grant, None, DAY)
    bound = replace(grant, needs_case=True)
    gate.check_case(bound, "H28.148-221116-0007", DAY)
    for case in (None, "", "7", "H28.148-221316-0007", "H28.148-221207-0007", "H28.148-221116-0007 "):
        with pytest.raises(PurposeRequired):
            gate.check_case(bound, case, DAY)


async def test_levels_of_connected_systems() -> None:
    class Clock:
        def now(self) -> datetime:
            return datetime(2022, 12, 6, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

    runtime = Runtime(Clock(), SeededIds(Clock(), 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    levels = gate.Levels(store)
    await levels.load()
    levels.check("register", DAY)
    assert levels.of("register").level is None
    await levels.put(Approval("register", "register", "", 3, "1/QĐ", approved=date(2022, 1, 1), expires=DAY))
    again = gate.Levels(store)
    await again.load()
    for each in (levels, again):
        each.check("register", DAY)
        assert [approval.id for approval in each.all()] == ["register"]
        with pytest.raises(SecurityLevelNotApproved):
            each.check("register", date(2022, 12, 7))
    await store.close()
