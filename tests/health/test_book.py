"""The board's truth: transitions, hysteresis, one cause for a dead upstream, sentences that name what is known."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lgsp.errors import BadAnswer, CircuitOpen, ConnectFailed, Timeout, Unavailable
from lgsp.events import BreakerChanged, Event, Events, ExchangeFinished, HealthChanged, ProbeMade
from lgsp.health import HealthBook
from lgsp.health.counts import BOUNDS, Counts, quantile
from lgsp.health.tables import HEALTH, Signal
from lgsp.manifest import load
from lgsp.model import Health, Text
from lgsp.registry import Registry
from lgsp.runtime import Runtime, SeededIds
from lgsp.upstream import UpstreamUnavailable
from tests.manifest.small_home import MANIFEST, write_home

NINE_TWELVE = datetime(2022, 11, 16, 2, 12, tzinfo=UTC)


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NINE_TWELVE + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Board:
    def __init__(self, registry: Registry) -> None:
        self.clock, self.registry, self.seen = Hand(), registry, list[Event]()
        runtime = Runtime(self.clock, SeededIds(self.clock, 1), random.Random(1))
        events = Events()
        events.subscribe(self.seen.append)
        self.book = HealthBook(lambda: self.registry, runtime, events)

    def good(self, operation: str = "hoi", system: str = "register", seconds: float = 0.1) -> None:
        self.book.admit(self.registry.connectors[system].operations[operation]).succeeded(seconds)
        self.book.upstream_answered("ngsp")

    def bad(
        self, error: Unavailable | None = None, operation: str = "hoi", system: str = "register", seconds: float = 10
    ) -> None:
        self.book.admit(self.registry.connectors[system].operations[operation]).failed(error or Timeout(), seconds)

    def health(self, system: str = "register") -> Health:
        return self.book.system(system).health

    def moves(self) -> list[tuple[str, str]]:
        return [(each.system, each.now.value) for each in self.seen if isinstance(each, HealthChanged)]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(load([write_home(tmp_path)]))


@pytest.fixture
def two(tmp_path: Path) -> Board:
    other = MANIFEST.replace('"register"', '"other"').replace("/apiSo", "/apiKhac")
    homes = [write_home(tmp_path / "a"), write_home(tmp_path / "b", other, system="other")]
    return Board(load(homes))


def test_never_verified_is_unknown_and_says_so(board: Board) -> None:
    seen = board.book.system("register")
    assert (seen.health, seen.checked_at) == (Health.UNKNOWN, None)
    assert seen.cause == Text("Sổ đăng ký: chưa được kiểm chứng", "Register: not verified yet")


def test_a_system_without_a_probe_says_what_to_mark(tmp_path: Path) -> None:
    board = Board(load([write_home(tmp_path, MANIFEST.replace('probe = { ma = "0" }', ""))]))
    cause = board.book.system("register").cause
    assert cause is not None
    assert "safe = true" in cause.vi
    assert "probe" in cause.en


def test_up_degraded_down_recovering_up(board: Board) -> None:
    board.good()
    assert board.health() is Health.UP
    board.bad(ConnectFailed())
    assert board.health() is Health.DEGRADED
    board.clock.seconds = 5
    board.bad(ConnectFailed())
    assert board.health() is Health.DOWN
    board.clock.seconds = 6
    board.good()
    assert board.health() is Health.DEGRADED
    assert "đang hồi phục" in (board.book.system("register").cause or Text("", "")).vi
    board.clock.seconds = 10.5
    board.good()
    assert board.health() is Health.UP
    assert board.book.system("register").cause is None
    of_system = [now for name, now in board.moves() if name == "register"]
    assert of_system == ["up", "degraded", "down", "degraded", "up"]


def test_who_relapses_must_stay_calm_for_longer(board: Board) -> None:
    board.good()
    now = 0.0
    waits = []
    for _ in range(3):
        board.clock.seconds = now = now + 61
        board.bad(ConnectFailed())
        assert board.health() is Health.DEGRADED
        began = now
        while board.health() is not Health.UP:
            board.clock.seconds = now = now + 0.5
            board.good()
        waits.append(now - began)
    assert waits == [5.0, 10.0, 20.0]


def test_one_failure_among_many_answers_is_no_news(board: Board) -> None:
    for _ in range(20):
        board.good()
    board.bad(BadAnswer())
    assert board.health() is Health.UP


def test_failures_in_a_row_and_nothing_good_since_are_down_whatever_the_minute_before(board: Board) -> None:
    for _ in range(40):
        board.good()
    for second in (3, 6):
        board.clock.seconds = second
        board.bad(BadAnswer())
    assert board.health() is Health.DOWN
    assert board.book.system("register").evidence == "2/10 bad-answer"


def test_one_broken_operation_does_not_take_the_system_down(board: Board) -> None:
    for second in range(6):
        board.clock.seconds = second
        board.bad(BadAnswer(), "ghi") if board.book.breaker("register") == "closed" else None
        board.good()
    assert board.health() is Health.DEGRADED
    cause = board.book.system("register").cause
    assert cause is not None
    assert "ghi" in cause.vi or "chập chờn" in cause.vi


def test_the_sentence_of_an_open_circuit(board: Board) -> None:
    for _ in range(3):
        board.good()
    for _ in range(7):
        permit = board.book.admit(board.registry.connectors["register"].operations["hoi"])
        permit.failed(Timeout(), 10)
        if board.book.breaker("register") == "open":
            break
    seen = board.book.system("register")
    assert seen.breaker == "open"
    assert seen.cause is not None
    assert seen.cause.vi.startswith(
        "Sổ đăng ký: ngắt mạch từ 09:12, 3/6 cuộc gọi gần nhất quá thời hạn; trục NGSP vẫn thông"
    )
    assert seen.cause.en.startswith(
        "Register: circuit open since 09:12, 3 of the last 6 calls timed out; upstream NGSP is up"
    )
    with pytest.raises(CircuitOpen) as refused:
        board.book.admit(board.registry.connectors["register"].operations["hoi"])
    assert refused.value.retry_after == 5.0
    assert [each.now for each in board.seen if isinstance(each, BreakerChanged)] == ["open"]


def test_a_breaker_that_nobody_touches_is_old_news(board: Board) -> None:
    board.good()
    board.bad(Timeout(), "ghi", seconds=30)
    board.bad(Timeout(), "ghi", seconds=30)
    assert board.health() is not Health.UP
    for second in (20, 50, 80):
        board.clock.seconds = second
        board.good()
    assert board.health() is Health.UP


def test_an_impatient_caller_proves_nothing(board: Board) -> None:
    board.good()
    for _ in range(10):
        board.bad(Timeout(), seconds=0.5)
    assert board.health() is Health.UP
    assert board.book.breaker("register") == "closed"


def test_a_permit_counts_once(board: Board) -> None:
    permit = board.book.admit(board.registry.connectors["register"].operations["hoi"])
    permit.succeeded(0.1)
    permit.failed(Timeout(), 10)
    permit.abandoned()
    assert board.book.system("register").evidence == "1/1 ok"


def test_a_dead_sign_in_is_one_cause(two: Board) -> None:
    two.good(system="register")
    two.good(system="other")
    two.seen.clear()
    error = UpstreamUnavailable(Text("Hết thời hạn", "Timed out"))
    error.upstream = "ngsp"
    two.book.upstream_failed("ngsp", "register", error)
    changes = [each for each in two.seen if isinstance(each, HealthChanged)]
    assert [(each.system, each.because) for each in changes] == [
        ("upstream:ngsp", None),
        ("register", "ngsp"),
        ("other", "ngsp"),
    ]
    seen = two.book.system("other")
    assert (seen.health, seen.because) == (Health.DOWN, "ngsp")
    assert seen.cause is not None
    assert "trục NGSP không thông từ 09:12 (hết thời hạn); 2 hệ thống cùng nguyên nhân" in seen.cause.vi
    two.book.upstream_answered("ngsp")
    assert (two.health("register"), two.health("other")) == (Health.UP, Health.UP)
    assert two.book.observed("other") is None  # the prober asks at once


def test_connections_that_fail_to_two_systems_blame_the_upstream(two: Board) -> None:
    two.good(system="register")
    two.book.upstream_failed("ngsp", "register", ConnectFailed())
    two.book.upstream_failed("ngsp", "register", ConnectFailed())
    assert two.book.upstream("ngsp").health is Health.UP
    two.book.upstream_failed("ngsp", "other", ConnectFailed())
    assert two.book.upstream("ngsp").health is Health.DOWN


def test_an_answer_between_clears_the_upstream(two: Board) -> None:
    two.book.upstream_failed("ngsp", "register", ConnectFailed())
    two.book.upstream_answered("ngsp")
    two.book.upstream_failed("ngsp", "other", ConnectFailed())
    assert two.book.upstream("ngsp").health is Health.UP


def test_maintenance_ends_in_unknown(board: Board) -> None:
    board.good()
    board.book.maintenance("register", on=True)
    board.bad(ConnectFailed())
    assert board.health() is Health.MAINTENANCE
    board.book.maintenance("register", on=False)
    assert board.health() is Health.UNKNOWN


def test_every_state_can_be_left() -> None:
    for state in Health:
        reached = {after for (before, _), after in HEALTH.items() if before is state}
        assert reached - {state}
    assert all(after is not before for (before, _), after in HEALTH.items())
    assert {signal for _, signal in HEALTH} == set(Signal)


def test_calls_of_the_day(board: Board) -> None:
    def finished(outcome: str, consumer: str | None = "mot-cua", face: str = "rest", seconds: float = 0.3) -> None:
        event = ExchangeFinished(
            "1", "1", face, "register", "hoi", consumer, outcome, None, seconds, 1, seconds, board.clock.now()
        )
        board.book.events.publish(event)

    for _ in range(8):
        finished("ok")
    finished("record-not-found")
    finished("timeout", seconds=10)
    finished("forbidden")
    finished("ok", consumer=None, face="internal")
    board.book.events.publish(ProbeMade("register", "hoi", "ok", 0.3))
    seen = board.book.system("register")
    assert (seen.calls, seen.success_rate) == (11, 0.9)
    assert seen.p50 is not None
    assert 0.2 < seen.p50 <= 0.35
    board.clock.seconds = 25 * 3600
    assert board.book.system("register").calls == 0


def test_counts_survive_a_restart_and_a_store_that_says_no() -> None:
    counts, now = Counts(), NINE_TWELVE
    for _ in range(3):
        counts.add("s", "o", "c", "ok", 0.1, now)
    rows = counts.fresh.drain()
    assert [(each.calls, each.outcome, sum(each.buckets)) for each in rows] == [(3, "ok", 3)]
    assert not counts.fresh.drain()
    counts.fresh.undrain(rows)
    counts.add("s", "o", "c", "ok", 0.1, now)
    assert counts.fresh.drain()[0].calls == 4
    restored = Counts()
    restored.restore(rows)
    assert restored.day("s", now).calls == 3


def test_quantiles_interpolate() -> None:
    buckets = [0] * (len(BOUNDS) + 1)
    assert quantile(buckets, 0.5) is None
    buckets[6] = 10
    assert quantile(buckets, 0.5) == pytest.approx(0.075)
    buckets[-1] = 1000
    assert quantile(buckets, 0.99) == BOUNDS[-1]
