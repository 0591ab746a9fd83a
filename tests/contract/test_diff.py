"""`lgsp contract diff`: each kind of change is found where it is, and judged by who sends and who reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.contract import concerned
from lgsp.cli.main import main
from lgsp.contract import load
from lgsp.contract.diff import Change, diff
from tests.contract.contracts import files, loaded

XSD = """<xs:element name="hoi"><xs:complexType><xs:sequence>
  <xs:element name="ma" type="xs:string"/><xs:element name="nam" type="xs:int" minOccurs="0"/>{hoi}
</xs:sequence></xs:complexType></xs:element>
<xs:element name="hoiResponse"><xs:complexType><xs:sequence>
  <xs:element name="ten" type="xs:string"/><xs:element name="loai" type="t:Loai" minOccurs="0"/>{dap}
</xs:sequence></xs:complexType></xs:element>
<xs:simpleType name="Loai"><xs:restriction base="xs:string"><xs:enumeration value="a"/><xs:enumeration value="b"/></xs:restriction></xs:simpleType>"""
WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:mau"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:mau"><types><xs:schema targetNamespace="urn:mau"
 elementFormDefault="qualified">{xsd}</xs:schema></types><message name="i"><part name="b" element="t:hoi"/></message>
<message name="o"><part name="b" element="t:hoiResponse"/></message><portType name="P"><operation name="hoi">
<input message="t:i"/><output message="t:o"/></operation></portType><binding name="B" type="t:P">
<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="hoi"><soap:operation soapAction="urn:mau/hoi"/>
<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding></definitions>"""


def written(path: Path, old: str = "", new: str = "", *, hoi: str = "", dap: str = "") -> Path:
    xsd = XSD.format(hoi=hoi, dap=dap)
    path.write_text(WSDL.format(xsd=xsd).replace(old, new) if old else WSDL.format(xsd=xsd), "utf-8")
    return path


def found(tmp_path: Path, old: str = "", new: str = "", **more: str) -> list[tuple[str, str, bool]]:
    was = load(written(tmp_path / "v1.wsdl"), name="mau")
    now = load(written(tmp_path / "v2.wsdl", old, new, **more), name="mau")
    return [(each.side, each.path, each.breaking) for each in diff(was, now)]


@pytest.mark.parametrize("path", [pytest.param(each, id=f"{each.parent.name}/{each.name}") for each in files()])
def test_a_contract_is_its_own_equal(path: Path) -> None:
    assert diff(loaded(path), load(path, name=path.parent.name)) == ()


@pytest.mark.parametrize(
    ("old", "new", "side", "path", "breaking"),
    [
        ('name="nam" type="xs:int" minOccurs="0"', 'name="nam" type="xs:int"', "input", "nam", True),
        ('name="ma" type="xs:string"', 'name="ma" type="xs:string" minOccurs="0"', "input", "ma", False),
        ('<xs:element name="nam" type="xs:int" minOccurs="0"/>', "", "input", "nam", True),
        ('name="nam" type="xs:int"', 'name="nam" type="xs:long"', "input", "nam", False),
        ('name="nam" type="xs:int"', 'name="nam" type="xs:short"', "input", "nam", True),
        ('name="nam" type="xs:int"', 'name="nam" type="xs:string"', "input", "nam", True),
        ('name="ma" type="xs:string"', 'name="ma" type="xs:string" maxOccurs="9"', "input", "ma", True),
        ('name="ten" type="xs:string"', 'name="ten" type="xs:string" minOccurs="0"', "output", "ten", True),
        ('<xs:element name="ten" type="xs:string"/>', "", "output", "ten", True),
        ('name="loai" type="t:Loai" minOccurs="0"', 'name="loai" type="t:Loai"', "output", "loai", False),
        ('<xs:enumeration value="b"/>', "", "output", "loai", False),
        ('<xs:enumeration value="b"/>', '<xs:enumeration value="b"/><xs:enumeration value="c"/>', "output", "loai", True),
        ('name="ten" type="xs:string"', 'name="ten" type="xs:string" nillable="true"', "output", "ten", True),
        ('soapAction="urn:mau/hoi"', 'soapAction="urn:mau/khac"', "operation", "", True),
    ],
)  # fmt: skip
def test_each_change_is_judged(tmp_path: Path, old: str, new: str, side: str, path: str, breaking: bool) -> None:
    assert (side, path, breaking) in found(tmp_path, old, new)


def test_new_fields_hurt_only_where_they_must_be_sent(tmp_path: Path) -> None:
    field = '<xs:element name="moi" type="xs:string"{}/>'
    assert found(tmp_path, hoi=field.format(' minOccurs="0"')) == [("input", "moi", False)]
    assert found(tmp_path, hoi=field.format("")) == [("input", "moi", True)]
    assert found(tmp_path, dap=field.format("")) == [("output", "moi", False)]


def test_the_command_says_it_with_its_exit_code(tmp_path: Path) -> None:
    old = str(written(tmp_path / "v1.wsdl"))
    same = CliRunner().invoke(main, ["contract", "diff", old, old, "--json"])
    assert (same.exit_code, json.loads(same.stdout)) == (0, {"compatible": True, "changes": []})
    new = str(written(tmp_path / "v2.wsdl", '<xs:element name="ten" type="xs:string"/>', ""))
    broken = CliRunner().invoke(main, ["contract", "diff", old, new, "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["changes"][0]["path"] == "ten"


def test_consumers_are_those_whose_grant_it_touches() -> None:
    grants = [
        {"consumer": "tat-ca", "operation": "*", "fields": None},
        {"consumer": "ten", "operation": "hoi", "fields": ["ten"]},
        {"consumer": "khac", "operation": "ghi", "fields": None},
    ]
    assert concerned(Change("hoi", "output", "ten", True, ""), grants) == ["tat-ca", "ten"]
    assert concerned(Change("hoi", "output", "loai", True, ""), grants) == ["tat-ca"]
    assert concerned(Change("hoi", "input", "ma", True, ""), grants) == ["tat-ca", "ten"]
