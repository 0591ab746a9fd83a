"""Every exchange ends once: with its evidence, its event, and an error of ours or none."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from lgsp.errors import BusFault, EvidenceUnavailable, OutcomeUnknown, Timeout, UnknownOperation
from lgsp.events import BusFaultFound, Events, ExchangeFinished
from lgsp.exchange import Exchange
from lgsp.model import Data, SubmissionState
from lgsp.pipeline.record import Record
from lgsp.runtime import Runtime
from lgsp.store import StoreFailed
from lgsp_mocks.clock import run
from tests.submissions.house import House, house

S = SubmissionState


def fail_answered(home: House) -> None:
    """The disk takes the asked entry, and is full when the answered one comes."""
    evidence = home.store.evidence

    class Full:
        writer = evidence.writer
        last = 0

        async def append(self, compose: Any) -> int:
            def look(before: Any) -> Any:
                rows = compose(before)
                if msgspec.json.decode(rows[0].body)["kind"] == "answered":
                    raise StoreFailed("FullError")
                return rows

            return await evidence.append(look)

    home.audit._evidence = Full()  # type: ignore[assignment]


def test_an_answer_leaves_after_its_entry() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        await home.ask("plain")
        kinds = [msgspec.json.decode(row.body)["kind"] for row in await home.store.evidence.rows(0, 10)]
        assert kinds == ["asked", "answered"]
        assert home.outcomes() == ["ok"]

    run(story)


def test_a_query_whose_answer_cannot_be_evidenced_is_refused() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.effects["a"] = 1
        fail_answered(home)
        with pytest.raises(EvidenceUnavailable):
            await home.ask("ask")
        assert home.outcomes() == ["evidence-unavailable"]

    run(story)


def test_an_update_whose_answer_cannot_be_evidenced_is_not_known_never_refused() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        fail_answered(home)
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask()
        assert home.ministry.effects == {"a": 1}
        assert raised.value.submission is not None
        found = await home.submissions.get(raised.value.submission)
        assert found is not None
        assert found.state is S.INDETERMINATE
        home.audit._evidence = home.store.evidence
        await home.until(raised.value.submission, S.DELIVERED)
        assert home.ministry.calls == 1

    run(story)


def test_an_acceptance_that_cannot_be_evidenced_is_not_taken_back() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        fail_answered(home)
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask(respond_async=True)
        home.audit._evidence = home.store.evidence
        assert raised.value.submission is not None
        await home.until(raised.value.submission, S.DELIVERED)

    run(story)


def test_a_defect_of_ours_is_a_bus_fault_without_its_text() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)

        async def broken(_: Any) -> Any:
            raise KeyError("canary")

        home.ministry = broken  # type: ignore[assignment]
        home.registry.connectors["register"].operations["ask"]
        with pytest.raises(BusFault) as raised:
            await home.ask("ask")
        assert str(raised.value) == "bus-fault"
        (found,) = [event for event in home.heard if isinstance(event, BusFaultFound)]
        assert found.kind == "KeyError"
        assert "canary" not in repr(home.heard)

    run(story)


def test_names_that_nobody_has_registered_are_told_to_nobody() -> None:
    """Counters, the board's stream, the log and the store remember what an event names: here it would be a stranger's words."""

    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        heard: list[Any] = []
        events = Events()
        events.subscribe(lambda event: heard.append(event), ExchangeFinished)
        record = Record(home.audit, events, runtime.clock, home.submissions)

        async def unknown(_: Exchange) -> Data:
            raise UnknownOperation()

        stranger = home.exchange("ask")
        stranger.system, stranger.operation_name, stranger.connector = "bia-dat-1", "079099990001", None
        with pytest.raises(UnknownOperation):
            await record(stranger, unknown)
        assert [(each.system, each.operation, each.outcome) for each in heard] == [(None, None, "unknown-operation")]

    run(story)


def test_cancellation_is_passed_on_and_evidenced() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 60.0
        task = asyncio.create_task(home.ask("plain"))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert home.outcomes() == ["timeout"]
        last = (await home.store.evidence.rows(0, 10))[-1]
        assert msgspec.json.decode(last.body)["outcome"] == "timeout"

    run(story)


def test_a_querys_deadline_stays_a_timeout() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = []

        async def slow(_: Any) -> Any:
            await asyncio.sleep(60)

        home.ministry = slow  # type: ignore[assignment]
        with pytest.raises(Timeout) as raised:
            await home.ask("ask")
        assert raised.value.retryable

    run(story)
