"""WSDL 1.1 to a contract: literal SOAP bindings of every service, document and rpc, SOAP 1.1 and 1.2 as one operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from lxml import etree

from lgsp.contract.codec import XmlBorn
from lgsp.contract.definitions import SOAP, Definitions, Part, gather
from lgsp.contract.findings import ContractError
from lgsp.contract.model import Codec, Contract, Http, Operation, Soap
from lgsp.contract.schema_out import SchemaWriter
from lgsp.contract.shape import Element, Group, Record, Shape, split
from lgsp.contract.sources import digest, version_of
from lgsp.contract.text import quoted
from lgsp.contract.xsd_files import Files, Schemas
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
    return _Reader(files, definitions, schemas, path, name).contract()


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


class _Reader:
    def __init__(self, files: Files, definitions: Definitions, schemas: Schemas, path: Path, name: str) -> None:
        self._files, self._definitions, self._schemas = files, definitions, schemas
        self._path, self._name = path, name
        self._shapes = Shapes(schemas)
        self._writer = SchemaWriter(self._shapes.table)
        self._drafts: dict[str, _Draft] = {}

    def contract(self) -> Contract:
        bindings = list(self._definitions.soap_bindings())
        if not bindings:
            self._files.find(self._path.name, self._definitions.root, "binding", "the document has no SOAP binding")
        for binding, version in bindings:
            self._binding(binding, version)
        if self._files.findings:
            raise ContractError(*self._files.findings)
        _ = self._schemas.validator  # a schema that libxml2 refuses is refused now, not at the first message
        operations = {draft.name: self._operation(draft) for draft in self._drafts.values()}
        root = self._definitions.root
        title = _said(root, "vi") or root.get("name", self._name), _said(root, "en") or root.get("name", self._name)
        return Contract(
            name=self._name,
            version=version_of(self._path),
            born="wsdl",
            title=Text(*title),
            namespace=self._definitions.target,
            operations=operations,
            by_root={operation.input.root: operation for operation in operations.values()},
            files=dict(self._files.read),
            sha256=digest(self._files.read),
        )

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
        known.action = known.action or draft.action

    def _draft(
        self, bound: etree._Element, node: etree._Element, soap: str, style: Literal["document", "rpc"]
    ) -> _Draft | None:
        name = node.get("name", "")
        ask = self._message(bound, node, "input", soap, style, name)
        if ask is None:
            return None
        answer = None
        if node.find(f"{_WSDL}output") is not None:
            answer = self._message(bound, node, "output", soap, style, f"{name}Response")
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
        )

    def _message(
        self, bound: etree._Element, node: etree._Element, side: str, soap: str, style: str, wrapper: str
    ) -> Element | None:
        """The Body's element of one direction, None where it is refused."""
        abstract, concrete = node.find(f"{_WSDL}{side}"), bound.find(f"{_WSDL}{side}")
        if abstract is None:
            self._find(node, wrapper, f"has no {side}: operations that the server begins are not carried")
            return None
        message = self._definitions.message(abstract)
        body = None if concrete is None else concrete.find(f".//{soap}body")
        if concrete is not None and body is None and any("/mime/" in str(child.tag) for child in concrete):
            self._find(bound, "mime", "attachments are not carried")
            return None
        if message is None:
            self._find(abstract, abstract.get("message", ""), "is not a message of the document")
            return None
        if body is not None and body.get("use", "literal") != "literal":
            self._find(body, 'use="encoded"', "SOAP encoding is not carried: ask for a literal binding")
            return None
        parts = self._body_parts(message, concrete, body, soap)
        if style == "rpc":
            namespace = body.get("namespace", "") if body is not None else ""
            return self._wrapped(parts, wrapper, namespace or self._definitions.target, bound)
        if not parts:
            return Element("", wrapper, Record())
        if len(parts) > 1:
            self._find(bound, wrapper, "has several parts in one Body: name the Body's part in soap:body parts")
            return None
        return self._bare(parts[0], bound)

    def _body_parts(
        self, message: list[Part], concrete: etree._Element | None, body: etree._Element | None, soap: str
    ) -> list[Part]:
        named = body.get("parts") if body is not None else None
        if named is not None:
            return [part for part in message if part.name in named.split()]
        if len(message) < 2 or concrete is None:
            return message
        headers = {header.get("part") for header in concrete.iter(f"{soap}header")}
        return [part for part in message if part.name not in headers]

    def _bare(self, part: Part, at: etree._Element) -> Element | None:
        if part.element is None:
            self._find(at, part.name, "a document part must name an element, not a type")
            return None
        clark = self._definitions.clark(part.node, part.element)
        root = self._shapes.root(clark)
        if root is None:
            self._find(part.node, part.element, "is not an element that the contract defines")
        return root

    def _wrapped(self, parts: list[Part], wrapper: str, namespace: str, at: etree._Element) -> Element | None:
        """The wrapper of rpc/literal: the operation's name in the binding's namespace, parts unqualified (WS-I BP 2717, 2735)."""
        tag = f"{{{namespace}}}{wrapper}"
        inner: list[Element] = []
        written = ""
        for part in parts:
            if part.type is None:
                self._find(at, part.name, "an rpc part must name a type, not an element")
                return None
            shape: Shape = self._shapes.part(part.node, part.type)
            clark = self._definitions.clark(part.node, part.type)
            # a part without a value is nil: no schema of the contract says anything about the wrapper
            inner.append(Element(part.name, part.name, shape, nillable=True))
            space, local = split(clark)
            declared = f"xmlns:p={quoted(space)} type={quoted('p:' + local)}" if space else f"type={quoted(local)}"
            written += f'<xs:element name={quoted(part.name)} form="unqualified" nillable="true" {declared}/>'
        self._add_wrapper(namespace, wrapper, f"<xs:complexType><xs:sequence>{written}</xs:sequence></xs:complexType>")
        return Element(tag, wrapper, Record(Group("sequence", tuple(inner)) if inner else None))

    def _add_wrapper(self, namespace: str, wrapper: str, complex_type: str) -> None:
        known = self._schemas.extra.setdefault(namespace, {})
        if f"{{{namespace}}}{wrapper}" in self._schemas.components["element"]:
            self._schemas.shadowed.add(f"{{{namespace}}}{wrapper}")
        known.setdefault(wrapper, f"<xs:element name={quoted(wrapper)}>{complex_type}</xs:element>")

    def _faults(self, node: etree._Element) -> Iterator[tuple[str, Element]]:
        for fault in node.findall(f"{_WSDL}fault"):
            message = self._definitions.message(fault)
            if message and message[0].element is not None and (root := self._bare(message[0], fault)) is not None:
                yield fault.get("name", root.name), root

    def _headers(self, bound: etree._Element, soap: str) -> Iterator[tuple[str, Element]]:
        concrete = bound.find(f"{_WSDL}input")
        for header in concrete.iter(f"{soap}header") if concrete is not None else ():
            parts = {part.name: part for part in self._definitions.message(header) or ()}
            part = parts.get(header.get("part", ""))
            if part is not None and part.element is not None and (root := self._bare(part, header)) is not None:
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
        return XmlBorn(
            element,
            self._shapes.table,
            self._validator,
            _schema_of(self._writer, element),
            self._writer.components,
            lenient=lenient,
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
