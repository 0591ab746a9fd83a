"""xsdata as one more oracle: classes that it makes of our schemas read what we write, and we read what they write."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from xsdata.codegen.transformer import ResourceTransformer
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.config import GeneratorConfig

from lgsp.contract import Contract, wsdl, xsd
from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.contract.contracts import FIXTURES, ROOT, loaded, messages
from tests.contract.strategies import data_for

ADDRESS = "http://mau.invalid/soap"
CONTRACTS = [
    FIXTURES / "tricky.yaml",
    ROOT / "contracts" / "civil-status" / "v1.yaml",
    ROOT / "contracts" / "population" / "v1.wsdl",
]


def schemas(contract: Contract) -> list[bytes]:
    if contract.born == "openapi":
        return [xsd(contract, "types", ADDRESS)]
    served = parse_xml(wsdl(contract, ADDRESS))
    return [etree.tostring(each) for each in served.iter("{http://www.w3.org/2001/XMLSchema}schema")]


def classes(contract: Contract, folder: Path, package: str) -> dict[str, type]:
    """Class by the name of its element."""
    sources = []
    for index, text in enumerate(schemas(contract)):
        path = folder / f"s{index}.xsd"
        path.write_bytes(text)
        sources.append(path.as_uri())
    config = GeneratorConfig()
    config.output.package = package
    ResourceTransformer(config=config).process(sources)
    importlib.invalidate_caches()
    module = importlib.import_module(package)
    found = [value for value in vars(module).values() if isinstance(value, type)]
    return {getattr(getattr(each, "Meta", None), "name", None) or each.__name__: each for each in found}


def alike(value: Any) -> Any:
    """Where xsdata writes the same otherwise: moments and decimals in its own form; and nil, empty and absent are one to it."""
    if isinstance(value, dict):
        return {name: plain for name, each in value.items() if (plain := alike(each)) is not None} or None
    if isinstance(value, list):
        return [alike(each) for each in value] or None
    if value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"[0-9-]+(T[0-9:.]+)?(Z|[+-][0-9]{2}:[0-9]{2})?", value):
        value = re.sub(r"[+-]00:00$", "Z", value)
        return re.sub(r"(\.[0-9]*?)0+(?=Z|[+-]|$)", r"\1", value).replace(".Z", "Z").rstrip(".")
    return value


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_its_classes_and_our_codecs_agree(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")  # it has its code formatted by ruff
    contract = loaded(path)
    made = classes(contract, tmp_path, f"lgsp_xsdata_{path.parent.name.replace('-', '_')}")
    parser, serializer = XmlParser(), XmlSerializer()
    every: list[Any] = [
        (name, codec, made[local])
        for name, codec in messages(contract)
        if (local := codec.root.rpartition("}")[2]) in made and "ault" not in local
    ]
    assert len(every) == 2 * len(contract.operations), "each operation asks and answers"

    def agrees(codec: Any, kind: type, data: Any) -> None:
        ours = codec.write_xml(data)
        theirs = serializer.render(parser.from_bytes(ours, kind)).encode()
        assert alike(codec.read_xml(parse_xml(theirs))) == alike(data), (ours, theirs)

    for _, codec, kind in every:
        agrees(codec, kind, specimen(codec))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(draw: st.DataObject) -> None:
        name, codec, kind = draw.draw(st.sampled_from(every), label="message")
        data = draw.draw(data_for(codec), label=name)
        try:
            codec.check(data)
        except InvalidMessage:
            assume(False)
        agrees(codec, kind, data)

    holds()
    sys.modules.pop(f"lgsp_xsdata_{path.parent.name.replace('-', '_')}", None)
    recwarn.clear()
