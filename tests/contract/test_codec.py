"""Errors of both births by path and rule, the traps of the architecture, and what the JSON convention promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lgsp.contract import Codec
from lgsp.errors import InvalidMessage
from lgsp.model import Blob, Data
from lgsp.xml import parse_xml
from tests.contract.contracts import FIXTURES, loaded

YAML, WSDL, RPC = FIXTURES / "tricky.yaml", FIXTURES / "tricky.wsdl", FIXTURES / "rpc.wsdl"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def codec(path: Path, operation: str, side: str = "input") -> Codec:
    found: Codec = getattr(loaded(path).operations[operation], side)
    return found


def errors(call: Any, *arguments: Any) -> dict[str, str]:
    with pytest.raises(InvalidMessage) as caught:
        call(*arguments)
    return {error.path: error.rule for error in caught.value.errors}


def test_json_errors_of_an_openapi_contract() -> None:
    message = codec(YAML, "tatCa")
    assert errors(message.read_json, b'{"danhSach":[]}') == {"/ma": "required"}
    assert errors(message.read_json, b'{"ma":"AA11","danhSach":[],"la":1}') == {"/la": "unknown field"}
    assert errors(message.read_json, b'{"ma":"x","danhSach":[1]}') == {"/ma": "pattern", "/danhSach/0": "type:string"}
    assert errors(message.read_json, b'{"ma":"AA11","danhSach":[],"ngay":"2024-02-30","tien":"1,5","tep":"@"}') == {
        "/ngay": "type:date",
        "/tien": "type:decimal",
        "/tep": "type:byte",
    }
    assert errors(message.read_json, b'{"ma":"AA11","danhSach":[],"soNho":13,"coTheRong":"abcdef"}') == {
        "/soNho": "maximum 12",
        "/coTheRong": "maxLength 5",
    }
    assert errors(message.read_json, b"[]") == {"": "type:object"}


def test_xml_errors_of_an_openapi_contract() -> None:
    message = codec(YAML, "tatCa")
    head = '<tatCa xmlns="urn:lgsp:fixtures:v1">'

    def read(inner: str) -> dict[str, str]:
        return errors(message.read_xml, parse_xml(f"{head}{inner}</tatCa>".encode()))

    assert read("<ma>AA11</ma><la/>") == {"/la": "unknown field"}
    assert read("<ma>AA11</ma><ma>AA11</ma>") == {"/ma": "once"}
    assert read('<ma>AA11</ma><x:ma xmlns:x="urn:other">AA11</x:ma>') == {"/ma": "unknown field"}
    assert read("<ma>AA11</ma><soNguyen>1_0</soNguyen>") == {"/soNguyen": "type:integer"}
    assert read("<ma>AA11</ma><soNguyen>\u0661</soNguyen>") == {"/soNguyen": "type:integer"}
    assert read("<ma>AA11</ma><danhSach>a<b/></danhSach>")["/danhSach/0"] == "type:string"
    assert read("<danhSach>a</danhSach>") == {"/ma": "required"}
    assert read("x<ma>AA11</ma>") == {"": "type:object"}


def test_errors_of_a_wsdl_contract_point_into_the_data_for_both_formats() -> None:
    message = codec(WSDL, "donGian")
    assert errors(message.read_json, b'{"so":1,"rong":null}') == {"/@id": "required"}
    assert errors(message.read_json, b'{"@id":1,"rong":""}') == {"/so": "required"}
    assert errors(message.read_json, b'{"@id":1,"so":1,"rong":"","la":1}') == {"/la": "unknown field"}
    assert errors(message.read_json, b'{"@id":1,"so":"1","rong":"","ds":"a"}') == {
        "/so": "type:integer",
        "/ds": "type:array",
    }
    assert errors(message.read_json, b'{"@id":1,"so":1,"rong":"","ma":"AA-12"}') == {"/ma": "pattern"}
    assert errors(message.read_json, b'{"@id":1,"so":1,"rong":"","tien":"1.234","ngay":"2024-02-30"}') == {
        "/tien": "fractionDigits",
        "/ngay": "type:date",
    }
    assert errors(
        message.read_json, '{"@id":1,"so":1,"rong":"","ds":["a","\x01"]}'.replace("\x01", "\\u0001").encode()
    ) == {"/ds/1": "character not allowed in XML"}
    raw = f'<donGian xmlns="urn:thu" id="x" {XSI}><so>1</so><rong xsi:nil="true"/><ds>a</ds><tu>b</tu><la/></donGian>'
    assert errors(message.read_xml, parse_xml(raw.encode())) == {"/@id": "type:int", "/la": "unknown field"}


def test_no_error_repeats_a_value() -> None:
    message = codec(WSDL, "donGian")
    raw = b'<donGian xmlns="urn:thu" id="099999999999"><so>bi mat</so><rong/><tien>bi mat</tien></donGian>'
    with pytest.raises(InvalidMessage) as caught:
        message.read_xml(parse_xml(raw))
    assert "bi mat" not in repr(caught.value.errors)
    assert "bi mat" not in str(caught.value)


def test_integers_beyond_two_to_the_53_are_strings_in_json_and_integers_in_data() -> None:
    for message, data in (
        (codec(YAML, "tatCa"), {"ma": "AA11", "danhSach": [], "soLon": 2**60}),
        (codec(WSDL, "donGian"), {"@id": 1, "so": 1, "rong": "", "lon": 10**22}),
    ):
        raw = message.write_json(data)
        assert (f'"{2**60}"' if "soLon" in data else f'"{10**22}"').encode() in raw
        assert message.read_json(raw) == data
    assert codec(YAML, "tatCa").read_json(b'{"ma":"AA11","danhSach":[],"soNguyen":1.0}')["soNguyen"] == 1
    assert errors(codec(YAML, "tatCa").read_json, b'{"ma":"AA11","danhSach":[],"soNguyen":"12"}') == {
        "/soNguyen": "type:integer"
    }


def test_large_decimals_stay_as_they_are() -> None:
    message = codec(WSDL, "donGian")
    data = {"@id": 1, "so": 1, "tien": "1234567890123456.78", "rong": ""}
    assert message.read_xml(parse_xml(message.write_xml(data)))["tien"] == "1234567890123456.78"


def test_one_item_is_a_list_and_order_is_kept() -> None:
    message = codec(WSDL, "donGian")
    for items in (["a"], ["b", "a", "b"]):
        data = {"@id": 1, "so": 1, "rong": "", "ds": items}
        assert message.read_xml(parse_xml(message.write_xml(data))) == data


def test_absent_null_and_empty_are_three_things() -> None:
    message = codec(YAML, "tatCa")
    for extra in ({}, {"coTheRong": None}, {"coTheRong": ""}):
        data: Data = {"ma": "AA11", "danhSach": [], **extra}
        assert message.read_xml(parse_xml(message.write_xml(data))) == data


def test_extension_choice_attributes_and_groups() -> None:
    message = codec(WSDL, "nhom")
    data = {
        "hai": "x",
        "ba": 1,
        "#group": [{"a": "1"}, {"b": 2}, {"a": "3"}],
        "#group2": [{"khoa": "k"}, {"khoa": "l", "giaTri": "m"}],
        "cuoi": "một",
        "giua": "hai",
        "cuoi#2": "ba",
        "#any": ['<m:mau xmlns:m="urn:mau" a="1"><b></b></m:mau>'],
    }
    message.check(data)
    assert message.read_xml(parse_xml(message.write_xml(data))) == data
    assert message.read_json(message.write_json(data)) == data
    animal = codec(WSDL, "daHinh")
    zoo = {
        "con": [{"@xsi:type": "Cho", "@type": "x", "ten": "Vện"}, {"@xsi:type": "Meo", "ten": "Mướp", "mau": "vàng"}]
    }
    animal.check(zoo)
    assert animal.read_xml(parse_xml(animal.write_xml(zoo))) == zoo
    assert errors(animal.check, {"con": [{"ten": "?"}]}) == {"/con/0/@xsi:type": "required"}
    assert errors(animal.check, {"con": [{"@xsi:type": "Ca", "ten": "?"}]}) == {"/con/0/@xsi:type": "enum"}


def test_raw_content_is_parsed_by_the_one_door() -> None:
    message = codec(WSDL, "nhom")
    base = {"mot": "x", "cuoi": "a", "giua": "b"}
    for bad in ("<a>", "<!DOCTYPE a><a/>", "text", "<a/><b/>", "</n0:nhom><evil/>"):
        assert errors(message.check, {**base, "#any": [bad]})


def test_output_codecs_drop_what_they_do_not_know_and_inputs_refuse_it() -> None:
    answer = codec(YAML, "luaChon", "output")
    assert answer.read_json(b'{"la":1}') == {}
    assert errors(codec(YAML, "rong").read_json, b'{"la":1}') == {"/la": "unknown field"}


def test_alternatives_of_objects_are_told_apart_by_the_schema() -> None:
    message = codec(YAML, "luaChon")
    assert message.read_json(b'{"soCMND":"123456789"}') == {"soCMND": "123456789"}
    assert errors(message.read_json, b'{"soCMND":"1"}') == {"/soCMND": "pattern"}


def test_a_blob_counts_as_the_string_that_it_stands_for(tmp_path: Path) -> None:
    blob = Blob(tmp_path / "x", 10**6, "0" * 64, 10**6, 10**6)
    codec(YAML, "tatCa").check({"ma": "AA11", "danhSach": [], "tep": blob})
    codec(WSDL, "donGian").check({"@id": 1, "so": 1, "rong": "", "tep": blob})
    assert errors(codec(YAML, "tatCa").check, {"danhSach": [], "tep": blob}) == {"/ma": "required"}


def test_rpc_wrappers_follow_ws_i() -> None:
    operation = loaded(RPC).operations["hoi"]
    assert operation.input.root == "{urn:rpc:goi}hoi"
    assert operation.output.root == "{urn:rpc:goi}hoiResponse"
    raw = operation.input.write_xml({"nguoi": {"ten": "Mẫu"}, "lan": 2})
    root = parse_xml(raw)
    assert [child.tag for child in root] == ["nguoi", "lan"]
    assert root[0][0].tag == "{urn:rpc:kieu}ten"


def test_a_prefix_of_the_envelope_is_understood_in_the_body() -> None:
    message = codec(WSDL, "daHinh")
    raw = f'<e xmlns:q="urn:thu" {XSI}><q:daHinh><q:con xsi:type="q:Meo"><q:ten>M</q:ten></q:con><q:ten>q:x</q:ten></q:daHinh></e>'
    assert message.read_xml(parse_xml(raw.encode())[0]) == {
        "con": [{"@xsi:type": "Meo", "ten": "M"}],
        "ten": "{urn:thu}x",
    }


def test_headers_faults_one_way_and_both_versions() -> None:
    contract = loaded(WSDL)
    simple, group, one_way = (contract.operations[name] for name in ("donGian", "nhom", "daHinh"))
    assert simple.soap.versions == {"1.1", "1.2"}
    assert simple.soap.fault_roots == {"{urn:thu}loi": "loi"}
    assert list(group.soap.header_parts) == ["dau"]
    assert group.input.root == "{urn:thu}nhom"
    assert one_way.soap.one_way
    assert not simple.soap.one_way
