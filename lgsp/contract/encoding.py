"""Data to XML: compiled encoders of one message.

There are two of each: the fast one writes strings as they are and looks at all of them once at its end; where one has to be
escaped, or the data is odd in any other way, the careful one writes the message again or says what is wrong. A third one
writes nothing that is not valid beyond doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgsp.contract import text
from lgsp.contract.proving import Unprovable
from lgsp.contract.shape import Element, Record, Table, resolve
from lgsp.contract.writing import Source

Write = Callable[[dict[str, Any]], str]
Proved = Callable[[dict[str, Any]], str | None]


def compile_writer(root: Element, table: Table) -> Write:
    """A function from the data of a message to the text of its root element; raises `Mismatch`."""
    fast, careful = Source(root, table, fast=True).compiled(), list[Write]()

    def write(data: dict[str, Any]) -> str:
        written: str | None
        try:
            written = fast(data)
        except (KeyError, TypeError, AttributeError, text.Mismatch):
            written = None
        if written is not None:
            return written
        if not careful:
            careful.append(Source(root, table, fast=False).compiled())
        return careful[0](data)

    return write


def compile_proved(root: Element, table: Table) -> Proved | None:
    """The fast one for data that nobody has checked: None for what is not valid beyond doubt, or has to be escaped. None in
    its place where no data of this message could be proved."""
    if not isinstance(resolve(root.shape, table), Record):
        return None
    try:
        source = Source(root, table, fast=True, proved=True)
        write = source.compiled()
    except Unprovable:
        return None

    def prove(data: dict[str, Any]) -> str | None:
        try:
            found: str | None = write(data)
        except (KeyError, TypeError, AttributeError, text.Mismatch):
            return None
        return found

    return prove
