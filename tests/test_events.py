"""Events: every subscriber, in order, at once; each is a frozen value without a payload."""

from __future__ import annotations

from functools import partial
from typing import get_args

import pytest
from msgspec.structs import fields

from lgsp.events import Event, Events, Started, Stopped, direct

PERSONAL = {"data", "body", "request", "answer", "response", "subject", "headers", "token", "secret", "password"}


def test_subscribers_hear_everything_in_order() -> None:
    events, heard = Events(), []
    events.subscribe(lambda event: heard.append(("first", event)))
    events.subscribe(lambda event: heard.append(("second", event)))
    one, two = Started("gateway", "http://127.0.0.1:1"), Stopped("gateway")
    events.publish(one)
    events.publish(two)
    assert heard == [("first", one), ("second", one), ("first", two), ("second", two)]


def test_who_names_kinds_hears_these_alone_and_may_come_late() -> None:
    events, heard = Events(), []
    events.subscribe(lambda event: heard.append(("all", event)))
    stopped = Stopped("gateway")
    events.publish(stopped)
    events.subscribe(lambda event: heard.append(("stopped", event)), Stopped)
    events.publish(stopped)
    events.publish(started := Started("gateway", "http://127.0.0.1:1"))
    assert heard == [("all", stopped), ("all", stopped), ("stopped", stopped), ("all", started)]


def test_what_is_called_directly_says_the_same() -> None:
    class Adds:
        def __init__(self, to: int) -> None:
            self.to = to

        def __call__(self, other: int) -> int:
            return self.to + other

    adds = Adds(2)
    for called in (adds, adds.__call__, lambda other: 2 + other, partial(max, 5)):
        assert direct(called)(3) == 5
    assert direct(adds) == adds.__call__


@pytest.mark.parametrize("event", get_args(Event), ids=lambda event: event.__name__)
def test_no_event_has_room_for_a_payload(event: type) -> None:
    """RULES 25: what is not carried cannot be logged."""
    assert event.__struct_config__.frozen  # type: ignore[attr-defined]  # structs have it
    assert not {field.name for field in fields(event)} & PERSONAL
