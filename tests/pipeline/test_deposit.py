"""The Deposit step: one record an update, one effect a key, the same answer to the same question."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from lgsp.errors import (
    BadAnswer,
    Conflict,
    ConnectFailed,
    EvidenceUnavailable,
    IdempotencyMismatch,
    LgspError,
    OutcomeUnknown,
    Overloaded,
    ProviderFault,
    Timeout,
)
from lgsp.model import Data, FieldError, SubmissionState
from lgsp.runtime import Runtime
from lgsp_mocks.clock import run
from tests.submissions.house import Ministry, house

S = SubmissionState


def test_a_query_leaves_no_record() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.effects["a"] = 1
        _, exchange = await home.ask("ask")
        assert exchange.submission is None
        assert sum((await home.submissions.counts()).values()) == 0

    run(story)


def test_a_synchronous_update_is_on_record_and_answered() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        answer, exchange = await home.ask("plain")
        assert answer == {"receipt": "a"}
        assert not exchange.accepted
        assert (await home.submissions.counts())[S.DELIVERED] == 1
        assert home.moves() == [(None, "delivering"), ("delivering", "delivered")]

    run(story)


def test_one_effect_for_many_posts_with_one_key() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 1.0

        async def post() -> Data | str:
            try:
                return (await home.ask("plain", idempotency_key="k"))[0]
            except LgspError as error:
                return error.code

        answers = await asyncio.gather(*(post() for _ in range(200)))
        assert home.ministry.effects == {"a": 1}
        assert Counter(map(str, answers)) == {"conflict": 199, "{'receipt': 'a'}": 1}
        assert await asyncio.gather(*(post() for _ in range(20))) == [{"receipt": "a"}] * 20
        assert home.ministry.effects == {"a": 1}

    run(story)


def test_the_same_key_with_another_body_or_of_another_operation() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        await home.ask("plain", {"code": "a"}, idempotency_key="k")
        with pytest.raises(IdempotencyMismatch):
            await home.ask("plain", {"code": "b"}, idempotency_key="k")
        await home.ask("keyed", {"code": "b"}, idempotency_key="k")
        assert home.ministry.effects == {"a": 1, "b": 1}

    run(story)


def test_keys_outlive_a_restart_and_end_after_three_days(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime, tmp_path)
        await home.ask("plain", idempotency_key="k")
        await home.store.close()
        home = await house(runtime, tmp_path, ministry=Ministry(runtime))
        assert (await home.ask("plain", idempotency_key="k"))[0] == {"receipt": "a"}
        assert home.ministry.calls == 0
        await asyncio.sleep(72 * 3600 + 1)
        await home.ask("plain", idempotency_key="k")
        assert home.ministry.calls == 1
        await home.store.close()

    run(story)


def test_a_refusal_is_repeated_word_for_word() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        fault = ProviderFault("no", errors=(FieldError("/a", "type"),), provider=("9", "sai"))
        home.ministry.script = [fault]
        for _ in range(2):
            with pytest.raises(ProviderFault) as raised:
                await home.ask("plain", idempotency_key="k")
            assert raised.value.provider == ("9", "sai")
            assert raised.value.errors == (FieldError("/a", "type"),)
        assert home.ministry.calls == 1

    run(story)


@pytest.mark.parametrize("error", [ConnectFailed(), Overloaded()])
def test_what_was_not_sent_may_be_tried_again_under_its_key(error: LgspError) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [error]
        with pytest.raises(type(error)):
            await home.ask("plain", idempotency_key="k")
        assert (await home.ask("plain", idempotency_key="k"))[0] == {"receipt": "a"}

    run(story)


@pytest.mark.parametrize("error", [Timeout(), BadAnswer(), ZeroDivisionError()])
def test_an_unknown_outcome_says_so_and_stays_so(error: Exception) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [error]
        for _ in range(2):
            with pytest.raises(OutcomeUnknown) as raised:
                await home.ask("plain", idempotency_key="k")
            assert (raised.value.status, raised.value.retryable) == (504, False)
            assert raised.value.submission is not None
        assert home.ministry.calls == 1

    run(story)


def test_a_broken_connection_after_sending_is_unknown() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        broken = ConnectFailed()
        broken.reached = True
        home.ministry.script = [broken]
        with pytest.raises(OutcomeUnknown):
            await home.ask()

    run(story)


def test_the_deadline_in_the_middle_is_unknown_with_its_location() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 60.0
        with pytest.raises(OutcomeUnknown) as raised:
            await home.ask("plain", wanted_timeout=2.0)
        assert runtime.clock.monotonic() == 2.0
        assert raised.value.submission is not None
        found = await home.submissions.get(raised.value.submission)
        assert found is not None
        assert found.state is S.INDETERMINATE
        assert home.outcomes() == ["timeout"]

    run(story)


def test_nothing_is_sent_without_a_record() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        await home.store.close()
        with pytest.raises(EvidenceUnavailable):
            await home.ask("plain")
        assert home.ministry.calls == 0

    run(story)


def test_in_progress_is_a_conflict() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.seconds = 3.0
        first = asyncio.create_task(home.ask("plain", idempotency_key="k"))
        await asyncio.sleep(1)
        with pytest.raises(Conflict):
            await home.ask("plain", idempotency_key="k")
        assert (await first)[0] == {"receipt": "a"}

    run(story)


def test_accepted_again_is_the_same_acceptance() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        first, _ = await home.ask(respond_async=True, idempotency_key="k")
        await home.until(first["id"], S.DELIVERED)
        again, exchange = await home.ask(respond_async=True, idempotency_key="k")
        assert exchange.accepted
        assert again["id"] == first["id"]
        assert home.ministry.effects == {"a": 1}

    run(story)


def test_bodies_are_not_readable_at_rest(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime, tmp_path)
        await home.ask(
            "plain", {"code": "canary-code", "person": {"id": "canary-person"}}, idempotency_key="canary-key"
        )
        await home.store.close()

    run(story)
    for file in tmp_path.glob("*.db*"):
        assert b"canary" not in file.read_bytes()
