"""Conditions: when a fault strikes and when it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lgsp_mocks.faults import CONDITIONS, KINDS, Call, FaultError, Faults

CALL = Call(
    "so-mau",
    "traCuu",
    "TRA_CUU",
    "mot-cua",
    {"ma": "VIDU-1", "data": "<hoso><so>123456</so><ten>Bùi Thị Mẫu</ten></hoso>"},
)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return datetime(2022, 11, 16, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


def strikes(when: dict[str, Any], times: int = 10, call: Call = CALL) -> str:
    faults = Faults(Hand())
    faults.put("so-mau", {"kind": "reset", "when": when})
    return "".join("x" if faults.meet(("so-mau",), call, "wire") else "." for _ in range(times))


@pytest.mark.parametrize(
    ("when", "pattern"),
    [
        ({}, "xxxxxxxxxx"),
        ({"always": True}, "xxxxxxxxxx"),
        ({"times": 2}, "xx........"),
        ({"every": 3}, "..x..x..x."),
        ({"after": 4}, "....xxxxxx"),
        ({"after": 4, "times": 1}, "....x....."),
        ({"after": 1, "every": 2, "times": 2}, "..x.x....."),
        ({"operation": "traCuu"}, "xxxxxxxxxx"),
        ({"operation": "TRA_CUU"}, "xxxxxxxxxx"),
        ({"operation": ["khac", "traCuu"]}, "xxxxxxxxxx"),
        ({"operation": "khac"}, ".........."),
        ({"operation": ("khac", "traCuu")}, "xxxxxxxxxx"),
        ({"window": (0, 60)}, "xxxxxxxxxx"),
        ({"consumer": "mot-cua"}, "xxxxxxxxxx"),
        ({"consumer": "ioc"}, ".........."),
        ({"key": "VIDU-1"}, "xxxxxxxxxx"),
        ({"key": "123456"}, "xxxxxxxxxx"),
        ({"key": "VIDU-2"}, ".........."),
    ],
)
def test_conditions(when: dict[str, Any], pattern: str) -> None:
    assert strikes(when) == pattern


@pytest.mark.parametrize(
    ("data", "strikes"),
    [
        ({"maHoSo": "H28.148-221101-99"}, True),
        ({"maHoSo": "H28.148-221101-9901", "noiDung": "hồ sơ số 12"}, False),
        ({"xml": "<hs><ma>H28.148-221101-99</ma><ten>Mẫu</ten></hs>"}, True),
        ({"xml": "<hs><ma>H28.148-221101-9901</ma><ten>Mẫu Thử</ten></hs>"}, False),
        ({"json": '{"ma":"H28.148-221101-99","ten":"Mẫu"}'}, True),
        ({"urlReturn": "x=1&orderId=H28.148-221101-99&amount=40000"}, True),
    ],
)
def test_a_key_is_found_whole_and_not_as_the_beginning_of_another(data: Any, strikes: bool) -> None:
    """A test breaks one dossier; its neighbour must pass."""
    fault = Faults(Hand()).parse({"kind": "hang", "when": {"key": "H28.148-221101-99"}})
    assert fault.strikes(replace(CALL, data=data), 0.0) is strikes


def test_probability_follows_its_seed() -> None:
    first = strikes({"probability": 0.3, "seed": 5}, 200)
    assert first == strikes({"probability": 0.3, "seed": 5}, 200)
    assert first != strikes({"probability": 0.3, "seed": 6}, 200)
    assert 0.2 < first.count("x") / 200 < 0.4


def test_a_window_is_counted_from_when_the_fault_was_set() -> None:
    hand = Hand()
    hand.at = 100.0
    faults = Faults(hand)
    faults.put("so-mau", {"kind": "reset", "when": {"window": [10, 20]}})
    seen = []
    for hand.at in (105.0, 110.0, 119.0, 121.0):
        seen.append(bool(faults.meet(("so-mau",), CALL, "wire")))
    assert seen == [False, True, True, False]


def test_a_suspension_is_everybodys() -> None:
    hand = Hand()
    faults = Faults(hand)
    faults.put("so-mau", {"kind": "suspend-303001", "seconds": 30, "when": {"consumer": "mot-cua", "times": 1}})
    other = Call("so-mau", "traCuu", "TRA_CUU", "ioc", None)
    assert not faults.meet(("so-mau",), other, "platform")
    assert faults.meet(("so-mau",), CALL, "platform")
    assert faults.meet(("so-mau",), other, "platform")
    hand.at = 31.0
    assert not faults.meet(("so-mau",), other, "platform")


def test_several_faults_at_once_and_their_end() -> None:
    faults = Faults(Hand())
    faults.put("so-mau", [{"kind": "latency", "seconds": 1}, {"kind": "http-status"}])
    met = [faults.meet(("so-mau",), CALL, "wire"), faults.meet(("so-mau",), CALL, "instead")]
    assert [fault.kind for fault in met if fault] == ["latency", "http-status"]
    faults.add("so-mau", {"kind": "nfd"})
    assert faults.meet(("so-mau",), CALL, "answer")
    faults.delete("so-mau")
    assert not faults.meet(("so-mau",), CALL, "wire", "instead", "answer")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"kind": "no-such"}, "there are latency"),
        ({}, "a fault is"),
        ([1], "a fault is"),
        ({"kind": "latency", "minutes": 1}, "it has seconds"),
        ({"kind": "latency", "seconds": "1"}, "is a number"),
        ({"kind": "latency", "when": {"sometimes": 1}}, "there are always"),
        ({"kind": "latency", "when": 7}, "no condition"),
        ({"kind": "latency", "when": {"times": 1.5}}, "whole number"),
        ({"kind": "latency", "when": {"every": 0}}, "whole number"),
        ({"kind": "latency", "when": {"probability": 3}}, "from 0 to 1"),
        ({"kind": "latency", "when": {"window": 3}}, "from, to"),
        ({"kind": "latency", "when": {"window": [9, 3]}}, "earlier one first"),
        ({"kind": "latency", "when": {"always": False}}, "left out"),
        ({"kind": "latency", "seconds": -1}, "0 or more"),
        ({"kind": "latency", "seconds": True}, "is a number"),
        ({"kind": "hang", "effect": "yes"}, "true or false"),
        ({"kind": "dribble", "pieces": 0}, "1 or more"),
        ({"kind": "dribble", "pieces": 0.5}, "1 or more"),
        ({"kind": "hang", "seconds": float("inf")}, "is a number"),
        ({"kind": "oversized", "bytes": 10**13}, "whole number up to"),
        ({"kind": "xml-fault", "code": "khong"}, "code is a number"),
        ({"kind": "soap-fault", "text": ["a"]}, "text is a text"),
        ({"kind": "unknown-code", "field": 3}, "name of a field"),
        ({"kind": "http-status", "retry_after": [1]}, "retry_after is seconds"),
        ({"kind": "http-status", "status": 200.5}, "200 to 599"),
        ({"kind": "html-200", "when": {"status": 500}}, "parameters of html-200: effect"),
        ({"kind": "hang", "when": {"operation": 5}}, "list of names"),
        ({"kind": "hang", "when": {"consumer": ["a", 3]}}, "list of names"),
        ({"kind": "hang", "when": {"key": {"a": 1}}}, "key is a value"),
        ({"kind": "hang", "when": {"probability": 0.5, "seed": [1]}}, "seed is"),
        ({"kind": "hang", "when": {"times": True}}, "whole number"),
        ({"kind": "charset", "encoding": "base64"}, "no encoding"),
        ({"kind": "bandwidth", "bytes_per_second": 0}, "more than 0"),
        ({"kind": "truncate", "fraction": 2}, "from 0 to 1"),
        ({"kind": "http-status", "status": 99}, "200 to 599"),
        ({"kind": "charset", "encoding": "khong-co"}, "no encoding"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(spec: Any, said: str) -> None:
    with pytest.raises(FaultError, match=said):
        Faults(Hand()).put("so-mau", spec)


def test_kinds_parameters_and_conditions_stand_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
    rows = {line.split("|")[1].strip().strip("`"): line for line in text.splitlines() if line.startswith("| `")}
    for kind, (_, params) in KINDS.items():
        assert kind in rows, kind
        for name in params:
            assert f"`{name}`" in rows[kind], (kind, name)
    for condition in CONDITIONS:
        assert f"`{condition}`" in text, condition


def test_the_kinds_are_those_of_the_interface() -> None:
    promised = (
        "latency dribble hang slow-close refuse reset empty garbage truncate bandwidth http-status html-200 xml-fault token-down "
        "token-expired session-expired suspend-303001 soap-fault fault-200 must-understand version-mismatch schema-invalid "
        "wrong-namespace charset nfd business-error duplicate unknown-code bad-base64 oversized entity-bomb old-contract lost-answer"
    )
    assert set(KINDS) == set(promised.split())
