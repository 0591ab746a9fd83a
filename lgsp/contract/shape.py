"""The one shape of a message, whatever language it was written in: what OpenAPI and XSD readers make and codecs eat.

    Shape = Scalar | Items | Record | Named | Listing | Raw | Json
    Record: attributes, then text (simple content) or a content of particles
    Particle = Element | Group (sequence, choice, all) | Wild (any)

`Element.name` and `Attribute.name` are names in the data, `tag` the Clark name in XML. A `Named` shape stands in the
contract's table of shapes, so shapes may be recursive and stay frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
UNBOUNDED = 1 << 30
SAFE_INTEGER = 1 << 53
"""Above this a number of JSON is not the same number for everybody, so the integer is written as a string."""

NIL_KEY = "@xsi:nil"
TYPE_KEY = "@xsi:type"
TEXT_KEY = "#text"
GROUP_KEY = "#group"
ANY_KEY = "#any"
RAW_KEY = "#xml"


@dataclass(frozen=True, slots=True)
class Facets:
    """Restrictions of a scalar. `patterns` are XSD expressions: all outer ones hold, of each inner tuple one."""

    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[tuple[str, ...], ...] = ()
    enum: tuple[str, ...] | None = None
    minimum: str | None = None
    maximum: str | None = None
    above: str | None = None
    """Exclusive minimum."""
    below: str | None = None
    """Exclusive maximum."""
    total_digits: int | None = None
    fraction_digits: int | None = None


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `base` is the built-in XSD type that it rests on, `kind` how it stands in the data."""

    base: str
    kind: Literal["string", "integer", "number", "boolean"]
    facets: Facets = Facets()
    space: Literal["preserve", "replace", "collapse"] = "collapse"
    members: tuple[Scalar | Items, ...] = ()
    """Of a union: the types of which a value is one."""
    specimen: str = ""
    """A text that a format of JSON Schema asks for, where XSD has no type of that kind."""

    @property
    def big(self) -> bool:
        return self.kind == "integer" and self.base in _BIG


QUALIFIED = frozenset({"QName", "NOTATION"})
"""Types whose text means nothing without the prefixes around it."""
_BIG = frozenset(
    {
        "integer",
        "long",
        "unsignedLong",
        "nonNegativeInteger",
        "positiveInteger",
        "negativeInteger",
        "nonPositiveInteger",
    }
)


@dataclass(frozen=True, slots=True)
class Items:
    """An xs:list: one text, in the data a list of scalars."""

    item: Scalar
    facets: Facets = Facets()


@dataclass(frozen=True, slots=True)
class Named:
    """A record in the contract's table."""

    key: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that stands where one value stands (a list of lists): its items are child elements."""

    item: Element


@dataclass(frozen=True, slots=True)
class Raw:
    """xs:anyType and mixed content: a string where only text stands, else `{"#xml": "<element…/>"}`."""

    record: Record | None = None
    """What stands between the text of mixed content; only specimens are made from it."""


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON value; in XML an element whose text is that value as JSON. `why` says which construct of the schema made it so."""

    why: str = ""
    sample: Any = None
    """A value that its schema most likely admits: its own example, where it has one."""
    bare: Any = None
    """The same without any example: those of real documents are not always valid."""


@dataclass(frozen=True, slots=True)
class Attribute:
    tag: str
    name: str
    shape: Scalar | Items
    required: bool = False
    default: str | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """`repeated` elements are lists in the data also when one stands there."""

    tag: str
    name: str
    shape: Shape
    least: int = 1
    most: int = 1
    nillable: bool = False
    default: str | None = None
    fixed: str | None = None
    """With `fixed` the element is always this text."""
    empty_list: bool = False
    """Required in JSON though it may have no element: read back as an empty list."""

    @property
    def repeated(self) -> bool:
        return self.most > 1


