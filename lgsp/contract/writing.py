"""How the encoders of `encoding` are made: a shape becomes Python source with every tag as a literal, executed once.

The source refuses what it does not know (`Mismatch`) and leaves rules about values to the contract's validator, or looks at
them as it writes (`proving`). The fast one writes strings as they are and looks at all of them once at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lgsp.contract import raw, text
from lgsp.contract.branches import branch, disjoint, pick, prefixes
from lgsp.contract.proving import Prover
from lgsp.contract.shape import (
    NIL_KEY,
    QUALIFIED,
    TEXT_KEY,
    TYPE_KEY,
    Attribute,
    Element,
    Group,
    Items,
    Json,
    Listing,
    Named,
    Particle,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    split,
)

BLOB = '"lgspBlob'
"""How the placeholder of a large value on disk begins inside of JSON (`lgsp.lift`)."""


class Source:
    """Collects the functions of one message: `o` takes text, in the fast encoder the list `w` the strings inside of it."""

    def __init__(
        self, root: Element, table: Table, *, fast: bool, known: dict[str, str] | None = None, proved: bool = False
    ) -> None:
        self._root, self._table, self._fast = root, table, fast
        self._lines: list[str] = []
        self._names: dict[str, Any] = {
            "M": object(),
            "X": text.Mismatch,
            "esc": text.escaped,
            "quo": text.quoted,
            "qname": raw.qualified,
            "raw": raw.written,
            "splice": raw.spliced,
            "pick": pick,
            "wild_attributes": raw.attributes,
            "named": raw.named,
            "json": _json,
            "derived": self._writer_of,
        }
        self._prove = Prover(self._names) if proved else None
        self._functions: dict[str, str] = {}
        self._pending: list[tuple[str, Record]] = []
        self._prefixes = prefixes(root, table) if known is None else known
        self._derived_writers: dict[str, Any] = {}
        self._w = ", w" if fast else ""
        self._derived = {key for record in table.values() for key, _ in record.subtypes.values()}

    def compiled(self) -> Callable[[dict[str, Any]], Any]:
        start = self._tag(self._root.tag)
        declared = "".join(
            f" xmlns{':' + prefix if prefix else ''}={text.quoted(namespace)}"
            for namespace, prefix in self._prefixes.items()
        )
        body: list[str] = ["def write(v):", " a = []; o = a.append; w = []"]
        self._value(body, " ", self._root.shape, f"<{start}{declared}", f"</{start}>", self._root.tag)
        if self._fast:  # printable excludes every control character, surrogate and non-character
            body.append(" s = ''.join(w)")
            body.append(" if not s.isprintable() or '<' in s or '&' in s or '>' in s: return None")
        body.append(" return ''.join(a)")
        self._flush(body)
        write: Callable[[dict[str, Any]], Any] = self._names["write"]
        return write

    def _tag(self, tag: str) -> str:
        namespace, local = split(tag)
        prefix = self._prefixes.get(namespace, "")
        return f"{prefix}:{local}" if prefix else local

    def _constant(self, value: Any) -> str:
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def _record(self, shape: Named | Record) -> tuple[str, bool]:
        """Name of the function for a record, and whether it writes the start tag's end itself."""
        record = self._table[shape.key] if isinstance(shape, Named) else shape
        key = shape.key if isinstance(shape, Named) else f"#{id(shape)}"
        if key not in self._functions:
            self._functions[key] = f"r{len(self._functions)}"
            self._pending.append((key, record))
        return self._functions[key], self._headed(key, record)

    def _headed(self, key: str, record: Record) -> bool:
        return bool(
            record.attributes
            or record.any_attribute
            or record.subtypes
            or key in self._derived
            or record.abstract
            or _is_name(record.text)
        )

    def _function(self, key: str, record: Record) -> None:
        name, out = self._functions[key], self._lines
        headed = self._headed(key, record)
        if self._prove is not None:
            self._prove.record(record)
        if record.subtypes or record.abstract:
            self._dispatch(name, record)
            name = f"{name}_"
        out.append(f"def {name}(d, o{self._w}{', s, k=0' if headed else ''}):")
        out.append(" if d.__class__ is not dict: raise X")
        if not headed:
            out.append(" k = 0")
        else:
            out.append(" o(s)")
            self._attributes(record)
            out.append(f" if {NIL_KEY!r} in d: k += 1; o(' xsi:nil=\"true\"')")
            out.append(" o('>')")
        if _is_name(record.text):
            out.append(" if q is not None: k += 1; o(esc(q))")
        elif record.text is not None:
            out.append(f" v = d.get({TEXT_KEY!r}, M)")
            out.append(" if v is not M:")
            out.append("  k += 1")
            out.append(f"  o({self._text(record.text)})")
        elif record.content is not None:
            self._group(out, " ", record.content, sure=True)
        out.append(" if k != len(d): raise X")

    def _dispatch(self, name: str, record: Record) -> None:
        out = self._lines
        subtypes = {said: (key, f' xsi:type="{self._tag(clark)}"') for said, (key, clark) in record.subtypes.items()}
        cell = self._constant(subtypes)
        out.append(f"def {name}(d, o{self._w}, s, k=0):")
        out.append(" if d.__class__ is not dict: raise X")
        out.append(f" t = d.get({TYPE_KEY!r})")
        out.append(f" if t is None: {'raise X' if record.abstract else f'return {name}_(d, o{self._w}, s, k)'}")
        out.append(f" t = {cell}.get(t)")
        out.append(" if t is None: raise X")
        out.append(f" derived(t[0])(d, o{self._w}, s + t[1], k + 1)")

    def _writer_of(self, key: str) -> Any:
        """A derived type is compiled when it first stands in a message: a base may have thousands of them."""
        if key not in self._derived_writers:
            source = Source(self._root, self._table, fast=self._fast, known=self._prefixes)
            self._derived_writers[key] = source._alone(key)
        return self._derived_writers[key]

    def _alone(self, key: str) -> Any:
        function, _ = self._record(Named(key))
        record = self._table[key]
        self._flush([])
        return self._names[f"{function}_" if record.subtypes or record.abstract else function]

    def _flush(self, body: list[str]) -> None:
        while self._pending:
            self._function(*self._pending.pop())
        exec(compile("\n".join([*self._lines, *body]), "<codec>", "exec"), self._names)  # noqa: S102  our own text; the contract's words stand in it as literals only

    def _attributes(self, record: Record) -> None:
        out = self._lines
        for attribute in record.attributes:
            out.append(f" v = d.get({attribute.name!r}, M)")
            out.append(" if v is not M:")
            out.append("  k += 1")
            if self._prove is not None:
                out += self._prove.attribute(attribute, "  ")
            if _is_name(attribute.shape):
                start = f" {self._tag(attribute.tag)}="
                out.append(f"  x, v = named(v, {len(out)}); o(x + {start!r} + quo(v))")
                continue
            out.append(f"  o({' ' + self._tag(attribute.tag) + '='!r} + quo({self._lexical(attribute)}(v)))")
            if self._prove is not None and attribute.required:
                out.append(" else: raise X")
        if _is_name(record.text):
            out.append(" q = None")
            out.append(f" if {TEXT_KEY!r} in d: x, q = named(d[{TEXT_KEY!r}], 0); o(x)")
        if record.any_attribute:
            known = self._constant(frozenset(attribute.name for attribute in record.attributes))
            out.append(f" x, n = wild_attributes(d, {known}); k += n; o(x)")

    def _lexical(self, attribute: Attribute) -> str:
        return self._constant(text.lexical(attribute.shape))

    def _text(self, shape: Scalar | Items) -> str:
        """An expression for the escaped text of `v`."""
        if isinstance(shape, Scalar) and shape.kind == "string":
            return "esc(v)"
        return f"esc({self._constant(text.lexical(shape))}(v))"

    def _group(self, out: list[str], pad: str, group: Group, *, sure: bool) -> None:
        """`sure`: the group is there in every complete message, not only as a branch or by choice of the sender."""
        if group.name is not None:
            function = self._constant(None)
            inner = [f"def {function}(d, o{self._w}):", " if d.__class__ is not dict: raise X", " k = 0"]
            self._parts(inner, " ", group, sure=True)
            self._lines[:0] = [*inner, " if k != len(d): raise X"]
            out += [f"{pad}v = d.get({group.name!r}, M)", f"{pad}if v is not M:", f"{pad} k += 1"]
            out += [f"{pad} if v.__class__ is not list: raise X", f"{pad} for g in v: {function}(g, o{self._w})"]
        else:
            self._parts(out, pad, group, sure=sure and group.least > 0)

    def _parts(self, out: list[str], pad: str, group: Group, *, sure: bool) -> None:
        if self._prove is not None:
            out += self._prove.group(group, pad)
        if group.kind == "choice" and not disjoint(group):
            branches = self._constant(tuple(branch(part) for part in group.parts))
            picked = f"{branches}_"
            out.append(f"{pad}{picked} = pick(d, {branches})")
            for index, part in enumerate(group.parts):
                out.append(f"{pad}if {picked} == {index}:")
                self._part(out, pad + " ", part, sure=False)
                out.append(f"{pad} pass")
            return
        sure = sure and group.kind != "choice"
        run: list[Element] = []
        for part in group.parts:
            if sure and self._fast and isinstance(part, Element) and _always(part):
                run.append(part)
                continue
            self._run(out, pad, run)
            self._part(out, pad, part, sure=sure)
            if self._prove is not None and group.kind != "choice" and isinstance(part, Element) and part.least:
                out.append(f"{pad}else: raise X")
        self._run(out, pad, run)

    def _run(self, out: list[str], pad: str, run: list[Element]) -> None:
        """Texts that every message has, side by side, are one piece; where one is missing, the careful encoder is asked."""
        if not run:
            return
        values = [f"v{index}" for index in range(len(run))]
        for value, each in zip(values, run, strict=True):
            out.append(f"{pad}{value} = d[{each.name!r}]")
            if self._prove is not None:
                out += (*self._prove.element(each, pad, value), *self._prove.shape(each.shape, pad, value))
        tags = [self._tag(each.tag) for each in run]
        pieces = "".join(f"<{tag}>{{{value}}}</{tag}>" for tag, value in zip(tags, values, strict=True))
        out += [f"{pad}o(f{pieces!r}); w += {', '.join(values)},", f"{pad}k += {len(run)}"]
        run.clear()

    def _part(self, out: list[str], pad: str, part: Particle, *, sure: bool) -> None:
        if isinstance(part, Group):
            self._group(out, pad, part, sure=sure)
            return
        out += [f"{pad}v = d.get({part.name!r}, M)", f"{pad}if v is not M:", f"{pad} k += 1"]
        if isinstance(part, Wild):
            out += [f"{pad} if v.__class__ is not list: raise X", f"{pad} for v in v: o(splice(v))"]
        elif part.repeated:
            out.append(f"{pad} if v.__class__ is not list: raise X")
            if self._prove is not None:
                out += self._prove.element(part, pad + " ", "v")
            out.append(f"{pad} for v in v:")
            self._element(out, pad + "  ", part)
        else:
            if self._prove is not None:
                out += self._prove.element(part, pad + " ", "v")
            self._element(out, pad + " ", part)

    def _element(self, out: list[str], pad: str, element: Element) -> None:
        tag = self._tag(element.tag)
        if element.nillable:
            nil = f'<{tag} xsi:nil="true"/>'
            out += [f"{pad}if v is None: o({nil!r})", f"{pad}else:"]
            pad += " "
        self._value(out, pad, element.shape, f"<{tag}", f"</{tag}>", element.tag)

    def _value(self, out: list[str], pad: str, shape: Shape, start: str, end: str, tag: str) -> None:
        if self._prove is not None:
            out += self._prove.shape(shape, pad, "v")
        match shape:
            case Scalar(kind="integer"):
                out.append(f"{pad}if v.__class__ is not int: raise X")
                out.append(f"{pad}o(f{start + '>{v}' + end!r})")
            case Scalar(base="QName" | "NOTATION"):
                out.append(f"{pad}o(qname(v, {start!r}, {end!r}))")
            case Scalar(kind="string") if self._fast:
                out.append(f"{pad}w.append(v); o(f{start + '>{v}' + end!r})")
            case Scalar(kind="string"):
                out.append(
                    f"{pad}if v.__class__ is str and v.isprintable() and '<' not in v and '&' not in v and '>' not in v:"
                )
                out.append(f"{pad} o(f{start + '>{v}' + end!r})")
                out.append(f"{pad}else: o({start + '>'!r} + esc(v) + {end!r})")
            case Scalar() | Items():
                out.append(f"{pad}o({start + '>'!r} + ({self._text(shape)}) + {end!r})")
            case Named() | Record():
                function, headed = self._record(shape)
                if headed:
                    out.append(f"{pad}{function}(v, o{self._w}, {start!r}); o({end!r})")
                else:
                    out.append(f"{pad}o({start + '>'!r}); {function}(v, o{self._w}); o({end!r})")
            case Listing():
                out += [f"{pad}if v.__class__ is not list: raise X", f"{pad}o({start + '>'!r})", f"{pad}for v in v:"]
                self._element(out, pad + " ", shape.item)
                out.append(f"{pad}o({end!r})")
            case Raw():
                out.append(f"{pad}o(raw(v, {start!r}, {end!r}, {tag!r}))")
            case Json():
                out.append(f"{pad}o({start + '>'!r} + esc(json(v)) + {end!r})")


def _json(value: Any) -> str:
    written = msgspec.json.encode(value).decode()
    if BLOB in written:  # its text would have to be escaped twice where it is put back
        raise text.Mismatch
    return written


def _always(element: Element) -> bool:
    shape = element.shape
    return (
        element.least == element.most == 1
        and not element.nillable
        and isinstance(shape, Scalar)
        and shape.kind == "string"
        and shape.base not in QUALIFIED
    )


def _is_name(shape: Shape | None) -> bool:
    return isinstance(shape, Scalar) and shape.base in QUALIFIED
