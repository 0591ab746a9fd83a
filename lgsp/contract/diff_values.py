"""How the values of a scalar changed: the same, wider, narrower, or another kind altogether."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Literal

from lgsp.contract.shape import Facets, Items, Scalar

Verdict = Literal["wider", "narrower", "other", "new"]
"""`new` hurts nobody."""
_WITHIN = (
    ("byte", "short", "int", "long", "integer", "decimal"),
    ("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong", "nonNegativeInteger", "integer"),
    ("positiveInteger", "nonNegativeInteger"),
    ("negativeInteger", "nonPositiveInteger", "integer"),
    ("float", "double"),
    ("token", "normalizedString", "string"),
)
"""Each type's values are values of those after it."""


def values(old: Scalar | Items, new: Scalar | Items) -> Iterator[tuple[str, Verdict]]:
    """(what changed, how) of one value or list of values."""
    if isinstance(old, Items) or isinstance(new, Items):
        if isinstance(old, Items) and isinstance(new, Items):
            yield from values(old.item, new.item)
            yield from facets(old.facets, new.facets)
        else:
            yield "a list of values came or went", "other"
        return
    if old.kind != new.kind:
        yield f"is {new.base} instead of {old.base}", "other"
    elif old.base != new.base:
        yield f"is {new.base} instead of {old.base}", _types(old.base, new.base)
    if old.members != new.members:
        yield "the types of its union changed", "other"
    yield from facets(old.facets, new.facets)


def _types(old: str, new: str) -> Verdict:
    for row in _WITHIN:
        if old in row and new in row:
            return "wider" if row.index(new) > row.index(old) else "narrower"
    return "other"


def facets(old: Facets, new: Facets) -> Iterator[tuple[str, Verdict]]:
    """Restrictions that came, went or moved."""
    if old.enum != new.enum:
        yield from _enumerations(old.enum, new.enum)
    if old.patterns != new.patterns:
        verdict: Verdict = "narrower" if not old.patterns else "wider" if not new.patterns else "other"
        yield "its pattern changed", verdict
    for name, upper in (("max_length", True), ("total_digits", True), ("fraction_digits", True), ("min_length", False)):
        yield from _limit(name.replace("_", " "), getattr(old, name), getattr(new, name), upper=upper)
    for name, upper in (("maximum", True), ("below", True), ("minimum", False), ("above", False)):
        yield from _limit(name, _number(getattr(old, name)), _number(getattr(new, name)), upper=upper)


def _enumerations(old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Iterator[tuple[str, Verdict]]:
    if old is None or new is None:
        yield "its list of values came or went", "narrower" if old is None else "wider"
        return
    if gone := [each for each in old if each not in new]:
        yield f"{len(gone)} of its values are gone", "narrower"
    if more := [each for each in new if each not in old]:
        yield f"{len(more)} values are new", "wider"


def _limit(
    name: str, old: Decimal | int | None, new: Decimal | int | None, *, upper: bool
) -> Iterator[tuple[str, Verdict]]:
    if old == new:
        return
    if old is None or new is None:
        yield f"{name} came or went", "narrower" if old is None else "wider"
    else:
        yield f"{name} is {new} instead of {old}", "narrower" if (new < old) == upper else "wider"


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
