"""A served WSDL is one that strict readers accept: one documentation an element, without attributes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgsp import contract as contracts
from lgsp.xml import MIB, parse_xml

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "contracts").glob("*/*.wsdl")), ids=lambda path: path.parent.name)
def test_one_documentation_without_attributes(path: Path) -> None:
    contract = contracts.load(path, name=path.parent.name)
    served = parse_xml(contracts.wsdl(contract, "http://bus.example/soap"), limit=8 * MIB)
    said = list(served.iter(f"{WSDL}documentation"))
    parents = [each.getparent() for each in said]
    assert len(parents) == len({id(parent) for parent in parents})
    assert not [each for each in said if each.attrib]
    before = parse_xml(path.read_bytes(), limit=8 * MIB)
    words = " ".join("".join(each.itertext()) for each in said)
    for each in before.iter(f"{WSDL}documentation"):
        assert (each.text or "").strip() in words, "nothing that was said is lost"
