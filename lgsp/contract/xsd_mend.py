"""Schema documents brought to what libxml2 and our shapes understand: redefinitions made plain, ambiguous wildcards narrowed.

Only trees in memory are changed; the files of a contract are served as they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from lgsp.contract.shape import XS

_REFERENCES = ("base", "ref")
_KEPT = "-redefined"
"""The original of a redefined component goes on under its name with this word, which no prefix or author's name ends with."""


def redefine(root: etree._Element, node: etree._Element, redefined: list[etree._Element]) -> list[str]:
    """Moves the components of an xs:redefine up into its schema; each original, in one of the `redefined` documents, goes on
    under another name, as what the new one rests on. Names without an original are returned."""
    missing: list[str] = []
    position = root.index(node)
    for new in list(node):
        kind, name = etree.QName(new).localname, new.get("name")
        if kind not in ("complexType", "simpleType", "group", "attributeGroup") or name is None:
            continue
        original = next(
            (each for other in redefined for each in other if each.tag == new.tag and each.get("name") == name), None
        )
        if original is None:
            missing.append(name)
            continue
        original.set("name", name + _KEPT)
        for inside in new.iter():
            for attribute in _REFERENCES:
                said = inside.get(attribute, "")
                # inside of a redefinition its own name means the original
                if said.rpartition(":")[2] == name and (attribute == "base" or inside.tag == new.tag):
                    inside.set(attribute, said + _KEPT)
        position += 1
        root.insert(position, new)
    return missing


def meant(root: etree._Element) -> None:
    """What authors write and do not mean. A choice of nothing admits not even nothing: it admits nothing from now on. A
    wildcard that says nothing of its content wants it declared, and what is meant to stand there is declared elsewhere: it
    is judged where the contract knows it, and carried where not. A simple type cannot name its base itself, its restriction
    does."""
    for simple in root.iter(f"{{{XS}}}simpleType"):
        simple.attrib.pop("base", None)
    for wild in root.iter(f"{{{XS}}}any"):
        if wild.get("processContents", "strict") == "strict":
            wild.set("processContents", "lax")
    for choice in root.iter(f"{{{XS}}}choice"):
        if all(etree.QName(each).localname == "annotation" for each in choice if isinstance(each.tag, str)):
            choice.set("minOccurs", "0")


def narrow(roots: Iterable[etree._Element], types: frozenset[str]) -> bool:
    """A wildcard beside elements that it also admits is forbidden (unique particle attribution), libxml2 refuses the schema,
    and many authors write it. It admits other namespaces only from now on; where that is not enough, nothing.

    `types` are names of complex types, "" for those without one. False where nothing is left to be done.
    """
    found, roots = False, list(roots)
    bases = _bases(roots, types)
    for wild in (each for root in roots for each in root.iter(f"{{{XS}}}any")):
        owner = _type_of(wild)
        if owner not in bases and (owner not in types or not any(_beside(wild))):
            continue
        if wild.get("namespace", "##any") == "##any":
            wild.set("namespace", "##other")
            found = True
        elif wild.get("minOccurs") == "0" and wild.get("maxOccurs") != "0":
            wild.set("maxOccurs", "0")
            found = True
    return found


def order(roots: Iterable[etree._Element]) -> bool:
    """XSD 1.0 has no extension of an xs:all and no xs:all in an extension; authors write both. They become sequences: what
    we write is valid either way, what comes must keep the order. False where there is nothing to change."""
    roots = list(roots)
    extensions = [each for root in roots for each in root.iter(f"{{{XS}}}extension")]
    extended = {each.get("base", "").rpartition(":")[2] for each in extensions}
    found = False
    for every in (each for root in roots for each in root.iter(f"{{{XS}}}all")):
        parent = every.getparent()
        if parent is not None and (parent.tag == f"{{{XS}}}extension" or _type_of(every) in extended):
            every.tag = f"{{{XS}}}sequence"
            found = True
    return found


def _bases(roots: list[etree._Element], types: frozenset[str]) -> frozenset[str]:
    """Names of the types that the given ones extend, however far up."""
    above: dict[str, set[str]] = {}
    for each in (each for root in roots for each in root.iter(f"{{{XS}}}extension")):
        above.setdefault(_type_of(each), set()).add(each.get("base", "").rpartition(":")[2])
    found: set[str] = set()
    pending = list(types)
    while pending:
        fresh = above.get(pending.pop(), set()) - found
        found |= fresh
        pending += fresh
    return frozenset(found)


def _type_of(node: etree._Element) -> str:
    owner = next(node.iterancestors(f"{{{XS}}}complexType"), None)
    return "" if owner is None else owner.get("name", "")


def _beside(wild: etree._Element) -> Iterator[bool]:
    """Whether elements or groups stand in the same content, or come before it in a base type."""
    here = wild.getparent()
    while here is not None and etree.QName(here).localname != "complexType":
        yield etree.QName(here).localname == "extension"
        yield any(each is not wild and etree.QName(each).localname in ("element", "group", "any") for each in here)
        here = here.getparent()
