"""Every group of the port, on the embedded store: what is put is what is got, also after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from lgsp.model import Consumer, Evidence, Grant, Health, Stage, StageEntry, SubmissionState, Text
from lgsp.runtime import Runtime
from lgsp.store import (
    CountRow,
    CursorRow,
    HealthRow,
    KeyClaim,
    Move,
    OperatorRecord,
    SecretRecord,
    Store,
    StoreBusy,
    SubmissionRow,
    open_store,
)

NOW = datetime(2022, 11, 16, 1, 2, 3, 456789, tzinfo=UTC)
S = SubmissionState


@pytest.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "data" if request.param == "file" else None, Runtime.system())
    yield opened
    await opened.close()


def row(name: str, **changed: object) -> SubmissionRow:
    given: dict[str, object] = {
        "id": name, "consumer": "portal", "system": "register", "operation": "push", "version": "v1", "queued": True,
        "state": S.QUEUED, "attempts": 0, "accepted": NOW, "changed": NOW, "next_at": NOW,
        "expires": NOW + timedelta(days=7), "order_key": None, "digest": b"d", "correlation_id": "c", "sealed": b"s",
    }  # fmt: skip
    return SubmissionRow(**{**given, **changed})  # type: ignore[arg-type]


async def test_consumers_and_their_secrets(store: Store) -> None:
    consumer = Consumer(
        "portal", Text("Một cửa", "One-stop"), "H99.01", security_level=3, security_expires=date(2023, 1, 1)
    )
    await store.consumers.put(consumer)
    assert await store.consumers.get("portal") == consumer
    assert await store.consumers.get("nobody") is None
    assert await store.consumers.all() == [consumer]
    secret = SecretRecord("portal", "api_key", "k1", b"hash", NOW, NOW + timedelta(days=1))
    await store.consumers.put_secret(secret)
    assert await store.consumers.by_key("api_key", "k1") == secret
    assert await store.consumers.by_key("client", "k1") is None
    assert await store.consumers.secrets() == await store.consumers.secrets("portal") == [secret]
    assert await store.consumers.revoke("api_key", "k1")
    assert not await store.consumers.revoke("api_key", "k1")


async def test_grants(store: Store) -> None:
    grant = Grant("portal", "register", "*", fields=("a.b",), purposes=("1.001193",), valid_to=date(2023, 1, 1))
    await store.grants.put(Grant("portal", "register", "*"))
    await store.grants.put(grant)
    assert await store.grants.of("portal") == await store.grants.all() == [grant]
    assert await store.grants.delete("portal", "register", "*")
    assert await store.grants.of("portal") == []


async def test_tokens_end(store: Store) -> None:
    later = datetime(2999, 1, 1, tzinfo=UTC)
    await store.tokens.put(b"old", "portal", "", NOW)
    await store.tokens.put(b"new", "portal", "scope", later)
    assert await store.tokens.get(b"old") is None
    found = await store.tokens.get(b"new")
    assert found is not None
    assert (found.consumer, found.scope, found.expires) == ("portal", "scope", later)
    assert await store.tokens.live_for("portal") == [found]
    assert await store.tokens.revoke(b"new")
    assert await store.tokens.live_for("portal") == []


async def test_operators(store: Store) -> None:
    operator = OperatorRecord("an", "viewer", b"hash", NOW)
    await store.operators.put(operator)
    assert await store.operators.get("an") == operator
    assert await store.operators.disable("an")
    assert [each.active for each in await store.operators.all()] == [False]


async def test_stages_are_append_only(store: Store) -> None:
    first = StageEntry("register", Stage.TRIAL, date(2022, 1, 1), "QĐ 1", "a", "b", Evidence.DECLARED, NOW)
    second = StageEntry("register", Stage.OFFICIAL, date(2022, 6, 1), "QĐ 2", "a", "b", Evidence.PROVEN, NOW)
    assert await store.stages.append(first, only_first=True)
    assert not await store.stages.append(second, only_first=True)
    assert await store.stages.append(second)
    assert await store.stages.entries("register") == [first, second]
    assert await store.stages.current() == {"register": second}
    for statement in ("DELETE FROM stage", "UPDATE stage SET decision = ''"):
        with pytest.raises(apsw.ConstraintError):
            await store.stages.database.write(lambda db, s=statement: db.execute(s).fetchall())  # type: ignore[attr-defined]


async def test_health_and_counts(store: Store) -> None:
    down = HealthRow("register", Health.UP, Health.DOWN, Text("chết", "dead"), "probe", NOW)
    await store.health.transition(down)
    await store.health.transition(HealthRow("upstream:x", Health.UNKNOWN, Health.UP, None, "probe", NOW))
    assert (await store.health.transitions(NOW))[0] == down
    assert await store.health.transitions(NOW + timedelta(seconds=1)) == []
    count = CountRow("register", "push", "portal", NOW.replace(minute=0), "ok", 2, 0.5, (1, 1))
    await store.health.add_counts([count])
    await store.health.add_counts([count, count])
    (found,) = await store.health.counts(NOW - timedelta(days=1))
    assert (found.calls, found.seconds, found.buckets) == (6, 1.5, (3, 3))


async def test_meta_and_cursors(store: Store) -> None:
    assert await store.meta.get("x") is None
    await store.meta.put("x", {"a": [1]})
    assert await store.meta.get("x") == {"a": [1]}
    cursor = CursorRow("register", "feed", "7", NOW)
    await store.cursors.put(cursor)
    assert await store.cursors.get("register", "feed") == cursor
    assert await store.cursors.get("register", "other") is None


async def test_a_key_is_claimed_once_and_for_its_time(store: Store) -> None:
    claim = KeyClaim(b"k", NOW + timedelta(hours=72))
    assert (await store.submissions.accept(row("1"), claim)).id == "1"
    assert (await store.submissions.accept(row("2"), claim)).id == "1"
    assert await store.submissions.get("2") is None
    late = NOW + timedelta(hours=72)
    assert (await store.submissions.accept(row("3", accepted=late), claim)).id == "3"


async def test_moves_are_compared_and_counted(store: Store) -> None:
    await store.submissions.accept(row("1"), KeyClaim(b"k", NOW + timedelta(hours=72)))
    (taken,) = await store.submissions.take(NOW, {}, 4)
    assert (taken.state, taken.attempts) == (S.DELIVERING, 1)
    assert await store.submissions.take(NOW, {}, 4) == []
    assert not await store.submissions.move("1", Move((S.QUEUED,), S.DELIVERED, NOW, 1))
    assert await store.submissions.counts() == {("register", S.DELIVERING): 1}
    assert await store.submissions.move("1", Move((S.DELIVERING,), S.FAILED, NOW, 1, outcome=b"o", release_key=True))
    assert await store.submissions.counts() == {("register", S.FAILED): 1}
    found = await store.submissions.get("1")
    assert found is not None
    assert found.outcome == b"o"
    assert (await store.submissions.accept(row("2"), KeyClaim(b"k", NOW + timedelta(hours=72)))).id == "2"


async def test_the_order_of_a_key_and_the_room_of_a_system(store: Store) -> None:
    for name in ("9", "8", "7"):
        await store.submissions.accept(row(name, order_key=b"o"), None)
    for name in ("a", "b", "c"):
        await store.submissions.accept(row(name), None)
    await store.submissions.accept(row("x", system="other"), None)
    assert [each.id for each in await store.submissions.take(NOW, {}, 3)] == ["x", "9", "a", "b"]
    assert [each.id for each in await store.submissions.take(NOW, {"register": 3}, 3)] == []
    await store.submissions.move("9", Move((S.DELIVERING,), S.INDETERMINATE, NOW, 1, next_at=NOW))
    assert [each.id for each in await store.submissions.take(NOW, {}, 3)] == ["c"]
    await store.submissions.move("9", Move((S.INDETERMINATE,), S.INDETERMINATE, NOW, 1, next_at=None))
    assert [each.id for each in await store.submissions.take(NOW, {}, 3)] == ["8"], (
        "parked for a human: the next goes on"
    )


async def test_what_is_left_behind_another_waits_behind_it(store: Store) -> None:
    await store.submissions.accept(row("1", order_key=b"o"), None)
    synchronous = row("2", order_key=b"o", queued=False, state=S.DELIVERING, attempts=1, next_at=None)
    stands = await store.submissions.accept(synchronous, None, may_wait=True)
    assert (stands.state, stands.queued, stands.attempts) == (S.QUEUED, True, 0)
    assert await store.submissions.get("2") == stands
    other = row("3", order_key=b"o", queued=False, state=S.DELIVERING)
    assert (await store.submissions.accept(other, None)).state is S.DELIVERING


async def test_what_is_due_and_when(store: Store) -> None:
    soon, later = NOW + timedelta(seconds=5), NOW + timedelta(hours=1)
    await store.submissions.accept(row("1", next_at=later), None)
    await store.submissions.accept(row("2", state=S.INDETERMINATE, next_at=soon), None)
    await store.submissions.accept(row("3", state=S.DELIVERING, next_at=None), None)
    assert await store.submissions.next_due(NOW) == soon
    assert await store.submissions.next_due(soon) == later
    assert await store.submissions.next_due(later) is None
    assert [each.id for each in await store.submissions.unsettled(soon, 9)] == ["2"]
    assert [each.id for each in await store.submissions.interrupted((), soon)] == ["3"]
    assert await store.submissions.interrupted({"3"}, soon) == []
    assert await store.submissions.interrupted((), NOW) == []
    assert await store.submissions.hasten("register", NOW) == 2
    assert [each.id for each in await store.submissions.take(NOW, {}, 9)] == ["1"]
    assert [each.id for each in await store.submissions.find(state=S.DELIVERING)] == ["1", "3"]


async def test_a_second_owner(tmp_path: Path) -> None:
    runtime = Runtime.system()
    store = await open_store(tmp_path, runtime)
    with pytest.raises(StoreBusy):
        await open_store(tmp_path, runtime)
    await store.close()
    await (await open_store(tmp_path, runtime)).close()
    assert {file.name for file in tmp_path.iterdir()} == {"lgsp.db", "evidence-w0.db", "keys", "owner.lock"}  # noqa: ASYNC240  a test
