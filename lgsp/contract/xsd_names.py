"""Names in schemas: qualified names looked up, components found, and who derives from or substitutes whom."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lgsp.contract.shape import XS, split
from lgsp.contract.xsd_files import Document
from lgsp.contract.xsd_schemas import Component, Schemas

XML = "http://www.w3.org/XML/1998/namespace"


class Names:
    """Look-ups over all schema documents of a contract. What cannot be found goes to the files' findings."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self._documents = {id(document.root): document for document in schemas.documents}
        self._derived: dict[str, list[str]] = {}
        self._members: dict[str, list[Component]] = {}
        self._relate()

    def clark(self, node: etree._Element, said: str) -> str:
        """A qualified name as a Clark name, seen from its node."""
        prefix, _, local = said.strip().rpartition(":")
        namespace = node.nsmap.get(prefix or None)
        if namespace is None and prefix:
            namespace = XML if prefix == "xml" else ""
            if not namespace:
                self.find(node, said, "uses a prefix that is not declared")
        if namespace is None:
            document = self.document(node)
            namespace = document.namespace if document is not None and document.chameleon else ""
        return f"{{{namespace}}}{local}"

    def document(self, node: etree._Element) -> Document | None:
        here: etree._Element | None = node
        while here is not None:
            if id(here) in self._documents and self._documents[id(here)].root is here:
                return self._documents[id(here)]
            here = here.getparent()
        return None

    def find(self, node: etree._Element, construct: str, text: str) -> None:
        document = self.document(node)
        self.schemas.files.find(document.file if document else "", node, construct, text)

    def component(self, kind: str, clark: str) -> Component | None:
        found = self.schemas.components[kind].get(clark)
        if found is None and self.schemas.well_known(split(clark)[0]):
            self._documents = {id(document.root): document for document in self.schemas.documents}
            found = self.schemas.components[kind].get(clark)
        return found

    def _relate(self) -> None:
        """Who derives from whom, and who substitutes whom: one pass over all global components."""
        for clark, component in list(self.schemas.components["complexType"].items()):
            derivation = next(component.node.iter(f"{{{XS}}}extension", f"{{{XS}}}restriction"), None)
            parent = derivation.getparent() if derivation is not None else None
            if derivation is None or parent is None or parent.getparent() is not component.node:
                continue
            if (base := derivation.get("base")) is not None:
                self._derived.setdefault(self.clark(derivation, base), []).append(clark)
        for component in list(self.schemas.components["element"].values()):
            for head in component.node.get("substitutionGroup", "").split():
                self._members.setdefault(self.clark(component.node, head), []).append(component)

    def descendants(self, clark: str, seen: set[str]) -> Iterator[str]:
        for child in self._derived.get(clark, ()):
            if child not in seen:
                seen.add(child)
                yield child
                yield from self.descendants(child, seen)

    def substitutes(self, clark: str, seen: set[str]) -> Iterator[str]:
        for component in self._members.get(clark, ()):
            name = component.node.get("name", "")
            member = f"{{{component.document.namespace}}}{name}"
            if member not in seen:
                seen.add(member)
                yield member
                yield from self.substitutes(member, seen)
