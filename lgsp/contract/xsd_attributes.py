"""Attributes of XSD types: declarations, references, groups, and the names that they get in the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from lgsp.contract.shape import XS, Attribute, split
from lgsp.contract.xsd_names import XML, Names
from lgsp.contract.xsd_simple import BUILT_IN, Resolve, Simple, simple_type


class Attributes:
    def __init__(self, names: Names, simple: Resolve) -> None:
        self._names, self._simple = names, simple

    def of(self, node: etree._Element, seen: set[str]) -> tuple[list[Attribute], bool]:
        found: list[Attribute] = []
        wild = False
        for child in node:
            local = etree.QName(child).localname
            if local == "attribute" and child.get("use") != "prohibited":
                found.append(self._attribute(child))
            elif local == "anyAttribute":
                wild = True
            elif local == "attributeGroup":
                clark = self._names.clark(child, child.get("ref", ""))
                component = self._names.component("attributeGroup", clark)
                if component is None:
                    self._names.find(child, child.get("ref", ""), "is not an attribute group that the contract defines")
                elif clark not in seen:
                    inner, inner_wild = self.of(component.node, seen | {clark})
                    found += inner
                    wild = wild or inner_wild
        return found, wild

    def prohibited(self, node: etree._Element) -> Iterator[str]:
        for child in node.findall(f"{{{XS}}}attribute"):
            if child.get("use") == "prohibited":
                name = child.get("ref")
                yield self._names.clark(child, name) if name else child.get("name", "")

    def _attribute(self, node: etree._Element) -> Attribute:
        reference = node.get("ref")
        required = node.get("use") == "required"
        if reference is not None:
            clark = self._names.clark(node, reference)
            component = self._names.component("attribute", clark)
            if component is None:
                if split(clark)[0] != XML:
                    self._names.find(node, reference, "is not an attribute that the contract defines")
                return Attribute(clark, attribute_name(clark), BUILT_IN["anySimpleType"], required)
            shape = self._attribute_type(component.node)
            fixed, default = (node.get(each, component.node.get(each)) for each in ("fixed", "default"))
            return Attribute(clark, attribute_name(clark), shape, required, default, fixed)
        local = node.get("name", "")
        document = self._names.document(node)
        qualified = (
            node.get("form", "qualified" if document and document.attributes_qualified else "unqualified")
            == "qualified"
        )
        tag = f"{{{document.namespace}}}{local}" if qualified and document and document.namespace else local
        return Attribute(tag, f"@{local}", self._attribute_type(node), required, node.get("default"), node.get("fixed"))

    def _attribute_type(self, node: etree._Element) -> Simple:
        said = node.get("type")
        if said is not None:
            return self._simple(node, said)
        inner = node.find(f"{{{XS}}}simpleType")
        return simple_type(inner, self._simple) if inner is not None else BUILT_IN["anySimpleType"]


def attribute_name(clark: str) -> str:
    namespace, local = split(clark)
    return f"@xml:{local}" if namespace == XML else f"@{local}"


def renamed(attributes: list[Attribute]) -> tuple[Attribute, ...]:
    """Attributes of two namespaces with one local name get numbers."""
    taken: dict[str, str] = {}
    found: dict[str, Attribute] = {}
    for attribute in attributes:
        name, number = attribute.name, 1
        while taken.get(name, attribute.tag) != attribute.tag:
            number += 1
            name = f"{attribute.name}#{number}"
        taken[name] = attribute.tag
        found[name] = replace(attribute, name=name)
    return tuple(found.values())
