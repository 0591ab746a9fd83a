"""The schema documents of a WSDL-born contract: gathered offline, indexed by component, compiled to one validator."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import etree

from lgsp.contract.catalogue import FOLDER, WELL_KNOWN
from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.shape import XS
from lgsp.contract.xsd_mend import meant, narrow, order, redefine
from lgsp.errors import LgspError
from lgsp.xml import MIB, parse_xml

KINDS = ("element", "complexType", "simpleType", "group", "attributeGroup", "attribute")
_COMPLEX_TYPE = re.compile(r"complex type '(?:\{[^}]*\})?([^']*)'")
_REFERRING = ("include", "import", "redefine", "override")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Document:
    """One xs:schema. `namespace` is where its components live, also for a chameleon that has none of its own."""

    root: etree._Element
    namespace: str
    file: str
    chameleon: bool

    @property
    def qualified(self) -> bool:
        return self.root.get("elementFormDefault") == "qualified"

    @property
    def attributes_qualified(self) -> bool:
        return self.root.get("attributeFormDefault") == "qualified"


@dataclass(frozen=True, slots=True)
class Component:
    node: etree._Element
    document: Document


@dataclass(slots=True)
class Files:
    """Written files of a contract, by path relative to the root document's folder. Nothing above `contracts/` is read."""

    folder: Path
    read: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _parsed: dict[str, etree._Element] = field(default_factory=dict)

    def find(self, file: str, node: etree._Element | None, construct: str, text: str) -> None:
        finding = Finding(file, int(node.sourceline or 0) if node is not None else 0, construct, text)
        if finding not in self.findings:
            self.findings.append(finding)

    def parse(self, name: str) -> etree._Element:
        """Raises `ContractError` for a file that is not there, outside, or not safe XML."""
        if name not in self._parsed:
            path = (self.folder / name).resolve()
            if self.folder.resolve().parent not in path.parents:
                raise ContractError(Finding(name, 0, "location", "points outside of the contracts folder"))
            try:
                self.read[name] = path.read_bytes()
            except OSError as error:
                raise ContractError(Finding(name, 0, "file", "cannot be read: put it beside the contract")) from error
            self._parsed[name] = _parsed(self.read[name], name)
        return self._parsed[name]

    def readable(self, name: str) -> bool:
        """Whether it is XML that may be read; else nothing of it is kept."""
        try:
            self.parse(name)
        except ContractError:
            self.read.pop(name, None)
            return False
        return True

    def exists(self, name: str) -> bool:
        path = (self.folder / name).resolve()
        return name in self.read or (self.folder.resolve().parent in path.parents and path.is_file())


def _parsed(raw: bytes, name: str) -> etree._Element:
    try:
        return parse_xml(raw, limit=64 * MIB, max_elements=2_000_000, max_attributes=4_000_000, max_depth=200)
    except LgspError as error:
        rule = ", ".join(each.rule for each in error.errors) or error.code
        raise ContractError(Finding(name, 0, rule, "is not XML that may be read")) from error


def relative(location: str, file: str) -> str:
    """A location beside the file that names it; for an address on the network the bare file name."""
    if "://" in location:
        location = location.partition("?")[0].rstrip("/").rpartition("/")[2]
        return posixpath.normpath(posixpath.join(posixpath.dirname(file), location))
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), location.replace("\\", "/")))


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
            root = _parsed((FOLDER / known).read_bytes(), known)
            self.add(root, f"catalogue/{known}")

    def well_known(self, namespace: str) -> bool:
        """Takes a catalogue schema in that is used without an import."""
        if namespace in WELL_KNOWN and not any(document.namespace == namespace for document in self.documents):
            known = WELL_KNOWN[namespace]
            self.add(_parsed((FOLDER / known).read_bytes(), known), f"catalogue/{known}")
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
        sources = _Sources(self)
        try:
            return _compiled(sources)
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


