"""Reads request and response samples that nobody here wrote, and writes them again: `python scripts/pairs.py FOLDER`.

Each folder below holds a `soap.wsdl` and messages as XML. A message is read by the compiled codec of the root element in its
Body and written from the data: the two must be the same tree. What the codec refuses is set beside xmlschema, a reader of its
own, so that a sample which breaks its own contract is told from a codec that is wrong.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from lxml import etree

from lgsp.contract import Codec, Contract, ContractError, load
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    counted: Counter[str] = Counter()
    for place in sorted(path for path in parser.parse_args().folder.iterdir() if (path / "soap.wsdl").exists()):
        for what, said in judged(place):
            counted[what] += 1
            if what != "the same":
                print(f"{what:28} {place.name[:70]} {said}")
    print(", ".join(f"{what}: {count}" for what, count in counted.most_common()))
    return 1 if counted["DIFFERENT"] or counted["REFUSED BY US ALONE"] else 0


def judged(place: Path) -> list[tuple[str, str]]:
    try:
        contract = load(place / "soap.wsdl", name="mau")
    except ContractError as error:
        return [("contract refused", str(error.findings[0])[:160])]
    found = []
    for path in sorted(place.glob("*.xml")):
        try:
            body = parse_xml(path.read_bytes()).find("{*}Body")
        except InvalidMessage:
            found.append(("not XML", path.name))
            continue
        message = body[0] if body is not None and len(body) else None
        codec = None if message is None else _codec(contract, message)
        if message is None or codec is None:
            found.append(("no element of the contract", f"{path.name} {'' if message is None else str(message.tag)}"))
            continue
        found.append(_again(codec, message, place / "soap.wsdl", path.name))
    return found


def _codec(contract: Contract, message: Any) -> Codec | None:
    for operation in contract.operations.values():
        for codec in (operation.input, operation.output):
            if codec.root == message.tag:
                return codec
    return None


def _again(codec: Codec, message: Any, wsdl: Path, name: str) -> tuple[str, str]:
    try:
        again = parse_xml(codec.write_xml(codec.read_xml(message)))
    except InvalidMessage as error:
        said = f"{name} {[(each.path, each.rule) for each in error.errors][:3]}"
        return _refused(wsdl, message), said
    same = _tree(again) == _tree(message)
    return ("the same", "") if same else ("DIFFERENT", f"{name} {etree.tostring(again)[:300]!r}")


def _tree(element: Any) -> tuple[Any, ...]:
    """Names, attributes, text and children: prefixes, white space between elements and type hints are no data."""
    held = sorted(
        (key, value) for key, value in element.attrib.items() if key == f"{XSI}nil" or not key.startswith(XSI)
    )
    return element.tag, held, (element.text or "").strip(), [_tree(each) for each in element]


def _refused(wsdl: Path, message: Any) -> str:
    """Whose fault it is, by xmlschema's word; some of these contracts only we can load."""
    from xmlschema import XMLSchemaException
    from xmlschema.extras.wsdl import Wsdl11Document

    try:
        known = Wsdl11Document(  # type: ignore[no-untyped-call]
            str(wsdl), allow="local", validation="skip"
        ).schema.maps.elements.get(message.tag)
    except XMLSchemaException:
        return "refused, no second oracle"
    valid = known is not None and known.is_valid(message)
    return "REFUSED BY US ALONE" if valid else "breaks its own contract"


if __name__ == "__main__":
    raise SystemExit(main())
