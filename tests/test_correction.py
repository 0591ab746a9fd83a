"""The correction desk on every store: operators look, cancel, settle and send again; never blindly, always in the evidence."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lgsp.audit import Audit
from lgsp.errors import ConnectFailed, ProviderFault
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.model import SubmissionState
from lgsp.office import Office, Refused, perform
from lgsp.policy import Policy
from lgsp.runtime import Runtime
from lgsp.store import KeyClaim, Move, Store
from lgsp.submissions.bodies import Large
from lgsp.submissions.record import Message, Outcome, Problem, open_message, seal_message, seal_outcome
from lgsp_mocks.clock import run
from tests.store.test_store import installation, row, store
from tests.submissions.house import house

__all__ = ["installation", "store"]
S = SubmissionState
TWO = {"by": "Nguyễn Văn Mẫu", "approved_by": "Trần Thị Mẫu", "reason": "đã hỏi Bộ"}


@pytest.fixture
async def office(store: Store) -> Office:
    return made(store, Runtime.system())


def made(store: Store, runtime: Runtime) -> Office:
    return Office(
        store, Policy(store, runtime), Audit(store, runtime, patience=30.0), runtime, Ledger(store, runtime, Events())
    )


async def do(office: Office, action: str, **arguments: Any) -> Any:
    return await perform(office, f"submission.{action}", "local:tester", arguments)


async def put(
    office: Office, name: str, end: S = S.QUEUED, *, code: str = "provider-fault", settling: bool = False,
    large: bool = False, key: bytes | None = None, **changed: Any,
) -> None:  # fmt: skip
    """A submission that has come to such a state."""
    keys, now = office.store.keys, office.runtime.clock.now()
    message = Message({"code": "Nguyễn"}, "rest", large=(Large(("x",), 1, "a/b"),) if large else ())
    sealed, queued = seal_message(keys, name, message), changed.get("queued", True)
    given = {
        "sealed": sealed, "accepted": now, "changed": now, "expires": now + timedelta(days=7),
        "state": S.QUEUED if queued else S.DELIVERING, "next_at": now, **changed,
    }  # fmt: skip
    claim = KeyClaim(key, now + timedelta(hours=72)) if key else None
    await office.store.submissions.accept(row(name, **given), claim)
    if end is S.QUEUED:
        return
    await office.store.submissions.take(now, {}, 99)
    if end is S.DELIVERING:
        return
    outcome = Outcome({"answer": "Nguyễn"} if end is S.DELIVERED else None, Problem(code, provider=("7", "Nguyễn")))
    moved = Move(
        (S.DELIVERING,), end, now, 1, outcome=seal_outcome(keys, name, outcome), cause=code,
        next_at=now + timedelta(days=1) if settling else None,
    )  # fmt: skip
    assert await office.store.submissions.move(name, moved)


async def state(office: Office, name: str) -> S:
    found = await office.store.submissions.get(name)
    assert found is not None
    return found.state


async def noted(office: Office) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in await office.store.evidence.rows(0, 100)]


@pytest.mark.parametrize("was", [S.QUEUED, S.INDETERMINATE])
async def test_cancelled_with_a_reason(office: Office, was: S) -> None:
    await put(office, "1", was)
    with pytest.raises(Refused, match="say why"):
        await do(office, "cancel", id="1", reason=" ")
    assert await do(office, "cancel", id="1", reason="đã rút hồ sơ") == {"id": "1", "state": "cancelled"}
    assert await state(office, "1") is S.CANCELLED
    assert await office.store.submissions.take(office.runtime.clock.now() + timedelta(days=1), {}, 9) == []
    entry = (await noted(office))[-1]
    assert (entry["what"], entry["facts"]["submission"], entry["facts"]["reason"]) == (
        "submission-cancelled", "1", "đã rút hồ sơ"
    )  # fmt: skip
    shown = await do(office, "show", id="1")
    assert shown["decided"] == {"by": "local:tester", "approved_by": "", "reason": "đã rút hồ sơ", "was": was.value}


@pytest.mark.parametrize("was", [S.DELIVERING, S.DELIVERED, S.FAILED, S.EXPIRED])
async def test_what_is_under_way_or_over_is_not_cancelled(office: Office, was: S) -> None:
    await put(office, "1", was)
    with pytest.raises(Refused, match="only a queued or a doubtful one"):
        await do(office, "cancel", id="1", reason="đã rút hồ sơ")
    assert await state(office, "1") is was
    assert await noted(office) == []


async def test_settled_by_two_people(office: Office) -> None:
    for name in ("1", "2"):
        await put(office, name, S.INDETERMINATE)
    for one in ({**TWO, "approved_by": ""}, {**TWO, "approved_by": TWO["by"].upper()}, {**TWO, "by": " "}):
        with pytest.raises(Refused):
            await do(
                office,
                "settle",
                id="1",
                outcome="delivered",
                **(one if one["by"].strip() else {**one, "approved_by": "local:tester"}),
            )
    with pytest.raises(Refused, match="delivered or as failed"):
        await do(office, "settle", id="1", outcome="queued", **TWO)
    await do(office, "settle", id="1", outcome="delivered", **TWO)
    await do(office, "settle", id="2", outcome="failed", **TWO)
    assert (await state(office, "1"), await state(office, "2")) == (S.DELIVERED, S.FAILED)
    assert [entry["facts"]["approved_by"] for entry in await noted(office)] == [TWO["approved_by"]] * 2
    with pytest.raises(Refused, match="only a doubtful one"):
        await do(office, "settle", id="1", outcome="failed", **TWO)


async def test_not_there_frees_the_key_of_a_caller_who_waits_for_the_word(office: Office) -> None:
    await put(office, "1", S.INDETERMINATE, queued=False, key=b"k")
    await do(office, "settle", id="1", outcome="failed", **TWO)
    now = office.runtime.clock.now()
    fresh = await office.store.submissions.accept(row("2"), KeyClaim(b"k", now + timedelta(hours=72)))
    assert fresh.id == "2"


async def test_sent_again_counts_first(office: Office) -> None:
    for name in ("1", "2"):
        await put(office, name, S.FAILED, order_key=b"o")
    await put(office, "3", S.DELIVERED)
    await put(office, "4", S.EXPIRED, system="land", code="connect-failed")
    counted = await do(office, "resend")
    assert (counted["count"], counted["sent"], counted["refused"]) == (3, [], [])
    assert {(each["system"], each["cause"], each["count"]) for each in counted["groups"]} == {
        ("register", "provider-fault", 2), ("land", "connect-failed", 1)
    }  # fmt: skip
    assert await office.store.search.count(_queued()) == 0
    with pytest.raises(Refused, match="3 would be sent again now, not 2"):
        await do(office, "resend", yes=2, reason="sửa cấu hình")
    with pytest.raises(Refused, match="say why"):
        await do(office, "resend", yes=3)
    assert await noted(office) == []
    done = await do(office, "resend", system="register", yes=2, reason="sửa cấu hình")
    assert [each["id"] for each in done["sent"]] == ["1", "2"]
    for pair in done["sent"]:
        old = await office.store.submissions.get(pair["id"])
        new = await office.store.submissions.get(pair["as"])
        assert old is not None
        assert new is not None
        assert (new.state, new.follows, new.attempts, new.order_key) == (S.QUEUED, old.id, 0, b"o")
        assert open_message(office.store.keys, new) == open_message(office.store.keys, old)
        assert new.expires - new.accepted == old.expires - old.accepted
        assert old.state is S.FAILED
    assert (await noted(office))[-1]["facts"]["submissions"] == done["sent"]
    assert (await do(office, "resend", system="register"))["count"] == 0
    again = await do(office, "resend", id="1")
    [refused] = again["refused"]
    assert (refused["id"], refused["code"]) == ("1", "followed")
    assert refused["why"]["en"] == f"sent again already, as {done['sent'][0]['as']}"


def _queued() -> Any:
    from lgsp.store.port.search import Wanted

    return Wanted(states=(S.QUEUED,))


@pytest.mark.parametrize("was", [S.QUEUED, S.DELIVERING, S.DELIVERED])
async def test_what_is_on_its_way_or_there_is_never_sent_again(office: Office, was: S) -> None:
    await put(office, "1", was)
    counted = await do(office, "resend", id="1", **TWO)
    [refused] = counted["refused"]
    assert (counted["count"], refused["id"], refused["code"]) == (0, "1", was.value)
    assert refused["why"]["en"] == f"it is {was.value}"


async def test_a_doubtful_one_only_after_its_settlement_and_by_two(office: Office) -> None:
    await put(office, "1", S.INDETERMINATE, settling=True)
    await put(office, "2", S.INDETERMINATE)
    assert (await do(office, "resend", id="1", **TWO))["count"] == 0
    assert (await do(office, "resend", id="2"))["count"] == 0
    with pytest.raises(Refused, match="0 would be"):
        await do(office, "resend", id="2", yes=1, reason="đã hỏi Bộ")
    done = await do(office, "resend", id="2", yes=1, **TWO)
    assert len(done["sent"]) == 1
    assert await state(office, "2") is S.FAILED
    assert await state(office, done["sent"][0]["as"]) is S.QUEUED


async def test_what_its_caller_may_have_repeated_takes_two(office: Office) -> None:
    await put(office, "1", S.FAILED, queued=False)
    assert (await do(office, "resend", id="1"))["count"] == 0
    assert (await do(office, "resend"))["count"] == 0
    assert len((await do(office, "resend", id="1", yes=1, **TWO))["sent"]) == 1


async def test_a_cancelled_doubt_stays_a_doubt(office: Office) -> None:
    for name, was in (("1", S.INDETERMINATE), ("2", S.QUEUED)):
        await put(office, name, was)
        await do(office, "cancel", id=name, reason="đã rút hồ sơ")
    assert (await do(office, "resend", id="1"))["count"] == 0
    assert (await do(office, "resend", id="1", **TWO))["count"] == 1
    assert (await do(office, "resend", id="2"))["count"] == 1


async def test_without_its_body_it_cannot_be_sent_again(office: Office) -> None:
    await put(office, "1", S.FAILED, large=True)
    await put(office, "2", S.FAILED, sealed=b"")
    counted = await do(office, "resend", **TWO)
    assert counted["count"] == 0
    assert {each["why"]["en"] for each in counted["refused"]} == {
        "what was asked is no longer kept: the consumer has to submit it again"
    }


async def test_two_operators_at_once_send_it_once(office: Office) -> None:
    await put(office, "1", S.FAILED)
    both = await asyncio.gather(*(do(office, "resend", id="1", yes=1, reason="sửa cấu hình") for _ in range(2)))
    assert sum(len(each["sent"]) for each in both) == 1
    assert await office.store.search.count(_queued()) == 1


def test_from_the_ministrys_refusal_to_the_delivery_of_the_second_one() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        office = replace(made(home.store, runtime), wake=home.submissions.desk.wake.set)
        home.ministry.script = [ProviderFault(provider=("7", "x")), ConnectFailed()]
        view, _ = await home.ask(respond_async=True)
        await home.until(view["id"], S.FAILED)
        assert [each["cause"] for each in await do(office, "groups")] == ["provider-fault"]
        done = await do(office, "resend", yes=1, reason="sửa cấu hình")
        await home.until(done["sent"][0]["as"], S.DELIVERED)
        assert home.ministry.effects == {"a": 1}
        assert await do(office, "groups") == []
        history = (await do(office, "show", id=done["sent"][0]["as"]))["history"]
        assert [(each["state"], each["attempts"], each["cause"]) for each in history] == [
            ("queued", 1, "connect-failed"), ("delivered", 2, "")
        ]  # fmt: skip

    run(story)
