"""A hypothesis strategy for any message: data made from its compiled shape and facets.

hypothesis draws one seed and the data is a pure function of it: records of a hundred fields are beyond what composed
strategies can draw in reasonable time, and the seed that hypothesis prints is all that a repetition needs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lgsp.contract.model import Codec
from lgsp.contract.pattern_text import text_for
from lgsp.contract.sampling import Sampler
from lgsp.contract.shape import (
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
    resolve,
)
from lgsp.contract.text import collapsed, reader
from lgsp.model import Data

_WORDS = (
    "", "a", "Z", "0", " ", "  ", "&", "<", ">", '"', "'", "]]>", "\t", "\n", "\r", "ệ", "e\u0323\u0302", "\U0001f600", "\x7f",
    "\x85", "\u2028", "\u00a0", "<!DOCTYPE a>", "&amp;", "{}", "null", "\ufeff", "Nguyễn Thị Mẫu", "0123",
)  # fmt: skip
_BITS = {
    "byte": 7,
    "short": 15,
    "int": 31,
    "long": 63,
    "unsignedByte": 8,
    "unsignedShort": 16,
    "unsignedInt": 32,
    "unsignedLong": 64,
}
_SIGNS = {
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
}
_DEPTH = 4


def data_for(codec: Codec) -> SearchStrategy[Data]:
    """Data that the codec's shape and facets admit; what only the written half forbids, a test filters by `check`."""
    return st.integers(0, 2**32).map(lambda seed: data_of(codec, seed))


def data_of(codec: Codec, seed: int) -> Data:
    element, table = codec.element, codec.table  # type: ignore[attr-defined]
    value = Maker(table, Random(seed)).value(element.shape, 0)
    return value if isinstance(value, dict) else {TEXT_KEY: value}


