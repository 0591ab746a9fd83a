"""Callers' troubles: counted in bounded memory, forgotten when they are over, and of nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lgsp.errors import InvalidMessage, LgspError, ProviderFault
from lgsp.events import ExchangeFinished
from lgsp.health.attention import ENOUGH, ENOUGH_BAD, MOST, Attention, Notice, said_before, sentences
from lgsp.model import FieldError, Text

AT = datetime(2022, 11, 16, 3, 0, tzinfo=UTC)


def finished(
    outcome: str, at: datetime = AT, consumer: str | None = "portal", face: str = "rest", *, repeated: bool = False
) -> ExchangeFinished:
    return ExchangeFinished("i", "c", face, "register", "ask", consumer, outcome, None, 0.1, 1, 0.1, at, repeated)


def told(*events: ExchangeFinished) -> Attention:
    attention = Attention()
    for each in events:
        attention(each)
    return attention


def kinds(attention: Attention, now: datetime = AT) -> list[tuple[str, int, int]]:
    return [(each.kind, each.count, each.calls) for each in attention.notices(now)]


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("quota-exceeded", "quota"),
        ("security-level-not-approved", "policy"),
        ("conflict", "repeated"),
        ("idempotency-mismatch", "repeated"),
    ],
)
def test_a_few_are_somebody_trying_and_more_are_a_line(outcome: str, kind: str) -> None:
    assert kinds(told(*[finished(outcome)] * (ENOUGH - 1))) == []
    assert kinds(told(*[finished(outcome)] * ENOUGH)) == [(kind, ENOUGH, ENOUGH)]


def test_bad_data_counts_where_it_is_most_of_what_a_caller_sends() -> None:
    bad = [finished("invalid-message")] * ENOUGH_BAD
    assert kinds(told(*bad)) == [("consumer", ENOUGH_BAD, ENOUGH_BAD)]
    assert kinds(told(*bad, *[finished("ok")] * 6)) == []
    other = [finished("ok", consumer="other")] * 50
    assert kinds(told(*bad, *other)) == [("consumer", ENOUGH_BAD, ENOUGH_BAD)], "another's good calls excuse nobody"


def test_a_repetition_is_one_whatever_its_outcome() -> None:
    assert kinds(told(*[finished("ok", repeated=True)] * 3)) == [("repeated", 3, 3)]


def test_technical_trouble_strangers_and_the_bus_itself_are_nobodys_fault_here() -> None:
    events = [finished(code) for code in ("timeout", "bad-answer", "record-not-found", "ok") for _ in range(20)]
    events += [finished("quota-exceeded", consumer=None)] * 20 + [finished("invalid-message", face="internal")] * 20
    assert kinds(told(*events)) == []


def test_it_begins_with_the_first_and_is_over_when_the_window_is() -> None:
    later = [finished("quota-exceeded", AT + timedelta(minutes=place)) for place in range(8)]
    attention = told(*later)
    (notice,) = attention.notices(AT + timedelta(minutes=8))
    assert notice.since == AT
    assert attention.notices(AT + timedelta(minutes=30)) == []
    assert attention.began == {}
    for _ in range(3):
        attention(finished("quota-exceeded", AT + timedelta(hours=2)))
    assert attention.notices(AT + timedelta(hours=2))[0].since == AT + timedelta(hours=2)


def test_memory_is_bounded() -> None:
    attention = told(*[finished("quota-exceeded", consumer=f"c{place}") for place in range(MOST + 100)])
    assert len(attention.minutes[0].counts) == MOST
    assert len(attention.began) <= MOST


def test_the_flow_is_of_the_same_ten_minutes() -> None:
    attention = told(finished("ok"), finished("timeout"), finished("ok", consumer="other"))
    assert attention.flow(AT) == {("portal", "register"): 2, ("other", "register"): 1}
    assert attention.flow(AT + timedelta(minutes=11)) == {}


@pytest.mark.parametrize(
    ("error", "answer", "wanted"),
    [
        (ProviderFault(provider=("500", "Hồ sơ G22.99 đã được tiếp nhận")), None, True),
        (ProviderFault(provider=("0", 'Ma "X" is duplicate')), None, True),
        (ProviderFault(errors=(FieldError("/a", "unique"),)), None, True),
        (ProviderFault(provider=("1", "Không có quyền")), None, False),
        (InvalidMessage(), None, False),
        (None, {"daTiepNhanTruoc": True}, True),
        (None, {"daTiepNhanTruoc": False}, False),
        (None, None, False),
    ],
)
def test_what_means_that_it_was_had_already(
    error: LgspError | None, answer: dict[str, object] | None, wanted: bool
) -> None:
    assert said_before(error, answer) is wanted


@pytest.mark.parametrize("kind", ["quota", "policy", "repeated", "consumer"])
def test_every_line_says_who_how_often_since_when_and_what_to_do(kind: str) -> None:
    title = Text("Sổ", "Book")
    text, todo = sentences(Notice("register", "portal", kind, AT, 7, 9), Text("Một cửa", "One stop"), title, "10:00")
    for said, who in ((text.vi, "Một cửa"), (text.en, "One stop")):
        assert who in said
        assert "7" in said
        assert "10:00" in said
    assert todo.vi
    assert todo.en
