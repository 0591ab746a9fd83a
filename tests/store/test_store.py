"""Every group of the port, on every store: what is put is what is got, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lgsp.model import Consumer, Evidence, Grant, Health, Stage, StageEntry, SubmissionState, Text
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import (
    CheckpointRow,
    CountRow,
    CursorRow,
    EvidenceRow,
    HealthRow,
    InboxRow,
    Keep,
    KeyClaim,
    Move,
    OperatorRecord,
    SecretRecord,
    Store,
    StoreFailed,
    SubmissionRow,
    open_store,
)
from lgsp.store.port import Compose
from lgsp.store.postgres import work as postgres_work
from lgsp.store.sqlite import work as sqlite_work
from tests.store.remote.owned import owned

NOW = datetime(2022, 11, 16, 1, 2, 3, 456789, tzinfo=UTC)
S = SubmissionState


@dataclass
class Installation:
    """One that can be opened again, as after a restart. Without a place it lives in memory only."""

    folder: Path | None
    url: str = ""
    worker: bool = False
    """As a worker sees it, over the socket of the process that owns the data."""
    runtime: Runtime = field(default_factory=Runtime.system)

    async def open(self) -> Store:
        if self.worker and self.folder is not None:
            return await owned(self.folder, self.runtime)
        return await open_store(self.folder, self.runtime, settings=StoreSettings(url=self.url, node="one", seconds=20))


@pytest.fixture(
    params=["memory", "file", "worker", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))]
)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return Installation(None if request.param == "memory" else tmp_path / "data", url, worker=request.param == "worker")


@pytest.fixture
async def store(installation: Installation) -> AsyncIterator[Store]:
    opened = await installation.open()
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
    assert not await store.meta.swap("x", None, 1)
    assert not await store.meta.swap("x", {"a": [2]}, 1)
    assert not await store.meta.swap("y", {}, 1)
    assert await store.meta.swap("x", {"a": [1]}, [{"tên": "Mẫu", "số": 1.5}])
    assert await store.meta.swap("x", await store.meta.get("x"), [])
    assert await store.meta.swap("y", None, {})
    assert (await store.meta.get("x"), await store.meta.get("y")) == ([], {})
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
    await store.submissions.move("a", Move((S.DELIVERING,), S.DELIVERED, NOW, 1))
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


async def test_what_has_to_be_copied_before_it_may_wait_stands_back(store: Store) -> None:
    claim = KeyClaim(b"k", NOW + timedelta(hours=72))
    large = row("2", order_key=b"o", queued=False, state=S.DELIVERING, attempts=1, next_at=None)
    await store.submissions.accept(row("1", order_key=b"o"), None)
    assert (await store.submissions.accept(large, claim, stand_back=True)).id == ""
    assert await store.submissions.get("2") is None
    stands = await store.submissions.accept(large, claim, may_wait=True)
    assert (stands.id, stands.state) == ("2", S.QUEUED), "its key was not taken by the look"
    alone = replace(large, id="3", order_key=b"alone")
    assert (await store.submissions.accept(alone, None, stand_back=True)).state is S.DELIVERING


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


async def test_one_delivery_of_a_key_at_a_time_whoever_sends_it(store: Store) -> None:
    """A caller's own call under way holds back what waits, also what was left with the bus before it."""
    await store.submissions.accept(row("1", order_key=b"o"), None)
    await store.submissions.accept(row("2", order_key=b"o", queued=False, state=S.DELIVERING, next_at=None), None)
    assert await store.submissions.take(NOW, {}, 9) == []
    await store.submissions.move("2", Move((S.DELIVERING,), S.DELIVERED, NOW, 1))
    assert [each.id for each in await store.submissions.take(NOW, {}, 9)] == ["1"]


