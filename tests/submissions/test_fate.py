"""What an error says about an update, attempt by attempt."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from lgsp.errors import (
    BadAnswer,
    CircuitOpen,
    ConnectFailed,
    Forbidden,
    InvalidMessage,
    LgspError,
    Overloaded,
    ProviderFault,
    Timeout,
    UnknownOperation,
)
from lgsp.exchange import Attempt, Exchange
from lgsp.model import Face, HttpRequest
from lgsp.submissions.fate import Fate, fate

NOON = datetime(2022, 11, 16, 5, tzinfo=UTC)


def exchange(*attempts: tuple[str, bool], asked: bool = True) -> Exchange:
    made = Exchange("x", Face.REST, HttpRequest("POST", ""), NOON, 0.0, "c")
    made.asked = asked
    made.attempts = [
        Attempt(number, NOON, 1.0, outcome, reached) for number, (outcome, reached) in enumerate(attempts, 1)
    ]
    return made


def broken(*, reached: bool) -> ConnectFailed:
    error = ConnectFailed()
    error.reached = reached
    return error


@pytest.mark.parametrize(
    ("error", "attempts", "found"),
    [
        (ConnectFailed(), [("connect-failed", False)], Fate.UNSENT),
        (broken(reached=True), [("connect-failed", True)], Fate.UNKNOWN),
        (Timeout(), [("timeout", True)], Fate.UNKNOWN),
        (BadAnswer(), [("bad-answer", True)], Fate.UNKNOWN),
        (Overloaded(), [], Fate.UNSENT),
        (CircuitOpen(), [], Fate.UNSENT),
        (ProviderFault(), [("business", True)], Fate.REFUSED),
        (InvalidMessage(), [], Fate.REFUSED),
        (Forbidden(), [], Fate.UNSENT),
        (UnknownOperation(), [], Fate.UNSENT),
        (ValueError(), [("ok", True)], Fate.UNKNOWN),
        (asyncio.CancelledError(), [("cancelled", True)], Fate.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_one_try(error: BaseException, attempts: list[tuple[str, bool]], found: Fate) -> None:
    assert fate(error, exchange(*attempts)) is found


@pytest.mark.parametrize("first", ["connect-failed", "timeout", "bad-answer", "bus-fault", "cancelled"])
@pytest.mark.parametrize("last", [CircuitOpen(), Overloaded(), ConnectFailed()])
def test_a_second_try_that_is_refused_at_the_door_says_nothing_of_the_first(first: str, last: LgspError) -> None:
    """A keyed update: its first try broke after it had left, its second met the open circuit."""
    assert fate(last, exchange((first, True))) is Fate.UNKNOWN
    assert fate(last, exchange((first, False))) is Fate.UNSENT


def test_before_the_asked_entry_nothing_can_have_left() -> None:
    assert fate(Timeout(), exchange(asked=False)) is Fate.UNSENT
    assert fate(ValueError(), exchange(asked=False)) is Fate.UNSENT
