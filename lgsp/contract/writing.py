"""Data to XML: a shape compiled to Python source with every tag as a literal, executed once.

The encoder refuses what it does not know (`Mismatch`) and leaves rules about values to the contract's validator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgsp.contract import raw, text
from lgsp.contract.matching import first
from lgsp.contract.shape import (
    NIL_KEY,
    TEXT_KEY,
    TYPE_KEY,
    XSI,
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
    elements,
    scope,
    split,
    walk,
)

Write = Callable[[dict[str, Any]], str]


def compile_writer(root: Element, table: Table) -> Write:
    """A function from the data of a message to the text of its root element; raises `Mismatch`."""
    return _Source(root, table).compiled()


class _Source:
    """Collects the functions of one message. Lines are indented by the caller of `_line`."""

    def __init__(self, root: Element, table: Table) -> None:
        self._root, self._table = root, table
        self._lines: list[str] = []
        self._names: dict[str, Any] = {
            "M": object(),
            "X": text.Mismatch,
            "esc": text.escaped,
            "quo": text.quoted,
            "qname": _qualified,
            "raw": raw.written,
            "splice": raw.spliced,
            "pick": _pick,
            "wild_attributes": _wild_attributes,
        }
        self._functions: dict[str, str] = {}
        self._pending: list[tuple[str, Record]] = []
        self._prefixes = _prefixes(root, table)
        self._derived = {key for record in table.values() for key, _ in record.subtypes.values()}

    def compiled(self) -> Write:
        start = self._tag(self._root.tag)
        declared = "".join(
            f" xmlns{':' + prefix if prefix else ''}={text.quoted(namespace)}"
            for namespace, prefix in self._prefixes.items()
        )
        body: list[str] = ["def write(v):", " a = []; o = a.append"]
        self._value(body, " ", self._root.shape, f"<{start}{declared}", f"</{start}>", self._root.tag)
        body.append(" return ''.join(a)")
        while self._pending:
            self._function(*self._pending.pop())
        exec(compile("\n".join([*self._lines, *body]), "<codec>", "exec"), self._names)  # noqa: S102  our own text; the contract's words stand in it as literals only
        write: Write = self._names["write"]
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
            record.attributes or record.any_attribute or record.subtypes or key in self._derived or record.abstract
        )

    def _function(self, key: str, record: Record) -> None:
        name, out = self._functions[key], self._lines
        headed = self._headed(key, record)
        if record.subtypes or record.abstract:
            self._dispatch(name, record)
            name = f"{name}_"
        out.append(f"def {name}(d, o{', s, k=0' if headed else ''}):")
        out.append(" if d.__class__ is not dict: raise X")
        if not headed:
            out.append(" k = 0")
        else:
            out.append(" o(s)")
            self._attributes(record)
            out.append(f" if {NIL_KEY!r} in d: k += 1; o(' xsi:nil=\"true\"')")
            out.append(" o('>')")
        if record.text is not None:
            out.append(f" v = d.get({TEXT_KEY!r}, M)")
            out.append(" if v is not M:")
            out.append("  k += 1")
            out.append(f"  o({self._text(record.text)})")
        elif record.content is not None:
            self._group(out, " ", record.content)
        out.append(" if k != len(d): raise X")

    def _dispatch(self, name: str, record: Record) -> None:
        out = self._lines
        subtypes = {}
        for said, (key, clark) in record.subtypes.items():
            function, _ = self._record(Named(key))
            derived = self._table[key]
            bare = f"{function}_" if derived.subtypes or derived.abstract else function
            subtypes[said] = (bare, f' xsi:type="{self._tag(clark)}"')
        cell = self._constant(subtypes)
        out.append(f"def {name}(d, o, s, k=0):")
        out.append(" if d.__class__ is not dict: raise X")
        out.append(f" t = d.get({TYPE_KEY!r})")
        out.append(f" if t is None: {'raise X' if record.abstract else f'return {name}_(d, o, s, k)'}")
        out.append(f" t = {cell}.get(t)")
        out.append(" if t is None: raise X")
        out.append(" globals()[t[0]](d, o, s + t[1], k + 1)")

    def _attributes(self, record: Record) -> None:
        out = self._lines
        for attribute in record.attributes:
            out.append(f" v = d.get({attribute.name!r}, M)")
            out.append(" if v is not M:")
            out.append("  k += 1")
            out.append(f"  o({' ' + self._tag(attribute.tag) + '='!r} + quo({self._lexical(attribute)}(v)))")
        if record.any_attribute:
            known = self._constant(frozenset(attribute.name for attribute in record.attributes))
            out.append(f" w, n = wild_attributes(d, {known}); k += n; o(w)")

    def _lexical(self, attribute: Attribute) -> str:
        return self._constant(text.lexical(attribute.shape))

    def _text(self, shape: Scalar | Items) -> str:
        """An expression for the escaped text of `v`."""
        if isinstance(shape, Scalar) and shape.kind == "string":
            return "esc(v)"
        return f"esc({self._constant(text.lexical(shape))}(v))"

    def _group(self, out: list[str], pad: str, group: Group) -> None:
        if group.name is not None:
            function = self._constant(None)
            inner = [f"def {function}(d, o):", " if d.__class__ is not dict: raise X", " k = 0"]
            self._parts(inner, " ", group)
            self._lines[:0] = [*inner, " if k != len(d): raise X"]
            out += [f"{pad}v = d.get({group.name!r}, M)", f"{pad}if v is not M:", f"{pad} k += 1"]
            out += [f"{pad} if v.__class__ is not list: raise X", f"{pad} for g in v: {function}(g, o)"]
        else:
            self._parts(out, pad, group)

    def _parts(self, out: list[str], pad: str, group: Group) -> None:
        if group.kind == "choice" and not _disjoint(group):
            branches = self._constant(tuple(_branch(part) for part in group.parts))
            picked = f"{branches}_"
            out.append(f"{pad}{picked} = pick(d, {branches})")
            for index, part in enumerate(group.parts):
                out.append(f"{pad}if {picked} == {index}:")
                self._part(out, pad + " ", part)
                out.append(f"{pad} pass")
            return
        for part in group.parts:
            self._part(out, pad, part)

    def _part(self, out: list[str], pad: str, part: Particle) -> None:
        if isinstance(part, Group):
            self._group(out, pad, part)
            return
        out += [f"{pad}v = d.get({part.name!r}, M)", f"{pad}if v is not M:", f"{pad} k += 1"]
        if isinstance(part, Wild):
            out += [f"{pad} if v.__class__ is not list: raise X", f"{pad} for v in v: o(splice(v))"]
        elif part.repeated:
            out += [f"{pad} if v.__class__ is not list: raise X", f"{pad} for v in v:"]
            self._element(out, pad + "  ", part)
        else:
            self._element(out, pad + " ", part)

    def _element(self, out: list[str], pad: str, element: Element) -> None:
        tag = self._tag(element.tag)
        if element.nillable:
            nil = f'<{tag} xsi:nil="true"/>'
            out += [f"{pad}if v is None: o({nil!r})", f"{pad}else:"]
            pad += " "
        self._value(out, pad, element.shape, f"<{tag}", f"</{tag}>", element.tag)

    def _value(self, out: list[str], pad: str, shape: Shape, start: str, end: str, tag: str) -> None:
        match shape:
            case Scalar(kind="integer"):
                out.append(f"{pad}if v.__class__ is not int: raise X")
                out.append(f"{pad}o(f{start + '>{v}' + end!r})")
            case Scalar(base="QName" | "NOTATION"):
                out.append(f"{pad}o(qname(v, {start!r}, {end!r}))")
            case Scalar(kind="string"):
                # printable excludes every control character, surrogate and non-character, at a tenth of a regular expression
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
                    out.append(f"{pad}{function}(v, o, {start!r}); o({end!r})")
                else:
                    out.append(f"{pad}o({start + '>'!r}); {function}(v, o); o({end!r})")
            case Listing():
                out += [f"{pad}if v.__class__ is not list: raise X", f"{pad}o({start + '>'!r})", f"{pad}for v in v:"]
                self._element(out, pad + " ", shape.item)
                out.append(f"{pad}o({end!r})")
            case Raw():
                out.append(f"{pad}o(raw(v, {start!r}, {end!r}, {tag!r}))")
            case Json():
                out.append(f"{pad}raise X")


def _prefixes(root: Element, table: Table) -> dict[str, str]:
    """Namespace -> prefix. The root's is the default one where nothing inside could be changed by that."""
    own = split(root.tag)[0]
    used: dict[str, None] = {own: None}
    attributes: set[str] = set()
    plain, instance = True, root.nillable
    for shape in walk(root.shape, table):
        record = table[shape.key] if isinstance(shape, Named) else shape
        if isinstance(record, Raw):
            plain, instance = False, True
        if not isinstance(record, Record):
            continue
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


