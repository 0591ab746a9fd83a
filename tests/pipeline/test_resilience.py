"""Deadline, retry, breaker and bulkhead together, in virtual time (RULES 6-12)."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from pathlib import Path

import pytest

from lgsp.errors import BadAnswer, CircuitOpen, ConnectFailed, LgspError, Overloaded, Timeout
from lgsp.exchange import Exchange, Handler, chain
from lgsp.health.breaker import BreakerPolicy
from lgsp.model import Data, Face, Health, HttpRequest, HttpResponse
from lgsp.pipeline import bulkhead
from lgsp.pipeline.bulkhead import TurnAway
from lgsp.pipeline.deadline import GRACE_SECONDS
from lgsp.pipeline.identify import Identify
from lgsp.pipeline.retry import RetryPolicy
from tests.manifest.small_home import MANIFEST
from tests.pipeline.house import House, fails, found, play


def broken() -> ConnectFailed:
    error = ConnectFailed()
    error.reached = True
    return error


async def silence(_: HttpRequest) -> HttpResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def outcomes(house: House, calls: int, operation: str = "hoi", **slots: object) -> list[str]:
    async def one() -> str:
        try:
            await house.ask(operation, **slots)
        except LgspError as error:
            return error.code
        return "ok"

    return await asyncio.gather(*(one() for _ in range(calls)))


# -- deadline ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "wanted", "seconds"),
    [("hoi", None, 10), ("ghi", None, 30), ("hoi", 2.0, 2), ("hoi", 500.0, 10), ("hoi", -1.0, 10), ("ghi", 12.5, 12.5)],
)
def test_every_call_ends_at_its_limit_or_earlier_if_asked(
    tmp_path: Path, operation: str, wanted: float | None, seconds: float
) -> None:
    async def story(house: House) -> None:
        house.wire.answer = silence
        began = house.runtime.clock.monotonic()
        with pytest.raises(Timeout):
            await house.ask(operation, wanted_timeout=wanted)
        assert house.runtime.clock.monotonic() - began == pytest.approx(seconds, abs=GRACE_SECONDS)

    play(tmp_path, story)


def test_an_exchange_that_comes_too_late_sends_nothing(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        exchange = house.exchange()
        await asyncio.sleep(11)
        with pytest.raises(Timeout):
            await house.handle(exchange)
        assert not house.wire.seen

    play(tmp_path, story)


def test_a_step_that_never_ends_is_caught_by_the_net(tmp_path: Path) -> None:
    from lgsp.exchange import chain
    from lgsp.pipeline.deadline import Deadline

    async def never(_: Exchange) -> Data:
        await asyncio.Event().wait()
        raise AssertionError

    async def story(house: House) -> None:
        with pytest.raises(Timeout):
            await chain(Deadline(house.runtime.clock), then=never)(house.exchange(wanted_timeout=3.0))
        assert house.runtime.clock.monotonic() == pytest.approx(3, abs=0.1)

    play(tmp_path, story)


# -- retry ------------------------------------------------------------------------------------------------------------


def test_a_safe_question_is_asked_again_and_an_update_never(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        tries = 0

        async def second_time(request: HttpRequest) -> HttpResponse:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise broken()
            return await found(request)

        house.wire.answer = second_time
        exchange = house.exchange()
        assert (await house.handle(exchange))["ma"] == "7"
        assert [each.outcome for each in exchange.attempts] == ["connect-failed", "ok"]
        assert [each.number for each in exchange.attempts] == [1, 2]
        tries = 0
        with pytest.raises(ConnectFailed):
            await house.ask("ghi")
        assert tries == 1

    play(tmp_path, story)


def test_a_keyed_update_may_be_asked_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = fails(broken)
        with pytest.raises(ConnectFailed):
            await house.ask("ghi")
        assert len(house.wire.seen) == 3

    play(tmp_path, story, MANIFEST.replace('backend_operation = "GHI"', 'backend_operation = "GHI"\nkeyed = true'))


@pytest.mark.parametrize("error", [BadAnswer, Overloaded, CircuitOpen])
def test_only_what_another_try_may_cure(tmp_path: Path, error: type[LgspError]) -> None:
    async def story(house: House) -> None:
        house.wire.answer = fails(error)
        with pytest.raises(error):
            await house.ask()
        assert len(house.wire.seen) == 1

    play(tmp_path, story)


def test_exchanges_of_the_bus_itself_have_pauses_of_their_own(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = fails(broken)
        with pytest.raises(ConnectFailed):
            await house.ask(face=Face.INTERNAL)
        assert len(house.wire.seen) == 1

    play(tmp_path, story)


def test_no_try_begins_after_the_deadline(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = fails(broken, seconds=0.9)
        began = house.runtime.clock.monotonic()
        with pytest.raises(LgspError):
            await house.ask(wanted_timeout=1.0)
        assert house.runtime.clock.monotonic() - began <= 1.0 + GRACE_SECONDS

    play(tmp_path, story)


def test_a_platform_that_names_a_pause_gets_it_or_no_further_try(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def busy(_: HttpRequest) -> HttpResponse:
            return HttpResponse(503, {"retry-after": "30"})

        house.wire.answer = busy
        began = house.runtime.clock.monotonic()
        with pytest.raises(ConnectFailed):
            await house.ask()
        assert house.runtime.clock.monotonic() - began < 1
        assert len(house.wire.seen) == 1

    play(tmp_path, story)


def test_the_budget_holds_and_waiting_tries_count(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.health.breakers.policy = BreakerPolicy(minimum=10_000, timeouts_alone=10_000)
        house.retry.policy = RetryPolicy(outage=10_000)
        house.wire.answer = fails(broken, seconds=0.05)
        seen = 0

        def watch(_: object) -> None:
            nonlocal seen
            seen = max(seen, house.retry.retrying["register"])
            assert house.retry.retrying["register"] <= max(3, 0.2 * 100)

        house.events.subscribe(watch)
        await outcomes(house, 100)
        assert 3 <= seen <= 20
        assert len(house.wire.seen) <= 100 + 2 * 20

    play(tmp_path, story, MANIFEST.replace("slots = 2", "slots = 1000"))


def test_an_outage_is_not_asked_thrice(tmp_path: Path) -> None:
    """Before the breaker opens, a backend that is away sees hardly more than what callers ask."""

    async def story(house: House) -> None:
        house.health.breakers.policy = BreakerPolicy(minimum=10_000, timeouts_alone=10_000)
        house.wire.answer = fails(broken)
        for _ in range(20):
            with pytest.raises(ConnectFailed):
                await house.ask()
        assert len(house.wire.seen) == 22, "the first call's three tries, then one each"
        house.wire.answer = found
        await house.ask()
        house.wire.seen.clear()
        house.wire.answer = fails(broken)
        with pytest.raises(ConnectFailed):
            await house.ask()
        assert len(house.wire.seen) == 3, "once it has answered, a hiccup is a hiccup again"

    play(tmp_path, story)


def test_who_was_asked_for_is_told_what_became_of_it(tmp_path: Path) -> None:
    """The circuit opens between two tries: the call was made, and what it met is its answer."""

    async def story(house: House) -> None:
        house.health.breakers.policy = BreakerPolicy(minimum=2, timeouts_alone=10_000)
        house.wire.answer = fails(broken)
        with pytest.raises(ConnectFailed):
            await house.ask()
        assert len(house.wire.seen) == 2, "the third try met an open circuit"
        with pytest.raises(CircuitOpen):
            await house.ask()

    play(tmp_path, story)


def test_a_ministry_that_throttles_the_second_try_is_heard(tmp_path: Path) -> None:
    """Not our own refusal: it was asked, and says when to come again."""

    async def story(house: House) -> None:
        async def throttled(_: HttpRequest) -> HttpResponse:
            if len(house.wire.seen) == 1:
                raise broken()
            return HttpResponse(429, {"retry-after": "7"}, b"")

        house.wire.answer = throttled
        exchange = house.exchange()
        with pytest.raises(Overloaded) as told:
            await house.handle(exchange)
        assert told.value.retry_after == 7
        assert [each.outcome for each in exchange.attempts] == ["connect-failed", "overloaded"]

    play(tmp_path, story)


# -- breaker ----------------------------------------------------------------------------------------------------------


def test_two_timeouts_open_the_circuit_and_one_probe_closes_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.ask()
        await asyncio.sleep(61)
        house.wire.answer = silence
        assert await outcomes(house, 2) == ["timeout"] * 2
        assert house.health.system("register").health is Health.DOWN
        asked = len(house.wire.seen)
        assert await outcomes(house, 50) == ["circuit-open"] * 50
        assert len(house.wire.seen) == asked
        await asyncio.sleep(5)
        house.wire.answer = found
        codes = await outcomes(house, 1)
        assert codes == ["ok"]
        assert house.health.system("register").breaker == "closed"
        assert await outcomes(house, 2) == ["ok"] * 2

    play(tmp_path, story)


def test_a_half_open_circuit_lets_exactly_one_call_through(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = silence
        await outcomes(house, 2, wanted_timeout=2.0)
        await asyncio.sleep(5)
        before = len(house.wire.seen)
        codes = await outcomes(house, 20, wanted_timeout=2.0)
        assert sorted(codes) == ["circuit-open"] * 19 + ["timeout"]
        assert len(house.wire.seen) == before + 1

    play(tmp_path, story)


def test_a_cancelled_probe_frees_its_place(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = silence
        await outcomes(house, 2, wanted_timeout=2.0)
        await asyncio.sleep(5)
        leaving = asyncio.create_task(house.ask())
        await asyncio.sleep(0.1)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        house.wire.answer = found
        assert await outcomes(house, 1) == ["ok"]

    play(tmp_path, story)


def test_one_operation_does_not_close_the_other(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = silence
        await outcomes(house, 2)
        house.wire.answer = found
        assert await outcomes(house, 1, "ghi") == ["ok"]
        assert await outcomes(house, 1, "hoi") == ["circuit-open"]

    play(tmp_path, story)


# -- bulkhead ---------------------------------------------------------------------------------------------------------


def slow(seconds: float) -> object:
    async def answer(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(seconds)
        return await found(request)

    return answer


def test_no_more_attempts_than_slots_and_refusal_at_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.ask()
        house.wire.answer = slow(5)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert house.bulkhead.inflight() == {"register": 2}
        house.bulkhead.systems["register"].seconds = 5.0
        began = house.runtime.clock.monotonic()
        with pytest.raises(Overloaded) as refused:
            await house.ask()
        assert house.runtime.clock.monotonic() == began
        assert refused.value.retry_after is not None
        assert refused.value.retry_after >= 1
        await asyncio.gather(*running)
        assert house.wire.most == 2

    play(tmp_path, story)


def test_who_is_refused_is_told_to_come_one_after_the_other(tmp_path: Path) -> None:
    """Four hundred who come back in the same second would take the processor from everybody else."""

    async def story(house: House) -> None:
        house.wire.answer = slow(9)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(8)
        seconds = Counter[int]()
        for _ in range(40):
            with pytest.raises(Overloaded) as refused:
                await house.ask()
            assert refused.value.retry_after is not None
            seconds[math.ceil(refused.value.retry_after)] += 1
        assert len(seconds) >= 8, "those who hold the slots have done so for 8 s, though none has ended yet"
        assert max(seconds.values()) <= 10
        await asyncio.gather(*running)

    play(tmp_path, story)


def test_a_short_queue_is_served_in_order(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = slow(0.1)  # type: ignore[assignment]
        assert await outcomes(house, 4) == ["ok"] * 4
        assert house.wire.most == 2
        codes = await outcomes(house, 10)
        assert codes.count("ok") == 4
        assert codes.count("overloaded") == 6

    play(tmp_path, story)


def test_who_waits_too_long_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = slow(5)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(0.1)
        began = house.runtime.clock.monotonic()
        with pytest.raises(Overloaded):
            await house.ask()
        assert house.runtime.clock.monotonic() - began <= 1.0
        assert not house.bulkhead.systems["register"].queue
        await asyncio.gather(*running)

    play(tmp_path, story)


def test_a_slot_that_comes_in_the_moment_of_leaving_is_handed_on(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = slow(0.5)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting = asyncio.create_task(house.ask())
        await asyncio.sleep(0.2)
        next_one = asyncio.create_task(house.ask())
        await asyncio.sleep(0)
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert (await next_one)["ma"] == "7"
        await asyncio.gather(*running, waiting, return_exceptions=True)

    play(tmp_path, story)


def test_fewer_slots_after_a_reload_are_reached_gently(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.ask()
        slots = house.bulkhead.systems["register"]
        slots.taken, slots.capacity = 2, 1
        slots.release()
        assert slots.taken == 1
        slots.release()
        assert slots.taken == 0
        await house.ask()
        assert slots.capacity == 2

    play(tmp_path, story)


def test_waiting_for_a_slot_is_no_fault_of_the_database(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.wire.answer = slow(0.1)  # type: ignore[assignment]
        for _ in range(5):
            await outcomes(house, 30)
        assert house.health.system("register").health is Health.UP
        assert house.health.system("register").breaker == "closed"

    play(tmp_path, story)


def turning_away(house: House, reached: list[str]) -> Handler:
    """The step that turns away, and behind it only a note of who came through."""

    async def inner(exchange: Exchange) -> Data:
        reached.append(exchange.operation_name or "")
        return {}

    return chain(Identify(lambda: house.registry, house.runtime), TurnAway(house.bulkhead, house.health), then=inner)


def test_a_question_in_a_crowd_is_turned_away_before_anything_is_done_for_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        reached: list[str] = []
        early = turning_away(house, reached)
        await early(house.exchange())
        house.wire.answer = slow(5)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(1)
        with pytest.raises(Overloaded) as refused:
            await early(house.exchange())
        assert refused.value.retry_after is not None
        await early(house.exchange("ghi"))  # an update may be left with the bus, whatever waits for its system
        await early(house.exchange(face=Face.INTERNAL))
        assert reached == ["hoi", "ghi", "hoi"]
        await asyncio.gather(*running)
        await early(house.exchange())

    play(tmp_path, story)


def test_who_waits_to_be_turned_away_is_counted_and_has_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulkhead, "MOST_REFUSALS", 3)

    async def story(house: House) -> None:
        early = turning_away(house, [])
        await early(house.exchange())
        house.wire.answer = slow(5)  # type: ignore[assignment]
        running = [asyncio.create_task(house.ask()) for _ in range(2)]
        await asyncio.sleep(1)
        crowd = [asyncio.ensure_future(early(house.exchange())) for _ in range(10)]
        await asyncio.sleep(0)
        assert house.bulkhead.refusing == 3
        assert sum(each.done() for each in crowd) == 7, "the others are told at once"
        assert {type(each) for each in await asyncio.gather(*crowd, return_exceptions=True)} == {Overloaded}
        assert house.bulkhead.refusing == 0
        assert house.bulkhead.waiting() == (0, 2)
        await asyncio.gather(*running)

    play(tmp_path, story)


def test_a_question_to_an_open_circuit_is_turned_away_too_and_a_maintenance_keeps_its_word(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        reached: list[str] = []
        early = turning_away(house, reached)
        house.wire.answer = fails(ConnectFailed)  # type: ignore[assignment]
        await outcomes(house, 10)
        assert house.health.system("register").breaker == "open"
        with pytest.raises(CircuitOpen) as told:
            await early(house.exchange())
        assert told.value.retry_after is not None
        await early(house.exchange("ghi"))
        house.health.pause("register", on=True)
        await early(house.exchange())  # the step behind says until when
        house.health.pause("register", on=False)
        await asyncio.sleep(6)
        await early(house.exchange())  # somebody must be the probe
        assert reached == ["ghi", "hoi", "hoi"]

    play(tmp_path, story)
