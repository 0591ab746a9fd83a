"""Data to XML that is valid beyond doubt: what the encoder writes while each value is looked at, in one pass.

The same rules as `accepting`, put into the lines of the fast encoder. It refuses nothing: what it does not write goes the long
way, and data that it does write comes out word for word as the encoder alone would have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lgsp.contract.evident import UNDOUBTED, leaf
from lgsp.contract.shape import Attribute, Element, Group, Named, Record, Scalar, Shape

_RECORDS = 400
"""A message of more types is left to the schema: compiling it would cost more than it spares."""


class Unprovable(Exception):
    """A construct whose rules only the schema knows."""


class Prover:
    """What the encoder asks before it writes a line; each gives further lines, of which any may raise `X`."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._records = 0

    def shape(self, shape: Shape, pad: str, value: str) -> Sequence[str]:
        if isinstance(shape, Named | Record):
            return ()
        if not isinstance(shape, Scalar):
            raise Unprovable
        condition = leaf(shape, self._names, value)
        if condition is None:
            raise Unprovable
        # a text without rules is looked at with all others at the end
        return () if condition == UNDOUBTED.format(value) else (f"{pad}if not {condition}: raise X",)

    def record(self, record: Record) -> None:
        self._records += 1
        named = record.any_attribute or record.subtypes or record.abstract
        if named or record.text is not None or self._records > _RECORDS:
            raise Unprovable

    def attribute(self, attribute: Attribute, pad: str) -> Sequence[str]:
        """Of an attribute that is there."""
        condition = leaf(attribute.shape, self._names, "v") if isinstance(attribute.shape, Scalar) else None
        if condition is None or attribute.fixed is not None or attribute.default is not None:
            raise Unprovable
        return (f"{pad}if not {condition}: raise X",)

    def group(self, group: Group, pad: str) -> Sequence[str]:
        if group.name is not None or group.most != 1:
            raise Unprovable
        if group.kind != "choice":
            for part in group.parts:
                optional = not group.least and part.least
                if not isinstance(part, Element | Group) or optional:
                    raise Unprovable
            return ()
        names = [part.name for part in group.parts if isinstance(part, Element)]
        if len(names) != len(group.parts) or len(set(names)) != len(names):
            raise Unprovable
        empty = not group.least or any(part.least == 0 for part in group.parts)
        present = " + ".join(f"({name!r} in d)" for name in names)
        return (f"{pad}if {present} {'> 1' if empty else '!= 1'}: raise X",)

    def element(self, element: Element, pad: str, value: str) -> Sequence[str]:
        """Of an element that is there."""
        if element.fixed is not None or element.empty_list or (element.repeated and element.default is not None):
            raise Unprovable
        if element.repeated:
            # an empty list and none are the same in XML: the schema's way says what becomes of it
            return (f"{pad}if not {max(1, element.least)} <= len({value}) <= {element.most}: raise X",)
        return (f"{pad}if {value} == '': raise X",) if element.default is not None else ()
