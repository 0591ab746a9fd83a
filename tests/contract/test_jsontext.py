"""JSON read strictly: what a lenient reader would let pass is refused by a rule."""

from __future__ import annotations

import pytest

from lgsp.contract import strict_json
from lgsp.errors import InvalidMessage


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b'{"a":1,"a":2}', "json:doubled key"),
        (b'{"a" :1,"a" :2}', "json:doubled key"),
        (b'{"a":1,"\\u0061":2}', "json:doubled key"),
        (b'{"b":{"a":1,"c":"\\":","a" :1}}', "json:doubled key"),
        (b'[{"a":1,"a":2}]', "json:doubled key"),
        (b'{"a":NaN}', "json"),
        (b'{"a":Infinity}', "json"),
        (b'{"a":1e999}', "json"),
        (b'{"a":"\\ud800"}', "json"),
        (b'{"a":"\xff"}', "json:utf-8"),
        (b'{"a":01}', "json"),
        (b"{'a':1}", "json"),
        (b'{"a":1,}', "json"),
        (b'{"a":"\n"}', "json"),
        (b"", "json"),
        (b"{} {}", "json"),
        (b"[" * 70 + b"]" * 70, "json:depth 64"),
        (b"[" * 90_000 + b"]" * 90_000, "json:depth 64"),
        (b"[" * 200_000 + b"]" * 200_000, "json:values 100000"),
        (b"[" + b"0," * 100_000 + b"0]", "json:values 100000"),
        (b'{"a":[' + b",".join([b"[" * 50 + b"]" * 50] * 3000) + b"]}", "json:values 100000"),
        (b'["\\\\",' + b'"","' + b'","' * 120_000 + b'"]', "json:values 100000"),
    ],
)
def test_what_is_refused(raw: bytes, rule: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        strict_json(raw)
    assert [error.rule for error in caught.value.errors] == [rule]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":"\\":","b":1}', {"a": '":', "b": 1}),
        (b'{"a"\n:\t1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
    ],
)
def test_what_passes(raw: bytes, value: object) -> None:
    assert strict_json(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"' + b"[,{" * 200_000 + b'"}',
        b'{"a":"' + b'\\",' * 200_000 + b'","b":1}',
        b'["' + b"," * 65_535 + b'","' + b"," * 300_000 + b'"]',
        b"[" + b"1," * 90_000 + b"1]",
    ],
    ids=["brackets", "quotes", "across-a-piece", "many"],
)
def test_marks_inside_of_text_are_no_values(raw: bytes) -> None:
    strict_json(raw)
