"""One message without its validator: between data, JSON and XML. Compiled at its first use: most messages are seldom sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import islice
from typing import Any

import msgspec
from lxml import etree

from lgsp.contract.diagnose import diagnose
from lgsp.contract.encoding import Write, compile_writer
from lgsp.contract.normal import Change, Normaliser, has_big, integer_in, integer_out
from lgsp.contract.reading import Reader
from lgsp.contract.shape import NIL_KEY, RAW_KEY, TEXT_KEY, XSI, Element, Raw, Table, split, walk
from lgsp.contract.text import Mismatch, quoted
from lgsp.errors import InvalidMessage
from lgsp.model import Data, FieldError

Schema = dict[str, Any]
_LARGE = 100
"""Shapes in a message; below it compiling takes 1 to 3 ms."""


class Message:
    """What both births of a codec share: shape, text and JSON, each part compiled at its first use."""

    def __init__(
        self, element: Element, table: Table, schema: Callable[[], Schema], *, proved: bool, lenient: bool
    ) -> None:
        self.element, self.table = element, table
        self.root = element.tag
        self._schema, self._proved, self._lenient = schema, proved, lenient
        self._reader = Reader(table, proved=proved)

    @cached_property
    def schema(self) -> Schema:
        return self._schema()

    @cached_property
    def write(self) -> Write:
        write = compile_writer(self.element, self.table)
        if isinstance(self.element.shape, Raw):
            return lambda data: write(data if RAW_KEY in data else data.get(TEXT_KEY, ""))
        if self.element.nillable:
            nil = _nil(self.element.tag)
            return lambda data: nil if data == {NIL_KEY: True} else write(data)
        return write

    @cached_property
    def read(self) -> Callable[[etree._Element], Any]:
        read = self._reader.value(self.element)
        if isinstance(self.element.shape, Raw):
            return lambda element: value if isinstance(value := read(element), dict) else {TEXT_KEY: value or ""}
        if self.element.nillable:
            return lambda element: {NIL_KEY: True} if (value := read(element)) is None else value
        return read

    @cached_property
    def incoming(self) -> Change:
        mode = Normaliser(self.table, unknown="drop" if self._lenient else "refuse", integer=integer_in, copy=False)
        return mode.of(self.element.shape) or _same

    @cached_property
    def strict(self) -> Change:
        return Normaliser(self.table, unknown="refuse", integer=_same, copy=False).of(self.element.shape) or _same

    @cached_property
    def outgoing(self) -> Change | None:
        if not has_big(self.element.shape, self.table):
            return None
        return Normaliser(self.table, unknown="keep", integer=integer_out, copy=True).of(self.element.shape)

    def mismatch(self, data: Any, *, xml: bool) -> InvalidMessage:
        errors = tuple(diagnose(self.element.shape, data, self.table, xml=xml))
        return InvalidMessage(errors=errors or (FieldError("", "invalid"),))

    def object(self, data: Any) -> Data:
        """Data from parsed JSON."""
        if not isinstance(data, dict):
            raise InvalidMessage(errors=(FieldError("", "type:object"),))
        return self.incoming_data(data)

    def incoming_data(self, data: Data) -> Data:
        try:
            changed: Data = self.incoming(data)
        except Mismatch as error:
            raise self.mismatch(data, xml=False) from error
        return changed

    def json(self, data: Data) -> bytes:
        return msgspec.json.encode(data if self.outgoing is None else self.outgoing(data))

    def xml(self, data: Data) -> str:
        try:
            return self.write(data)
        except (Mismatch, AttributeError, TypeError) as error:
            raise self.mismatch(data, xml=True) from error

    @cached_property
    def large(self) -> bool:
        """Whether compiling it takes longer than the loop may be blocked (RULES 11)."""
        return next(islice(walk(self.element.shape, self.table), _LARGE, None), None) is not None

    def warm(self) -> None:
        _ = self.write, self.read, self.incoming, self.strict, self.outgoing
        self._reader.finish()


def _nil(tag: str) -> str:
    namespace, local = split(tag)
    own = f" xmlns={quoted(namespace)}" if namespace else ""
    return f'<{local}{own} xmlns:xsi="{XSI}" xsi:nil="true"/>'


def _same(data: Any) -> Any:
    return data
