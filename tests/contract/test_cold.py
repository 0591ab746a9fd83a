"""What is large is compiled off the loop, what is small is not worth it; and many messages leave nothing behind."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

from lgsp.contract.specimen import specimen
from lgsp.xml import parse_xml
from tests.contract.contracts import FIXTURES, loaded
from tests.contract.made import made, schema, wsdl


def many(count: int) -> str:
    """Types that derive from one base, and a message that may hold each of them."""
    derived = "".join(
        f'<xs:complexType name="T{index}"><xs:complexContent><xs:extension base="t:B"><xs:sequence><xs:element name="v{index}"'
        ' type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>'
        for index in range(count)
    )
    return schema(
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="b" type="t:B" maxOccurs="9"/></xs:sequence></xs:complexType>'
        '</xs:element><xs:complexType name="B"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType>'
        + derived
    )


def test_a_large_message_says_that_it_is_cold_until_it_was_warmed(tmp_path: Path) -> None:
    codec = made(tmp_path, wsdl(many(500))).operations["op"].input
    assert codec.cold
    codec.warm()
    assert not codec.cold
    data = {"b": [{"x": 1}, {"@xsi:type": "T7", "x": 2, "v7": 3}, {"@xsi:type": "T499", "x": 4, "v499": 5}]}
    assert codec.read_xml(parse_xml(codec.write_xml(data))) == data
    assert not loaded(FIXTURES / "tricky.wsdl").operations["donGian"].input.cold


def test_memory_stays_flat_over_many_messages() -> None:
    """A short form of 100,000: what is kept for each message would show after two thousand."""
    contract = loaded(FIXTURES / "tricky.wsdl")
    codecs = [operation.input for operation in contract.operations.values()] + [
        loaded(FIXTURES / "tricky.yaml").operations["tatCa"].input
    ]
    data = [specimen(codec) for codec in codecs]

    def work(times: int) -> None:
        for _ in range(times):
            for codec, each in zip(codecs, data, strict=True):
                codec.read_json(codec.write_json(codec.read_xml(parse_xml(codec.write_xml(each)))))

    work(200)
    tracemalloc.start()
    work(200)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    work(2000)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 20_000
