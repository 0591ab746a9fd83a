"""mocks/postal_delivery.py: what the simulated post keeps, asked in its own dialect."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import postal_delivery as post
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.mocks.desk import Desk


def ask(world: World, operation: str, now: datetime, state: dict[str, Any], **data: Any) -> Any:
    values = {"CustomerCode": "DEMO-H28"}
    return post.HANDLERS["bcci"][operation](
        Ask(world, "postal-delivery", "bcci", operation, data, now, state, values=values, services=Desk())
    )


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_what_stands_ready_in_every_province(name: str) -> None:
    world = World(Province.load(name), 1, 100)
    assert [order["state"] for order in post.standing(world).values()] == ["40", "10", "30", "41", "90"]
    events = ask(world, "GetOrderTracking", post.BEGINNING, {}, pageSize=1000, lastId="0" * 24)["result"]
    last = {event["OrderNumber"]: event["StatusCode"] for event in events}
    assert last == {number: order["state"] for number, order in post.standing(world).items()}
    assert all(len(event["id"]) == 24 for event in events)


def test_a_clock_before_the_seed_hides_nothing() -> None:
    world, state = World(Province.load("hoa-binh"), 1, 100), dict[str, Any]()
    early = datetime(2020, 1, 1, tzinfo=HANOI)
    seen = ask(world, "GetOrderTracking", early, state, pageSize=1000, lastId="0" * 24)["result"][-1]["id"]
    ask(world, "CancelOrder", early, state, CustomerCode="DEMO-H28", OrderNumber="H28.03-221101-9912")
    (event,) = ask(world, "GetOrderTracking", early, state, pageSize=1000, lastId=seen)["result"]
    assert event["StatusCode"] == "90"


def test_a_customer_whom_the_post_does_not_know() -> None:
    world = World(Province.load("hoa-binh"), 1, 100)
    refused = ask(world, "CancelOrder", post.BEGINNING, {}, CustomerCode="KHAC", OrderNumber="X")
    assert refused["Status"] == "103"
