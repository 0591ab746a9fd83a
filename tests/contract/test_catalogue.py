"""Every well-known schema stands by itself, offline, and an import of it is answered whatever location an author wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgsp.contract.catalogue import FOLDER, WELL_KNOWN
from lgsp.contract.xsd_files import Files
from lgsp.contract.xsd_schemas import Schemas
from lgsp.xml import parse_xml

XS = "http://www.w3.org/2001/XMLSchema"


def test_every_file_has_its_namespace_and_no_other_file_is_there() -> None:
    for namespace, name in WELL_KNOWN.items():
        assert parse_xml((FOLDER / name).read_bytes()).get("targetNamespace") == namespace
    assert {path.name for path in FOLDER.glob("*.xsd")} == set(WELL_KNOWN.values())


@pytest.mark.parametrize("namespace", WELL_KNOWN)
@pytest.mark.parametrize(
    "location", ['schemaLocation="http://example.invalid/a.xsd"', 'schemaLocation="khongCo.xsd"', ""]
)
def test_an_import_is_answered(tmp_path: Path, namespace: str, location: str) -> None:
    files = Files(tmp_path)
    schemas = Schemas(files)
    text = f'<xs:schema xmlns:xs="{XS}" targetNamespace="urn:a"><xs:import namespace="{namespace}" {location}/></xs:schema>'
    schemas.add(parse_xml(text.encode()), "a.wsdl")
    schemas.settle()
    assert files.findings == []
    assert any(document.namespace == namespace for document in schemas.documents)
    assert schemas.validator is not None
