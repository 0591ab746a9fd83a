"""What an encoder decides about a message: the prefix of each namespace, and which branch of a choice the data holds."""

from __future__ import annotations

from typing import Any

from lgsp.contract.matching import first
from lgsp.contract.shape import (
    QUALIFIED,
    XSI,
    Element,
    Group,
    Named,
    Particle,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    elements,
    scope,
    split,
    walk,
)


def prefixes(root: Element, table: Table) -> dict[str, str]:
    """Namespace -> prefix. The root's is the default one where nothing inside could be changed by that."""
    own = split(root.tag)[0]
    used: dict[str, None] = {own: None}
    attributes: set[str] = set()
    plain, instance = True, root.nillable
    for shape in walk(root.shape, table):
        record = table[shape.key] if isinstance(shape, Named) else shape
        if isinstance(record, Raw):
            plain, instance = False, True
        if _is_name(record):  # a name without a prefix would be of the default namespace
            plain = False
        if not isinstance(record, Record):
            continue
        if any(map(_is_name, (record.text, *(attribute.shape for attribute in record.attributes)))):
            plain = False
        attributes |= {split(attribute.tag)[0] for attribute in record.attributes}
        used |= {split(clark)[0]: None for _, clark in record.subtypes.values()}
        instance = instance or bool(record.subtypes or record.attributes)
        plain = plain and not record.any_attribute and not _has_wild(record.content)
        for element in record.elements():
            used[split(element.tag)[0]] = None
            instance = instance or element.nillable
    plain = plain and "" not in used and own not in attributes
    prefixes = {own: "" if plain else "n0"} if own else {}
    for namespace in [*used, *sorted(attributes)]:
        if namespace and namespace not in prefixes:
            prefixes[namespace] = "xml" if namespace == "http://www.w3.org/XML/1998/namespace" else f"n{len(prefixes)}"
    if instance:
        prefixes[XSI] = "xsi"
    return prefixes


def _is_name(shape: Shape | None) -> bool:
    return isinstance(shape, Scalar) and shape.base in QUALIFIED


def _has_wild(particle: Particle | None) -> bool:
    return isinstance(particle, Wild) or (isinstance(particle, Group) and any(map(_has_wild, particle.parts)))


def disjoint(group: Group) -> bool:
    names = [name for part in group.parts for name in branch(part)[0]]
    return len(names) == len(set(names))


def branch(part: Particle) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a branch of a choice may hold, and those that it must."""
    if isinstance(part, Group) and part.name is None:
        must = {e.name for e in elements(part) if e.least} if part.kind != "choice" else set()
        return frozenset(scope(part)), frozenset(name for name in must if name in scope(part))
    name = part.name or ""
    return frozenset({name}), frozenset() if first(part).empty else frozenset({name})


def pick(data: dict[str, Any], branches: tuple[tuple[frozenset[str], frozenset[str]], ...]) -> int:
    """The branch that holds all that is there and misses nothing; -1 where nothing is there."""
    every = frozenset[str]().union(*(names for names, _ in branches))
    present = data.keys() & every
    if not present:
        return -1
    fitting = [index for index, (names, _) in enumerate(branches) if present <= names]
    return next((index for index in fitting if branches[index][1] <= present), fitting[0] if fitting else -1)
