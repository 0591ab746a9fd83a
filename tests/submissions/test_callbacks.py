"""Call-backs to real receivers on loopback: signed, at least once, each receiver by itself, parked where nobody listens."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp import web

from lgsp.audit import Audit
from lgsp.events import CallbackEnded, CallbackOff, Event, Events
from lgsp.model import Consumer, SubmissionState, Text
from lgsp.runtime import Runtime, SystemIds
from lgsp.store import Move, Store, StoreFailed, SubmissionRow, open_store
from lgsp.store.port.callbacks import CallbackRow
from lgsp.submissions import Inbox, Submissions, Teller
from lgsp.submissions.callbacks import EXPIRES
from lgsp.submissions.record import Outcome, Problem, seal_outcome
from lgsp.submissions.webhook import Secret, new_secret, rotated, seal_secrets
from lgsp.transport import AiohttpTransport
from tests.submissions.house import registry
from tests.submissions.test_webhook import verified

S = SubmissionState
BEGAN = datetime(2022, 11, 16, 1, 2, 3, tzinfo=UTC)


@dataclass
class Steps:
    """A clock that the test moves on; sockets keep their own time."""

    passed: float = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


@dataclass
class Received:
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An agency's server: `answers` are given in turn, then 204."""

    url: str = ""
    answers: list[int | asyncio.Event | dict[str, str]] = field(default_factory=list)
    received: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.put_nowait(Received(headers, await request.read()))
        step = self.answers.pop(0) if self.answers else 204
        if isinstance(step, asyncio.Event):
            await step.wait()
            step = 204
        if isinstance(step, dict):
            return web.Response(status=302, headers=step)
        return web.Response(status=step)

    async def next(self) -> Received:
        async with asyncio.timeout(20):
            return await self.received.get()


@dataclass
class House:
    clock: Steps
    runtime: Runtime
    store: Store
    events: Events
    inbox: Inbox
    submissions: Submissions
    transport: AiohttpTransport
    heard: list[Event] = field(default_factory=list)
    secrets: dict[str, Secret] = field(default_factory=dict)
    tellers: list[asyncio.Task[None]] = field(default_factory=list)
    teller: Teller = field(init=False)

    def start(self, store: Store | None = None) -> None:
        store = store or self.store
        audit = Audit(self.store, self.runtime, patience=30.0)
        self.teller = Teller(
            store, self.runtime, self.events, audit, self.transport, self.submissions, self.inbox, demonstration=True
        )
        self.tellers.append(asyncio.create_task(self.teller.run()))

    async def stop(self) -> None:
        tasks, self.tellers = self.tellers, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def register(self, consumer: str, receiver: Receiver, *, with_data: bool = False) -> None:
        await self.store.consumers.put(Consumer(consumer, Text(consumer, consumer)))
        secret = self.secrets[consumer] = new_secret(self.runtime.ids)
        sealed = seal_secrets(self.store.keys, consumer, [secret])
        row = CallbackRow(consumer, receiver.url, sealed, with_data, self.clock.now())
        await self.store.callbacks.put(row)

    async def delivered(self, name: str, consumer: str = "portal", *, end: S = S.DELIVERED) -> None:
        """One that was left with the bus comes to its end."""
        now = self.clock.now()
        row = SubmissionRow(
            name, consumer, "register", "push", "v1", queued=True, state=S.QUEUED, attempts=0, accepted=now, changed=now,
            next_at=now, expires=now + timedelta(days=7), order_key=None, digest=b"", correlation_id="c", sealed=b"",
        )  # fmt: skip
        await self.store.submissions.accept(row, None)
        await self.store.submissions.take(now, {}, 99)
        outcome = Outcome({"receipt": "Nguyễn"}) if end is S.DELIVERED else Outcome(problem=Problem("provider-fault"))
        sealed = seal_outcome(self.store.keys, name, outcome)
        assert await self.store.submissions.move(name, Move((S.DELIVERING,), end, now, 1, outcome=sealed))
        self.teller.wake()

    async def later(self, seconds: float) -> None:
        self.clock.passed += seconds
        self.teller.wake()

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """The record comes after the answer: a real event of another task, looked for in turns of the loop."""
        async with asyncio.timeout(20):
            while not await done():  # noqa: ASYNC110  the store has no event to wait for
                await asyncio.sleep(0)

    async def counted(self, wanted: dict[tuple[str, str], int]) -> None:
        async def done() -> bool:
            return await self.store.callbacks.counts() == wanted

        await self.until(done)

    async def tried(self, name: str, last: str) -> None:
        async def done() -> bool:
            work = await self.store.callbacks.work("portal", "", 99)
            return any(each.id == name and each.last == last for each in work)

        await self.until(done)

    async def noted(self) -> list[tuple[str, str | None]]:
        rows = [json.loads(row.body) for row in await self.store.evidence.rows(0, 100)]
        return [(row["what"], row["facts"].get("outcome")) for row in rows]


