"""The correction desk: what waits is counted by cause and age, and sent again only as often as was counted."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from lgsp.console.pages.desk import asked_for
from lgsp.errors import ConnectFailed
from lgsp.model import SubmissionState
from lgsp.store import Move
from lgsp.submissions.groups import AGES, age_of
from lgsp.submissions.record import Message, Outcome, Problem, seal_message, seal_outcome
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, notes, signed_in, text
from tests.store.test_store import row

pytestmark = pytest.mark.asyncio(loop_scope="module")
S = SubmissionState
NOW = datetime(2026, 11, 22, 10, 31, 7, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("desk")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(bus: Bus) -> Person:
    return await signed_in(bus, "duty")


async def put(bus: Bus, name: str, state: S = S.EXPIRED, *, queued: bool = True, hours: float = 0.0) -> str:
    """A postal order that has come to that state, some hours ago."""
    store, now = bus.gateway.store, bus.gateway.runtime.clock.now()
    made = row(
        f"01KDESK{name.upper():0>6}", consumer="tester", system="postal-delivery", operation="PostOrder", queued=queued,
        state=S.QUEUED if queued else S.DELIVERING, accepted=now - timedelta(hours=hours), changed=now,
        next_at=now + timedelta(days=1), expires=now + timedelta(days=7),
        sealed=seal_message(store.keys, f"01KDESK{name.upper():0>6}", Message({"OrderNumber": name}, "rest")),
    )  # fmt: skip
    await store.submissions.accept(made, None)
    outcome = seal_outcome(store.keys, made.id, Outcome(problem=Problem(ConnectFailed.code)))
    move = Move((made.state,), state, now, 1, outcome=outcome, cause=ConnectFailed.code)
    assert await store.submissions.move(made.id, move)
    return made.id


@pytest.mark.parametrize("age", [name for name, _, _ in AGES])
async def test_an_age_names_the_very_hours_that_its_group_counts(age: str) -> None:
    _, wanted = asked_for({"age": age}, NOW)
    newer, older = (int(wanted[name][:-1]) if name in wanted else None for name in ("newer_than", "older_than"))
    for minutes in range(0, 60 * 24 * 9, 7):
        accepted = NOW - timedelta(minutes=minutes)
        hour = accepted.replace(minute=0, second=0, microsecond=0)
        inside = (newer is None or accepted >= NOW - timedelta(seconds=newer)) and (
            older is None or accepted < NOW - timedelta(seconds=older)
        )
        assert inside == (age_of(hour, NOW) == age), accepted


async def test_nothing_waits_and_it_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as empty:
        person = await signed_in(empty, "duty")
        assert "Không có hồ sơ nào chờ" in text(await person.get("/console/desk"))
        assert "Không có yêu cầu nào khớp" in text(await person.get("/console/desk?state=failed"))
        assert (await person.get("/console/desk/KHONGCO")).status == 404


async def test_counted_first_and_sent_only_as_often(bus: Bus, person: Person) -> None:
    names = [await put(bus, f"a{number}", hours=30) for number in range(3)]
    doubtful = await put(bus, "b0", S.INDETERMINATE)
    shown = (await person.get("/console/desk")).body.decode()
    assert re.search(r"<strong>3</strong>.*?Bưu chính công ích.*?dưới 1 tuần.*?3 quá hạn", shown, re.DOTALL)
    group = re.search(r'href="(/console/desk\?system=postal-delivery[^"]*age=week)"', shown)
    assert group
    listed = await person.get(group[1].replace("&amp;", "&"))
    assert all(name in text(listed) for name in names)
    assert doubtful not in text(listed)
    again = re.search(r'href="(/console/desk/again[^"]*)"', listed.body.decode())
    assert again
    counted = (await person.get(again[1].replace("&amp;", "&"))).body.decode()
    assert "3 yêu cầu sẽ được gửi lại" in counted
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', counted.partition("<main")[2]))
    assert (form["count"], form["age"]) == ("3", "week")
    before = len(await notes(bus, "submissions-resent"))
    for fields in ({**form, "reason": ""}, {**form, "reason": "trục đã thông", "count": "2"}):
        refused = await person.post("/console/desk/again", fields)
        assert refused.status == 422, text(refused)
    assert len(await notes(bus, "submissions-resent")) == before, "nothing was sent"
    done = await person.post("/console/desk/again", {**form, "reason": "trục đã thông"})
    assert done.status == 303
    assert "Đã đưa 3 yêu cầu" in text(await person.get("/console/desk"))
    facts = (await notes(bus, "submissions-resent"))[-1]["facts"]
    assert ({each["id"] for each in facts["submissions"]}, facts["decided_by"]) == (set(names), "duty")


async def test_what_takes_two_people_is_left_out_with_the_reason(bus: Bus, person: Person) -> None:
    await put(bus, "c0", S.FAILED, queued=False)
    counted = text(await person.get("/console/desk/again?state=failed&cause=connect-failed"))
    assert "0 yêu cầu sẽ được gửi lại" in counted
    assert "1: Bên gọi đã được báo lỗi và có thể đã tự gửi lại" in counted
    assert "Không có yêu cầu nào gửi lại được" in counted


async def test_only_operators_act(bus: Bus) -> None:
    auditor, viewer = await signed_in(bus, "looks", "auditor"), await signed_in(bus, "sees", "viewer")
    assert (await viewer.get("/console/desk")).status == 403
    shown = await auditor.get("/console/desk")
    assert shown.status == 200
    assert "/console/desk/again" not in shown.body.decode()
    assert (await auditor.get("/console/desk/again")).status == 403
    assert (await auditor.post("/console/desk/again", {"guard": "x"})).status == 403
