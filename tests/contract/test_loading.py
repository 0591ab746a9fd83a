"""Loading: what is refused, all findings at once, with file and line; and that nothing but the contract's folder is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from lgsp.contract import ContractError, Finding, load, wsdl, xsd
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.contract.contracts import FIXTURES, loaded


def findings(path: Path, text: str, *, name: str = "x") -> tuple[Finding, ...]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load(path, name=name)
    return caught.value.findings


HEAD = 'openapi: 3.1.0\ninfo: {title: X, version: "1"}\npaths:\n  /a:\n    post:\n      operationId: a\n'


def test_what_has_no_form_of_its_own_in_xml_is_a_text_of_json(tmp_path: Path) -> None:
    """Free names, no type, several kinds: nothing is lost, and nothing is refused for it."""
    text = HEAD + (
        "      requestBody: {content: {application/json: {schema: {type: object, properties: {\n"
        "        bang: {type: object, additionalProperties: {type: string}}, gi: {}, hai: {type: [string, integer]},\n"
        "        nhieu: {type: array, items: {}}}}}}}\n"
        '      responses: {"200": {description: x, content: {application/json: {schema: {type: object}}}}}\n'
    )
    path = tmp_path / "c" / "v1.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    operation = load(path, name="x").operations["a"]
    codec = operation.input
    for data in (
        {"bang": {"k<&>": "v\n", "é": "1"}, "gi": [1, {"a": None}], "hai": 2, "nhieu": [1, "2", None, [], {}]},
        {"gi": None, "hai": "2"},
        {"gi": "", "bang": {}},
        {"gi": 1.5},
        {},
    ):
        raw = codec.write_xml(data)
        assert codec.read_xml(parse_xml(raw)) == data, raw
        assert codec.read_json(codec.write_json(data)) == data
    assert b"<gi>[1,{&quot;a&quot;:null}]</gi>" in codec.write_xml({"gi": [1, {"a": None}]}).replace(b'"', b"&quot;")
    free = operation.output
    whatever = {"result": {"bat": ["ky"]}}
    assert free.read_xml(parse_xml(free.write_xml(whatever))) == whatever
    schema = etree.XMLSchema(parse_xml(xsd(load(path, name="x"), "types", "http://mau.invalid")))
    assert schema.validate(parse_xml(codec.write_xml({"bang": {"a": "b"}, "gi": 1})))
    for wrong in ("{", "", '{"a":1,"a":2}', "<b/>"):
        with pytest.raises(InvalidMessage):
            codec.read_xml(parse_xml(f'<a xmlns="{codec.root[1:].partition("}")[0]}"><gi>{wrong}</gi></a>'.encode()))


@pytest.mark.parametrize(
    ("text", "construct"),
    [
        ("openapi: 2.0\n", "openapi"),
        ("a: 1\na: 2\n", "yaml"),
        ("a: [\n", "yaml"),
        (HEAD + "      responses: {'200': {content: {application/json: {schema: {$ref: '#/nowhere'}}}}}\n", "$ref"),
        (
            HEAD
            + "      responses: {'200': {content: {application/json: {schema: {$ref: 'http://x.invalid/a.yaml'}}}}}\n",
            "$ref",
        ),
        (
            HEAD + "      responses: {'200': {content: {application/json: {schema: {$ref: '../../../etc/passwd'}}}}}\n",
            "$ref",
        ),
        (HEAD + "      parameters: [{in: cookie, name: c}]\n      responses: {}\n", "in: cookie"),
        (
            HEAD + "      requestBody: {content: {image/png: {schema: {type: string}}}}\n      responses: {}\n",
            "image/png",
        ),
    ],
)
def test_findings_of_openapi(tmp_path: Path, text: str, construct: str) -> None:
    assert construct in {finding.construct for finding in findings(tmp_path / "c" / "v1.yaml", text)}


def test_yaml_means_what_it_says(tmp_path: Path) -> None:
    text = HEAD + (
        "      requestBody: {content: {application/json: {schema: {type: object, properties: {\n"
        "        a: {type: string, enum: [no, 010, 2024-01-02, 12:30]}}}}}}\n"
        "      responses: {200: {description: x}}\n"
    )
    path = tmp_path / "c" / "v1.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    codec = load(path, name="x").operations["a"].input
    assert codec.json_schema()["properties"]["a"]["enum"] == ["no", "010", "2024-01-02", "12:30"]


def test_findings_of_wsdl_come_together_with_lines(tmp_path: Path) -> None:
    text = (FIXTURES / "rpc.wsdl").read_text(encoding="utf-8")
    broken = text.replace('use="literal"', 'use="encoded"').replace('type="d:Nguoi"', 'type="d:Khong"')
    found = findings(tmp_path / "c" / "v1.wsdl", broken)
    assert {finding.construct for finding in found} == {'use="encoded"'}
    assert all(finding.line > 0 for finding in found)
    broken = text.replace('type="d:Nguoi"', 'type="d:Khong"').replace(
        'type="xs:int" minOccurs', 'type="d:Kia" minOccurs'
    )
    assert "d:Khong" in {finding.construct for finding in findings(tmp_path / "c" / "v1.wsdl", broken)}


@pytest.mark.parametrize(
    ("old", "new", "construct"),
    [
        ("<definitions ", "<!DOCTYPE definitions [<!ENTITY a 'b'>]><definitions ", "xml:doctype"),
        ("<types>", '<import namespace="urn:y" location="../../../etc/passwd"/><types>', "import"),
        ("<types>", '<import namespace="urn:y" location="khongCo.wsdl"/><types>', "import"),
        ("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/http/", "binding"),
    ],
)
def test_findings_of_wsdl(tmp_path: Path, old: str, new: str, construct: str) -> None:
    text = (FIXTURES / "rpc.wsdl").read_text(encoding="utf-8")
    assert construct in {
        finding.construct for finding in findings(tmp_path / "c" / "v1.wsdl", text.replace(old, new, 1))
    }


def test_operations_parameters_and_bodies_of_a_foreign_dialect(tmp_path: Path) -> None:
    path = tmp_path / "c" / "backend-x.yaml"
    path.parent.mkdir()
    path.write_text(
        """openapi: 3.0.0