def _compiled(sources: _Sources) -> etree.XMLSchema:
    """Tried again where libxml2 could not load one of our own documents, which are always there. Its loader is one for the
    process: lxml sets it for each document and puts back what it found, so a thread that ends meanwhile puts back one that
    does not ask us."""
    for left in reversed(range(_TRIES)):
        parser = _plain_parser()
        parser.resolvers.add(sources)
        try:
            return etree.XMLSchema(etree.fromstring(sources.main(), parser))
        except etree.XMLSchemaParseError as error:
            lost = any("'lgsp:" in (entry.message or "") for entry in error.error_log)
            if not lost or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _schema_findings(error: etree.XMLSchemaParseError, schemas: Schemas) -> Iterator[Finding]:
    file = schemas.documents[0].file if schemas.documents else ""
    entries = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR][:20]
    for entry in entries:
        yield Finding(file, 0, entry.type_name, (entry.message or "").strip())
    if not entries:
        yield Finding(file, 0, "schema", "is not a valid XML schema")


class _Sources(etree.Resolver):
    """Answers every location that the prepared documents name, and nothing else: no disk, no network.

    libxml2 takes only the first document of a namespace that is imported, so each namespace gets one document which
    includes all of its own, and every document imports every other namespace (authors forget to).
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._namespaces = schemas.namespaces()
        self._texts: dict[str, bytes] = {}
        seen: set[tuple[str, str]] = set()
        for index, document in enumerate(schemas.documents):
            self._texts[f"lgsp:document/{index}"] = self._prepared(document, seen)
        for index, namespace in enumerate(self._namespaces):
            self._texts[f"lgsp:namespace/{index}"] = self._driver(namespace)

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ARG002  lxml's signature
        return self.resolve_string(self._texts.get(system_url or "", b""), context, base_url=system_url or "")

    def main(self) -> bytes:
        inner = "".join(
            f'<xs:import namespace="{_quoted(namespace)}" schemaLocation="lgsp:namespace/{index}"/>'
            for index, namespace in enumerate(self._namespaces)
            if namespace
        )
        if "" in self._namespaces:
            inner += f'<xs:include schemaLocation="lgsp:namespace/{self._namespaces.index("")}"/>'
        return f'<xs:schema xmlns:xs="{XS}">{inner}</xs:schema>'.encode()

    def _driver(self, namespace: str) -> bytes:
        target = f' targetNamespace="{_quoted(namespace)}"' if namespace else ""
        included = "".join(
            f'<xs:include schemaLocation="lgsp:document/{index}"/>'
            for index, document in enumerate(self._schemas.documents)
            if document.namespace == namespace
        )
        added = "".join(self._schemas.extra.get(namespace, {}).values())
        imported = "".join(
            f'<xs:import schemaLocation="{location}"{_namespace(other)}/>'
            for location, other in (self._others(namespace) if added else ())
        )
        return f'<xs:schema xmlns:xs="{XS}"{target}>{included}{imported}{added}</xs:schema>'.encode()

    def _others(self, namespace: str) -> list[tuple[str, str]]:
        """Location and namespace of every namespace but this one."""
        every = enumerate(self._namespaces)
        return [(f"lgsp:namespace/{index}", other) for index, other in every if other != namespace]

    def _prepared(self, document: Document, seen: set[tuple[str, str]]) -> bytes:
        # as text it declares the prefixes that an inline schema has from its WSDL; a copied node would lose them
        root = etree.fromstring(etree.tostring(document.root, with_tail=False), _plain_parser())
        for node in list(root):
            kind, name = etree.QName(node).localname, node.get("name")
            if kind in _REFERRING:
                root.remove(node)
            elif kind in KINDS and name is not None:
                space = "type" if kind in ("complexType", "simpleType") else kind
                key = (space, f"{{{document.namespace}}}{name}")
                # the same component in two documents: the first one counts
                if key in seen or (kind == "element" and key[1] in self._schemas.shadowed):
                    root.remove(node)
                seen.add(key)
        for location, other in self._others(document.namespace):
            attributes = {"schemaLocation": location, **({"namespace": other} if other else {})}
            root.insert(0, etree.Element(f"{{{XS}}}import", attributes))
        return etree.tostring(root)


def _namespace(namespace: str) -> str:
    return f' namespace="{_quoted(namespace)}"' if namespace else ""


def _plain_parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True)


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
