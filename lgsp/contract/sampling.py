"""How sample data is made from a shape: visibly invented words, the smallest legal numbers, one item of everything."""

from __future__ import annotations

import base64
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from lgsp.contract.encoding import compile_writer
from lgsp.contract.matching import first
from lgsp.contract.pattern_text import text_for
from lgsp.contract.raw import outer
from lgsp.contract.shape import (
    RAW_KEY,
    TEXT_KEY,
    TYPE_KEY,
    Element,
    Facets,
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
)
from lgsp.contract.text import Mismatch, reader
from lgsp.xml import parse_xml

_TEXTS = {
    "date": "2024-01-02",
    "dateTime": "2024-01-02T03:04:05+07:00",
    "time": "03:04:05",
    "duration": "P1D",
    "gYear": "2024",
    "gYearMonth": "2024-01",
    "gMonthDay": "--01-02",
    "gDay": "---02",
    "gMonth": "--01",
    "decimal": "1.5",
    "base64Binary": "bWF1",
    "hexBinary": "6D6175",
    "anyURI": "urn:mau",
    "QName": "mau",
    "language": "vi",
    "ID": "mau",
    "boolean": "true",
}
_WORD = "MAU"
"""Mẫu, "specimen": what stands in every sample text, so that nobody takes it for data."""


_VALUES = 20_000
"""Types that refer to each other in many ways have more samples than anybody can wait for: then only what must stand stands."""


