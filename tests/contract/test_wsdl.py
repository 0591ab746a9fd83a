"""WSDL documents as authors write them: what is carried, and what is refused by name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lgsp import contract as documents
from lgsp.adapters import soap
from lgsp.contract import Contract, ContractError
from lgsp.contract.oracle import Oracle
from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.contract.made import HEAD, XS, binding, made, schema, wsdl

A = '<xs:element name="a" type="xs:string"/>'
T = f'xmlns:xs="{XS}" xmlns:t="urn:t"'


def constructs(folder: Path, text: str, **files: str) -> dict[str, str]:
    with pytest.raises(ContractError) as caught:
        made(folder, text, **files)
    return {finding.construct: finding.text for finding in caught.value.findings}


def carries(contract: Contract, data: Any, tag: str) -> None:
    codec = contract.operations["op"].input
    root = parse_xml(codec.write_xml(data))
    assert root.tag == codec.root == tag
    assert codec.read_xml(root) == data
    assert contract.by_root[tag].name == "op"


def test_a_message_without_parts_is_an_empty_body(tmp_path: Path) -> None:
    operation = made(tmp_path, wsdl("", parts="")).operations["op"]
    assert operation.input.root == ""
    assert operation.input.write_xml({}) == b""
    assert operation.input.read_json(b"{}") == {}


def test_a_document_part_may_name_a_type(tmp_path: Path) -> None:
    text = wsdl(
        schema(
            '<xs:complexType name="T"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType>'
        ),
        parts='<part name="p" type="t:T"/>',
    )
    carries(made(tmp_path, text), {"x": 1}, "p")
    carries(made(tmp_path, wsdl("", parts='<part name="q" type="xs:int"/>')), {"#text": 1}, "q")


def test_an_rpc_part_may_name_an_element(tmp_path: Path) -> None:
    text = wsdl(
        schema(A),
        parts='<part name="p" element="t:a"/><part name="q" type="xs:int"/>',
        bound=binding("rpc", '<soap:body use="literal" namespace="urn:goi"/>'),
    )
    carries(made(tmp_path, text), {"a": "m", "q": 1}, "{urn:goi}op")


@pytest.mark.parametrize(
    ("changed", "construct", "said"),
    [
        ({"parts": '<part name="p" element="t:a"/><part name="q" element="t:a"/>'}, "op", "twice"),
        ({"bound": binding(body='<soap:body use="encoded"/>')}, 'use="encoded"', "literal"),
        ({"parts": '<part name="p"/>'}, "p", "neither"),
        (
            {
                "bound": binding(
                    body='<m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"><m:part><soap:body use="literal"/></m:part>'
                    '<m:part><m:content part="q" type="image/png"/></m:part></m:multipartRelated>'
                )
            },
            "mime:content",
            "attachments",
        ),
        ({"bound": binding().replace("wsdl/soap/", "wsdl/http/").replace("soap:", "la:")}, "binding", "SOAP"),
        (
            {"schemas": '<xs:schema><xs:import namespace="urn:x" schemaLocation="khongCo.xsd"/></xs:schema>'},
            "import urn:x",
            "beside",
        ),
    ],
)
def test_what_is_refused_by_name(tmp_path: Path, changed: dict[str, Any], construct: str, said: str) -> None:
    text = wsdl(**{"schemas": schema(A), **changed}).replace("<definitions ", '<definitions xmlns:la="urn:la" ', 1)
    found = constructs(tmp_path, text)
    assert said in found[construct]


def test_an_http_binding_beside_a_soap_binding_is_left_alone(tmp_path: Path) -> None:
    more = (
        '</binding><binding name="H" type="t:P"><h:binding xmlns:h="http://schemas.xmlsoap.org/wsdl/http/" verb="GET"/>'
        '<operation name="op"><input/></operation>'
    )
    assert list(made(tmp_path, wsdl(schema(A), bound=binding(more=more))).operations) == ["op"]


def test_schemas_that_import_each_other_by_namespace_only(tmp_path: Path) -> None:
    two = (
        f'<xs:schema {T} xmlns:u="urn:u" targetNamespace="urn:t" elementFormDefault="qualified"><xs:import namespace="urn:u"/>'
        '<xs:element name="a" type="u:T"/><xs:simpleType name="S"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
        f'<xs:schema {T} targetNamespace="urn:u"><xs:import namespace="urn:t"/><xs:complexType name="T"><xs:sequence>'
        '<xs:element name="x" type="t:S"/></xs:sequence></xs:complexType></xs:schema>'
    )
    carries(made(tmp_path, wsdl(two)), {"x": 1}, "{urn:t}a")


def test_a_schema_without_a_namespace(tmp_path: Path) -> None:
    text = wsdl(
        '<xs:schema><xs:element name="b"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType>'
        "</xs:element></xs:schema>",
        parts='<w:part xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns="" name="p" element="b"/>',
    )
    carries(made(tmp_path, text), {"x": 1}, "b")


def test_an_include_without_a_namespace_takes_the_one_of_its_reader_and_circles_end(tmp_path: Path) -> None:
    include = '<xs:include schemaLocation="b.xsd"/><xs:element name="a" type="t:T"/>'
    other = (
        f'<xs:schema xmlns:xs="{XS}" elementFormDefault="qualified"><xs:include schemaLocation="c.xsd"/><xs:complexType name="T">'
        '<xs:sequence><xs:element name="x" type="S"/></xs:sequence></xs:complexType></xs:schema>'
    )
    third = f'<xs:schema xmlns:xs="{XS}"><xs:include schemaLocation="b.xsd"/><xs:simpleType name="S"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
    carries(made(tmp_path, wsdl(schema(include)), b__xsd=other, c__xsd=third), {"x": 1}, "{urn:t}a")


def test_a_redefined_type_rests_on_its_original(tmp_path: Path) -> None:
    redefining = (
        '<xs:redefine schemaLocation="b.xsd"><xs:complexType name="T"><xs:complexContent><xs:extension base="t:T"><xs:sequence>'
        '<xs:element name="y" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>'
        '<xs:simpleType name="S"><xs:restriction base="t:S"><xs:maxLength value="2"/></xs:restriction></xs:simpleType></xs:redefine>'
        '<xs:element name="a" type="t:T"/>'
    )
    other = (
        f'<xs:schema {T} targetNamespace="urn:t" elementFormDefault="qualified"><xs:complexType name="T"><xs:sequence>'
        '<xs:element name="x" type="t:S"/></xs:sequence></xs:complexType><xs:simpleType name="S"><xs:restriction base="xs:string"/>'
        "</xs:simpleType></xs:schema>"
    )
    contract = made(tmp_path, wsdl(schema(redefining)), b__xsd=other)
    carries(contract, {"x": "ab", "y": 1}, "{urn:t}a")
    with pytest.raises(InvalidMessage):
        contract.operations["op"].input.check({"x": "abc", "y": 1})
    lost = other.replace('name="S"', 'name="L"').replace("t:S", "t:L")
    assert "S" in constructs(tmp_path, wsdl(schema(redefining)), b__xsd=lost)


def test_a_wsdl_in_three_files(tmp_path: Path) -> None:
    """Service and binding, port type and messages, schema: each in its own file and namespace."""
    whole = wsdl(schema(A))
    types = whole[whole.index("<types>") : whole.index("<message")]
    abstract = whole[whole.index("<message") : whole.index("<binding")]
    concrete = whole[whole.index("<binding") :]
    contract = made(
        tmp_path,
        f'{HEAD}<import namespace="urn:t" location="b.wsdl"/>{concrete}',
        b__wsdl=f'{HEAD}<import namespace="urn:t" location="c.wsdl"/>{abstract}</definitions>',
        c__wsdl=f'{HEAD}<import namespace="urn:t" location="b.wsdl"/>{types}</definitions>',
    )
    carries(contract, {"#text": "m"}, "{urn:t}a")
    assert list(contract.files) == ["v1.wsdl", "b.wsdl", "c.wsdl"]


def test_several_operations_that_ask_alike_are_told_apart_by_their_action(tmp_path: Path) -> None:
    more = '<operation name="hai"><soap:operation soapAction="urn:hai"/><input><soap:body use="literal"/></input></operation>'
    text = wsdl(
        schema(A), bound=binding(more=more), operations='<operation name="hai"><input message="t:m"/></operation>'
    )
    contract = made(tmp_path, text)
    assert list(contract.operations) == ["op", "hai"]
    assert contract.shared_roots == {"{urn:t}a"}


def test_wildcards_beside_what_they_admit_are_narrowed(tmp_path: Path) -> None:
    """libxml2 refuses the schema as it stands, and its authors' clients do not mind."""
    text = schema(
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int" minOccurs="0"/>'
        '<xs:any processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>'
    )
    codec = made(tmp_path, wsdl(text)).operations["op"].input
    data = {"x": 1, "#any": ['<b xmlns="urn:b">m</b>']}
    assert codec.read_xml(parse_xml(codec.write_xml(data))) == data
    codec.check({})
    narrow = text.replace("<xs:any ", '<xs:any namespace="##targetNamespace" ')
    made(tmp_path, wsdl(narrow)).operations["op"].input.check({"x": 1})


