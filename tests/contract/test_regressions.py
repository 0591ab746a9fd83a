"""Seven ways in which another product's WSDL-to-REST generator lost data: each stays impossible here, JSON to XML and back.

Both faces are held to it: what an agency sends as JSON stands in the ministry's XML, and what came as XML in the agency's JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lgsp.model import Data
from lgsp.xml import parse_xml
from tests.contract.made import made, schema, wsdl


def there_and_back(folder: Path, text: str, data: Data, xml: str) -> None:
    codec: Any = made(folder, wsdl(schema(text))).operations["op"].input
    sent = codec.write_xml(codec.read_json(json.dumps(data).encode()))
    assert parse_xml(sent).xpath("string()") == parse_xml(xml.encode()).xpath("string()")
    assert [each.tag for each in parse_xml(sent).iter()] == [each.tag for each in parse_xml(xml.encode()).iter()]
    for raw in (sent, xml.encode()):
        assert json.loads(codec.write_json(codec.read_xml(parse_xml(raw)))) == data


ITEMS = (
    '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="ten" type="xs:string" maxOccurs="unbounded"/>'
    '<xs:element name="muc" type="t:Muc" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>'
    '<xs:complexType name="Muc"><xs:sequence><xs:element name="so" type="xs:int"/></xs:sequence></xs:complexType>'
)


@pytest.mark.parametrize("names", [["m"], ["c", "a", "b", "a"]])
def test_lists_keep_their_order_and_one_item_is_a_list(tmp_path: Path, names: list[str]) -> None:
    data = {"ten": names, "muc": [{"so": len(names)}]}
    inner = "".join(f"<ten>{name}</ten>" for name in names)
    there_and_back(tmp_path, ITEMS, data, f'<a xmlns="urn:t">{inner}<muc><so>{len(names)}</so></muc></a>')


def test_nested_complex_types_stay_whole(tmp_path: Path) -> None:
    text = (
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="ho"><xs:complexType><xs:sequence><xs:element name="nguoi">'
        '<xs:complexType><xs:sequence><xs:element name="diaChi" type="t:D"/></xs:sequence></xs:complexType></xs:element></xs:sequence>'
        '</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element><xs:complexType name="D"><xs:sequence>'
        '<xs:element name="xa" type="xs:string"/><xs:element name="tinh" type="xs:string"/></xs:sequence></xs:complexType>'
    )
    there_and_back(
        tmp_path,
        text,
        {"ho": {"nguoi": {"diaChi": {"xa": "Mẫu", "tinh": "Thử"}}}},
        '<a xmlns="urn:t"><ho><nguoi><diaChi><xa>Mẫu</xa><tinh>Thử</tinh></diaChi></nguoi></ho></a>',
    )


def test_an_extension_has_the_fields_of_its_base_first(tmp_path: Path) -> None:
    text = (
        '<xs:element name="a" type="t:Con"/><xs:complexType name="Cha"><xs:sequence><xs:element name="ma" type="xs:string"/></xs:sequence>'
        '</xs:complexType><xs:complexType name="Con"><xs:complexContent><xs:extension base="t:Cha"><xs:sequence>'
        '<xs:element name="ten" type="xs:string"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>'
    )
    there_and_back(tmp_path, text, {"ten": "m", "ma": "1"}, '<a xmlns="urn:t"><ma>1</ma><ten>m</ten></a>')


@pytest.mark.parametrize(
    ("data", "inner"), [({"soDinhDanh": "1"}, "<soDinhDanh>1</soDinhDanh>"), ({"soCmnd": "2"}, "<soCmnd>2</soCmnd>")]
)
def test_a_choice_carries_the_branch_that_is_there(tmp_path: Path, data: Data, inner: str) -> None:
    text = (
        '<xs:element name="a"><xs:complexType><xs:choice><xs:element name="soDinhDanh" type="xs:string"/>'
        '<xs:element name="soCmnd" type="xs:string"/></xs:choice></xs:complexType></xs:element>'
    )
    there_and_back(tmp_path, text, data, f'<a xmlns="urn:t">{inner}</a>')


def test_attributes_are_carried(tmp_path: Path) -> None:
    text = (
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="tien"><xs:complexType><xs:simpleContent>'
        '<xs:extension base="xs:decimal"><xs:attribute name="loai" type="xs:string" use="required"/></xs:extension></xs:simpleContent>'
        '</xs:complexType></xs:element></xs:sequence><xs:attribute name="ma" type="xs:int"/></xs:complexType></xs:element>'
    )
    data = {"@ma": 7, "tien": {"@loai": "VND", "#text": "1000"}}
    there_and_back(tmp_path, text, data, '<a xmlns="urn:t" ma="7"><tien loai="VND">1000</tien></a>')


@pytest.mark.parametrize(
    ("data", "inner"),
    [
        ({}, ""),
        ({"x": None}, '<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'),
        ({"x": ""}, "<x/>"),
    ],
)
def test_absent_null_and_empty_are_three_things(tmp_path: Path, data: Data, inner: str) -> None:
    text = (
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="x" type="xs:string" minOccurs="0" nillable="true"/>'
        "</xs:sequence></xs:complexType></xs:element>"
    )
    there_and_back(tmp_path, text, data, f'<a xmlns="urn:t">{inner}</a>')


@pytest.mark.parametrize("number", ["0.1", "123456789012345678901234567890.123456789", "-0.00", "1" * 200])
def test_large_decimals_lose_no_digit(tmp_path: Path, number: str) -> None:
    text = (
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="x" type="xs:decimal"/></xs:sequence></xs:complexType>'
        "</xs:element>"
    )
    there_and_back(tmp_path, text, {"x": number}, f'<a xmlns="urn:t"><x>{number}</x></a>')
