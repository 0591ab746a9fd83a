"""Where an element of XML stands in the data: JSON Pointers for errors that were found in XML, off the hot path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from lxml import etree

from lgsp.contract.diagnose import pointer
from lgsp.contract.shape import (
    TEXT_KEY,
    TYPE_KEY,
    XSI,
    Element,
    Group,
    Items,
    Listing,
    Record,
    Scalar,
    Table,
    elements,
    flat,
    resolve,
    split,
)
from lgsp.contract.text import SPACE
from lgsp.contract.validating import MAX_ERRORS, XmlViolation
from lgsp.model import FieldError

_TYPE = f"{{{XSI}}}type"
_SAID = 20 * MAX_ERRORS
"""What is looked at for different errors: many elements may break one rule at one place."""


class _Place:
    """An element of the document with its pointer and the field that describes it."""

    __slots__ = ("element", "field", "path")

    def __init__(self, element: etree._Element, field: Element | None, path: str) -> None:
        self.element, self.field, self.path = element, field, path


def located_errors(
    root: Element, table: Table, element: etree._Element, found: Iterable[XmlViolation] = ()
) -> Iterator[FieldError]:
    """The violations as field errors; without violations, what the shape itself sees: unknown, doubled, misplaced elements."""
    violations = list(found)
    if not violations:  # the same thing may be said of fifty thousand elements
        said = islice(_misplaced(_places(root, table, element, ""), table), _SAID)
        yield from islice(dict.fromkeys(said), MAX_ERRORS)
        return
    places = {id(place.element): place for place in _places(root, table, element, "")}
    seen: set[FieldError] = set()
    for violation in violations:
        error = _error(violation, places, table, element)
        if error not in seen:
            seen.add(error)
            yield error


def _error(violation: XmlViolation, places: dict[int, _Place], table: Table, root: etree._Element) -> FieldError:
    at: etree._Element | None = violation.element
    while at is not None and id(at) not in places:  # inside of something that is one value in the data
        at = at.getparent()
    place = places.get(id(root if at is None else at))
    path = "" if place is None else place.path
    record = None if place is None or place.field is None else resolve(place.field.shape, table)
    if violation.attribute and isinstance(record, Record):
        return FieldError(_attribute(record, violation.attribute, path), violation.rule)
    if violation.rule == "required":
        return _absent(violation, place, places, table, path)
    if isinstance(record, Record) and record.text is not None:
        path = pointer(path, TEXT_KEY)
    return FieldError(path, violation.rule)


def _absent(
    violation: XmlViolation, place: _Place | None, places: dict[int, _Place], table: Table, path: str
) -> FieldError:
    owner = place
    if not violation.missing and place is not None:  # the element that stands where another was expected
        if place.field is None:
            return FieldError(path, "unknown field")
        parent = place.element.getparent()
        owner = places.get(id(parent)) if parent is not None else None
    if owner is None:
        return FieldError(path, "unknown field")
    record = resolve(owner.field.shape, table) if owner.field is not None else None
    names = {each.tag: each.name for each in record.elements()} if isinstance(record, Record) else {}
    missing = [names.get(_clark(tag), split(_clark(tag))[1]) for tag in violation.expected]
    if len(missing) == 1 and missing[0] not in ("", "*"):
        return FieldError(pointer(owner.path, missing[0]), "required")
    return FieldError(owner.path, "required: one of " + ", ".join(missing))


def _clark(tag: str) -> str:
    return tag.replace("##other", "").strip()


def _attribute(record: Record, said: str, path: str) -> str:
    tag = said
    return next(
        (pointer(path, each.name) for each in record.attributes if each.tag == tag), pointer(path, "@" + split(said)[1])
    )


def _misplaced(places: Iterable[_Place], table: Table) -> Iterator[FieldError]:
    counted: set[str] = set()
    for place in places:
        if place.field is None:
            yield FieldError(place.path, "unknown field")
            continue
        if place.path in counted:
            yield FieldError(place.path, "once")
        counted.add(place.path)
        shape = resolve(place.field.shape, table)
        if isinstance(shape, Scalar | Items) and len(place.element):
            yield FieldError(place.path, f"type:{shape.base if isinstance(shape, Scalar) else 'array'}")
        if isinstance(shape, Record) and shape.text is None and (place.element.text or "").strip(SPACE):
            yield FieldError(place.path, "type:object")


def _places(field: Element, table: Table, element: etree._Element, path: str) -> Iterator[_Place]:
    yield _Place(element, field, path)
    shape = resolve(field.shape, table)
    if isinstance(shape, Listing):
        for index, child in enumerate(element):
            below = pointer(path, index)
            yield from (
                _places(shape.item, table, child, below) if child.tag == shape.item.tag else _unknown(child, below)
            )
        return
    if not isinstance(shape, Record):
        return
    if shape.subtypes and (said := element.get(_TYPE)) is not None:
        prefix, _, local = said.strip(SPACE).rpartition(":")
        clark = (element.nsmap.get(prefix or None, "") or "", local)
        key = next((key for key, tag in shape.subtypes.values() if split(tag) == clark), None)
        if key is None:
            yield _Place(element, field, pointer(path, TYPE_KEY))
            return
        shape = table[key]
    yield from _children(shape, table, element, path)


def _children(record: Record, table: Table, element: etree._Element, path: str) -> Iterator[_Place]:
    """Pointers by tag; in a repeated group the index is that of the occurrence which its first element began."""
    by_tag = {each.tag: each for each in record.elements()}
    groups = {each.tag: group for group in _named_groups(record.content) for each in elements(group)}
    exact = flat(record) is not None
    counts: dict[str, int] = {}
    for child in element:
        field = by_tag.get(str(child.tag))
        if field is None:
            yield from _unknown(child, pointer(path, etree.QName(child).localname))
            continue
        below = path
        if not exact and (group := groups.get(str(child.tag))) is not None and group.name is not None:
            index = counts.get(group.name, 0)
            if group.kind == "choice" or child.tag == next(elements(group)).tag:
                counts[group.name] = index + 1
            elif index:
                index -= 1
            below = pointer(pointer(path, group.name), index)
        below = pointer(below, field.name)
        if field.repeated:
            index = counts.get(below, 0)
            counts[below] = index + 1
            below = pointer(below, index)
        yield from _places(field, table, child, below)


def _unknown(child: etree._Element, path: str) -> Iterator[_Place]:
    yield _Place(child, None, path)


def _named_groups(group: Group | None) -> Iterator[Group]:
    if group is None:
        return
    if group.name is not None:
        yield group
        return
    for part in group.parts:
        if isinstance(part, Group):
            yield from _named_groups(part)
