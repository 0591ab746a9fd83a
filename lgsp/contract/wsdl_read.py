"""WSDL 1.1 to a contract: literal SOAP bindings of every service, document and rpc, SOAP 1.1 and 1.2 as one operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from lxml import etree

from lgsp.contract.bodies import Bodies
from lgsp.contract.codec import NoBody, XmlBorn
from lgsp.contract.definitions import SOAP, Definitions, gather
from lgsp.contract.findings import ContractError
from lgsp.contract.model import Codec, Contract, Http, Operation, Soap
from lgsp.contract.schema_out import SchemaWriter
from lgsp.contract.several import SeveralParts
from lgsp.contract.shape import Element, Record
from lgsp.contract.sources import digest, version_of
from lgsp.contract.xsd_files import Files
from lgsp.contract.xsd_schemas import Ambiguous, Schemas
from lgsp.contract.xsd_shape import Shapes
from lgsp.model import Data, Text

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ORIGINS = ("sourced:", "reconstructed:")


def read_wsdl(path: Path, *, name: str) -> Contract:
    """Raises `ContractError` with every finding."""
    files = Files(path.parent)
    definitions = gather(files, path.name)
    schemas = Schemas(files)
    for schema, file in definitions.schemas:
        schemas.add(schema, file)
    schemas.settle()
    while True:
        try:
            return _Reader(files, definitions, schemas, path, name).contract()
        except Ambiguous:  # wildcards were narrowed: the shapes have to be made from them again
            continue


@dataclass(slots=True)
class _Draft:
    """One operation while bindings are read: the second SOAP version of the same operation joins the first."""

    name: str
    node: etree._Element
    action: str
    style: Literal["document", "rpc"]
    ask: Element
    answer: Element | None
    faults: dict[str, Element]
    headers: dict[str, Element]
    versions: set[Literal["1.1", "1.2"]] = field(default_factory=set)
    bound: list[etree._Element] = field(default_factory=list)


class _Reader:
    def __init__(self, files: Files, definitions: Definitions, schemas: Schemas, path: Path, name: str) -> None:
        self._files, self._definitions, self._schemas = files, definitions, schemas
        self._path, self._name = path, name
        self._shapes = Shapes(schemas)
        self._writer = SchemaWriter(self._shapes.table)
        self._bodies = Bodies(files, definitions, schemas, self._shapes)
        self._drafts: dict[str, _Draft] = {}

    def contract(self) -> Contract:
        bindings = list(self._definitions.soap_bindings())
        if not bindings:
            self._files.find(self._path.name, self._definitions.root, "binding", "the document has no SOAP binding")
        for binding, version in bindings:
            self._binding(binding, version)
        self._told_apart()
        left_out = self._bodies.left_out
        if not self._drafts:  # nothing of it can be carried
            self._files.findings += left_out.values()
        if self._files.findings:
            raise ContractError(*self._files.findings)
        _ = self._schemas.validator  # a schema that libxml2 refuses is refused now, not at the first message
        operations = {draft.name: self._operation(draft) for draft in self._drafts.values()}
        roots = Counter(operation.input.root for operation in operations.values())
        root = self._definitions.root
        title = _said(root, "vi") or root.get("name", self._name), _said(root, "en") or root.get("name", self._name)
        return Contract(
            name=self._name,
            version=version_of(self._path),
            born="wsdl",
            title=Text(*title),
            namespace=self._definitions.target,
            operations=operations,
            by_root={operation.input.root: operation for operation in reversed(operations.values())},
            shared_roots=frozenset(root for root, asked in roots.items() if asked > 1),
            files=dict(self._files.read),
            sha256=digest(self._files.read),
            left_out=dict(left_out),
        )

    def _told_apart(self) -> None:
        """Operations that ask with the same element and the same SOAPAction are one message to whoever receives it."""
        seen: dict[tuple[str, str], str] = {}
        for name, draft in list(self._drafts.items()):
            first = seen.setdefault((draft.ask.tag, draft.action), name)
            if first != name:
                why = f"nobody can tell its request from that of {first}: the same element, the same SOAPAction"
                for bound in draft.bound:
                    self._bodies.leave_out(bound, "operation", why)
                del self._drafts[name]

    def _binding(self, binding: etree._Element, version: Literal["1.1", "1.2"]) -> None:
        soap = SOAP[version]
        head = binding.find(f"{soap}binding")
        style = head.get("style", "document") if head is not None else "document"
        port_type = self._definitions.port_type(binding)
        if port_type is None:
            self._find(binding, binding.get("type", ""), "is not a port type of the document")
            return
        for bound in binding.findall(f"{_WSDL}operation"):
            node = self._definitions.abstract(port_type, bound)
            if node is None:
                self._find(bound, bound.get("name", ""), "is not an operation of the port type")
                continue
            said = bound.find(f"{soap}operation")
            own = said.get("style", style) if said is not None else style
            draft = self._draft(bound, node, soap, "rpc" if own == "rpc" else "document")
            if draft is None:
                continue
            draft.action = said.get("soapAction", "") if said is not None else ""
            self._join(draft, port_type, version)

    def _join(self, draft: _Draft, port_type: etree._Element, version: Literal["1.1", "1.2"]) -> None:
        """Operations of one name are one operation where they ask with the same element; else the later one is renamed."""
        name, number = draft.name, 1
        while name in self._drafts and not _same(self._drafts[name], draft):
            name = f"{draft.name}_{port_type.get('name', '')}" if number == 1 else f"{draft.name}_{number}"
            number += 1
        known = self._drafts.setdefault(name, draft)
        known.name = name
        known.versions.add(version)
        known.bound += [] if known is draft else draft.bound
        known.action = known.action or draft.action

    def _draft(
        self, bound: etree._Element, node: etree._Element, soap: str, style: Literal["document", "rpc"]
    ) -> _Draft | None:
        name = node.get("name", "")
        ask = self._bodies.message(bound, node, "input", soap, style, name)
        if ask is None:
            return None
        answer = None
        if node.find(f"{_WSDL}output") is not None:
            answer = self._bodies.message(bound, node, "output", soap, style, f"{name}Response")
            if answer is None:
                return None
        return _Draft(
            name=name,
            node=node,
            action="",
            style=style,
            ask=ask,
            answer=answer,
            faults=dict(self._faults(node)),
            headers=dict(self._headers(bound, soap)),
            bound=[bound],
        )

    def _faults(self, node: etree._Element) -> Iterator[tuple[str, Element]]:
        for fault in node.findall(f"{_WSDL}fault"):
            message = self._definitions.message(fault)
            if (
                message
                and message[0].element is not None
                and (root := self._bodies.bare(message[0], fault)) is not None
            ):
                yield fault.get("name", root.name), root

    def _headers(self, bound: etree._Element, soap: str) -> Iterator[tuple[str, Element]]:
        concrete = bound.find(f"{_WSDL}input")
        for header in concrete.iter(f"{soap}header") if concrete is not None else ():
            parts = {part.name: part for part in self._definitions.message(header) or ()}
            part = parts.get(header.get("part", ""))
            if part is not None and part.element is not None and (root := self._bodies.bare(part, header)) is not None:
                yield part.name, root

    def _operation(self, draft: _Draft) -> Operation:
        vi, en = _said(draft.node, "vi"), _said(draft.node, "en")
        nothing = Element("", f"{draft.name}Response", Record())
        return Operation(
            name=draft.name,
            input=self._codec(draft.ask, lenient=False),
            output=self._codec(draft.answer or nothing, lenient=True),
            faults={name: self._codec(element, lenient=True) for name, element in draft.faults.items()},
            soap=Soap(
                action=draft.action,
                versions=frozenset(draft.versions),
                style=draft.style,
                header_parts={name: self._codec(element, lenient=False) for name, element in draft.headers.items()},
                one_way=draft.answer is None,
                fault_roots={element.tag: name for name, element in draft.faults.items()},
            ),
            http=Http("POST", f"/{draft.name}"),
            title=Text(vi or en or draft.name, en or draft.name),
            origin=_origin(draft.node),
            request_example=self._example(draft.node, "request example:"),
            answer_example=self._example(draft.node, "answer example:"),
        )

    def _example(self, node: etree._Element, label: str) -> Data | None:
        """A WSDL has no place for examples, so they stand in the operation's documentation, as JSON behind a label."""
        for each in node.findall(f"{_WSDL}documentation"):
            text = " ".join((each.text or "").split())
            if not text.startswith(label):
                continue
            try:
                return msgspec.json.decode(text.removeprefix(label).encode(), type=dict[str, Any])
            except msgspec.DecodeError:
                self._find(each, "documentation", f"what follows {label!r} is no JSON object")
        return None

    def _codec(self, element: Element, *, lenient: bool) -> Codec:
        if not element.tag:
            return NoBody(element.name, lenient=lenient)
        if parts := self._bodies.several(element):
            each = {part.name: self._one(part, lenient=lenient) for part in parts}
            return SeveralParts(element.name, each, lenient=lenient)
        return self._one(element, lenient=lenient)

    def _one(self, element: Element, *, lenient: bool) -> XmlBorn:
        return XmlBorn(
            element,
            self._shapes.table,
            self._validator,
            _schema_of(self._writer, element),
            self._writer.components,
            lenient=lenient,
            plain=self._schemas.plain,
        )

    def _validator(self) -> etree.XMLSchema:
        return self._schemas.validator

    def _find(self, node: etree._Element, construct: str, text: str) -> None:
        self._files.find(self._definitions.file_of(node), node, construct, text)


def _schema_of(writer: SchemaWriter, element: Element) -> Callable[[], dict[str, Any]]:
    return lambda: writer.top(element.shape)


def _same(one: _Draft, other: _Draft) -> bool:
    answers = (one.answer.tag if one.answer else None, other.answer.tag if other.answer else None)
    return one.ask.tag == other.ask.tag and answers[0] == answers[1]


def _said(node: etree._Element, lang: str) -> str:
    return next(
        (
            " ".join((each.text or "").split())
            for each in node.findall(f"{_WSDL}documentation")
            if each.get(_LANG) == lang
        ),
        "",
    )


def _origin(node: etree._Element) -> str:
    for each in node.findall(f"{_WSDL}documentation"):
        text = " ".join((each.text or "").split())
        if text.startswith(_ORIGINS):
            return text
    return ""
