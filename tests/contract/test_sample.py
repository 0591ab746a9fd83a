"""Samples are valid, and end: also of types that refer to each other in more ways than anybody can count."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lgsp.contract import openapi, sample
from lgsp.contract.specimen import specimen
from tests.contract.made import made, schema, wsdl


def dense(count: int, least: int = 0) -> str:
    """Every type has an element of every other type."""
    types = "".join(
        f'<xs:complexType name="T{index}"><xs:sequence><xs:element name="v" type="xs:int"/>'
        + "".join(
            f'<xs:element name="n{other}" type="t:T{other}" minOccurs="{least if other > index else 0}"/>'
            for other in range(count)
        )
        + "</xs:sequence></xs:complexType>"
        for index in range(count)
    )
    return schema(f'<xs:element name="a" type="t:T0"/>{types}')


@pytest.mark.parametrize("least", [0, 1], ids=["optional", "required"])
def test_densely_recursive_types_have_a_sample_that_ends(tmp_path: Path, least: int) -> None:
    count = 30 if not least else 10
    contract = made(tmp_path, wsdl(dense(count, least)))
    codec = contract.operations["op"].input
    began = time.process_time()
    data = sample(codec)
    assert time.process_time() - began < 3
    codec.check(data)
    codec.check(specimen(codec))
    assert "paths" in openapi(contract, "http://mau.invalid")