def _has_wild(particle: Particle | None) -> bool:
    return isinstance(particle, Wild) or (isinstance(particle, Group) and any(map(_has_wild, particle.parts)))


def _disjoint(group: Group) -> bool:
    names = [name for part in group.parts for name in _branch(part)[0]]
    return len(names) == len(set(names))


def _branch(part: Particle) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a branch of a choice may hold, and those that it must."""
    if isinstance(part, Group) and part.name is None:
        must = {e.name for e in elements(part) if e.least} if part.kind != "choice" else set()
        return frozenset(scope(part)), frozenset(name for name in must if name in scope(part))
    name = part.name or ""
    return frozenset({name}), frozenset() if first(part).empty else frozenset({name})


def _pick(data: dict[str, Any], branches: tuple[tuple[frozenset[str], frozenset[str]], ...]) -> int:
    """The branch that holds all that is there and misses nothing; -1 where nothing is there."""
    every = frozenset[str]().union(*(names for names, _ in branches))
    present = data.keys() & every
    if not present:
        return -1
    fitting = [index for index, (names, _) in enumerate(branches) if present <= names]
    return next((index for index in fitting if branches[index][1] <= present), fitting[0] if fitting else -1)


def _qualified(value: Any, start: str, end: str) -> str:
    if not isinstance(value, str):
        raise text.Mismatch
    namespace, local = split(value)
    if namespace:
        return f"{start} xmlns:q={text.quoted(namespace)}>q:{text.escaped(local)}{end}"
    return f"{start}>{text.escaped(local)}{end}"


def _wild_attributes(data: dict[str, Any], known: frozenset[str]) -> tuple[str, int]:
    """Attributes that anyAttribute lets in: `@{namespace}name` or `@name` in the data."""
    out: list[str] = []
    for key, value in data.items():
        if not key.startswith("@") or key in known or key in (NIL_KEY, TYPE_KEY):
            continue
        namespace, local = split(key[1:])
        if not isinstance(value, str) or not local.replace("-", "").replace(".", "").replace("_", "").isalnum():
            raise text.Mismatch
        if namespace == "http://www.w3.org/XML/1998/namespace":
            out.append(f" xml:{local}={text.quoted(value)}")
        elif namespace:
            prefix = f"w{len(out)}"
            out.append(f" xmlns:{prefix}={text.quoted(namespace)} {prefix}:{local}={text.quoted(value)}")
        else:
            out.append(f" {local}={text.quoted(value)}")
    return "".join(out), len(out)
