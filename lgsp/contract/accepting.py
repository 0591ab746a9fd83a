"""Which data is valid beyond doubt: a message's shape and facets as a Python predicate, executed once.

It spares a WSDL-born message the way through XML. It never refuses anything: what it does not accept goes to the schema.
Accepted data is exactly what would come back from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgsp.contract.evident import leaf
from lgsp.contract.proving import Unprovable
from lgsp.contract.shape import TEXT_KEY, Element, Group, Items, Named, Particle, Record, Scalar, Shape, Table, resolve

Accept = Callable[[Any], bool]
_LINES = 4_000
"""A message of more types than this is left to the schema: compiling it would cost more than it spares."""


def compile_accept(root: Element, table: Table) -> Accept | None:
    """None where no data of this message could be accepted."""
    if not isinstance(resolve(root.shape, table), Record):
        return None
    source = _Source(table)
    try:
        name = source.record(root.shape)
        source.finish()
    except Unprovable:
        return None
    exec(compile("\n".join(source.lines), "<accept>", "exec"), source.names)  # noqa: S102  our own text; the contract's words stand in it as literals only
    accept: Accept = source.names[name]
    return accept


class _Source:
    """Collects one function a record: true where the object is valid."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"M": object()}
        self._functions: dict[str, str] = {}
        self._pending: list[tuple[str, Record]] = []

    def finish(self) -> None:
        while self._pending:
            self._function(*self._pending.pop())
            if len(self.lines) > _LINES:
                raise Unprovable

    def record(self, shape: Shape) -> str:
        """Name of the function of a record."""
        record = resolve(shape, self._table)
        if not isinstance(record, Record) or record.abstract or record.any_attribute:
            raise Unprovable
        key = shape.key if isinstance(shape, Named) else f"#{id(shape)}"
        if key not in self._functions:
            self._functions[key] = f"r{len(self._functions)}"
            self._pending.append((key, record))
        return self._functions[key]

    def _function(self, key: str, record: Record) -> None:
        out = self.lines
        out += [f"def {self._functions[key]}(d):", " if d.__class__ is not dict: return False", " k = 0"]
        for attribute in record.attributes:
            if attribute.fixed is not None or attribute.default is not None:
                raise Unprovable
            self._field(attribute.name, attribute.shape, required=attribute.required, refuse="")
        if record.text is not None:
            self._field(TEXT_KEY, record.text, required=True, refuse="")
        elif record.content is not None:
            self._group(record.content)
        out.append(" return k == len(d)")

    def _field(self, name: str, shape: Shape, *, required: bool, refuse: str) -> None:
        """`refuse` is one more condition under which a value is left to the schema."""
        self.lines += [
            f" v = d.get({name!r}, M)",
            f" if v is M: {'return False' if required else 'pass'}",
            f" elif {refuse}not {self._condition(shape)}: return False",
            " else: k += 1",
        ]

    def _condition(self, shape: Shape) -> str:
        """True for a valid `v`; what is most frequent stands in the line itself."""
        if isinstance(shape, Items):
            raise Unprovable
        condition = leaf(shape, self.names, "v") if isinstance(shape, Scalar) else f"{self.record(shape)}(v)"
        if condition is None:
            raise Unprovable
        return condition

    def _group(self, group: Group) -> None:
        if group.name is not None or group.most != 1:
            raise Unprovable
        if group.kind == "choice":
            self._choice(group)
            return
        for part in group.parts:
            if isinstance(part, Element):
                if part.least and not group.least:
                    raise Unprovable
                self._element(part, required=part.least > 0)
            elif isinstance(part, Group) and (group.least or not part.least):
                self._group(part)
            else:
                raise Unprovable

    def _choice(self, group: Group) -> None:
        """Exactly one branch: all branches are single elements, or the schema has to tell."""
        names = [part.name for part in group.parts if isinstance(part, Element)]
        if len(names) != len(group.parts) or len(set(names)) != len(names):
            raise Unprovable
        empty = not group.least or any(_may_miss(part) for part in group.parts)
        present = " + ".join(f"({name!r} in d)" for name in names)
        self.lines.append(f" if {present} {'> 1' if empty else '!= 1'}: return False")
        for part in group.parts:
            if isinstance(part, Element):
                self._element(part, required=False)

    def _element(self, element: Element, *, required: bool) -> None:
        if element.fixed is not None or element.empty_list:
            raise Unprovable
        if element.repeated:
            condition = self._condition(element.shape)
            nil = "v is None or " if element.nillable else ""
            blank = " or v == ''" if element.default is not None else ""
            self.lines += [
                f" l = d.get({element.name!r}, M)",
                f" if l is M: {'return False' if required else 'pass'}",
                " elif l.__class__ is not list: return False",
                # an empty list and none are the same in XML: the schema's way says what becomes of it
                f" elif not {max(1, element.least)} <= len(l) <= {element.most}: return False",
                " else:",
                "  k += 1",
                "  for v in l:",
                f"   if not ({nil}{condition}){blank}: return False",
            ]
            return
        refuse = "v is not None and " if element.nillable else ""
        if element.default is not None:
            refuse = f"v == '' or {refuse}"
        self._field(element.name, element.shape, required=required, refuse=refuse)


def _may_miss(part: Particle) -> bool:
    return part.least == 0
