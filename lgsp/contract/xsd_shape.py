"""XSD components to shapes: complex types, particles, substitution groups, derived types."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from lxml import etree

from lgsp.contract.naming import named
from lgsp.contract.sampling import Sampler
from lgsp.contract.shape import (
    UNBOUNDED,
    XS,
    Attribute,
    Element,
    Group,
    Items,
    Named,
    Particle,
    Raw,
    Record,
    Scalar,
    Shape,
    Wild,
    split,
)
from lgsp.contract.text import escaped, lexical, quoted
from lgsp.contract.xsd_attributes import Attributes, renamed
from lgsp.contract.xsd_names import Names
from lgsp.contract.xsd_schemas import Schemas
from lgsp.contract.xsd_simple import BUILT_IN, Simple, restricted, simple_type

_MODELS = ("sequence", "choice", "all")


class Shapes:
    """The shapes of one WSDL-born contract; `table` fills as named types are reached. Problems go to the files' findings."""

    def __init__(self, schemas: Schemas) -> None:
        self.table: dict[str, Record] = {}
        self._names = Names(schemas)
        self._simple: dict[str, Simple] = {}
        self._attributes = Attributes(self._names, self.simple)
        self._complex: dict[str, Shape] = {}
        self._pending: list[tuple[str, etree._Element]] = []

    # -- types

    def simple(self, node: etree._Element, said: str) -> Simple:
        found = self._simple_of(self._names.clark(node, said))
        if found is None:
            self._names.find(node, said, "is not a simple type that the contract defines")
            return BUILT_IN["anySimpleType"]
        return found

    def _simple_of(self, clark: str) -> Simple | None:
        namespace, local = split(clark)
        if namespace == XS:
            return BUILT_IN.get({"anyAtomicType": "anySimpleType"}.get(local, local))
        if clark not in self._simple:
            component = self._names.component("simpleType", clark)
            if component is None:
                return None
            self._simple[clark] = BUILT_IN["anySimpleType"]  # a type that is its own member stays a text
            self._simple[clark] = simple_type(component.node, self.simple)
        return self._simple[clark]

    def part(self, node: etree._Element, said: str) -> Shape:
        """The shape of the type that a part of an rpc message names."""
        shape = self._type(node, said)
        self._settle()
        return shape

    def part_element(self, clark: str) -> Element | None:
        """A global element as the child of an rpc wrapper."""
        component = self._names.component("element", clark)
        element = None if component is None else self._declared(component.node, _bare(clark), 1, 1)
        self._settle()
        return element

    def _type(self, node: etree._Element, said: str) -> Shape:
        """The shape of a named type, simple or complex."""
        clark = self._names.clark(node, said)
        if clark == f"{{{XS}}}anyType":
            return Raw()
        simple = self._simple_of(clark)
        if simple is not None:
            return simple
        component = self._names.component("complexType", clark)
        if component is None:
            self._names.find(node, said, "is not a type that the contract defines")
            return Raw()
        return self._named(clark, component.node)

    def _named(self, key: str, node: etree._Element) -> Shape:
        """A complex type under a key of the table; `Raw` where its content is mixed."""
        if key not in self._complex:
            if self._mixed(node, set()):
                self._complex[key] = Raw()  # where it stands inside itself
                self._complex[key] = Raw(self._record(node))
                return self._complex[key]
            self._complex[key] = Named(key)
            self._pending.append((key, node))
        return self._complex[key]

    def _settle(self) -> None:
        """Fills the table for every named type that was met. A list and no recursion: types refer to types a thousand deep."""
        while self._pending:
            key, node = self._pending.pop()
            self.table[key] = self._with_subtypes(key, self._record(node))

    def _with_subtypes(self, key: str, record: Record) -> Record:
        every = list(dict.fromkeys(self._names.descendants(key, set())))
        if not every:
            return record
        subtypes: dict[str, tuple[str, str]] = {}
        for clark in [key, *every]:
            component = self._names.schemas.components["complexType"].get(clark)
            if component is None or component.node.get("abstract") in ("true", "1"):
                continue
            if clark != key and not isinstance(self._named(clark, component.node), Named):
                continue
            name = split(clark)[1]
            subtypes[clark if name in subtypes else name] = (clark, clark)
        return replace(record, subtypes=subtypes)

    def _mixed(self, node: etree._Element, seen: set[str]) -> bool:
        if node.get("mixed") in ("true", "1"):
            return True
        content = node.find(f"{{{XS}}}complexContent")
        if content is None:
            return False
        if content.get("mixed") in ("true", "1"):
            return True
        extension = content.find(f"{{{XS}}}extension")
        if extension is None or (base := extension.get("base")) is None:
            return False
        clark = self._names.clark(extension, base)
        component = self._names.component("complexType", clark)
        return component is not None and clark not in seen and self._mixed(component.node, seen | {clark})

    def _record(self, node: etree._Element) -> Record:
        """The record of an xs:complexType element."""
        text, parts, attributes, wild = self._parts(node, 0)
        content = named(Group("sequence", tuple(parts))) if parts else None
        return Record(
            content=content,
            attributes=renamed(attributes),
            text=text,
            any_attribute=wild,
            abstract=node.get("abstract") in ("true", "1"),
        )

    def _parts(self, node: etree._Element, depth: int) -> tuple[Simple | None, list[Particle], list[Attribute], bool]:
        """Text, particles, attributes and whether anyAttribute stands there: of a type or of a derivation in it."""
        if depth > 64:
            self._names.find(node, "extension", "derives from itself")
            return None, [], [], False
        content = next(
            (child for child in node if etree.QName(child).localname in ("simpleContent", "complexContent")), None
        )
        if content is None:
            attributes, wild = self._attributes.of(node, set())
            return None, self._content(node), attributes, wild
        derivation = next(
            (child for child in content if etree.QName(child).localname in ("extension", "restriction")), None
        )
        if derivation is None:
            return None, [], [], False
        clark = self._names.clark(derivation, derivation.get("base", "xs:anyType"))
        own, own_wild = self._attributes.of(derivation, set())
        simple = self._simple_of(clark)
        if simple is not None:
            shape = restricted(derivation, simple, self.simple) if _is(derivation, "restriction") else simple
            return shape, [], own, own_wild
        component = self._names.component("complexType", clark)
        text, parts, attributes, wild = (
            (None, [], [], False) if component is None else self._parts(component.node, depth + 1)
        )
        if component is None and clark != f"{{{XS}}}anyType":
            self._names.find(derivation, derivation.get("base", ""), "is not a type that the contract defines")
        mine = {attribute.tag for attribute in own} | set(self._attributes.prohibited(derivation))
        attributes = [attribute for attribute in attributes if attribute.tag not in mine] + own
        if _is(derivation, "restriction"):
            if text is not None:
                text = restricted(derivation, text, self.simple)
            return text, [] if text is not None else self._content(derivation), attributes, own_wild
        return text, [*parts, *self._content(derivation)], attributes, wild or own_wild

    # -- particles

    def _content(self, node: etree._Element) -> list[Particle]:
        """The content model that stands directly in a type or derivation."""
        found = []
        for child in node:
            part = self._particle(child, 0)
            if part is not None and etree.QName(child).localname in (*_MODELS, "group"):
                found.append(part)
        return found

    def _particle(self, node: etree._Element, depth: int) -> Particle | None:
        least, most = _occurs(node)
        local = etree.QName(node).localname
        if most == 0:
            return None
        if local == "element":
            return self._element(node, least, most)
        if local == "any":
            document = self._names.document(node)
            target = document.namespace if document is not None else ""
            wild = Wild("#any", least, most, node.get("namespace", "##any"), target)
            return replace(wild, specimen=self._stranger(wild, node)) if least else wild
        if local == "group":
            clark = self._names.clark(node, node.get("ref", ""))
            component = self._names.component("group", clark)
            if component is None or depth > 64:
                self._names.find(
                    node, node.get("ref", ""), "is not a group that the contract defines, or contains itself"
                )
                return None
            model = next((child for child in component.node if etree.QName(child).localname in _MODELS), None)
            if model is None:
                return None
            inner = self._particle(model, depth + 1)
            return _times(inner, least, most) if isinstance(inner, Group) else inner
        if local in _MODELS:
            parts = [part for child in node if (part := self._particle(child, depth)) is not None]
            kind: Literal["sequence", "choice", "all"] = (
                "sequence" if local == "sequence" else "choice" if local == "choice" else "all"
            )
            return Group(kind, tuple(parts), least, most) if parts else None
        return None

    def _stranger(self, wild: Wild, node: etree._Element) -> str:
        """Something that a required wildcard admits: strict ones ask for an element that a schema declares."""
        if node.get("processContents", "strict") != "strict":
            if wild.admits("urn:mau"):
                return ""
            namespace = next((each for each in (wild.target, *wild.namespaces.split(), "") if wild.admits(each)), "")
            return f"<m:mau xmlns:m={quoted(namespace)}>MAU</m:mau>" if namespace else "<mau>MAU</mau>"
        for clark, component in self._names.schemas.components["element"].items():
            namespace, local = split(clark)
            said = component.node.get("type")
            if said is None or component.node.get("abstract") in ("true", "1") or not wild.admits(namespace):
                continue
            simple = self._simple_of(self._names.clark(component.node, said))
            if isinstance(simple, Scalar):
                text = escaped(lexical(simple)(Sampler({}).scalar(simple, local)))
                return (
                    f"<m:{local} xmlns:m={quoted(namespace)}>{text}</m:{local}>"
                    if namespace
                    else f"<{local}>{text}</{local}>"
                )
        return ""

    def _element(self, node: etree._Element, least: int, most: int) -> Particle:
        reference = node.get("ref")
        if reference is None:
            document = self._names.document(node)
            form = node.get("form", "qualified" if document and document.qualified else "unqualified")
            namespace = document.namespace if document and form == "qualified" else ""
            local = node.get("name", "")
            tag = f"{{{namespace}}}{local}" if namespace else local
            return self._declared(node, tag, least, most)
        clark = self._names.clark(node, reference)
        component = self._names.component("element", clark)
        if component is None:
            self._names.find(node, reference, "is not an element that the contract defines")
            return Element(_bare(clark), split(clark)[1], Raw(), least, most)
        head = self._declared(component.node, _bare(clark), least, most)
        members = list(dict.fromkeys(self._names.substitutes(clark, set())))
        if not members:
            return head
        parts = [] if component.node.get("abstract") in ("true", "1") else [replace(head, least=1, most=1)]
        for member in members:
            other = self._names.schemas.components["element"][member]
            if other.node.get("abstract") not in ("true", "1"):
                parts.append(self._declared(other.node, _bare(member), 1, 1))
        if not parts:
            return head
        return Group("choice", tuple(parts), least, most)

    def _declared(self, node: etree._Element, tag: str, least: int, most: int) -> Element:
        return Element(
            tag=tag,
            name=split(tag)[1],
            shape=self._element_type(node, tag),
            least=least,
            most=most,
            nillable=node.get("nillable") in ("true", "1"),
            default=node.get("default"),
            fixed=node.get("fixed"),
        )

    def _element_type(self, node: etree._Element, tag: str) -> Shape:
        said = node.get("type")
        if said is not None:
            return self._type(node, said)
        for child in node:
            local = etree.QName(child).localname
            if local == "simpleType":
                return simple_type(child, self.simple)
            if local == "complexType":
                if _is_global(node):  # may refer to itself: it gets a name of its own
                    return self._named(f"element {tag}", child)
                return Raw(self._record(child)) if self._mixed(child, set()) else self._record(child)
        head = node.get("substitutionGroup", "").split()
        if head:
            component = self._names.component("element", self._names.clark(node, head[0]))
            if component is not None and component.node is not node:
                return self._element_type(component.node, tag)
        return Raw()

    def root(self, clark: str) -> Element | None:
        """A global element as the root of a message."""
        component = self._names.component("element", clark)
        if component is None:
            return None
        element = self._declared(component.node, _bare(clark), 1, 1)
        self._settle()
        if isinstance(element.shape, Scalar | Items):
            element = replace(element, shape=Record(text=element.shape))
        return element


def _is(node: etree._Element, local: str) -> bool:
    return etree.QName(node).localname == local


def _is_global(node: etree._Element) -> bool:
    parent = node.getparent()
    return parent is not None and _is(parent, "schema")


def _bare(clark: str) -> str:
    return clark.removeprefix("{}")


def _occurs(node: etree._Element) -> tuple[int, int]:
    most = node.get("maxOccurs", "1")
    return int(node.get("minOccurs", "1")), UNBOUNDED if most == "unbounded" else int(most)


def _times(group: Group, least: int, most: int) -> Group:
    return replace(group, least=group.least * least, most=min(UNBOUNDED, group.most * most))