async def test_a_line_of_one_key_moves_up_whatever_ends_the_first(store: Store) -> None:
    """Delivered, cancelled while it waits, parked for a human, failed and expired: each lets the next one go."""
    names = ["1", "2", "3", "4", "5", "6"]
    for name in names:
        await store.submissions.accept(row(name, order_key=b"o"), None)
    went = []
    for now in (S.DELIVERED, S.INDETERMINATE, S.FAILED):
        (taken,) = await store.submissions.take(NOW, {}, 9)
        assert await store.submissions.take(NOW, {}, 9) == []
        went.append(taken.id)
        await store.submissions.move(taken.id, Move((S.DELIVERING,), now, NOW, 1))
    for now in (S.CANCELLED, S.EXPIRED):
        went.append(str(len(went) + 1))
        assert await store.submissions.move(went[-1], Move((S.QUEUED,), now, NOW, 0))
    (taken,) = await store.submissions.take(NOW, {}, 9)
    assert [*went, taken.id] == names
    await store.submissions.move(taken.id, Move((S.DELIVERING,), S.QUEUED, NOW, 1, next_at=NOW))
    await store.submissions.accept(row("7", order_key=b"o"), None)
    assert [each.id for each in await store.submissions.take(NOW, {}, 9)] == ["6"]
    await store.submissions.move("2", Move((S.INDETERMINATE,), S.QUEUED, NOW, 1, next_at=NOW))
    assert await store.submissions.take(NOW, {}, 9) == []
    await store.submissions.move("6", Move((S.DELIVERING,), S.DELIVERED, NOW, 1))
    assert [each.id for each in await store.submissions.take(NOW, {}, 9)] == ["2"], "the older one goes first"