async def happened(house: House, kind: type) -> bool:
    return any(isinstance(each, kind) for each in house.heard)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock = Steps()
    runtime = Runtime(clock, SystemIds(clock), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    events, inbox = Events(), Inbox(store, runtime)
    submissions = Submissions(store, runtime, events, lambda: registry())
    made = House(clock, runtime, store, events, inbox, submissions, AiohttpTransport(runtime))
    events.subscribe(made.heard.append)
    made.start()
    yield made
    await made.stop()
    await made.transport.close()
    await store.close()


@pytest.fixture
async def receivers() -> AsyncIterator[list[Receiver]]:
    found, runners = [], []
    for _ in range(2):
        receiver = Receiver()
        application = web.Application()
        application.router.add_post("/hook", receiver.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        found.append(receiver)
        runners.append(runner)
    yield found
    for runner in runners:
        await runner.cleanup()


async def test_what_came_of_an_update_is_told_signed(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver)
    await house.delivered("one")
    told = await receiver.next()
    assert verified(house.secrets["portal"].text, told.headers, told.body)
    assert told.headers["content-type"] == "application/json"
    assert int(told.headers["webhook-timestamp"]) == int(BEGAN.timestamp())
    assert told.id == "one-delivered"
    assert told.data["type"] == "submission.delivered"
    assert told.data["timestamp"] == BEGAN.isoformat()
    assert told.data["data"] == {
        "id": "one", "system": "register", "operation": "push", "state": "delivered", "attempts": 1
    }, "where it stands, not what was answered"  # fmt: skip
    await house.counted({("portal", "delivered"): 1})
    assert await house.noted() == [("callback-begun", None), ("callback-ended", "delivered")]
    await house.until(lambda: happened(house, CallbackEnded))
    ended = [each for each in house.heard if isinstance(each, CallbackEnded)]
    assert [(each.id, each.outcome, each.attempts) for each in ended] == [("one-delivered", "delivered", 1)]


async def test_a_failure_says_its_code(house: House, receivers: list[Receiver]) -> None:
    await house.register("portal", receivers[0])
    await house.delivered("one", end=S.FAILED)
    told = await receivers[0].next()
    assert (told.data["data"]["state"], told.data["data"]["error"]) == ("failed", {"code": "provider-fault"})


async def test_with_its_data_where_an_operator_wants_that(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver, with_data=True)
    await house.delivered("one")
    assert (await receiver.next()).data["data"]["answer"] == {"receipt": "Nguyễn"}
    await house.inbox.put("portal", "register", "notice", "k", {"amount": "1000"})
    told = await receiver.next()
    assert told.data["type"] == "inbox.arrived"
    assert told.data["data"]["data"] == {"amount": "1000"}
    await house.inbox.put("portal", "register", "notice", "large", {"text": "x" * 300_000})
    told = await receiver.next()
    assert "data" not in told.data["data"]
    assert told.data["data"]["truncated"] is True


async def test_an_item_is_told_once_and_not_after_it_was_fetched(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver)
    receiver.answers = [500]
    for _ in range(2):
        await house.inbox.put("portal", "register", "notice", "k", {"person": "Nguyễn"})
    told = await receiver.next()
    assert "Nguyễn" not in told.body.decode()
    item = told.data["data"]["id"]
    await house.tried(f"{item}-arrived", "http-500")
    await house.inbox.acknowledge("portal", item)
    await house.later(60)
    await house.counted({("portal", "delivered"): 1})
    assert receiver.received.empty()


async def test_again_under_the_same_id_after_a_growing_pause(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver)
    receiver.answers = [500, 503, 404]
    await house.delivered("one")
    first = await receiver.next()
    pauses = []
    for last in ("http-500", "http-503", "http-404"):
        await house.tried("one-delivered", last)
        due = (await house.store.callbacks.work("portal", "", 1))[0].next_at
        pauses.append((due - house.clock.now()).total_seconds())
        await house.later(pauses[-1] + 0.001)
        again = await receiver.next()
        assert (again.id, again.body) == (first.id, first.body)
        assert verified(house.secrets["portal"].text, again.headers, again.body)
        assert again.headers["webhook-timestamp"] > first.headers["webhook-timestamp"]
    assert [low <= pause <= high for pause, low, high in zip(pauses, (2.5, 5, 10), (5, 10, 20), strict=True)] == [
        True
    ] * 3
    await house.counted({("portal", "delivered"): 1})


async def test_a_crash_after_the_answer_tells_it_again_under_the_same_id(
    house: House, receivers: list[Receiver]
) -> None:
    class Broken:
        """A disk that does not take what the receiver has said."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store.callbacks, name)

        async def ended(self, *_: object) -> bool:
            raise StoreFailed("disk full")

    await house.stop()
    house.start(cast(Store, replace(cast(Any, house.store), callbacks=Broken())))
    await house.register("portal", receivers[0])
    await house.delivered("one")
    first = await receivers[0].next()
    await house.stop()
    house.start()
    second = await receivers[0].next()
    assert (second.id, second.body) == (first.id, first.body)
    await house.counted({("portal", "delivered"): 1})


async def test_a_dead_receiver_delays_nobody_and_is_not_stormed(house: House, receivers: list[Receiver]) -> None:
    dead, well = receivers
    holds = [asyncio.Event() for _ in range(4)]
    dead.answers = [*holds]
    await house.register("portal", dead)
    await house.register("other", well)
    for number in range(10):
        await house.delivered(f"dead-{number}")
    for _ in range(4):
        await dead.next()
    for number in range(20):
        await house.delivered(f"well-{number}", "other")
        await well.next()
    assert dead.received.empty(), "four at once, however many wait"
    dead.answers = [503] * 99
    for number in range(30):
        await house.delivered(f"dead-too-{number}")
    for hold in holds:
        hold.set()
    await dead.next()
    for number in range(20):  # the clock stands: its line is quiet, whatever waits there
        await house.delivered(f"well-too-{number}", "other")
        await well.next()
    assert dead.received.qsize() <= 7, "four that were taken gave it room for as many more before it failed"


async def test_a_receiver_that_is_well_gets_more_at_once_and_one_that_fails_begins_again(
    house: House, receivers: list[Receiver]
) -> None:
    receiver, holds = receivers[0], [asyncio.Event() for _ in range(40)]
    receiver.answers = [204] * 30 + [*holds]
    await house.register("portal", receiver)
    for number in range(90):
        await house.delivered(f"one-{number}")
    for _ in range(30 + 16):
        await receiver.next()
    for _ in range(50):
        await asyncio.sleep(0)
    assert receiver.received.empty(), "sixteen at once at the most"
    receiver.answers = [503] * 99
    for hold in holds:
        hold.set()

    async def failing() -> bool:
        return house.teller._lines["portal"].failures > 0 and not house.teller._lines["portal"].busy

    await house.until(failing)
    while not receiver.received.empty():
        receiver.received.get_nowait()
    again, receiver.answers = asyncio.Event(), []
    receiver.answers = [again]
    await house.later(700)
    await receiver.next()
    for _ in range(50):
        await asyncio.sleep(0)
    assert receiver.received.empty(), "one alone, until it has taken one"
    again.set()
    await receiver.next()


async def test_gone_switches_it_off(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver)
    receiver.answers = [410]
    await house.delivered("one")
    await receiver.next()
    await house.counted({("portal", "off"): 1})
    row = await house.store.callbacks.get("portal")
    assert row is not None
    assert (row.off, row.why) == (BEGAN, "http-410")
    await house.until(lambda: happened(house, CallbackOff))
    assert [each.consumer for each in house.heard if isinstance(each, CallbackOff)] == ["portal"]
    assert ("callback-off", None) in await house.noted()
    await house.delivered("two")
    await house.register("portal", receiver)
    assert await house.store.callbacks.again("portal", house.clock.now()) == 1
    await house.later(1)
    assert (await receiver.next()).id == "one-delivered"


async def test_what_nobody_takes_is_parked_where_it_is_seen(house: House, receivers: list[Receiver]) -> None:
    receiver = receivers[0]
    await house.register("portal", receiver)
    receiver.answers = [500]
    await house.delivered("one")
    await receiver.next()
    await house.tried("one-delivered", "http-500")
    await house.later(EXPIRES.total_seconds())
    await house.counted({("portal", "parked"): 1})
    assert ("callback-ended", "parked") in await house.noted()
    await house.later(EXPIRES.total_seconds())
    assert receiver.received.empty()


async def test_a_disabled_consumer_hears_nothing(house: House, receivers: list[Receiver]) -> None:
    await house.register("portal", receivers[0])
    await house.store.consumers.put(Consumer("portal", Text("Một cửa", "One-stop"), active=False))
    await house.delivered("one")
    await house.tried("one-delivered", "consumer-disabled")
    assert receivers[0].received.empty()


async def test_a_redirect_is_not_followed(house: House, receivers: list[Receiver]) -> None:
    named, other = receivers
    await house.register("portal", named)
    named.answers = [{"location": other.url}]
    await house.delivered("one")
    await named.next()
    await house.tried("one-delivered", "http-302")
    assert other.received.empty()


async def test_an_address_that_is_not_allowed_any_more_is_not_called(house: House, receivers: list[Receiver]) -> None:
    """Registered in the demonstration; the same data served without it."""
    await house.stop()
    house.teller = Teller(
        house.store, house.runtime, house.events, Audit(house.store, house.runtime, patience=30.0), house.transport,
        house.submissions, house.inbox,
    )  # fmt: skip
    house.tellers.append(asyncio.create_task(house.teller.run()))
    await house.register("portal", receivers[0])
    await house.delivered("one")
    await house.tried("one-delivered", "address-refused")
    assert receivers[0].received.empty()


async def test_both_secrets_prove_it_while_they_change(house: House, receivers: list[Receiver]) -> None:
    await house.register("portal", receivers[0])
    row = await house.store.callbacks.get("portal")
    assert row is not None
    before, fresh = house.secrets["portal"], new_secret(house.runtime.ids)
    two = rotated([before], fresh, BEGAN + timedelta(hours=1), BEGAN)
    await house.store.callbacks.put(replace(row, secrets=seal_secrets(house.store.keys, "portal", two)))
    await house.delivered("one")
    told = await receivers[0].next()
    assert verified(before.text, told.headers, told.body)
    assert verified(fresh.text, told.headers, told.body)
    house.clock.passed = 3600
    await house.delivered("two")
    told = await receivers[0].next()
    assert not verified(before.text, told.headers, told.body)
    assert verified(fresh.text, told.headers, told.body)
