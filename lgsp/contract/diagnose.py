"""Why data does not have a message's shape: JSON Pointers and rules, found off the hot path. Never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lgsp.contract.raw import spliced
from lgsp.contract.shape import (
    NIL_KEY,
    RAW_KEY,
    TEXT_KEY,
    TYPE_KEY,
    Element,
    Group,
    Items,
    Json,
    Listing,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    content_scope,
    resolve,
    scope,
)
from lgsp.contract.text import ILLEGAL, Mismatch
from lgsp.model import Blob, FieldError

_WORDS = {"string": str, "integer": int, "number": float, "boolean": bool}


def pointer(path: str, key: str | int) -> str:
    """One step further down (RFC 6901)."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def diagnose(shape: Shape, data: Any, table: Table, path: str = "", *, xml: bool = True) -> Iterator[FieldError]:
    """Everything about containers, names and kinds of values. `xml` adds what XML cannot hold."""
    actual = resolve(shape, table)
    match actual:
        case Json():
            return
        case Raw():
            if isinstance(data, str):
                yield from _characters(data, path, xml=xml)
            elif not (isinstance(data, dict) and data.keys() == {RAW_KEY}):
                yield FieldError(path, "type:xml")
            return
        case Scalar():
            yield from _scalar(actual, data, path, xml=xml)
            return
        case Items(item=item):
            if not isinstance(data, list):
                yield FieldError(path, "type:array")
                return
            for index, each in enumerate(data):
                yield from _scalar(item, each, pointer(path, index), xml=xml)
            return
        case Listing(item=element):
            yield from _several(element, data, table, path, xml=xml)
            return
    if not isinstance(data, dict):
        yield FieldError(path, "type:object")
        return
    yield from _record(actual, data, table, path, xml=xml)


def _record(record: Record, data: dict[str, Any], table: Table, path: str, *, xml: bool) -> Iterator[FieldError]:
    if TYPE_KEY in data and record.subtypes:
        found = record.subtypes.get(data[TYPE_KEY]) if isinstance(data[TYPE_KEY], str) else None
        if found is None:
            yield FieldError(pointer(path, TYPE_KEY), "enum")
            return
        record = table[found[0]]
        data = {key: value for key, value in data.items() if key != TYPE_KEY}
    elif record.abstract:
        yield FieldError(pointer(path, TYPE_KEY), "required")
        return
    known = {attribute.name: attribute for attribute in record.attributes}
    fields = content_scope(record)
    for key, value in data.items():
        below = pointer(path, key)
        if key in known:
            yield from diagnose(known[key].shape, value, table, below, xml=xml)
        elif key == TEXT_KEY and record.text is not None:
            yield from diagnose(record.text, value, table, below, xml=xml)
        elif key in fields:
            yield from _field(fields[key], value, table, below, xml=xml)
        elif not (key == NIL_KEY or (record.any_attribute and key.startswith("@"))):
            yield FieldError(below, "unknown field")


def _field(field: Element | Group | Wild, data: Any, table: Table, path: str, *, xml: bool) -> Iterator[FieldError]:
    if isinstance(field, Element):
        if field.repeated:
            yield from _several(field, data, table, path, xml=xml)
        else:
            yield from _one(field, data, table, path, xml=xml)
        return
    if not isinstance(data, list):
        yield FieldError(path, "type:array")
        return
    for index, each in enumerate(data):
        below = pointer(path, index)
        if isinstance(field, Wild):
            try:
                spliced(each)
            except Mismatch:
                yield FieldError(below, "type:xml")
        elif not isinstance(each, dict):
            yield FieldError(below, "type:object")
        else:
            yield from _occurrence(scope(field), each, table, below, xml=xml)


def _occurrence(
    fields: Mapping[str, Element | Group | Wild], data: dict[str, Any], table: Table, path: str, *, xml: bool
) -> Iterator[FieldError]:
    for key, value in data.items():
        if key in fields:
            yield from _field(fields[key], value, table, pointer(path, key), xml=xml)
        else:
            yield FieldError(pointer(path, key), "unknown field")


def _several(element: Element, data: Any, table: Table, path: str, *, xml: bool) -> Iterator[FieldError]:
    if not isinstance(data, list):
        yield FieldError(path, "type:array")
        return
    for index, each in enumerate(data):
        yield from _one(element, each, table, pointer(path, index), xml=xml)


def _one(element: Element, data: Any, table: Table, path: str, *, xml: bool) -> Iterator[FieldError]:
    if data is not None:
        yield from diagnose(element.shape, data, table, path, xml=xml)
    elif not element.nillable and not isinstance(element.shape, Raw | Json):
        yield FieldError(path, "null")


def _scalar(shape: Scalar, data: Any, path: str, *, xml: bool) -> Iterator[FieldError]:
    if isinstance(data, Blob):
        return
    word = shape.base if shape.kind == "string" and shape.base != "normalizedString" else shape.kind
    fits = isinstance(data, _WORDS[shape.kind]) and (isinstance(data, bool) == (shape.kind == "boolean"))
    if shape.kind == "number":
        fits = (isinstance(data, int | float) and not isinstance(data, bool)) or data in ("INF", "-INF", "NaN")
    if not fits:
        yield FieldError(path, f"type:{word}")
    elif isinstance(data, str):
        yield from _characters(data, path, xml=xml)


def _characters(data: str, path: str, *, xml: bool) -> Iterator[FieldError]:
    if xml and ILLEGAL.search(data):
        yield FieldError(path, "character not allowed in XML")
