"""What stands in a SOAP Body: the element of one direction of an operation, made from the parts of its message."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from lgsp.contract.definitions import SOAP, Definitions, Part
from lgsp.contract.findings import Finding
from lgsp.contract.shape import Element, Group, Items, Record, Scalar, split
from lgsp.contract.text import quoted
from lgsp.contract.xsd_files import Files
from lgsp.contract.xsd_schemas import Schemas
from lgsp.contract.xsd_shape import Shapes

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_MIME = "{http://schemas.xmlsoap.org/wsdl/mime/}"


def bound_name(bound: etree._Element) -> str:
    """Names an operation of a binding among all of a document's."""
    binding = bound.getparent()
    return f"{binding.get('name', '') if binding is not None else ''}/{bound.get('name', '')}"


def has_attachments(bound: etree._Element) -> bool:
    """Whether a message of a bound operation has parts beside its envelope: without them it would not be whole."""
    for side in (bound.find(f"{_WSDL}input"), bound.find(f"{_WSDL}output")):
        if side is None:
            continue
        bodies = [each for soap in SOAP.values() for each in side.iter(f"{soap}body")]
        if side.find(f".//{_MIME}content") is not None or (
            not bodies and any("/mime/" in str(each.tag) for each in side)
        ):
            return True
    return False


class Bodies:
    """Elements that no schema of the contract declares (rpc wrappers, typed parts) are added to its schemas."""

    def __init__(self, files: Files, definitions: Definitions, schemas: Schemas, shapes: Shapes) -> None:
        self._files, self._definitions, self._schemas, self._shapes = files, definitions, schemas, shapes
        self._several_of: list[Element] = []
        self.left_out: dict[str, Finding] = {}
        """Bound operations that cannot be carried although the rest of the document can, and why."""

    def message(
        self, bound: etree._Element, node: etree._Element, side: str, soap: str, style: str, wrapper: str
    ) -> Element | None:
        """The Body's element of one direction, None where it is refused."""
        abstract, concrete = node.find(f"{_WSDL}{side}"), bound.find(f"{_WSDL}{side}")
        if abstract is None:
            self._find(node, wrapper, f"has no {side}: operations that the server begins are not carried")
            return None
        message = self._definitions.message(abstract)
        body = None if concrete is None else concrete.find(f".//{soap}body")
        if has_attachments(bound):
            self.leave_out(bound, "mime:content", "attachments are not carried; ask for a binding without them")
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
            return self._several(parts, wrapper, bound)
        return self.bare(parts[0], bound)

    def leave_out(self, bound: etree._Element, construct: str, why: str) -> None:
        file, line = self._definitions.file_of(bound), int(bound.sourceline or 0)
        said = f"{bound.get('name', '')} is left out: {why}"
        self.left_out.setdefault(bound_name(bound), Finding(file, line, construct, said))

    def _several(self, parts: list[Part], wrapper: str, at: etree._Element) -> Element | None:
        """Elements side by side in the Body, against WS-I (R2201): clients write them in the order of the parts."""
        inner = [(part.name, self.bare(part, at)) for part in parts]
        found = tuple(replace(element, name=name) for name, element in inner if element is not None)
        if len({element.tag for element in found}) != len(parts):
            if len(found) == len(parts):
                self._find(at, wrapper, "has one element twice in its Body: nobody can tell which part is meant")
            return None
        whole = Element(found[0].tag, wrapper, Record(Group("sequence", found)))
        self._several_of.append(whole)
        return whole

    def several(self, body: Element) -> tuple[Element, ...]:
        """The elements of a Body that has several; empty where it has one."""
        if not any(body is each for each in self._several_of) or not isinstance(body.shape, Record):
            return ()
        return tuple(body.shape.elements())

    def _body_parts(
        self, message: list[Part], concrete: etree._Element | None, body: etree._Element | None, soap: str
    ) -> list[Part]:
        named = body.get("parts") if body is not None else None
        if named is not None:
            found = [part for part in message if part.name in named.split()]
            if found or not named.split():
                return found  # else a slip of the pen: none of the message's parts is called so
        if len(message) < 2 or concrete is None:
            return message
        headers = {header.get("part") for header in concrete.iter(f"{soap}header")}
        return [part for part in message if part.name not in headers]

    def bare(self, part: Part, at: etree._Element) -> Element | None:
        if part.element is None:
            return self._typed_body(part, at)
        clark = self._definitions.clark(part.node, part.element)
        root = self._shapes.root(clark)
        if root is None:
            self._find(part.node, part.element, "is not an element that the contract defines")
        return root

    def _typed_body(self, part: Part, at: etree._Element) -> Element | None:
        """A document part that names a type, against WS-I: clients write an unqualified element with the part's name."""
        if part.type is None:
            self._find(at, part.name, "the part names neither an element nor a type")
            return None
        element, written = self._typed(part, nillable=False)
        self._add_global("", part.name, written.replace(' form="unqualified"', ""))
        shape = element.shape
        return replace(element, shape=Record(text=shape)) if isinstance(shape, Scalar | Items) else element

    def _typed(self, part: Part, *, nillable: bool) -> tuple[Element, str]:
        """The element of a part that names a type, and its declaration."""
        said = part.type or ""
        space, local = split(self._definitions.clark(part.node, said))
        declared = f"xmlns:p={quoted(space)} type={quoted('p:' + local)}" if space else f"type={quoted(local)}"
        nil = ' nillable="true"' if nillable else ""
        element = Element(part.name, part.name, self._shapes.part(part.node, said), nillable=nillable)
        return element, f'<xs:element name={quoted(part.name)} form="unqualified"{nil} {declared}/>'

    def _wrapped(self, parts: list[Part], wrapper: str, namespace: str, at: etree._Element) -> Element | None:
        """The wrapper of rpc/literal: the operation's name in the binding's namespace, parts unqualified (WS-I BP 2717, 2735)."""
        inner: list[Element] = []
        written = ""
        for part in parts:
            if part.element is not None:  # against WS-I; every client puts the element itself into the wrapper
                clark = self._definitions.clark(part.node, part.element)
                space, local = split(clark)
                written += f"<xs:element xmlns:p={quoted(space)} ref={quoted('p:' + local)}/>"
                named = self._shapes.part_element(clark)
                if named is None:
                    self._find(part.node, part.element, "is not an element that the contract defines")
                    return None
                inner.append(named)
            elif part.type is not None:
                # a part without a value is nil: no schema of the contract says anything about the wrapper
                element, declared = self._typed(part, nillable=True)
                inner.append(element)
                written += declared
            else:
                self._find(at, part.name, "the part names neither an element nor a type")
                return None
        complex_type = f"<xs:complexType><xs:sequence>{written}</xs:sequence></xs:complexType>"
        self._add_global(namespace, wrapper, f"<xs:element name={quoted(wrapper)}>{complex_type}</xs:element>")
        tag = f"{{{namespace}}}{wrapper}" if namespace else wrapper
        return Element(tag, wrapper, Record(Group("sequence", tuple(inner)) if inner else None))

    def _add_global(self, namespace: str, name: str, declaration: str) -> None:
        known = self._schemas.extra.setdefault(namespace, {})
        if f"{{{namespace}}}{name}" in self._schemas.components["element"]:
            self._schemas.shadowed.add(f"{{{namespace}}}{name}")
        if known.setdefault(name, declaration) != declaration:
            self._find(self._definitions.root, name, "is the Body element of two operations with different types")

    def _find(self, node: etree._Element, construct: str, text: str) -> None:
        self._files.find(self._definitions.file_of(node), node, construct, text)
