"""The theory: steps around a handler in their order, one deadline, outcomes as codes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lgsp.errors import Forbidden, Timeout
from lgsp.exchange import Deadline, Exchange, Handler, Step, chain
from lgsp.model import Data, Face, HttpRequest


def exchange() -> Exchange:
    request = HttpRequest("POST", "/", {"x-y": "z"})
    return Exchange("1", Face.REST, request, datetime(2026, 1, 1, tzinfo=UTC), 0.0, "c")


def step(name: str, trace: list[str]) -> Step:
    async def around(one: Exchange, handler: Handler) -> Data:
        trace.append(f"{name} in")
        answer = await handler(one)
        trace.append(f"{name} out")
        return answer

    return around


async def test_the_first_step_is_outermost() -> None:
    trace: list[str] = []

    async def core(_: Exchange) -> Data:
        trace.append("core")
        return {"a": 1}

    assert await chain(step("a", trace), step("b", trace), then=core)(exchange()) == {"a": 1}
    assert trace == ["a in", "b in", "core", "b out", "a out"]


async def test_no_step_is_the_handler_itself() -> None:
    async def core(_: Exchange) -> Data:
        return {}

    assert await chain(then=core)(exchange()) == {}


class StoppedClock:
    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._at


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    assert Deadline(10.0).remaining(StoppedClock(7.5)) == 2.5
    for late in (10.0, 11.0):
        with pytest.raises(Timeout):
            Deadline(10.0).remaining(StoppedClock(late))


def test_the_outcome_is_ok_or_the_errors_code() -> None:
    one = exchange()
    assert one.outcome == "ok"
    one.error = Forbidden()
    assert one.outcome == "forbidden"
    assert (one.header("x-y"), one.header("absent")) == ("z", None)