class Sampler:
    """Samples of one contract. Optional fields are filled once; a record inside itself is left out."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._open: list[str] = []
        self._ids = 0
        self._left = _VALUES

    def value(self, shape: Shape, name: str) -> Any:
        self._left -= 1
        match shape:
            case Scalar():
                return self.scalar(shape, name)
            case Items(item=item, facets=facets):
                return [self.scalar(item, name) for _ in range(facets.min_length or 1)]
            case Named(key=key):
                self._open.append(key)
                try:
                    return self._record(self._table[key], name)
                finally:
                    self._open.pop()
            case Record():
                return self._record(shape, name)
            case Listing(item=item):
                return [self._one(item) for _ in range(max(1, item.least))]
            case Raw():
                return _WORD
            case Json(sample=sample):
                return sample

    def _record(self, record: Record, name: str) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if record.abstract and record.subtypes:
            said, (key, _) = next(iter(record.subtypes.items()))
            return {TYPE_KEY: said, **self.value(Named(key), name)}
        for attribute in record.attributes:
            if attribute.fixed is not None:
                data[attribute.name] = reader(attribute.shape)(attribute.fixed)
            else:
                data[attribute.name] = self.value(attribute.shape, attribute.name.lstrip("@"))
        if record.text is not None:
            data[TEXT_KEY] = self.value(record.text, name)
        elif record.content is not None:
            self._particle(record.content, data)
        if record.branches:
            data = {key: value for key, value in data.items() if key in record.branches[0]}
        return data

    def _particle(self, part: Particle, data: dict[str, Any], *, needed: bool = True) -> None:
        match part:
            case Wild():
                if part.least and needed:
                    data[part.name] = [part.specimen or f'<m:mau xmlns:m="urn:mau">{_WORD}</m:mau>'] * part.least
            case Element():
                if (self._closed(part) or self._left < 0) and not (part.least and needed):
                    return
                if part.repeated:
                    data[part.name] = [self._one(part) for _ in range(max(1, part.least))]
                else:
                    data[part.name] = self._one(part)
            case Group(name=None):
                self._parts(part, data, needed=needed and part.least > 0)
            case Group():
                item: dict[str, Any] = {}
                self._parts(part, item, needed=True)
                data[str(part.name)] = [item for _ in range(max(1, part.least))]

    def _parts(self, group: Group, data: dict[str, Any], *, needed: bool) -> None:
        if group.kind != "choice":
            for part in group.parts:
                self._particle(part, data, needed=needed)
            return
        # of a choice the first branch that does not lead back into a record under way
        chosen = next((part for part in group.parts if not self._closed(part)), group.parts[0])
        self._particle(chosen, data, needed=needed)

    def _closed(self, part: Particle) -> bool:
        if isinstance(part, Element):
            return isinstance(part.shape, Named) and (part.shape.key in self._open or len(self._open) > 12)
        return isinstance(part, Group) and any(self._closed(each) for each in part.parts if not isinstance(each, Wild))

    def raw(self, element: Element) -> Any:
        """Mixed content is text, unless its type asks for attributes or elements in it."""
        record = element.shape.record if isinstance(element.shape, Raw) else None
        if record is None or len(self._open) > 24 or not _asks(record):
            return _WORD
        self._open.append(element.tag)
        try:
            data = {key: value for key, value in self._record(record, element.name).items() if key != TEXT_KEY}
            text = compile_writer(replace(element, shape=record, nillable=False), self._table)(data)
        except Mismatch:
            return _WORD
        finally:
            self._open.pop()
        return {RAW_KEY: outer(parse_xml(text.encode()))}

    def _one(self, element: Element) -> Any:
        if isinstance(element.shape, Raw):
            return self.raw(element)
        if element.fixed is not None and isinstance(element.shape, Scalar):
            return reader(element.shape)(element.fixed)
        if self._closed(element) and element.nillable:
            return None
        if isinstance(element.shape, Named) and (len(self._open) > 24 or self._left < -_VALUES):
            return {}
        return self.value(element.shape, element.name)

    def scalar(self, shape: Scalar, name: str) -> Any:
        if shape.facets.enum:
            return reader(shape)(shape.facets.enum[0])
        if shape.members:
            member = shape.members[0]
            value = self.value(member, name)
            return value if isinstance(value, str) or shape.kind != "string" else _plain(value)
        if shape.kind == "boolean":
            return True
        if shape.kind in ("integer", "number"):
            found = _number(shape.facets, _defaults(shape))
            return int(found) if shape.kind == "integer" else float(found)
        return self._text(shape, name)

    def _text(self, shape: Scalar, name: str) -> str:
        facets = shape.facets
        least, most = facets.min_length or 0, facets.max_length
        if facets.patterns:
            found = text_for(facets.patterns[-1][0], least)
            if found is not None:
                return found if most is None else found[:most]
        if shape.specimen:
            return shape.specimen
        if shape.base == "decimal":
            return _decimal(facets)
        if shape.base == "ID":
            self._ids += 1
            return f"mau{self._ids}"
        if shape.base in ("hexBinary", "base64Binary") and (least or most is not None):
            octets = b"MAU" * (least // 3 + 1)  # their length is counted in octets
            octets = octets[: least or most]
            return octets.hex().upper() if shape.base == "hexBinary" else base64.b64encode(octets).decode()
        text = _TEXTS.get(shape.base)
        if text is None:
            text = (
                f"{_WORD}-{name}" if shape.base in ("string", "normalizedString", "token", "anySimpleType") else "mau"
            )
            text = text.ljust(least, "x")
        return text if most is None or shape.base not in ("string", "normalizedString", "token") else text[:most]


def _asks(record: Record) -> bool:
    return any(each.required for each in record.attributes) or (
        record.content is not None and not first(record.content).empty
    )


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _defaults(shape: Scalar) -> Decimal:
    return Decimal(-1) if shape.base in ("negativeInteger", "nonPositiveInteger") else Decimal(1)


def _number(facets: Facets, wanted: Decimal) -> Decimal:
    def limit(text: str | None) -> Decimal | None:
        try:
            return Decimal(text) if text is not None else None
        except InvalidOperation:
            return None

    low, high, above, below = (limit(text) for text in (facets.minimum, facets.maximum, facets.above, facets.below))
    if low is not None and wanted < low:
        wanted = low
    if above is not None and wanted <= above:
        wanted = above + 1
    if high is not None and wanted > high:
        wanted = high
    if below is not None and wanted >= below:
        wanted = below - 1
    return wanted


def _decimal(facets: Facets) -> str:
    wanted = Decimal(1) if facets.fraction_digits == 0 or facets.total_digits == 1 else Decimal("1.5")
    return format(_number(facets, wanted), "f")
