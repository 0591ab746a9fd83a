"""The loop over the children of a record, as Python source executed once: the hot path of reading XML.

A text that is there needs no look at nil and default; an empty element takes the slow way, its own reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from lgsp.contract.text import SPACE, Mismatch

Read = Callable[[etree._Element], Any]  # noqa: SLF001  lxml's name for an element
Convert = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a record: `convert` makes the value of a scalar from its text, `read` that of any element."""

    tag: str
    name: str
    convert: Convert | None
    read: Read
    repeated: bool


def compiled(fields: tuple[Field, ...], empty: tuple[str, ...], *, proved: bool, ordered: bool) -> Read:
    """A reader of a record's children. `proved` says that a schema has validated the element; else unknown, doubled and
    misplaced elements are refused here (`Mismatch`). `ordered`: as many children as fields are one of each, in order."""
    names: dict[str, Any] = {"X": Mismatch, "SPACE": SPACE, "M": object()}
    lines = ["def content(e):"]
    if ordered and len(fields) > 1:
        lines += _by_position(fields, names)
    if proved:
        lines += _by_tag(fields, names, empty)
    else:
        lines += _by_tag_strictly(fields, names, empty)
    exec(compile("\n".join(lines), "<codec>", "exec"), names)  # noqa: S102  our own text; the contract's words stand in it as literals only
    read: Read = names["content"]
    return read


def _by_position(fields: tuple[Field, ...], names: dict[str, Any]) -> list[str]:
    """Everything is there: no tag needs to be looked at."""
    children = ", ".join(f"c{index}" for index in range(len(fields)))
    values = []
    for index, field in enumerate(fields):
        child = f"c{index}"
        names[f"r{index}"] = field.read
        if field.convert is None:
            value = f"r{index}({child})"
        elif field.convert is str:
            value = f"{child}.text"
        else:
            names[f"v{index}"] = field.convert
            value = f"None if (t := {child}.text) is None else v{index}(t)"
        values.append(f"{field.name!r}: {value}")
    scalars = [(index, field) for index, field in enumerate(fields) if field.convert is not None]
    lines = [f" if len(e) == {len(fields)}:", f"  {children} = e", f"  d = {{{', '.join(values)}}}"]
    if scalars:
        lines.append("  if None in d.values():")
        lines += [
            f"   if d[{field.name!r}] is None: d[{field.name!r}] = r{index}(c{index})" for index, field in scalars
        ]
    return [*lines, "  return d"]


def _by_tag(fields: tuple[Field, ...], names: dict[str, Any], empty: tuple[str, ...]) -> list[str]:
    """Any of the fields. Plain texts, most of what there is, need one look-up; the others a second one."""
    names["S"] = {field.tag: field.name for field in fields if field.convert is str and not field.repeated}
    names["T"] = {field.tag: (field.name, field.convert, field.repeated) for field in fields}
    names["R"] = {field.tag: field.read for field in fields}
    return [
        f" d = {{{', '.join(f'{name!r}: []' for name in empty)}}}",
        " for c in e:",
        "  t = c.tag",
        "  n = S.get(t)",
        "  if n is not None:",
        "   v = c.text",
        "   d[n] = v if v is not None else R[t](c)",
        "   continue",
        "  f = T.get(t)",
        "  if f is None: raise X",
        "  n, k, m = f",
        "  if k is None or (v := c.text) is None: v = R[t](c)",
        "  elif k is not str: v = k(v)",
        "  if not m: d[n] = v",
        "  elif (l := d.get(n)) is not None: l.append(v)",
        "  else: d[n] = [v]",
        " return d",
    ]


def _by_tag_strictly(fields: tuple[Field, ...], names: dict[str, Any], empty: tuple[str, ...]) -> list[str]:
    names["T"] = {field.tag: (field.name, field.convert, field.read, field.repeated) for field in fields}
    return [
        " d = {}",
        " for c in e:",
        "  f = T.get(c.tag)",
        "  if f is None: raise X",
        "  n, k, r, m = f",
        "  if k is None or (v := c.text) is None: v = r(c)",
        "  elif len(c): raise X",
        "  elif k is not str: v = k(v)",
        "  if m:",
        "   if (l := d.get(n)) is not None: l.append(v)",
        "   else: d[n] = [v]",
        "  elif n in d: raise X",
        "  else: d[n] = v",
        *(f" d.setdefault({name!r}, [])" for name in empty),
        " if (t := e.text) is not None and t.strip(SPACE): raise X",
        " return d",
    ]
