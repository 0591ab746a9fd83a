"""The breaker's table, window and single probe; times are handed in."""

from __future__ import annotations

from lgsp.health.breaker import Breaker, BreakerPolicy, Result


def state(breaker: Breaker) -> str:
    return breaker.state


def feed(breaker: Breaker, at: float, *codes: str, slow: bool = False) -> None:
    for code in codes:
        assert breaker.admit(at)
        breaker.record(breaker.epoch, Result(at, code, slow))


def test_below_the_minimum_failures_do_not_open_it() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, "connect-failed", "connect-failed", "bad-answer", "connect-failed")
    assert state(breaker) == "closed"


def test_half_of_the_window_opens_it() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, "ok", "ok", "ok", "connect-failed", "connect-failed")
    assert state(breaker) == "closed"
    feed(breaker, 1, "connect-failed")
    assert state(breaker) == "open"
    assert not breaker.admit(2)
    assert breaker.retry_after(2) == 4.0


def test_a_crowd_is_not_told_to_be_back_at_once() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, *["connect-failed"] * 5)
    told = [breaker.again(1) for _ in range(100)]
    assert told[0] == breaker.retry_after(1) == 4.0, "who comes alone has the plain word"
    assert all(4.0 <= each < 9.0 for each in told)
    for second in range(4, 9):
        assert 15 <= sum(second <= each < second + 1 for each in told) <= 25
    assert breaker.admit(5)
    assert breaker.again(5) == 0.5, "another state, another crowd"


def test_shut_says_what_admit_would_without_handing_out_the_probe() -> None:
    breaker = Breaker(BreakerPolicy())
    assert not breaker.shut(0)
    feed(breaker, 0, *["connect-failed"] * 5)
    assert breaker.shut(4)
    assert not breaker.shut(5)
    assert not breaker.shut(5), "asking takes nothing"
    assert breaker.admit(5)
    assert breaker.shut(5.1), "one has the probe"


def test_two_timeouts_alone_open_it_and_one_success_between_keeps_it() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, "timeout", "timeout")
    assert state(breaker) == "open"
    other = Breaker(BreakerPolicy())
    feed(other, 0, "timeout", "ok", "timeout")
    assert state(other) == "closed"


def test_two_timeouts_after_a_good_minute_open_it_where_nothing_answers_meanwhile() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, *["ok"] * 20)
    feed(breaker, 10, "timeout")
    feed(breaker, 20, "timeout")
    assert state(breaker) == "open"
    busy = Breaker(BreakerPolicy())
    feed(busy, 0, *["ok"] * 20)
    feed(busy, 1, "timeout", "timeout")
    assert state(busy) == "closed"


def test_calls_that_are_nearly_all_slow_open_it() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, "ok", "ok", "ok", "ok", slow=True)
    assert state(breaker) == "closed"
    feed(breaker, 0, "ok", slow=True)
    assert state(breaker) == "open"


def test_old_calls_leave_the_window() -> None:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, *["connect-failed"] * 4)
    feed(breaker, 61, "connect-failed")
    assert state(breaker) == "closed"
    assert len(breaker.window) == 1


def opened() -> Breaker:
    breaker = Breaker(BreakerPolicy())
    feed(breaker, 0, "timeout", "timeout")
    return breaker


def test_half_open_lets_exactly_one_through() -> None:
    breaker = opened()
    assert [breaker.admit(5), breaker.admit(5), breaker.admit(6)] == [True, False, False]
    assert state(breaker) == "half-open"


def test_the_probe_decides() -> None:
    breaker = opened()
    assert breaker.admit(5)
    breaker.record(breaker.epoch, Result(6, "timeout", slow=False))
    assert state(breaker) == "open"
    assert not breaker.admit(10.9)
    assert breaker.admit(11)
    breaker.record(breaker.epoch, Result(11, "ok", slow=False))
    assert state(breaker) == "closed"
    assert not breaker.window


def test_an_abandoned_probe_gives_its_place_to_the_next() -> None:
    breaker = opened()
    assert breaker.admit(5)
    breaker.release(breaker.epoch)
    assert breaker.admit(5)
    assert not breaker.admit(5)


def test_a_late_answer_of_an_earlier_state_decides_nothing() -> None:
    breaker = Breaker(BreakerPolicy())
    early = breaker.epoch
    feed(breaker, 0, "timeout", "timeout")
    assert breaker.admit(5)
    breaker.record(early, Result(6, "ok", slow=False))
    breaker.release(early)
    assert state(breaker) == "half-open"
    assert not breaker.admit(6)