async def test_a_system_that_is_back_gets_everything_that_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one transaction changes: the rest follows, but not what was tried in vain since."""
    for module in (sqlite_work, postgres_work):
        monkeypatch.setattr(module, "AT_ONCE", 20)
    soon, back = NOW + timedelta(minutes=9), NOW + timedelta(minutes=1)
    await asyncio.gather(*(store.submissions.accept(row(f"{n:04}", next_at=soon), None) for n in range(26)))
    assert await store.submissions.hasten("register", back) == 20
    again = (await store.submissions.take(back, {}, 1))[0]
    await store.submissions.move(
        again.id, Move((S.DELIVERING,), S.QUEUED, back + timedelta(seconds=1), 1, next_at=soon)
    )
    taken = []
    for _ in range(4):
        taken += await store.submissions.take(back, {}, 30)
        for each in taken:
            await store.submissions.move(each.id, Move((S.DELIVERING,), S.DELIVERED, back, 1))
    assert {each.id for each in taken} == {f"{n:04}" for n in range(26)} - {again.id}


async def test_many_at_once_with_one_key(store: Store) -> None:
    claim = KeyClaim(b"k", NOW + timedelta(hours=72))
    stand = await asyncio.gather(*(store.submissions.accept(row(str(n)), claim) for n in range(100)))
    assert len({each.id for each in stand}) == 1
    assert await store.submissions.counts() == {("register", S.QUEUED): 1}


async def test_a_record_survives_the_restart(installation: Installation) -> None:
    if installation.folder is None:
        return  # memory is gone with its process: that is what it is for
    first = await installation.open()
    given = row("1", order_key=b"o", natural_key=b"n", outcome=b"out")
    await first.submissions.accept(given, KeyClaim(b"k", NOW + timedelta(hours=72)))
    secret = first.keys.seal(b"plain", "x")
    await first.close()
    second = await installation.open()
    assert await second.submissions.get("1") == given
    assert (await second.submissions.accept(row("2"), KeyClaim(b"k", NOW + timedelta(hours=72)))).id == "1"
    assert await second.submissions.owner(b"n") == "portal"
    assert second.keys.unseal(secret, "x") == b"plain"
    await second.close()
    with pytest.raises(StoreFailed):
        await second.submissions.get("1")


async def test_pieces_of_large_bodies(store: Store) -> None:
    await store.submissions.accept(row("B"), None)
    for name in ("A", "B"):
        await store.submissions.put_piece(name, 0, 1, b"old")
        await store.submissions.put_piece(name, 0, 1, name.encode())
    assert await store.submissions.piece("B", 0, 1) == b"B"
    assert await store.submissions.piece("B", 0, 2) is None
    await store.submissions.drop_orphans("C")
    assert await store.submissions.piece("A", 0, 1) is None
    await store.submissions.move("B", Move((S.QUEUED,), S.CANCELLED, NOW, 0))
    assert await store.submissions.piece("B", 0, 1) is None
    await store.submissions.put_piece("D", 0, 0, b"D")
    await store.submissions.drop_pieces("D")
    assert await store.submissions.piece("D", 0, 0) is None


async def test_the_inbox(store: Store) -> None:
    def item(name: str, key: bytes, consumer: str = "portal") -> InboxRow:
        return InboxRow(name, consumer, "register", "notice", key, NOW, b"sealed")

    cursor = CursorRow("register", "feed", "7", NOW)
    assert await store.inbox.put([item("1", b"a"), item("2", b"b")], cursor) == ["1", "2"]
    assert await store.inbox.put([item("3", b"a"), item("4", b"a", "other")]) == ["4"]
    assert await store.cursors.get("register", "feed") == cursor
    (place, first), (_, second) = await store.inbox.page("portal", 0, 9)
    assert (first, second.id) == (item("1", b"a"), "2")
    assert [each.id for _, each in await store.inbox.page("portal", place, 9)] == ["2"]
    assert not await store.inbox.acknowledge("other", "1", NOW)
    assert await store.inbox.acknowledge("portal", "1", NOW)
    assert not await store.inbox.acknowledge("portal", "1", NOW)
    assert [each.id for _, each in await store.inbox.page("portal", 0, 9)] == ["2"]
    assert await store.inbox.put([item("5", b"a")]) == [], "known also after it was acknowledged"


async def test_what_was_seen_before(store: Store) -> None:
    until = NOW + timedelta(minutes=5)
    assert await store.replays.admit(b"m", NOW, until)
    assert not await store.replays.admit(b"m", NOW, until)
    assert await store.replays.admit(b"m", until, until + timedelta(minutes=5))


async def test_sessions_and_guesses(store: Store) -> None:
    await store.operators.put(OperatorRecord("an", "viewer", b"hash", NOW))
    ends, idle = NOW + timedelta(hours=8), NOW - timedelta(minutes=15)
    await store.sessions.begin(b"t", "an", NOW, ends)
    found = await store.sessions.get(b"t", NOW, idle)
    assert found is not None
    assert (found.operator, found.role, found.ends) == ("an", "viewer", ends)
    assert await store.sessions.get(b"t", NOW, NOW) is None
    await store.sessions.seen(b"t", NOW + timedelta(minutes=1))
    assert await store.sessions.get(b"t", NOW, NOW) is not None
    await store.operators.disable("an")
    assert await store.sessions.get(b"t", NOW, idle) is None
    assert await store.sessions.end(b"t")
    assert not await store.sessions.end(b"t")
    await store.sessions.begin(b"u", "an", NOW, ends)
    assert await store.sessions.end_all("an") == 1
    await store.sessions.guessed((b"b", b"a"), NOW, ends)
    await store.sessions.guessed((b"a",), NOW, ends)
    assert await store.sessions.guesses((b"a", b"b"), NOW) == [(2, ends), (1, ends)]
    await store.sessions.forgive(b"a")
    assert [failures for failures, _ in await store.sessions.guesses((b"a", b"b"), NOW)] == [0, 1]


async def test_a_chain_of_evidence(store: Store) -> None:
    def after(body: bytes, *people: bytes) -> Compose:
        def compose(last: EvidenceRow | None) -> list[EvidenceRow]:
            index = last.index + 1 if last else 0
            return [EvidenceRow(index, body, (last.hash if last else b"") + body, people)]

        return compose

    def broken(_: EvidenceRow | None) -> list[EvidenceRow]:
        raise LookupError("mine")

    assert await store.evidence.append(after(b"a", b"p")) == 0
    results = await asyncio.gather(
        store.evidence.append(after(b"b", b"p", b"q")), store.evidence.append(broken),
        store.evidence.append(after(b"c")), return_exceptions=True,
    )  # fmt: skip
    assert [type(each) for each in results] == [int, LookupError, int]
    rows = await store.evidence.rows(0, 9)
    assert [(each.index, each.hash) for each in rows] == [(0, b"a"), (1, b"ab"), (2, b"abc")]
    assert [each.index for each in await store.evidence.by_subject(b"p")] == [0, 1]
    assert await store.evidence.last_checkpoint() is None
    for size in (1, 3):
        await store.evidence.put_checkpoint(CheckpointRow(size, b"r", b"h", "at", b"s", b"f"))
    assert await store.evidence.last_checkpoint() == CheckpointRow(3, b"r", b"h", "at", b"s", b"f")


async def test_leases_and_allowances(store: Store) -> None:
    assert await store.leases.take("collector:feed", 60.0)
    assert await store.leases.take("collector:feed", 60.0), "the holder may renew"
    await store.leases.release("collector:feed")
    drawn = [await store.allowances.draw("portal", window, 10, wanted) for window, wanted in ((7, 4), (7, 9), (7, 1))]
    assert [(each.given, each.left) for each in drawn] == [(4, 6), (6, 0), (0, 0)]
    assert (await store.allowances.draw("portal", 8, 10, 50)).given == 10
    assert (await store.allowances.draw("portal", 7, 10, 1)).given == 0, "a window that is over gives nothing"


async def test_what_has_ended_goes_in_its_time(store: Store) -> None:
    keep = Keep(bodies=timedelta(days=1), submissions=timedelta(days=10), inbox=timedelta(days=2))
    for name, state in (("done", S.DELIVERED), ("failed", S.FAILED), ("open", S.QUEUED), ("doubt", S.INDETERMINATE)):
        await store.submissions.accept(
            row(name, state=state, next_at=None), KeyClaim(name.encode(), NOW + timedelta(hours=72))
        )
    await store.inbox.put(
        [InboxRow(name, "portal", "register", "notice", name.encode(), NOW, b"x") for name in ("a", "b")]
    )
    await store.inbox.acknowledge("portal", "a", NOW)
    await store.health.transition(HealthRow("register", Health.UP, Health.DOWN, None, "probe", NOW))
    await store.health.add_counts([CountRow("register", "push", "portal", NOW, "ok", 1, 0.5, ())])

    async def pruned(at: datetime) -> int:
        steps = [await store.pruning.step(at, keep)]
        while steps[-1]:
            steps.append(await store.pruning.step(at, keep))
        return sum(steps)

    assert await pruned(NOW + timedelta(hours=71)) == 1, "an item, but no body: the key may still be repeated"
    assert (await store.submissions.accept(row("again"), KeyClaim(b"done", NOW + timedelta(days=9)))).id == "done"
    assert await pruned(NOW + timedelta(days=4)) >= 4
    done = await store.submissions.get("done")
    assert done is not None
    assert (done.sealed, done.outcome, done.state) == (b"", None, S.DELIVERED)
    still = await store.submissions.get("open")
    assert still is not None
    assert still.sealed == b"s"
    await pruned(NOW + timedelta(days=11))
    assert [await store.submissions.get(name) is None for name in ("done", "failed", "open", "doubt")] == [
        True,
        True,
        False,
        False,
    ]
    assert await store.submissions.counts() == {("register", S.QUEUED): 1, ("register", S.INDETERMINATE): 1}
    assert [each.id for _, each in await store.inbox.page("portal", 0, 9)] == ["b"], "what nobody has read stays"
    assert await store.inbox.put([InboxRow("c", "portal", "register", "notice", b"a", NOW, b"x")]) == ["c"]
    assert len(await store.health.transitions(NOW)) == len(await store.health.counts(NOW)) == 1
    await pruned(NOW + timedelta(days=401))
    assert await store.health.transitions(NOW) == await store.health.counts(NOW) == []
    assert await pruned(NOW + timedelta(days=401)) == 0