class Maker:
    def __init__(self, table: Table, random: Random) -> None:
        self._table, self._random = table, random
        # how full a message is: from nearly nothing to everything
        self._full = random.choice((0.1, 0.5, 0.9, 1.0))

    def _maybe(self) -> bool:
        return self._random.random() < self._full

    def value(self, shape: Shape, depth: int) -> Any:
        match shape:
            case Scalar():
                return self._scalar(shape)
            case Items(item=item, facets=facets):
                least = facets.min_length or 0
                count = self._random.randint(least, min(facets.max_length or least + 3, least + 3))
                return [self._scalar(item) for _ in range(count)]
            case Named() | Record():
                actual = resolve(shape, self._table)
                assert isinstance(actual, Record)
                return self._record(actual, depth)
            case Listing(item=item):
                return [self._one(item, depth + 1) for _ in range(self._random.randint(item.least, item.least + 2))]
            case Raw():
                return self._random.choice(("", "mẫu", "a < b & c"))
            case Json(sample=sample):
                return sample

    def _record(self, record: Record, depth: int) -> dict[str, Any]:
        if record.subtypes and (record.abstract or self._maybe()):
            said = self._random.choice(list(record.subtypes))
            return {TYPE_KEY: said, **self._plain(self._table[record.subtypes[said][0]], depth)}
        return self._plain(record, depth)

    def _plain(self, record: Record, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for attribute in record.attributes:
            if attribute.required or self._maybe():
                fixed = attribute.fixed
                data[attribute.name] = (
                    self.value(attribute.shape, depth) if fixed is None else reader(attribute.shape)(fixed)
                )
        if record.text is not None:
            data[TEXT_KEY] = self.value(record.text, depth)
        elif record.content is not None:
            self._particle(record.content, data, depth)
        if record.branches:
            chosen = self._random.choice(record.branches)
            data = {key: value for key, value in data.items() if key in chosen}
        return data

    def _particle(self, part: Particle, data: dict[str, Any], depth: int) -> None:
        if isinstance(part, Element):
            self._element(part, data, depth)
            return
        if not part.least and not self._maybe():
            return
        count = self._random.randint(max(1, part.least), min(part.most, part.least + 2))
        if isinstance(part, Wild):
            data[part.name] = ['<m:mau xmlns:m="urn:mau">mẫu</m:mau>'] * count
        elif part.name is not None:
            items: list[dict[str, Any]] = [{} for _ in range(count)]
            for item in items:
                self._parts(part, item, depth)
            if any(items):
                data[part.name] = [item for item in items if item]
        else:
            self._parts(part, data, depth)

    def _parts(self, group: Group, data: dict[str, Any], depth: int) -> None:
        if group.kind == "choice":
            shallow = [part for part in group.parts if not self._deep(part, depth)]
            self._particle(self._random.choice(shallow or list(group.parts)), data, depth)
            return
        for part in group.parts:
            self._particle(part, data, depth)

    def _deep(self, part: Particle, depth: int) -> bool:
        if isinstance(part, Element):
            return depth >= _DEPTH and not isinstance(resolve(part.shape, self._table), Scalar)
        return isinstance(part, Group) and any(self._deep(each, depth) for each in part.parts)

    def _element(self, element: Element, data: dict[str, Any], depth: int) -> None:
        if element.empty_list and (self._deep(element, depth) or not self._maybe()):
            data[element.name] = []
        elif not element.least and (self._deep(element, depth) or not self._maybe()):
            return
        elif element.repeated:
            # an optional empty list and an absent one are the same in XML
            count = self._random.randint(max(1, element.least), min(element.most, element.least + 2))
            data[element.name] = [self._one(element, depth + 1) for _ in range(count)]
        else:
            data[element.name] = self._one(element, depth + 1)

    def _one(self, element: Element, depth: int) -> Any:
        if element.fixed is not None and isinstance(element.shape, Scalar):
            return reader(element.shape)(element.fixed)
        if element.nillable and (self._deep(element, depth) or self._random.random() < 0.3):
            return None
        value = self.value(element.shape, depth)
        # an empty element means its default, so empty text is not a value of its own there
        return "mau" if value == "" and element.default is not None else value

    def _scalar(self, shape: Scalar) -> Any:
        if shape.facets.enum is not None:
            return reader(shape)(self._random.choice(shape.facets.enum))
        if shape.members:
            return Sampler({}).scalar(shape, "x")
        match shape.kind:
            case "boolean":
                return self._random.random() < 0.5
            case "integer":
                return self._integer(shape)
            case "number":
                return self._number(shape.facets, single=shape.base == "float")
        return self._text(shape)

    def _integer(self, shape: Scalar) -> int:
        bits, facets = _BITS.get(shape.base), shape.facets
        low = 0 if shape.base.startswith("unsigned") else -(1 << bits) if bits else -(10**20)
        high = (1 << bits) - 1 if bits else 10**20
        signs = _SIGNS.get(shape.base, (None, None))
        low, high = low if signs[0] is None else signs[0], high if signs[1] is None else signs[1]
        low = max(low, int(Decimal(facets.minimum or low)), int(Decimal(facets.above or low - 1)) + 1)
        high = min(high, int(Decimal(facets.maximum or high)), int(Decimal(facets.below or high + 1)) - 1)
        if facets.total_digits:
            low, high = max(low, -(10**facets.total_digits) + 1), min(high, 10**facets.total_digits - 1)
        near = [value for value in (0, 1, -1, 2**53, 2**53 + 1, -(2**53) - 1) if low <= value <= high]
        return self._random.choice([low, high, self._random.randint(low, high), *near])

    def _number(self, facets: Facets, *, single: bool) -> float:
        low = float(facets.minimum or facets.above or -1e9) + (0.5 if facets.above else 0)
        high = float(facets.maximum or facets.below or 1e9) - (0.5 if facets.below else 0)
        if single:
            return float(int(self._random.uniform(max(low, -1000), min(high, 1000))))
        return self._random.choice([low, high, self._random.uniform(low, high)])

    def _text(self, shape: Scalar) -> str:
        facets = shape.facets
        least, most = facets.min_length or 0, facets.max_length
        if facets.patterns:
            found = text_for(self._random.choice(facets.patterns[-1]), self._random.choice((least, least, least + 3)))
            return (
                Sampler({}).scalar(shape, "x") if found is None or (most is not None and len(found) > most) else found
            )
        if shape.base in _TYPED:
            return _TYPED[shape.base](self._random)
        if shape.base == "decimal":
            return self._decimal(facets)
        if shape.base not in ("string", "normalizedString", "token", "anySimpleType"):
            return str(Sampler({}).scalar(shape, "x"))
        text = "".join(self._random.choice(_WORDS) for _ in range(self._random.randint(0, 6)))
        if shape.space != "preserve":
            text = collapsed(text)
        text = text.ljust(least, "x")
        return (
            text
            if most is None
            else text[:most]
            if shape.space == "preserve"
            else text[:most].strip(" ").ljust(least, "x")
        )

    def _decimal(self, facets: Facets) -> str:
        places = facets.fraction_digits if facets.fraction_digits is not None else 3
        step = Decimal(1).scaleb(-places)
        bound = Decimal(10) ** ((facets.total_digits or 15) - places) - step
        low = max(-bound, Decimal(facets.minimum or facets.above or -bound) + (step if facets.above else 0))
        high = min(bound, Decimal(facets.maximum or facets.below or bound) - (step if facets.below else 0))
        units = self._random.randint(int(low / step), int(high / step))
        return format(Decimal(units) * step, "f")


_TYPED: dict[str, Callable[[Random], str]] = {
    "date": lambda random: (date(1900, 1, 1) + timedelta(random.randint(0, 60_000))).isoformat(),
    "dateTime": lambda random: (
        datetime(1900, 1, 1, tzinfo=timezone(timedelta(hours=random.choice((0, 7)))))
        + timedelta(seconds=random.randint(0, 5 * 10**9))
    ).isoformat(),
    "time": lambda random: f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:00",
    "base64Binary": lambda random: base64.b64encode(random.randbytes(random.randint(0, 20))).decode(),
    "hexBinary": lambda random: random.randbytes(random.randint(0, 9)).hex().upper(),
}
