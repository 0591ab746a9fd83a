"""Deliveries: once, in order, through absence, doubt and restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from lgsp.errors import (
    BadAnswer,
    CircuitOpen,
    ConnectFailed,
    InvalidMessage,
    OutcomeUnknown,
    ProviderFault,
    Suspended,
)
from lgsp.events import BusFaultFound, HealthChanged
from lgsp.model import Face, Health, SubmissionState
from lgsp.registry import ProvedBy
from lgsp.runtime import Runtime
from lgsp.simulate import Loaded, Province, tell
from lgsp.store import StoreFailed
from lgsp.submissions.deliver import question
from lgsp_mocks.clock import run
from tests.submissions.house import Ministry, house

S = SubmissionState


def test_left_with_the_bus_and_delivered() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        view, exchange = await home.ask(respond_async=True)
        assert exchange.accepted
        assert exchange.headers_out["Location"] == f"/submissions/{view['id']}"
        assert (view["state"], view["attempts"]) == ("queued", 0)
        assert home.ministry.calls == 0
        await home.until(view["id"], S.DELIVERED)
        found = await home.submissions.get(view["id"], "portal")
        assert found is not None
        assert found.view() == {"id": view["id"], "state": "delivered", "attempts": 1, "answer": {"receipt": "a"}}
        assert await home.submissions.get(view["id"], "somebody-else") is None
        assert home.moves() == [(None, "queued"), ("queued", "delivering"), ("delivering", "delivered")]

    run(story)


def test_kept_while_the_system_is_away_and_delivered_in_order() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [ConnectFailed()] * 4
        names = []
        for number in range(3):
            view, exchange = await home.ask(data={"code": "a", "n": number})
            assert exchange.accepted
            names.append(view["id"])
        assert home.ministry.calls == 1, "what comes behind a waiting update of the same dossier does not overtake it"
        await home.until(names[-1], S.DELIVERED)
        assert home.ministry.order == ["a:0", "a:1", "a:2"]
        assert home.ministry.effects == {"a": 3}

    run(story)


def test_a_system_known_to_be_down_is_not_tried() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.board.now = Health.DOWN
        _, exchange = await home.ask()
        assert exchange.accepted
        assert home.ministry.calls == 0

    run(story)


def test_a_system_that_comes_back_is_not_waited_for() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [CircuitOpen(retry_after=3000)] * 2
        view, _ = await home.ask(respond_async=True)
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(60)
        assert home.ministry.calls == 1
        home.ministry.script.clear()
        home.events.publish(HealthChanged("register", Health.DOWN, Health.UP, None, runtime.clock.now()))
        await asyncio.sleep(1)
        assert home.ministry.effects == {"a": 1}
        found = await home.submissions.get(view["id"])
        assert found is not None
        assert found.state is S.DELIVERED
        loop.cancel()
        await asyncio.wait({loop})

    run(story)


@pytest.mark.parametrize("error", [ProviderFault(provider=("7", "x")), InvalidMessage()])
def test_a_refusal_of_the_database_is_final(error: Exception) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [error]
        view, _ = await home.ask(respond_async=True)
        await home.until(view["id"], S.FAILED)
        assert home.ministry.calls == 1
        found = await home.submissions.get(view["id"])
        assert found is not None
        assert found.view()["error"]["code"] == error.code  # type: ignore[attr-defined]

    run(story)


def test_a_lost_answer_is_settled_by_asking_never_by_sending_again() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = ["lost"]
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask()
        assert raised.value.code == "timeout"
        assert not raised.value.retryable
        name = raised.value.submission
        assert name is not None
        doubtful = await home.submissions.get(name)
        assert doubtful is not None
        assert doubtful.state is S.INDETERMINATE
        await home.until(name, S.DELIVERED)
        assert home.ministry.calls == 1
        found = await home.submissions.get(name)
        assert found is not None
        assert found.view()["proof"] == {"state": "done", "code": "a"}

    run(story)


def test_not_found_long_enough_after_is_sent_again_where_it_was_left_with_us() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [BadAnswer()]
        view, _ = await home.ask(respond_async=True)
        began = runtime.clock.monotonic()
        await home.until(view["id"], S.DELIVERED)
        assert runtime.clock.monotonic() - began > 30, "a backend may still be at work: not found is believed late"
        assert home.ministry.effects == {"a": 1}

    run(story)


def test_not_found_after_a_callers_own_call_frees_its_key() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [BadAnswer()]
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask(idempotency_key="k")
        assert raised.value.submission is not None
        await home.until(raised.value.submission, S.FAILED)
        answer, _ = await home.ask(idempotency_key="k")
        assert answer == {"receipt": "a"}
        assert home.ministry.effects == {"a": 1}

    run(story)


def test_without_a_proof_it_waits_for_a_human() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = ["lost"]
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask("plain")
        name = raised.value.submission
        assert name is not None
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(2 * 86_400)
        found = await home.submissions.get(name)
        assert found is not None
        assert found.state is S.INDETERMINATE
        assert home.ministry.calls == 1
        loop.cancel()
        await asyncio.wait({loop})

    run(story)


def test_a_keyed_update_is_resent_to_learn_its_outcome() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [BadAnswer()]
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask("keyed")
        assert raised.value.submission is not None
        await home.until(raised.value.submission, S.DELIVERED)
        assert home.ministry.calls == 2

    run(story)


def test_expiry() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [ConnectFailed() for _ in range(10_000)]
        view, _ = await home.ask(respond_async=True)
        await home.until(view["id"], S.EXPIRED, within=2 * 86_400, every=60.0)
        assert 100 < home.ministry.calls < 400, "pauses grow to ten minutes"

    run(story)


def test_a_suspended_system_is_waited_for() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [Suspended() for _ in range(8)]
        view, _ = await home.ask(respond_async=True)
        await home.until(view["id"], S.DELIVERED)

    run(story)


def test_poison_is_parked_and_the_loop_goes_on() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)

        async def broken(exchange: object) -> dict[str, object]:
            raise ZeroDivisionError

        poisoned, _ = await home.ask(respond_async=True, data={"code": "p"})
        loop = asyncio.create_task(home.submissions.run(broken))
        await asyncio.sleep(3600)
        found = await home.submissions.get(poisoned["id"])
        assert found is not None
        assert (found.state, found.attempts) == (S.FAILED, 5)
        assert not loop.done()
        loop.cancel()
        await asyncio.wait({loop})
        view, _ = await home.ask(respond_async=True, data={"code": "a"})
        await home.until(view["id"], S.DELIVERED)

    run(story)


def test_a_body_that_cannot_be_read_is_parked_and_the_loop_goes_on(tmp_path: Path) -> None:
    """A bad sector, or a key that is gone: one dossier waits for a human, nobody else waits for it (RULES 5)."""

    async def story(runtime: Runtime) -> None:
        home = await house(runtime, tmp_path)
        broken, _ = await home.ask(data={"code": "a"}, respond_async=True)
        with apsw.Connection(str(tmp_path / "lgsp.db")) as other:
            other.execute("UPDATE submission SET sealed = x'0011' WHERE id = ?", (broken["id"],))
        good, _ = await home.ask(data={"code": "b"}, respond_async=True)
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(400)
        assert not loop.done(), "the worker never switches itself off"
        loop.cancel()
        await asyncio.wait({loop})
        rows = {row.id: row for row in await home.store.submissions.find()}
        assert rows[good["id"]].state is S.DELIVERED
        assert (rows[broken["id"]].state, rows[broken["id"]].next_at) == (S.INDETERMINATE, None)
        assert any(isinstance(event, BusFaultFound) for event in home.heard)

    run(story)


def test_a_settlement_that_cannot_be_written_down_is_not_asked_again_at_once() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = ["lost"]
        with pytest.raises(OutcomeUnknown):
            await home.ask()
        asked, move = [], type(home.store.submissions).move

        async def full(*_: object) -> bool:
            asked.append(runtime.clock.monotonic())
            raise StoreFailed("FullError")

        type(home.store.submissions).move = full  # type: ignore[method-assign, assignment]
        loop = asyncio.create_task(home.submissions.run(home.handle))
        try:
            await asyncio.sleep(30)
        finally:
            type(home.store.submissions).move = move  # type: ignore[method-assign]
        assert 5 <= len(asked) <= 35, "about once a second, as long as the disk is full"
        await asyncio.sleep(30)
        assert [row.state for row in await home.store.submissions.find()] == [S.DELIVERED], "and by itself afterwards"
        loop.cancel()
        await asyncio.wait({loop})

    run(story)


def test_the_settling_question_keeps_the_types_of_the_message() -> None:
    proof = ProvedBy("ask", "code", {"place": "$office.number", "kind": "2", "urgent": "$urgent"})
    assert question(proof, {"code": "a", "office": {"number": 48601}, "urgent": False}) == {
        "code": "a", "place": 48601, "kind": "2", "urgent": False,
    }  # fmt: skip
    assert question(proof, {"code": "a", "urgent": True}) is None, "a field that is not there cannot be asked with"
    assert question(ProvedBy("ask", "code", {}), {"code": " "}) is None


def test_every_settling_question_keeps_its_contract(lgsp_loaded: Loaded) -> None:
    """Of every system: one that is refused by our own contract would leave every doubt to a human."""

    async def story(province: Province) -> None:
        made = set()
        for example in province.simulator.admin.examples():
            operations = lgsp_loaded.registry.connectors[example["system"]].operations
            operation = operations.get(example["operation"])
            if operation is None or operation.proved_by is None or example["expect"] != "ok":
                continue
            asked = question(operation.proved_by, example["request"])
            assert asked is not None, (example["system"], operation.name)
            operations[operation.proved_by.operation].public.input.check(asked)
            made.add((example["system"], operation.name))
        assert made == {
            (connector.name, operation.name)
            for connector in lgsp_loaded.registry.connectors.values()
            for operation in connector.operations.values()
            if operation.proved_by is not None
        }

    tell(story, loaded=lgsp_loaded, size=400)


def test_a_restart_settles_what_was_under_way(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        before = await house(runtime, tmp_path)
        exchange = before.exchange()
        exchange.operation = before.registry.connectors["register"].operations["push"]
        row, _ = await before.submissions.accept(exchange, queued=False)
        before.ministry.effects["a"] = 1  # the ministry did it; the process died before it heard so
        left, _ = await before.ask(respond_async=True, data={"code": "b"})
        await before.store.close()

        after = await house(runtime, tmp_path, ministry=Ministry(runtime, effects=before.ministry.effects))
        assert await after.until(row.id, S.DELIVERED, S.FAILED) is S.DELIVERED
        assert await after.until(left["id"], S.DELIVERED) is S.DELIVERED
        assert after.ministry.effects == {"a": 1, "b": 1}
        await after.store.close()

    run(story)


def test_one_system_has_a_few_deliveries_at_once() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 1.0
        views = [(await home.ask(respond_async=True, data={"code": f"{n}"}))[0] for n in range(12)]
        began = runtime.clock.monotonic()
        await home.until(views[-1]["id"], S.DELIVERED)
        assert runtime.clock.monotonic() - began >= 3.0
        assert sum(home.ministry.effects.values()) == 12

    run(story)


def test_the_end_of_the_process_in_the_middle_is_doubt_not_loss() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 5.0
        view, _ = await home.ask(respond_async=True)
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(1)
        loop.cancel()
        await asyncio.wait({loop})
        found = await home.submissions.get(view["id"])
        assert found is not None
        assert found.state is S.INDETERMINATE
        home.ministry.seconds = 0.0
        await home.until(view["id"], S.DELIVERED)
        assert home.ministry.effects == {"a": 1}

    run(story)


def test_soap_and_native_never_leave_an_update() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        for face in (Face.SOAP, Face.NATIVE):
            home.ministry.script = [ConnectFailed()]
            with pytest.raises(ConnectFailed) as raised:
                await home.ask(face=face, respond_async=True)
            assert raised.value.submission is not None

    run(story)


def test_a_native_keyed_update_is_not_sent_again_by_the_bus() -> None:
    """Its message is in the ministry's dialect; sent through the mapping it would be another one, or break it."""

    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = ["lost"]
        exchange = home.exchange("keyed", {"MA": "a", "code": "a"}, face=Face.NATIVE)
        with pytest.raises(OutcomeUnknown):
            await home.handle(exchange)
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(3600)
        loop.cancel()
        await asyncio.wait({loop})
        assert home.ministry.calls == 1
        found = await home.submissions.get(exchange.submission or "")
        assert found is not None
        assert found.state is SubmissionState.INDETERMINATE

    run(story)
