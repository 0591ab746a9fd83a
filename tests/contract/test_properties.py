"""For every contract and generated data: valid, encode then decode is the identity in both formats, zeep agrees both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lgsp.contract.oracle import beyond, comparable
from lgsp.contract.shape import Record, resolve, walk
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.contract.contracts import files, has_xml, loaded, messages, oracle
from tests.contract.strategies import data_for

CONTRACTS = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files()]
WITH_XML = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files() if has_xml(path)]
quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def _valid(codec: Any, data: Any) -> bool:
    try:
        codec.check(data)
    except InvalidMessage:
        return False
    return True


@pytest.mark.parametrize("path", CONTRACTS)
def test_json_and_xml_are_exact(path: Path) -> None:
    every = list(messages(loaded(path)))
    accepted = 0

    @quick
    @given(st.data())
    def holds(draw: st.DataObject) -> None:
        nonlocal accepted
        name, codec = draw.draw(st.sampled_from(every), label="message")
        data = draw.draw(data_for(codec), label=name)
        assume(_valid(codec, data))
        accepted += 1
        assert codec.read_json(codec.write_json(data)) == data
        if has_xml(path):
            raw = codec.write_xml(data)
            assert codec.read_xml(parse_xml(raw)) == data, raw

    holds()
    assert accepted >= 10, "the strategy hardly ever makes valid data: the property says nothing"


@pytest.mark.parametrize("path", WITH_XML)
def test_zeep_agrees_both_ways(path: Path) -> None:
    every = [(name, codec) for name, codec in messages(loaded(path)) if _zeep_can(codec)]
    client = oracle(path)
    every = [(name, codec) for name, codec in every if client.knows(codec.root)]
    assert every

    @quick
    @given(st.data())
    def holds(draw: st.DataObject) -> None:
        name, message = draw.draw(st.sampled_from(every), label="message")
        codec: Any = message
        data = draw.draw(data_for(codec), label=name)
        assume(_valid(codec, data))
        assume(not (_has_choice(codec) and _has_empty(data)))  # zeep takes an empty text in a choice for nothing
        theirs = client.write(codec, data)
        assert codec.read_xml(parse_xml(theirs)) == data, theirs
        ours = parse_xml(codec.write_xml(data))
        assert client.read(codec, ours) == comparable(codec.element.shape, data, codec.table)

    holds()


def _has_choice(codec: Any) -> bool:
    shapes = walk(codec.element.shape, codec.table)
    records = [resolve(shape, codec.table) for shape in shapes]
    return any(
        isinstance(record, Record) and record.content is not None and "choice" in repr(record.content)
        for record in records
    )


def _has_empty(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(_has_empty, data.values()))
    return data in ("", None) or (isinstance(data, list) and any(map(_has_empty, data)))


def _zeep_can(codec: Any) -> bool:
    return "Fault" not in codec.root and beyond(codec.element.shape, codec.table) is None
