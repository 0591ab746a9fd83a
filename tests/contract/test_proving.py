"""What is written and proved in one pass is what encoder and predicate say one after the other."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgsp.contract.codec import XmlBorn
from lgsp.contract.encoding import compile_proved
from lgsp.contract.shape import Element, Group, Record, Scalar
from lgsp.errors import InvalidMessage
from tests.contract.contracts import loaded, messages
from tests.contract.strategies import data_of
from tests.contract.test_accepting import WSDL, spoiled


@pytest.mark.parametrize("path", WSDL)
def test_what_is_proved_is_accepted_and_written_word_for_word(path: Any) -> None:
    every: list[tuple[str, Any]] = [each for each in messages(loaded(path)) if isinstance(each[1], XmlBorn)]

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(every), st.integers(0, 2**32), st.booleans())
    def holds(message: tuple[str, XmlBorn], seed: int, spoil: bool) -> None:
        name, codec = message
        data = data_of(codec, seed)
        if spoil:
            data = spoiled(data, Random(seed))
        written = codec._write_proved(data)
        if written is not None:
            assert codec.accept(data), name
            assert written == codec.write_xml(data).decode(), name

    holds()


def test_most_of_what_is_accepted_is_proved() -> None:
    """Or the test above says nothing. What has to be escaped takes the long way."""
    accepted = proved = 0
    for path in WSDL:
        for _, codec in messages(loaded(path.values[0])):
            for data in [data_of(codec, seed) for seed in range(30)]:
                if isinstance(codec, XmlBorn) and codec.accept(data) and not any(sign in repr(data) for sign in "<&>"):
                    accepted += 1
                    proved += codec._write_proved(data) is not None
    assert accepted > 100
    assert proved > accepted / 2


@pytest.mark.parametrize("path", WSDL)
def test_what_is_not_proved_is_refused_by_the_schema(path: Any) -> None:
    for _, codec in messages(loaded(path)):
        with pytest.raises(InvalidMessage):
            codec.write_proved_xml({**data_of(codec, 1), "la": 1})


def proved(*parts: Element, kind: Any = "sequence") -> Any:
    return compile_proved(Element("a", "a", Record(content=Group(kind, parts))), {})


WORD = Scalar("string", "string", space="preserve")


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ({"b": ["x"]}, None),
        ({"b": ["x", "y"]}, "<a><b>x</b><b>y</b></a>"),
        ({"b": ["x"] * 4}, None),
        ({"b": []}, None),
        ({}, None),
        ({"b": ["x", 1]}, None),
        ({"b": ["x", "<"]}, None),
        ({"b": "xy"}, None),
    ],
)
def test_as_often_as_the_contract_says(data: Any, written: str | None) -> None:
    assert proved(Element("b", "b", WORD, 2, 3))(data) == written


def test_what_has_a_default_or_is_nil() -> None:
    write = proved(Element("b", "b", WORD, default="x"), Element("c", "c", Scalar("int", "integer"), nillable=True))
    assert write({"b": "y", "c": 1}).endswith("><b>y</b><c>1</c></a>")
    assert write({"b": "", "c": 1}) is None, "an empty one means the default"
    assert write({"b": "y", "c": 2**40}) is None
    assert "nil" in write({"b": "y", "c": None})


def test_what_only_the_schema_knows_is_never_proved() -> None:
    assert proved(Element("b", "b", WORD, fixed="x")) is None
    assert proved(Element("b", "b", Scalar("anyURI", "string"))) is None
    assert proved(Element("b", "b", WORD, most=3, default="x")) is None
