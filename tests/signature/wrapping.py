"""The generator of wrapping cases: what was signed is moved, copied, renamed or doubled, and something else stands in its place.

Every case keeps the signature and its SignedInfo as they were made; only what the document shows to a reader changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
MARK = "EVIL"


@dataclass(frozen=True)
class Case:
    name: str
    document: bytes


Find = Callable[[etree._Element], etree._Element]
"""From the root to a node."""


def cases(signed: bytes, parts: dict[str, Find], places: dict[str, Find], text: dict[str, Find]) -> Iterator[Case]:
    """`parts` are signed nodes, `places` where something can be hidden, `text` the element of a part that a reader believes.

    verb x part x place x id x order: which of the two comes first.
    """
    for verb, part, place, ids, order in product(
        ("move", "copy", "rename", "duplicate"), parts, places, ("kept", "doubled", "stripped"), ("first", "last")
    ):
        root = etree.fromstring(signed)
        original = parts[part](root)
        evil = deepcopy(original)
        evil.tail = None
        _spoil(evil, text[part](evil) if part in text else evil)
        _ids(evil, ids)
        parent = original.getparent()
        assert parent is not None
        index = parent.index(original)
        host = places[place](root)
        if original in (host, *host.iterancestors()) and verb in ("move", "rename"):
            continue  # a node cannot be moved into itself
        if verb == "move":  # the genuine node hides, the false one takes its place
            parent[index] = evil
            _put(host, _wrapped(original), order)
        elif verb == "copy":  # the genuine copy hides, the false one takes its place
            hidden = deepcopy(original)
            hidden.tail = None
            parent[index] = evil
            _put(host, hidden, order)
        elif verb == "rename":  # the genuine node stays under another name, the false one stands beside it
            original.tag = f"{{urn:hidden}}{etree.QName(original).localname}"
            parent.insert(index if order == "first" else index + 1, evil)
            if host is not parent:
                _put(host, original, order)
        else:  # both stand under the same name
            parent.insert(index if order == "first" else index + 1, evil)
            if host is not parent:
                again = deepcopy(evil)
                _put(host, again, order)
        yield Case(f"{verb}-{part}-{place}-{ids}-{order}", etree.tostring(root))


def _spoil(evil: etree._Element, target: etree._Element) -> None:
    for child in list(target):
        target.remove(child)
    target.text = MARK
    assert MARK in etree.tostring(evil, encoding="unicode")


def _ids(evil: etree._Element, ids: str) -> None:
    names = [name for name in evil.attrib if etree.QName(name).localname.lower() == "id"]
    for name in names:
        value = evil.attrib[name]
        if ids == "stripped":
            del evil.attrib[name]
        elif ids == "doubled":
            evil.attrib["ID" if etree.QName(name).namespace else "{urn:other}Id"] = value


def _wrapped(node: etree._Element) -> etree._Element:
    node.tail = None
    wrapper = etree.Element("{urn:wrapper}Wrapper")
    wrapper.append(node)
    return wrapper


def _put(host: etree._Element, node: etree._Element, order: str) -> None:
    if order == "first":
        host.insert(0, node)
    else:
        host.append(node)


def hidden_in_object(root: etree._Element) -> etree._Element:
    """An Object inside the signature: where XML-DSig allows anything."""
    signature = next(root.iter(f"{{{DS}}}Signature"))
    found = signature.find(f"{{{DS}}}Object")
    return etree.SubElement(signature, f"{{{DS}}}Object") if found is None else found


def key_info(root: etree._Element) -> etree._Element:
    return next(root.iter(f"{{{DS}}}KeyInfo"))
