"""The written half of a WSDL-born contract as clients fetch it: the same document with live addresses and locations."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from urllib.parse import quote

from lxml import etree

from lgsp.contract.bodies import bound_name
from lgsp.contract.catalogue import FOLDER, WELL_KNOWN
from lgsp.contract.definitions import SOAP
from lgsp.contract.findings import Finding
from lgsp.contract.model import Contract
from lgsp.contract.shape import XS
from lgsp.contract.xsd_files import relative
from lgsp.xml import MIB, parse_xml

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_XML = "http://www.w3.org/XML/1998/namespace"


def served(contract: Contract, name: str | None, address: str) -> bytes:
    """The root document, or another file of the contract by name. Raises `KeyError` for a file that is not one of them."""
    if name is not None and name.startswith("catalogue/"):
        return _catalogue(name.removeprefix("catalogue/"), address)
    main = next(iter(contract.files))
    file = main if name is None else name
    root = copy.deepcopy(
        parse_xml(contract.files[file], limit=64 * MIB, max_elements=2_000_000, max_attributes=4_000_000)
    )
    for namespace in SOAP.values():
        for node in root.iter(f"{namespace}address"):
            node.set("location", address)
    for node in root.iter(f"{_WSDL}import"):
        _point(node, "location", contract, file, address)
    inline = {node.get("targetNamespace") for node in root.iter(f"{{{XS}}}schema")}
    for local in ("import", "include", "redefine"):
        for node in root.iter(f"{{{XS}}}{local}"):
            _point(node, "schemaLocation", contract, file, address)
            namespace = node.get("namespace", "")
            # a client without a catalogue of its own gets ours; every one knows the attributes of XML
            if node.get("schemaLocation") is None and namespace in WELL_KNOWN and namespace not in inline | {_XML}:
                node.set("schemaLocation", f"{address}?xsd=catalogue/{WELL_KNOWN[namespace]}")
    _without(root, contract.left_out)
    _complete(root)
    _one_documentation(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _without(root: etree._Element, left_out: Mapping[str, Finding]) -> None:
    """Nobody is promised an operation that is not carried."""
    for binding in root.findall(f"{_WSDL}binding") if left_out else ():
        local = binding.get("type", "").rpartition(":")[2]
        for bound in [each for each in binding.findall(f"{_WSDL}operation") if bound_name(each) in left_out]:
            binding.remove(bound)
            for port_type in root.findall(f"{_WSDL}portType[@name='{local}']"):
                for node in port_type.findall(f"{_WSDL}operation[@name='{bound.get('name')}']"):
                    port_type.remove(node)


def _complete(root: etree._Element) -> None:
    """What a binding leaves open and clients read differently is said as we read it: the namespace of an rpc wrapper, the
    body of an answer that the port type has."""
    target = root.get("targetNamespace", "")
    for soap in SOAP.values():
        for binding in root.findall(f"{_WSDL}binding"):
            head = binding.find(f"{soap}binding")
            if head is None:
                continue
            local = binding.get("type", "").rpartition(":")[2]
            answering = {each.get("name") for each in root.findall(f"{_WSDL}portType[@name='{local}']/{_WSDL}operation")
                         if each.find(f"{_WSDL}output") is not None}  # fmt: skip
            for bound in binding.findall(f"{_WSDL}operation"):
                said = bound.find(f"{soap}operation")
                style = (said.get("style") if said is not None else None) or head.get("style", "document")
                if bound.get("name") in answering and bound.find(f"{_WSDL}output") is None:
                    asked = bound.find(f"{_WSDL}input")
                    output = etree.Element(f"{_WSDL}output")
                    etree.SubElement(output, f"{soap}body", use="literal")
                    (asked if asked is not None else bound[-1]).addnext(output)
                for body in bound.iter(f"{soap}body") if style == "rpc" else ():
                    if not body.get("namespace"):
                        body.set("namespace", target)


def _one_documentation(root: etree._Element) -> None:
    """What we keep in several, by language and label, is one for strict readers: WSDL 1.1 allows one, without attributes."""
    for first in list(root.iter(f"{_WSDL}documentation")):
        parent = first.getparent()
        if parent is None:  # merged into an earlier one
            continue
        first.attrib.clear()
        for other in parent.findall(f"{_WSDL}documentation"):
            if other is not first:
                first.text = f"{first.text or ''}\n{other.text or ''}"
                parent.remove(other)


def _point(node: etree._Element, attribute: str, contract: Contract, file: str, address: str) -> None:
    location = node.get(attribute)
    if location is None:
        return
    target = relative(location, file)
    if target in contract.files:
        node.set(attribute, f"{address}?xsd={quote(target, safe='/.')}")
    else:  # a well-known schema: its namespace says all
        del node.attrib[attribute]


def _catalogue(name: str, address: str) -> bytes:
    if name not in WELL_KNOWN.values():
        raise KeyError(name)
    root = parse_xml((FOLDER / name).read_bytes())
    for node in root.iter(f"{{{XS}}}import"):
        if (namespace := node.get("namespace", "")) in WELL_KNOWN and namespace != _XML:
            node.set("schemaLocation", f"{address}?xsd=catalogue/{WELL_KNOWN[namespace]}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