@dataclass(frozen=True, slots=True)
class Group:
    """A model group. `name` is set where the group itself repeats: its occurrences are a list of objects."""

    kind: Literal["sequence", "choice", "all"]
    parts: tuple[Particle, ...]
    least: int = 1
    most: int = 1
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Wild:
    """xs:any: a list of elements as text."""

    name: str
    least: int = 0
    most: int = UNBOUNDED
    namespaces: str = "##any"
    target: str = ""
    specimen: str = ""
    """An element that is admitted here, as text; "" where any stranger is."""

    def admits(self, namespace: str) -> bool:
        match self.namespaces:
            case "##any":
                return True
            case "##other":
                return namespace not in ("", self.target)
        admitted = self.namespaces.split()
        return (
            namespace in admitted
            or ("##local" in admitted and not namespace)
            or ("##targetNamespace" in admitted and namespace == self.target)
        )


@dataclass(frozen=True, slots=True)
class Record:
    """An object. `subtypes` maps the value of `@xsi:type` to the key of the derived record and its Clark name."""

    content: Group | None = None
    attributes: tuple[Attribute, ...] = ()
    text: Scalar | Items | None = None
    any_attribute: bool = False
    subtypes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    abstract: bool = False
    title: str = ""
    branches: tuple[tuple[str, ...], ...] = ()
    """Of alternatives that were united to one object: the names of each. Only the validator holds them to it."""

    def elements(self) -> Iterator[Element]:
        """All elements of the content, groups opened."""
        if self.content is not None:
            yield from elements(self.content)


Shape = Scalar | Items | Record | Named | Listing | Raw | Json
Particle = Element | Group | Wild
Table = Mapping[str, Record]


def elements(particle: Particle) -> Iterator[Element]:
    match particle:
        case Element():
            yield particle
        case Group():
            for part in particle.parts:
                yield from elements(part)
        case Wild():
            return


def resolve(shape: Shape, table: Table) -> Scalar | Items | Record | Listing | Raw | Json:
    return table[shape.key] if isinstance(shape, Named) else shape


def split(tag: str) -> tuple[str, str]:
    """Namespace and local name of a Clark name."""
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag


def flat(record: Record) -> tuple[Element, ...] | None:
    """The elements where a tag alone tells the field: no repeated group, no wildcard, no tag with two names; else None."""
    if record.content is None:
        return ()
    if not _plain(record.content):
        return None
    found = tuple(elements(record.content))
    names: dict[str, str] = {}
    return found if all(names.setdefault(element.tag, element.name) == element.name for element in found) else None


def _plain(particle: Particle) -> bool:
    match particle:
        case Element():
            return True
        case Group():
            return particle.name is None and all(map(_plain, particle.parts))
        case Wild():
            return False


def scope(group: Group | None) -> dict[str, Element | Group | Wild]:
    """The fields that a content puts into one object of the data; a repeated group is one field."""
    found: dict[str, Element | Group | Wild] = {}
    for part in () if group is None else group.parts:
        if isinstance(part, Group) and part.name is None:
            found |= scope(part)
        elif part.name is not None:
            found.setdefault(part.name, part)
    return found


def content_scope(record: Record) -> dict[str, Element | Group | Wild]:
    """As `scope`, for a whole record: its outermost group may itself be a repeated one."""
    if record.content is not None and record.content.name is not None:
        return {record.content.name: record.content}
    return scope(record.content)


def walk(shape: Shape, table: Table) -> Iterator[Shape]:
    """Every shape that can be reached, each named one once."""
    seen: set[str] = set()
    pending: list[Shape] = [shape]
    while pending:
        each = pending.pop()
        if isinstance(each, Named):
            if each.key in seen:
                continue
            seen.add(each.key)
        yield each
        actual = resolve(each, table)
        if isinstance(actual, Listing):
            pending.append(actual.item.shape)
        elif isinstance(actual, Record):
            pending += [Named(key) for key, _ in actual.subtypes.values()]
            pending += [element.shape for element in actual.elements()][::-1]


def example_of(schema: Any) -> Any:
    """The first example that a JSON Schema carries, or None."""
    if isinstance(schema, dict):
        if "example" in schema:
            return schema["example"]
        found = schema.get("examples")
        if isinstance(found, list) and found:
            return found[0]
    return None
