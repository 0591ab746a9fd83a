"""The schema documents that a WSDL-born contract reaches, indexed by component, with one validator over all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree

from lgsp.contract.catalogue import FOLDER, WELL_KNOWN
from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.shape import XS
from lgsp.contract.xsd_compile import KINDS, Sources, compiled
from lgsp.contract.xsd_files import Document, Files, parsed, relative
from lgsp.contract.xsd_mend import meant, narrow, order, redefine

_COMPLEX_TYPE = re.compile(r"complex type '(?:\{[^}]*\})?([^']*)'")


@dataclass(frozen=True, slots=True)
class Component:
    node: etree._Element
    document: Document


class Ambiguous(Exception):
    """The schemas were changed and are to be read again."""


class Schemas:
    """All schema documents that a contract reaches, and what they define."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.documents: list[Document] = []
        self.components: dict[str, dict[str, Component]] = {kind: {} for kind in KINDS}
        self.extra: dict[str, dict[str, str]] = {}
        """Elements that rpc wrappers add, as text by namespace and name."""
        self.shadowed: set[str] = set()
        """Global elements with the name of an rpc wrapper: they give way, because a Body with that name is the wrapper."""
        self._loaded: set[tuple[str, str]] = set()
        self._wanted: list[tuple[str, str, etree._Element]] = []

    def add(self, root: etree._Element, file: str, namespace: str | None = None) -> None:
        """A schema with everything that it includes and imports."""
        own = root.get("targetNamespace")
        chameleon = own is None and bool(namespace)
        target = own if own is not None else namespace or ""
        document = Document(root, target, file, chameleon)
        self.documents.append(document)
        meant(root)
        if any(etree.QName(node).localname == "redefine" for node in root):
            for node in list(root):
                if etree.QName(node).localname == "redefine":
                    self._redefine(node, document)
        self._index(document)
        for node in root:
            local = etree.QName(node).localname
            if local == "override":
                self.files.find(file, node, local, "is not supported: write the changed types out")
            elif local == "include":
                self._file(node.get("schemaLocation", ""), file, node, target)
            elif local == "import":
                self._import(node, file)

    def _redefine(self, node: etree._Element, document: Document) -> None:
        """The redefined file comes in first, so that its originals can be renamed before they are looked up."""
        before = len(self.documents)
        self._file(node.get("schemaLocation", ""), document.file, node, document.namespace)
        fresh = self.documents[before:]
        for name in redefine(document.root, node, [each.root for each in fresh]):
            text = "redefines what the other file does not define, or what was included before"
            self.files.find(document.file, node, name, text)
        for each in fresh:
            self._reindex(each)

    def _reindex(self, document: Document) -> None:
        for known in self.components.values():
            for clark in [clark for clark, component in known.items() if component.document is document]:
                del known[clark]
        self._index(document)

    def _import(self, node: etree._Element, file: str) -> None:
        namespace, location = node.get("namespace", ""), node.get("schemaLocation")
        beside = location is not None and self.files.exists(relative(location, file))
        # copies of well-known schemas often have a document type; ours has none
        if beside and location and (namespace not in WELL_KNOWN or self.files.readable(relative(location, file))):
            self._file(location, file, node, None)
        else:  # answered later: an inline schema of the same WSDL may define it
            self._wanted.append((namespace, file, node))

    def _file(self, location: str, file: str, node: etree._Element, namespace: str | None) -> None:
        name = relative(location, file)
        key = (name, namespace or "")
        if key in self._loaded:
            return
        self._loaded.add(key)
        if not self.files.exists(name):
            self.files.find(
                file, node, etree.QName(node).localname, f"{location} is not there: put it beside the contract"
            )
            return
        root = self.files.parse(name)
        if root.tag != f"{{{XS}}}schema":
            self.files.find(file, node, "schemaLocation", f"{location} is not an XML schema")
            return
        own = root.get("targetNamespace")
        if own is not None and (name, "") in self._loaded and key != (name, ""):
            return
        if own is not None:
            self._loaded.add((name, ""))
        self.add(root, name, namespace)

    def settle(self) -> None:
        """Answers imports without a file: by what is there, else from the catalogue; else they are findings if used."""
        while self._wanted:
            namespace, file, node = self._wanted.pop()
            if namespace in (XS, "") or any(document.namespace == namespace for document in self.documents):
                continue
            known = WELL_KNOWN.get(namespace)
            if known is None:
                location = node.get("schemaLocation")
                if location:
                    self.files.find(
                        file, node, f"import {namespace}", f"{location} is not there: put it beside the contract"
                    )
                continue
            root = parsed((FOLDER / known).read_bytes(), known)
            self.add(root, f"catalogue/{known}")

    def well_known(self, namespace: str) -> bool:
        """Takes a catalogue schema in that is used without an import."""
        if namespace in WELL_KNOWN and not any(document.namespace == namespace for document in self.documents):
            known = WELL_KNOWN[namespace]
            self.add(parsed((FOLDER / known).read_bytes(), known), f"catalogue/{known}")
            self.settle()
            return True
        return False

    def _index(self, document: Document) -> None:
        for node in document.root:
            kind, name = etree.QName(node).localname, node.get("name")
            if kind in self.components and name is not None:
                self.components[kind].setdefault(f"{{{document.namespace}}}{name}", Component(node, document))

    def namespaces(self) -> list[str]:
        return list(dict.fromkeys([*(document.namespace for document in self.documents), *self.extra]))

    @cached_property
    def plain(self) -> bool:
        """No key, keyref or unique stands in any schema."""
        tags = [f"{{{XS}}}{name}" for name in ("key", "keyref", "unique")]
        return not any(True for document in self.documents for _ in document.root.iter(*tags))

    @cached_property
    def validator(self) -> etree.XMLSchema:
        """One schema over all namespaces. Raises `ContractError` where libxml2 refuses the schema itself, and `Ambiguous`
        where it did so for wildcards that are narrowed now: then the shapes have to be made anew."""
        sources = Sources(self.documents, self.namespaces(), self.extra, self.shadowed)
        try:
            return compiled(sources)
        except etree.XMLSchemaParseError as error:
            entries = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR]
            if self._mended(entries):
                raise Ambiguous from error
            raise ContractError(*_schema_findings(error, self)) from error

    def _mended(self, entries: list[Any]) -> bool:
        """Whether what libxml2 refuses was changed to something that it may not refuse."""
        kinds = {entry.type_name for entry in entries}
        roots = [document.root for document in self.documents]
        if kinds == {"SCHEMAP_NOT_DETERMINISTIC"}:
            named = (_COMPLEX_TYPE.search(entry.message or "") for entry in entries)
            return narrow(roots, frozenset(each[1] if each else "" for each in named))
        return kinds <= {"SCHEMAP_NOT_DETERMINISTIC", "SCHEMAP_COS_ALL_LIMITED"} and order(roots)


def _schema_findings(error: etree.XMLSchemaParseError, schemas: Schemas) -> Iterator[Finding]:
    file = schemas.documents[0].file if schemas.documents else ""
    entries = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR][:20]
    for entry in entries:
        yield Finding(file, 0, entry.type_name, (entry.message or "").strip())
    if not entries:
        yield Finding(file, 0, "schema", "is not a valid XML schema")
