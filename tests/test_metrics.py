"""The numbers: INTERFACE's names, labels with a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from lgsp.events import AttemptMade, BackendMistrusted, EdgeRefused, ExchangeFinished, TaskDied
from lgsp.metrics import Metrics
from lgsp.model import Health, Stage
from lgsp.runtime import ThreadOffload, inline

T = TypeVar("T")
AT = datetime(2022, 11, 16, 3, 0, tzinfo=UTC)


class Reading:
    def systems(self) -> Mapping[str, tuple[Stage | None, Health, str]]:
        return {"register": (Stage.TRIAL, Health.DOWN, "half-open")}

    def knows(self, system: str, operation: str) -> bool:
        return (system, operation) == ("register", "ask")

    def inflight(self) -> Mapping[str, int]:
        return {"register": 3}

    def audit_entries(self) -> int:
        return 42

    def memory(self) -> tuple[int, int]:
        return 1000, 2

    def let_go(self) -> int:
        return 3

    def syslog_dropped(self) -> int:
        return 5

    def held(self) -> Mapping[str, tuple[int, int]]:
        return {"evidence": (7, 20_000)}


def finished(system: str | None, operation: str | None) -> ExchangeFinished:
    return ExchangeFinished("i", "c", "rest", system, operation, "consumer", "ok", None, 0.02, 1, 0.01, AT)


async def test_what_a_scrape_says() -> None:
    metrics = Metrics(Reading())
    for event in (
        finished("register", "ask"),
        finished("register", "017099990001"),
        finished("../etc", None),
        AttemptMade("c", "register", "ask", 1, "timeout", 0.1),
        EdgeRefused("too-large", "api"),
        BackendMistrusted("register", 600.0, AT),
        TaskDied("prober", "ValueError", 1),
    ):
        metrics(event)
    text = (await metrics.render(inline, {"queued": 7}, {"waiting": 3, "parked": 0})).decode()
    for line in (
        'lgsp_exchanges_total{face="rest",operation="ask",outcome="ok",system="register"} 1.0',
        'lgsp_exchanges_total{face="rest",operation="other",outcome="ok",system="other"} 2.0',
        'lgsp_exchange_seconds_bucket{le="0.025",system="register"} 1.0',
        'lgsp_attempts_total{outcome="timeout",system="register"} 1.0',
        'lgsp_breaker_state{system="register"} 1.0',
        'lgsp_health{health="down",system="register"} 1.0',
        'lgsp_health{health="up",system="register"} 0.0',
        'lgsp_stage_info{stage="trial",system="register"} 1.0',
        'lgsp_submissions{state="queued"} 7.0',
        'lgsp_callbacks_open{state="waiting"} 3.0',
        'lgsp_inflight{system="register"} 3.0',
        "lgsp_audit_entries_total 42.0",
        'lgsp_backends_mistrusted_total{system="register"} 1.0',
        "lgsp_readers_let_go_total 3.0",
    ):
        assert line in text.splitlines()
    assert "lgsp_build_info{" in text
    assert "017099990001" not in text


async def test_times_are_added_up_by_bucket() -> None:
    metrics = Metrics(Reading())
    for seconds in (0.005, 0.02, 0.02, 400.0):
        metrics(ExchangeFinished("i", "c", "rest", "register", "ask", "consumer", "ok", None, seconds, 1, 0.01, AT))
    lines = (await metrics.render(inline, {})).decode().splitlines()
    for bound, count in (("0.005", 1), ("0.01", 1), ("0.025", 3), ("120.0", 3), ("+Inf", 4)):
        assert f'lgsp_exchange_seconds_bucket{{le="{bound}",system="register"}} {count}.0' in lines
    assert 'lgsp_exchange_seconds_count{system="register"} 4.0' in lines
    assert 'lgsp_exchange_seconds_sum{system="register"} 400.045' in lines


async def test_the_house_is_asked_on_the_loop_and_the_page_written_off_it() -> None:
    """Its tables change with every call: in another thread a scrape would meet them half changed. And with every operation,
    face and outcome the page has thousands of lines (RULES 11)."""
    asked: set[int] = set()

    class Seen(Reading):
        def __getattribute__(self, name: str) -> object:
            asked.add(threading.get_ident())
            return super().__getattribute__(name)

    class Door:
        refused = 0

        @property
        def open(self) -> int:
            asked.add(threading.get_ident())
            return 1

    handed = ThreadOffload()
    written: list[int] = []

    async def offload(work: Callable[[], T]) -> T:
        def noted() -> T:
            written.append(threading.get_ident())
            return work()

        return await handed(noted)

    metrics = Metrics(Seen())
    metrics.watch(Door())
    try:
        assert b"lgsp_connections 1.0" in await metrics.render(offload, {})
    finally:
        handed.close()
    assert asked == {threading.get_ident()}
    assert written
    assert threading.get_ident() not in written


async def test_a_bounded_memory_says_how_full_it_is() -> None:
    page = (await Metrics(Reading()).render(inline, {})).decode()
    assert 'lgsp_held{what="evidence"} 7.0' in page
    assert 'lgsp_held_most{what="evidence"} 20000.0' in page


async def test_two_gateways_do_not_mix() -> None:
    one, other = Metrics(Reading()), Metrics(Reading())
    one(finished("register", "ask"))
    assert "lgsp_exchanges_total{" not in (await other.render(inline, {})).decode()
