"""`lgsp new`: what is vendored and written, what is refused and why, and that nothing a stranger sends makes it hang."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.check import check
from lgsp.cli.main import main
from lgsp.home import Home
from lgsp.scaffold import Draft, draft, name_findings, write

FIXTURES = Path(__file__).parent / "fixtures"
DAY = date(2022, 11, 16)
WSDL = FIXTURES / "tau-ca" / "tau-ca.wsdl"


def drafted(source: Path) -> Draft:
    return draft("tau-ca", source, "openapi" if source.suffix == ".yaml" else "wsdl", DAY)


def changed(folder: Path, old: str, new: str) -> Path:
    """A copy of the fixture with something replaced in its WSDL."""
    copy = Path(shutil.copytree(FIXTURES / "tau-ca", folder / "tau-ca")) / "tau-ca.wsdl"
    text = copy.read_text("utf-8")
    assert old in text
    copy.write_text(text.replace(old, new), "utf-8")
    return copy


def said(source: Path) -> list[str]:
    return [f"{each.file}:{each.line} {each.construct}" for each in drafted(source).findings]


@pytest.mark.parametrize("source", [WSDL, WSDL.parent, FIXTURES / "thu-y.yaml"], ids=["file", "folder", "openapi"])
def test_what_is_written_is_sound(source: Path, tmp_path: Path) -> None:
    made = drafted(source)
    assert made.accepted, made.findings
    write(made.files, tmp_path)
    (report,) = check([Home.at(tmp_path)]).systems
    assert report.ok, report.findings
    manifest = tomllib.loads((tmp_path / "connectors" / "tau-ca" / "connector.toml").read_text("utf-8"))
    assert manifest["stage"]["now"] == "trial"
    assert all("safe" not in each and "probe" not in each for each in manifest["operations"].values())
    compile((tmp_path / "mocks" / "tau_ca.py").read_bytes(), "tau_ca.py", "exec")
    compile((tmp_path / "tests" / "test_tau_ca.py").read_bytes(), "test_tau_ca.py", "exec")


def test_bytes_of_the_ministry_are_kept() -> None:
    made = drafted(WSDL)
    for name, vendored in (
        ("tau-ca.wsdl", "v1.wsdl"),
        ("chung/chung.xsd", "chung/chung.xsd"),
        ("chung/ma.xsd", "chung/ma.xsd"),
    ):
        assert made.files[f"contracts/tau-ca/{vendored}"] == (WSDL.parent / name).read_bytes()


def test_files_above_the_folder_come_along(tmp_path: Path) -> None:
    deep = changed(tmp_path / "a" / "b", "chung/chung.xsd", "../../chung/chung.xsd")
    shutil.move(deep.parent / "chung", tmp_path / "a" / "chung")
    made = drafted(deep)
    assert made.accepted, made.findings
    assert b'schemaLocation="chung/chung.xsd"' in made.files["contracts/tau-ca/v1.wsdl"], "led to its new place"


def test_an_old_encoding_becomes_utf8(tmp_path: Path) -> None:
    copy = changed(tmp_path, 'encoding="UTF-8"', 'encoding="windows-1252"')
    copy.write_bytes(copy.read_text("utf-8").replace('name="TauCa" ', 'name="TauCa" id="\u00e9" ', 1).encode("cp1252"))
    made = drafted(copy)
    assert made.accepted, made.findings
    assert 'id="é"'.encode() in made.files["contracts/tau-ca/v1.wsdl"]


def test_every_finding_comes_at_once_with_its_line(tmp_path: Path) -> None:
    copy = changed(tmp_path, 'type="c:Tau"', 'type="c:Thuyen"')
    copy.write_text(copy.read_text("utf-8").replace('element="t:tuChoi"', 'element="t:khongCo"'), "utf-8")
    found = said(copy)
    assert len(found) >= 2
    assert all(each.startswith("tau-ca.wsdl:") and ":0 " not in each for each in found), found


@pytest.mark.parametrize(
    ("old", "new", "construct"),
    [
        ('<soap:body use="literal"/>', '<soap:body use="encoded"/>', "encoded"),
        ('schemaLocation="chung/chung.xsd"', 'schemaLocation="http://mau.invalid/khong-co.xsd"', "import"),
        ('schemaLocation="chung/chung.xsd"', 'schemaLocation="../../../../../../../../../etc/hostname"', "import"),
        ("<wsdl:definitions", "<!DOCTYPE a><wsdl:definitions", "doctype"),
        ("</wsdl:definitions>", "", "malformed"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(tmp_path: Path, old: str, new: str, construct: str) -> None:
    found = said(changed(tmp_path, old, new))
    assert any(construct in each for each in found), found


def test_a_folder_with_two_contracts_asks_which(tmp_path: Path) -> None:
    copy = changed(tmp_path, "urn:mau", "urn:mau")
    shutil.copy(copy, copy.with_name("hai.wsdl"))
    (finding,) = drafted(copy.parent).findings
    assert "hai.wsdl, tau-ca.wsdl" in finding.text


@pytest.mark.parametrize("name", ["Tau", "tau_ca", "1tau", "tau--ca", "", "a" * 41, "../x", "class", "population"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    assert name_findings(name, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    run = ["new", "tau-ca", "--wsdl", str(WSDL), "--into", str(tmp_path), "--json"]
    assert CliRunner().invoke(main, run).exit_code == 0
    before = (tmp_path / "connectors" / "tau-ca" / "connector.toml").read_bytes()
    again = CliRunner().invoke(main, run)
    assert again.exit_code == 1
    assert {each["construct"] for each in json.loads(again.stdout)["findings"]} == {"NAME"}
    assert (tmp_path / "connectors" / "tau-ca" / "connector.toml").read_bytes() == before


def test_a_refused_contract_writes_nothing(tmp_path: Path) -> None:
    source = changed(tmp_path, 'use="literal"', 'use="encoded"')
    run = CliRunner().invoke(main, ["new", "tau-ca", "--wsdl", str(source), "--into", str(tmp_path / "home"), "--json"])
    assert run.exit_code == 1
    report = json.loads(run.stdout)
    assert (report["accepted"], report["written"]) == (False, [])
    assert set(report["findings"][0]) == {"file", "line", "construct", "text"}
    assert not (tmp_path / "home").exists()


def test_types_that_refer_to_each_other_in_many_ways_end(tmp_path: Path) -> None:
    """Each of thirty types holds all thirty: a message with everything in it would have no end."""
    fields = "".join(f'<xs:element name="f{n}" type="t:T{n}" minOccurs="0"/>' for n in range(30))
    types = "".join(
        f'<xs:complexType name="T{n}"><xs:sequence>{fields}</xs:sequence></xs:complexType>' for n in range(30)
    )
    source = changed(tmp_path, '<xs:element name="tuChoi">', f'{types}<xs:element name="tuChoi">')
    source.write_text(
        source.read_text("utf-8").replace(
            '<xs:element name="soDangKy" type="xs:string"/>', '<xs:element name="soDangKy" type="t:T0"/>'
        ),
        "utf-8",
    )
    assert drafted(source).accepted
