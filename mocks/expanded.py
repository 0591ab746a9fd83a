"""XML messages beside each other, and beside their contract, by expanded names: a prefix says nothing, a namespace everything."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lgsp.adapters.envelope import NAMESPACES
from lgsp.contract.codec import JsonBorn, XmlBorn
from lgsp.contract.model import Contract
from lgsp.contract.shape import XSI, Element, Listing, Record, Table, resolve, split
from lgsp.errors import LgspError
from lgsp.xml import parse_xml

_TYPE = f"{{{XSI}}}type"
_SAID_APART = frozenset({f"{{{XSI}}}schemaLocation", f"{{{XSI}}}noNamespaceSchemaLocation"})


def difference(wanted: etree._Element, found: etree._Element, path: str = "") -> list[str]:
    """What has to change for the second message to be the first, a line a place; order among unlike names does not count."""
    local = split(str(wanted.tag))[1]
    if split(str(found.tag))[1] != local:
        return [f"{path}/{split(str(found.tag))[1]}: wanted <{local}>"]
    here = f"{path}/{local}"
    lines = [] if wanted.tag == found.tag else [_elsewhere(here, str(found.tag), str(wanted.tag))]
    lines += _attributes(wanted, found, here)
    if not len(wanted) and not len(found) and (wanted.text or "").strip() != (found.text or "").strip():
        lines.append(f"{here}: wanted {(wanted.text or '').strip()!r}, has {(found.text or '').strip()!r}")
    left = list(found)
    for child in wanted:
        mine = _taken(left, child)
        if mine is None:
            lines.append(f"{here}/{split(str(child.tag))[1]}: missing")
        else:
            lines += difference(child, mine, here)
    return [*lines, *(f"{here}/{split(str(each.tag))[1]}: nobody wanted it" for each in left)]


def misnamed(contract: Contract, raw: bytes) -> list[str]:
    """Elements of a message's Body that the contract has too, but in another namespace; first of all the operation's own."""
    body = body_of(raw)
    if body is None:
        return []
    near = [each.input for each in contract.operations.values() if split(each.input.root)[1] == split(str(body.tag))[1]]
    meant = [codec for codec in near if codec.root == body.tag] or near
    codec = meant[0] if meant else None
    return list(_misnamed(codec.element, codec.table, body, "")) if isinstance(codec, JsonBorn | XmlBorn) else []


def body_of(raw: bytes) -> etree._Element | None:
    """The first child of a SOAP Body; None where there is none, or no XML."""
    try:
        root = parse_xml(raw, limit=len(raw))
    except LgspError:
        return None
    found = [body for body in root if split(str(body.tag)) in {(space, "Body") for space in NAMESPACES.values()}]
    return next(iter(found[0]), None) if found else None


def _misnamed(field: Element, table: Table, found: etree._Element, path: str) -> Iterator[str]:
    here = f"{path}/{split(field.tag)[1]}"
    if found.tag != field.tag:
        yield _elsewhere(here, str(found.tag), field.tag)
    shape = resolve(field.shape, table)
    fields = [shape.item] if isinstance(shape, Listing) else list(shape.elements()) if isinstance(shape, Record) else []
    for child in found:
        tag = str(child.tag)
        near = [each for each in fields if split(each.tag)[1] == split(tag)[1]]
        if near:
            yield from _misnamed(next((each for each in near if each.tag == tag), near[0]), table, child, here)


def _taken(left: list[etree._Element], wanted: etree._Element) -> etree._Element | None:
    """The first that is left with this expanded name, else with this local name."""
    local = split(str(wanted.tag))[1]
    near = [each for each in left if split(str(each.tag))[1] == local]
    if not near:
        return None
    mine = next((each for each in near if each.tag == wanted.tag), near[0])
    left.remove(mine)
    return mine


def _attributes(wanted: etree._Element, found: etree._Element, here: str) -> Iterator[str]:
    mine, yours = _read(wanted), _read(found)
    for name in dict.fromkeys((*mine, *yours)):
        if mine.get(name) != yours.get(name):
            said = f"wanted {mine[name]!r}" if name in mine else "nobody wanted it"
            yield f"{here}/@{name}: {said}" + (f", has {yours[name]!r}" if name in yours else ", missing")


def _read(element: etree._Element) -> dict[str, str]:
    """Attributes by expanded name; the value of `xsi:type` is itself a name, so its prefix does not count either."""
    found = {str(name): str(value) for name, value in element.attrib.items() if name not in _SAID_APART}
    if _TYPE in found:
        prefix, _, local = found[_TYPE].strip().rpartition(":")
        found[_TYPE] = f"{{{element.nsmap.get(prefix or None) or ''}}}{local}"
    return found


def _elsewhere(here: str, found: str, wanted: str) -> str:
    return f"{here}: in namespace {split(found)[0]!r}, wanted {split(wanted)[0]!r}"
