"""The prepared schema documents of a contract given to libxml2 as one schema, from memory alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from lxml import etree

from lgsp.contract.shape import XS
from lgsp.contract.xsd_files import Document

KINDS = ("element", "complexType", "simpleType", "group", "attributeGroup", "attribute")
_REFERRING = ("include", "import", "redefine", "override")
_TRIES = 3


def compiled(sources: Sources) -> etree.XMLSchema:
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


class Sources(etree.Resolver):
    """Answers every location that the prepared documents name, and nothing else: no disk, no network.

    libxml2 takes only the first document of a namespace that is imported, so each namespace gets one document which
    includes all of its own, and every document imports every other namespace (authors forget to).
    """

    def __init__(
        self,
        documents: Sequence[Document],
        namespaces: Sequence[str],
        extra: Mapping[str, Mapping[str, str]],
        shadowed: AbstractSet[str],
    ) -> None:
        self._documents = documents
        self._namespaces = namespaces
        self._extra = extra
        self._shadowed = shadowed
        self._texts: dict[str, bytes] = {}
        seen: set[tuple[str, str]] = set()
        for index, document in enumerate(documents):
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
            for index, document in enumerate(self._documents)
            if document.namespace == namespace
        )
        added = "".join(self._extra.get(namespace, {}).values())
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
                if key in seen or (kind == "element" and key[1] in self._shadowed):
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