def test_an_extension_of_xs_all_is_read_as_a_sequence(tmp_path: Path) -> None:
    text = schema(
        '<xs:element name="a" type="t:E"/><xs:complexType name="G"><xs:all><xs:element name="x" type="xs:int"/></xs:all></xs:complexType>'
        '<xs:complexType name="E"><xs:complexContent><xs:extension base="t:G"><xs:sequence><xs:element name="y" type="xs:int"/>'
        "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    )
    carries(made(tmp_path, wsdl(text)), {"x": 1, "y": 2}, "{urn:t}a")


def test_a_plain_client_gets_the_well_known_schemas_from_us(tmp_path: Path) -> None:
    """zeep, knowing nothing but what the bus serves, sends a header of WS-Addressing and a token of WS-Security."""
    wsa, wsse = (
        "http://www.w3.org/2005/08/addressing",
        ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"),
    )
    text = wsdl(
        f'<xs:schema xmlns:w="{wsa}" xmlns:s="{wsse}" targetNamespace="urn:t" elementFormDefault="qualified"><xs:import namespace="{wsa}"/>'
        f'<xs:import namespace="{wsse}" schemaLocation="http://mau.invalid/wsse.xsd"/><xs:element name="a"><xs:complexType><xs:sequence>'
        '<xs:element ref="w:To"/><xs:element ref="s:Security" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:schema>'
    )
    contract = made(tmp_path, text)
    codec: Any = contract.operations["op"].input
    data = {"To": {"#text": "urn:m"}}
    assert codec.read_xml(parse_xml(Oracle(contract).write(codec, data))) == data


def test_several_elements_in_one_body(tmp_path: Path) -> None:
    text = wsdl(
        schema(
            A
            + '<xs:element name="b"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType></xs:element>'
        ),
        parts='<part name="p" element="t:a"/><part name="q" element="t:b"/>',
    )
    contract = made(tmp_path, text)
    operation = contract.operations["op"]
    data = {"p": {"#text": "m"}, "q": {"x": 1}}
    sent = soap.encode_request(operation, data)
    assert [child.tag for child in parse_xml(bytes(sent.body))[0]] == ["{urn:t}a", "{urn:t}b"]  # type: ignore[arg-type]
    assert soap.decode_request(contract, sent).data == data
    assert operation.input.read_json(operation.input.write_json(data)) == data
    assert specimen(operation.input) == {"p": {"#text": "MAU-p"}, "q": {"x": 1}}
    for bad, path in (({"p": {"#text": "m"}}, "/q"), ({**data, "q": {"x": "1"}}, "/q/x"), ({**data, "la": 1}, "/la")):
        with pytest.raises(InvalidMessage) as caught:
            operation.input.read_data(bad)
        assert [error.path for error in caught.value.errors] == [path]
    for change in (b"<x/>", b""):
        raw = bytes(sent.body).replace(b"</soap:Body>", change + b"</soap:Body>")  # type: ignore[arg-type]
        raw = raw if change else raw.replace(raw[raw.index(b"<b ") : raw.index(b"</b>") + 4], b"")
        with pytest.raises(InvalidMessage):
            soap.decode_request(contract, replace(sent, body=raw))


def test_operations_with_attachments_are_left_out_and_the_others_stay(tmp_path: Path) -> None:
    """A message without its attachment would not be whole; that is no reason to refuse what is whole."""
    attached = (
        '<m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"><m:part><soap:body use="literal"/></m:part>'
        '<m:part><m:content part="q" type="image/png"/></m:part></m:multipartRelated>'
    )
    second = binding(body=attached, name="gui")
    bound = second[second.index("<operation") : second.index("</binding>")]
    abstract = '<operation name="gui"><input message="t:m"/></operation>'
    contract = made(tmp_path, wsdl(schemas=schema(A), bound=binding(more=bound), operations=abstract))
    assert list(contract.operations) == ["op"]
    (note,) = contract.left_out.values()
    assert (note.construct, "gui is left out: attachments" in note.text, note.line > 0) == ("mime:content", True, True)
    served = documents.wsdl(contract, "http://bus.example/soap/x/v1")
    assert b"gui" not in served
    assert b'<operation name="op"' in served
    assert b"multipartRelated" not in served


def test_operations_that_nobody_can_tell_apart_are_one(tmp_path: Path) -> None:
    """The same element, no SOAPAction: a receiver sees one message (WS-I R2710)."""
    second = binding(name="gui")
    bound = second[second.index("<operation") : second.index("</binding>")].replace('soapAction="urn:gui"', "")
    third = bound.replace('name="gui"', 'name="nhan"')
    abstract = "".join(f'<operation name="{name}"><input message="t:m"/></operation>' for name in ("gui", "nhan"))
    contract = made(tmp_path, wsdl(schemas=schema(A), bound=binding(more=bound + third), operations=abstract))
    assert list(contract.operations) == ["op", "gui"], "op has an action, gui is meant where there is none"
    (note,) = contract.left_out.values()
    assert "nhan is left out: nobody can tell its request from that of gui" in note.text
    assert b"nhan" not in documents.wsdl(contract, "http://bus.example/")
    for name, action in (("op", "urn:op"), ("gui", ""), ("gui", '""')):
        sent = soap.encode_request(contract.operations["op"], {"#text": "x"})
        request = replace(sent, headers={**sent.headers, "soapaction": action})
        assert soap.decode_request(contract, request).operation.name == name


def test_what_a_binding_leaves_open_is_served_as_it_was_read(tmp_path: Path) -> None:
    """zeep and others take an rpc wrapper without namespace for unqualified, a binding without output for one-way."""
    bound = binding(style="rpc")
    text = wsdl(schemas="", parts='<part name="p" type="xs:string"/>', bound=bound).replace(
        '<input message="t:m"/></operation>', '<input message="t:m"/><output message="t:m"/></operation>', 1
    )
    contract = made(tmp_path, text)
    assert contract.operations["op"].output.root == "{urn:t}opResponse"
    served = parse_xml(documents.wsdl(contract, "http://bus.example/"))
    bodies = list(served.iter("{http://schemas.xmlsoap.org/wsdl/soap/}body"))
    assert [(body.getparent().tag.rpartition("}")[2], body.get("namespace")) for body in bodies] == [
        ("input", "urn:t"), ("output", "urn:t"),
    ]  # fmt: skip
    assert b"<output><soap:body" not in contract.files["v1.wsdl"], "the ministry's own file stays as it is"


def test_a_body_that_names_a_part_which_does_not_exist_has_the_messages_own(tmp_path: Path) -> None:
    contract = made(tmp_path, wsdl(schemas=schema(A), bound=binding(body='<soap:body use="literal" parts="nham"/>')))
    assert contract.operations["op"].input.root == "{urn:t}a"


def test_a_choice_of_nothing_is_empty(tmp_path: Path) -> None:
    text = '<xs:element name="a"><xs:complexType><xs:choice/></xs:complexType></xs:element>'
    carries(made(tmp_path, wsdl(schema(text))), {}, "{urn:t}a")


def test_mixed_content_that_requires_an_element_has_a_specimen_with_one(tmp_path: Path) -> None:
    text = (
        '<xs:element name="a"><xs:complexType mixed="true"><xs:sequence><xs:any processContents="skip"/></xs:sequence>'
        "</xs:complexType></xs:element>"
    )
    contract = made(tmp_path, wsdl(schema(text)))
    data = specimen(contract.operations["op"].input)
    assert data["#xml"].startswith("<")
    carries(contract, data, "{urn:t}a")


def test_without_a_service_the_bindings_are_the_documents_own(tmp_path: Path) -> None:
    other = wsdl(schemas="", parts='<part name="p" element="t:a"/>', bound=binding(name="op")).replace(
        "urn:t", "urn:khac"
    )
    other = re.sub(r"<service.*?</service>", "", other)
    own = re.sub(r"<service.*?</service>", "", wsdl(schemas=schema(A)))
    own = own.replace("<types>", '<import namespace="urn:khac" location="khac.wsdl"/><types>', 1)
    assert list(made(tmp_path, own, khac__wsdl=other).operations) == ["op"]
