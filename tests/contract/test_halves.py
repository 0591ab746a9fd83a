"""The generated halves: accepted by independent validators, agreeing with the written one, and stable."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openapi_spec_validator import OpenAPIV31SpecValidator

from lgsp.contract import openapi, sample, wsdl, xsd
from lgsp.contract.patterns import to_json, to_xsd
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.contract.contracts import FIXTURES, files, has_xml, loaded, messages
from tests.contract.strategies import data_of

PUBLIC = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files() if has_xml(path)]
BORN_OPENAPI = [
    pytest.param(path, id=f"{path.parent.name}/{path.name}")
    for path in files()
    if has_xml(path) and path.suffix == ".yaml"
]
ADDRESS = "http://127.0.0.1:8080/soap/x/v1"


@pytest.mark.parametrize("path", PUBLIC)
def test_openapi_is_valid_and_complete(path: Path) -> None:
    contract = loaded(path)
    document = json.loads(json.dumps(openapi(contract, "http://127.0.0.1:8080/api/x/v1")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        OpenAPIV31SpecValidator(document).validate()
    assert set(document["paths"]) == {f"/{name}" for name in contract.operations}
    for name, operation in contract.operations.items():
        post = document["paths"][f"/{name}"]["post"]
        assert post.get("x-lgsp-origin", "") == operation.origin
        assert post["responses"]["default"]["$ref"] == "#/components/responses/LgspProblem"


@pytest.mark.parametrize("path", BORN_OPENAPI)
def test_two_schema_processors_accept_what_the_json_schema_accepts(path: Path) -> None:
    contract = loaded(path)
    text = xsd(contract, "types", ADDRESS)
    first = etree.XMLSchema(etree.fromstring(text))
    second = xmlschema.XMLSchema(text.decode())
    for name, codec in messages(contract):
        if "Fault" in codec.root:
            continue
        for seed in range(12):
            data = data_of(codec, seed) if seed else sample(codec)
            try:
                codec.check(data)
            except InvalidMessage:
                continue
            raw = codec.write_xml(data)
            assert first.validate(parse_xml(raw)), (name, first.error_log)
            second.validate(raw.decode())


@pytest.mark.parametrize("path", PUBLIC)
def test_samples_are_valid_and_the_same_every_time(path: Path) -> None:
    for name, codec in messages(loaded(path)):
        data = sample(codec)
        codec.check(data)
        assert sample(codec) == data, name


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files()])
def test_examples_are_valid(path: Path) -> None:
    for operation in loaded(path).operations.values():
        for codec, example in (
            (operation.input, operation.request_example),
            (operation.output, operation.answer_example),
        ):
            if example is not None:
                codec.check(example)


def test_served_documents_have_live_addresses_and_locations() -> None:
    contract = loaded(FIXTURES / "tricky.wsdl")
    root = parse_xml(wsdl(contract, ADDRESS))
    addresses = {node.get("location") for node in root.iter("{*}address")}
    assert addresses == {ADDRESS}
    locations = {node.get("schemaLocation") for node in root.iter("{http://www.w3.org/2001/XMLSchema}include")}
    assert locations == {f"{ADDRESS}?xsd=chung.xsd"}
    assert parse_xml(xsd(contract, "chung.xsd", ADDRESS)).tag == "{http://www.w3.org/2001/XMLSchema}schema"
    with pytest.raises(KeyError):
        xsd(contract, "../pyproject.toml", ADDRESS)
    with pytest.raises(KeyError):
        xsd(contract, "catalogue/../__init__.py", ADDRESS)


def test_the_generated_wsdl_is_stable() -> None:
    contract = loaded(FIXTURES / "tricky.yaml")
    expected = FIXTURES / "tricky.expected.wsdl"
    assert wsdl(contract, ADDRESS) == expected.read_bytes(), "changed on purpose? write the new text to the fixture"


PATTERNS = [
    "^[0-9]{3}$",
    "^\\d+$",
    "[a-c]",
    "^a|b$",
    "^(ab|[^x-z\\-])*$",
    "^\\w{1,3}\\s?$",
    "^.{2}$",
    "a.c",
    "^[\\d.]+$",
    "\\.",
    "^$",
    "^a/b$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_translated_patterns_admit_the_same_strings(pattern: str) -> None:
    import jsonschema_rs

    translated = to_xsd(pattern)
    assert translated is not None
    value = translated.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    schema = etree.XMLSchema(
        etree.fromstring(
            '<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema"><x:element name="a"><x:simpleType>'
            f'<x:restriction base="x:string"><x:pattern value="{value}"/></x:restriction></x:simpleType></x:element></x:schema>'
        )
    )
    theirs = jsonschema_rs.Draft202012Validator({"pattern": pattern})

    @settings(max_examples=150, deadline=None)
    @given(st.text("abcxz019.-/ _\u0663ệ\n", max_size=5))
    def agree(text: str) -> None:
        element = etree.Element("a")
        element.text = text
        assert schema.validate(element) == theirs.is_valid(text), (pattern, translated)

    agree()


def test_patterns_without_a_counterpart_are_left_out_not_bent() -> None:
    for pattern in ("^(?=a)b$", "(a)\\1", "a(^b)", "^a+?$"):
        assert to_xsd(pattern) is None
    assert to_json("\\i\\c*") is None
    assert to_json("[0-9]{3}") == "^(?:[0-9]{3})$"
