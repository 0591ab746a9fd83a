"""XSD simple types to scalars: built-in types, restriction, list and union."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from lxml import etree

from lgsp.contract.shape import XS, Facets, Items, Scalar

# fmt: off
_INTEGERS = (
    "integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger",
    "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte",
)
_STRINGS = (
    "decimal", "duration", "dateTime", "time", "date", "gYearMonth", "gYear", "gMonthDay", "gDay", "gMonth", "hexBinary",
    "base64Binary", "anyURI", "QName", "NOTATION", "token", "language", "NMTOKEN", "Name", "NCName", "ID", "IDREF", "ENTITY",
)
# fmt: on
_LISTS = {"NMTOKENS": "NMTOKEN", "IDREFS": "IDREF", "ENTITIES": "ENTITY"}

BUILT_IN: dict[str, Scalar | Items] = {
    **{name: Scalar(name, "integer") for name in _INTEGERS},
    **{name: Scalar(name, "string") for name in _STRINGS},
    "float": Scalar("float", "number"),
    "double": Scalar("double", "number"),
    "boolean": Scalar("boolean", "boolean"),
    "string": Scalar("string", "string", space="preserve"),
    "normalizedString": Scalar("normalizedString", "string", space="replace"),
    "anySimpleType": Scalar("anySimpleType", "string", space="preserve"),
    **{name: Items(Scalar(item, "string")) for name, item in _LISTS.items()},
}

Simple = Scalar | Items
Resolve = Callable[[etree._Element, str], Simple]  # noqa: SLF001  lxml's name for an element
"""The simple type that an attribute's qualified name means, seen from a node."""


def simple_type(node: etree._Element, resolve: Resolve) -> Simple:
    """The type of an xs:simpleType element."""
    for child in node:
        local = etree.QName(child).localname
        if local == "restriction":
            return restricted(child, _base(child, resolve), resolve)
        if local == "list":
            item = _member(child, "itemType", resolve)
            return Items(item if isinstance(item, Scalar) else Scalar("anySimpleType", "string"))
        if local == "union":
            return _union(child, resolve)
    return BUILT_IN["anySimpleType"]


def _base(node: etree._Element, resolve: Resolve) -> Simple:
    return _member(node, "base", resolve)


def _member(node: etree._Element, attribute: str, resolve: Resolve) -> Simple:
    said = node.get(attribute)
    if said is not None:
        return resolve(node, said)
    inner = node.find(f"{{{XS}}}simpleType")
    return simple_type(inner, resolve) if inner is not None else BUILT_IN["anySimpleType"]


def _union(node: etree._Element, resolve: Resolve) -> Simple:
    members = [resolve(node, said) for said in node.get("memberTypes", "").split()]
    members += [simple_type(inner, resolve) for inner in node.findall(f"{{{XS}}}simpleType")]
    flat: list[Simple] = []
    for member in members:
        flat += member.members if isinstance(member, Scalar) and member.members else [member]
    kinds = {member.kind if isinstance(member, Scalar) else "string" for member in flat} or {"string"}
    # where a text could be a number or a word, it stays a text: nobody can tell afterwards which one was meant
    kind: Literal["string", "integer", "number", "boolean"] = kinds.pop() if len(kinds) == 1 else "string"
    space: Literal["preserve", "collapse"] = (
        "preserve" if any(isinstance(member, Scalar) and member.space == "preserve" for member in flat) else "collapse"
    )
    base = {"integer": "integer", "number": "double", "boolean": "boolean"}.get(kind, "anySimpleType")
    return Scalar(base, kind, Facets(), space, tuple(flat))


def restricted(node: etree._Element, base: Simple, resolve: Resolve) -> Simple:
    """`base` with the facets of an xs:restriction."""
    inner = node.find(f"{{{XS}}}simpleType")
    if inner is not None and node.get("base") is not None:
        base = simple_type(inner, resolve)
    changes: dict[str, Any] = {}
    patterns: list[str] = []
    enum: list[str] = []
    space: Any = None
    for facet in node:
        name, value = etree.QName(facet).localname, facet.get("value", "")
        match name:
            case "pattern":
                patterns.append(value)
            case "enumeration":
                enum.append(value)
            case "whiteSpace":
                space = value
            case "length":
                changes |= {"min_length": int(value), "max_length": int(value)}
            case "minLength" | "maxLength" | "totalDigits" | "fractionDigits":
                changes[_FIELDS[name]] = int(value)
            case "minInclusive" | "maxInclusive" | "minExclusive" | "maxExclusive":
                changes[_FIELDS[name]] = value
    if patterns:
        changes["patterns"] = (*base.facets.patterns, tuple(patterns))
    if enum:
        changes["enum"] = tuple(enum)
    shape: Simple = replace(base, facets=replace(base.facets, **changes)) if changes else base
    if isinstance(shape, Scalar):
        if space in ("preserve", "replace", "collapse"):
            shape = replace(shape, space=space)
        if enum and shape.members:
            shape = replace(shape, members=())
    return shape


_FIELDS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "totalDigits": "total_digits",
    "fractionDigits": "fraction_digits",
    "minInclusive": "minimum",
    "maxInclusive": "maximum",
    "minExclusive": "above",
    "maxExclusive": "below",
}
