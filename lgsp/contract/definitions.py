"""The WSDL documents of a contract: definitions with everything they import, and look-ups by qualified name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from lxml import etree

from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.shape import XS
from lgsp.contract.xsd_files import Files, relative

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP: dict[Literal["1.1", "1.2"], str] = {
    "1.1": "{http://schemas.xmlsoap.org/wsdl/soap/}",
    "1.2": "{http://schemas.xmlsoap.org/wsdl/soap12/}",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message: an element or a type, as written, and the node that its prefix is looked up from."""

    name: str
    element: str | None
    type: str | None
    node: etree._Element


@dataclass
class Definitions:
    """`documents` are all WSDL files reached, the root document first."""

    root: etree._Element
    target: str
    documents: list[tuple[etree._Element, str]] = field(default_factory=list)
    schemas: list[tuple[etree._Element, str]] = field(default_factory=list)
    _operations: dict[etree._Element, dict[str, list[etree._Element]]] = field(default_factory=dict)

    def clark(self, node: etree._Element, said: str) -> str:
        prefix, _, local = said.strip().rpartition(":")
        return f"{{{node.nsmap.get(prefix or None) or ''}}}{local}"

    def file_of(self, node: etree._Element) -> str:
        top = node.getroottree().getroot()
        return next((file for root, file in self.documents if root is top), self.documents[0][1])

    @cached_property
    def _globals(self) -> dict[tuple[str, str], list[tuple[str, etree._Element]]]:
        """Kind and name -> namespace and node, in the order of the documents; asked only when all are gathered."""
        found: dict[tuple[str, str], list[tuple[str, etree._Element]]] = {}
        for root, _ in self.documents:
            for node in root:
                kind = str(node.tag).removeprefix(_WSDL)
                found.setdefault((kind, node.get("name", "")), []).append((root.get("targetNamespace", ""), node))
        return found

    def _global(self, kind: str, clark: str) -> etree._Element | None:
        namespace, _, local = clark[1:].partition("}")
        named = self._globals.get((kind, local), [])
        # documents that forget a prefix mean their own namespace, whatever the default one is
        lax = len(named) == 1 and namespace in ("", _WSDL[1:-1])
        return next((node for target, node in named if target == namespace or lax), None)

    def abstract(self, port_type: etree._Element, bound: etree._Element) -> etree._Element | None:
        """The abstract operation of a bound one; overloaded ones are told apart by the names of their messages."""
        if port_type not in self._operations:
            known: dict[str, list[etree._Element]] = {}
            for node in port_type.findall(f"{_WSDL}operation"):
                known.setdefault(node.get("name", ""), []).append(node)
            self._operations[port_type] = known
        found = self._operations[port_type].get(bound.get("name", ""), [])
        said = _name_of(bound, "input")
        return next(
            (node for node in found if len(found) == 1 or _name_of(node, "input") == said), found[0] if found else None
        )

    def message(self, node: etree._Element) -> list[Part] | None:
        """Parts of the message that an input, output, fault or header names, None where there is no such message."""
        message = self._global("message", self.clark(node, node.get("message", "")))
        if message is None:
            return None
        return [
            Part(part.get("name", ""), part.get("element"), part.get("type"), part)
            for part in message.findall(f"{_WSDL}part")
        ]

    def port_type(self, binding: etree._Element) -> etree._Element | None:
        return self._global("portType", self.clark(binding, binding.get("type", "")))

    def soap_bindings(self) -> Iterator[tuple[etree._Element, Literal["1.1", "1.2"]]]:
        """Bindings of the services' ports, else all: those of the root document, or of its imports where it has none."""
        roots = [root for root, _ in self.documents]
        served = self._bindings_of(roots[:1]) or self._bindings_of(roots)
        for binding in served:
            for version, soap in SOAP.items():
                if binding.find(f"{soap}binding") is not None:
                    yield binding, version

    def _bindings_of(self, roots: list[etree._Element]) -> list[etree._Element]:
        served: list[etree._Element] = []
        for port in (port for root in roots for port in root.iterfind(f"{_WSDL}service/{_WSDL}port")):
            binding = self._global("binding", self.clark(port, port.get("binding", "")))
            if binding is not None and binding not in served:
                served.append(binding)
        return served or [node for root in roots for node in root.findall(f"{_WSDL}binding")]


def _name_of(operation: etree._Element, side: str) -> str | None:
    node = operation.find(f"{_WSDL}{side}")
    return None if node is None else node.get("name")


def gather(files: Files, name: str) -> Definitions:
    """Raises `ContractError` for a document that is no WSDL 1.1."""
    root = files.parse(name)
    if root.tag != f"{_WSDL}definitions":
        raise ContractError(Finding(name, 1, etree.QName(root).localname, "is not a WSDL 1.1 document"))
    definitions = Definitions(root, root.get("targetNamespace", ""))
    _collect(definitions, files, root, name)
    return definitions


def _collect(definitions: Definitions, files: Files, root: etree._Element, name: str) -> None:
    definitions.documents.append((root, name))
    for types in root.findall(f"{_WSDL}types"):
        definitions.schemas += [(schema, name) for schema in types.findall(f"{{{XS}}}schema")]
    for node in root.findall(f"{_WSDL}import"):
        location = node.get("location", "")
        target = relative(location, name)
        if any(file == target for _, file in definitions.documents):
            continue
        if not files.exists(target):
            files.find(name, node, "import", f"{location} is not there: put it beside the contract")
            continue
        imported = files.parse(target)
        if imported.tag == f"{_WSDL}definitions":
            _collect(definitions, files, imported, target)
        elif imported.tag == f"{{{XS}}}schema":
            definitions.schemas.append((imported, target))