info: {title: X, version: "1"}
paths:
  /muc/{ma}:
    parameters: [{in: path, name: ma, required: true, schema: {type: string}, example: M1}]
    put:
      operationId: ghi
      parameters:
        - {in: query, name: trang, schema: {type: integer}}
        - {in: header, name: X-Khoa, required: true, schema: {type: string}, example: k}
      requestBody: {content: {application/json: {schema: {type: array, items: {type: string}}, example: [a]}}}
      responses: {"200": {description: x, content: {application/json: {schema: {type: array, items: {type: integer}}}}}}
  /gui:
    post:
      operationId: gui
      requestBody:
        content:
          multipart/form-data:
            schema: {type: object, required: [tep], properties: {tep: {type: string, format: binary}, loai: {type: string}}}
      responses: {"201": {description: x, content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}
""",
        encoding="utf-8",
    )
    contract = load(path, name="x")
    write, send = contract.operations["ghi"], contract.operations["gui"]
    assert [(each.name, each.place, each.required) for each in write.http.parameters] == [
        ("ma", "path", True),
        ("trang", "query", False),
        ("X-Khoa", "header", True),
    ]
    assert (write.http.method, write.http.body_field, write.http.answer_field) == ("PUT", "body", "result")
    assert write.request_example == {"ma": "M1", "X-Khoa": "k", "body": ["a"]}
    write.input.check({"ma": "M1", "X-Khoa": "k", "body": ["a"]})
    write.output.check({"result": [1, 2]})
    assert send.http.consumes == "multipart/form-data"
    assert send.input.json_schema()["properties"]["tep"]["format"] == "binary"


def test_loading_imports_no_zeep_and_compiles_nothing_yet() -> None:
    code = (
        "import sys, pathlib, lgsp.contract as c;"
        f"c.load(pathlib.Path({str(FIXTURES / 'tricky.wsdl')!r}), name='x');"
        "sys.exit('zeep' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=FIXTURES.parents[2], check=False).returncode == 0


def test_the_digest_is_over_every_file() -> None:
    contract = loaded(FIXTURES / "tricky.wsdl")
    assert list(contract.files) == ["tricky.wsdl", "chung.xsd", "khac.xsd"]
    assert len(contract.sha256) == 64


def test_an_operation_in_a_media_type_that_is_not_spoken_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    text = HEAD + (
        "      responses: {}\n  /tep:\n    get:\n      operationId: tep\n"
        '      responses: {"200": {description: x, content: {application/pdf: {schema: {type: string}}}}}\n'
        "  /loc:\n    get:\n      operationId: loc\n      parameters: [{in: query, name: q, style: deepObject, schema: {type: object}}]\n"
        "      responses: {}\n  /9a:\n    get:\n      operationId: 9a\n      responses: {}\n"
    )
    path = tmp_path / "c" / "v1.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    contract = load(path, name="x")
    assert list(contract.operations) == ["a", "9a"]
    assert {name: (each.construct, each.line > 0) for name, each in contract.left_out.items()} == {
        "tep": ("application/pdf", True), "loc": ("style: deepObject", True),
    }  # fmt: skip
    assert contract.operations["9a"].input.root.endswith("}_x0039_a"), "no XML name begins with a digit"
    assert b'<wsdl:operation name="_x0039_a">' in wsdl(contract, "http://mau.invalid")
