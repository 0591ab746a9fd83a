"""One window a minute for each grant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lgsp.errors import QuotaExceeded
from lgsp.quota import Quota, Quotas
from lgsp.store.hub import Alone, Hub


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2022, 11, 16, 3, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_a_minute_begins_with_its_first_call_and_then_again() -> None:
    clock = Clock()
    quotas, grant = Quotas(clock), ("portal", "register", "*")
    assert quotas.spend(grant, 2) == Quota(2, 1, 60.0)
    clock.seconds += 45
    assert quotas.spend(grant, 2) == Quota(2, 0, 15.0)
    with pytest.raises(QuotaExceeded) as over:
        quotas.spend(grant, 2)
    assert over.value.retry_after == 15.0
    assert quotas.spend(("portal", "register", "ask"), 2).remaining == 1
    clock.seconds += 15
    assert quotas.spend(grant, 2).remaining == 1


async def test_a_limit_that_is_decided_anew_holds_within_the_minute() -> None:
    """What a process has drawn under a larger one is not spent; under a larger one again it is asked for."""
    hub, grant = Hub(Clock()), ("portal", "register", "*")
    one, other = (Quotas(Clock(), Alone(hub, name)) for name in ("w0", "w1"))
    for quotas in (one, other):
        assert (await quotas.draw(grant, 60_000)).limit == 60_000
        with pytest.raises(QuotaExceeded):
            await quotas.draw(grant, 10)
    assert (await one.draw(grant, 60_000)).limit == 60_000
