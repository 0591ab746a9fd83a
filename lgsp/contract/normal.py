"""What JSON cannot say by itself: unknown fields dropped or refused, integers beyond 2^53 that travel as strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from lgsp.contract.shape import (
    NIL_KEY,
    SAFE_INTEGER,
    TEXT_KEY,
    TYPE_KEY,
    Element,
    Group,
    Items,
    Listing,
    Named,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    content_scope,
    scope,
    walk,
)
from lgsp.contract.text import Mismatch

Change = Callable[[Any], Any]
_BIG_TEXT = re.compile(r"-?[1-9][0-9]{15,3999}")


def integer_in(value: Any) -> Any:
    """An integer from what JSON had: 1.0 is one, and so are the digits of a big one; anything else is left to the validator."""
    if value.__class__ is float and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    if value.__class__ is str and _BIG_TEXT.fullmatch(value) and abs(int(value)) > SAFE_INTEGER:
        return int(value)
    return value


def integer_out(value: Any) -> Any:
    return str(value) if value.__class__ is int and abs(value) > SAFE_INTEGER else value


def has_big(shape: Shape, table: Table) -> bool:
    """Whether any integer of the message may be beyond 2^53."""
    return any(_big(each, table) for each in walk(shape, table))


def _big(shape: Shape, table: Table) -> bool:
    if isinstance(shape, Scalar):
        return shape.big
    if isinstance(shape, Items):
        return shape.item.big
    record = table[shape.key] if isinstance(shape, Named) else shape
    if not isinstance(record, Record):
        return False
    attributes = any(_big(attribute.shape, table) for attribute in record.attributes)
    return attributes or (record.text is not None and _big(record.text, table))


class Normaliser:
    """Compiles one pass over the data of a message. `unknown` is "refuse" (raises `Mismatch`), "drop" or "keep"."""

    def __init__(
        self, table: Table, *, unknown: Literal["refuse", "drop", "keep"], integer: Change, copy: bool
    ) -> None:
        self._table, self._unknown, self._integer, self._copy = table, unknown, integer, copy
        self._made: dict[str, Change] = {}

    def of(self, shape: Shape) -> Change | None:
        """None where nothing could ever have to be changed or refused."""
        match shape:
            case Scalar():
                return self._integer if shape.kind == "integer" else None
            case Items():
                return _each(self._integer) if shape.item.kind == "integer" else None
            case Listing():
                one = self.of(shape.item.shape)
                return _each(one) if one is not None else None
            case Named():
                return self._named(shape.key)
            case Record():
                return self._record(shape)
        return None

    def _named(self, key: str) -> Change:
        if key not in self._made:
            self._made[key] = self._record(self._table[key])
        return self._made[key]

    def _field(self, field: Element | Group | Wild) -> Change | None:
        match field:
            case Wild():
                return None
            case Group():
                return _each(self._fields(scope(field), {}, open_ended=False))
        change = self.of(field.shape)
        return _each(change) if change is not None and field.repeated else change

    def _record(self, record: Record) -> Change:
        extra: dict[str, Change | None] = {attribute.name: self.of(attribute.shape) for attribute in record.attributes}
        if record.text is not None:
            extra[TEXT_KEY] = self.of(record.text)
        extra[NIL_KEY] = None
        plain = self._fields(content_scope(record), extra, open_ended=record.any_attribute)
        if not record.subtypes:
            return plain
        cells: dict[str, Change] = {}

        def dispatch(data: Any) -> Any:
            said = data.get(TYPE_KEY) if data.__class__ is dict else None
            if said is None:
                return plain(data)
            if said.__class__ is not str or said not in record.subtypes:
                raise Mismatch
            if said not in cells:
                target = self._table[record.subtypes[said][0]]
                cells[said] = self._record(Record(target.content, target.attributes, target.text, target.any_attribute))
            rest = {key: value for key, value in data.items() if key != TYPE_KEY}
            return {TYPE_KEY: said, **cells[said](rest)}

        return dispatch

    def _fields(
        self, fields: dict[str, Element | Group | Wild], extra: dict[str, Change | None], *, open_ended: bool
    ) -> Change:
        known = extra.keys() | fields.keys()
        acting: tuple[tuple[str, Change], ...] | None = None  # built when the first record comes: types may be circular
        refuse, drop, copy = self._unknown == "refuse", self._unknown == "drop", self._copy

        def record(data: Any) -> Any:
            nonlocal acting
            if acting is None:
                changes = {**extra, **{name: self._field(field) for name, field in fields.items()}}
                acting = tuple((name, change) for name, change in changes.items() if change is not None)
            if data.__class__ is not dict:
                return data
            if not open_ended and not data.keys() <= known:
                if refuse:
                    raise Mismatch
                if drop:
                    data = {key: value for key, value in data.items() if key in known}
            if copy and acting:
                data = dict(data)
            for name, change in acting:
                value = data.get(name)
                if value is not None:
                    data[name] = change(value)
            return data

        return record


def _each(change: Change) -> Change:
    return lambda data: [change(item) for item in data] if data.__class__ is list else data
