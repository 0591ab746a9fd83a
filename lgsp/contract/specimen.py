"""A specimen of a message: sample data that its own contract has proved, whatever its facets and alternatives ask.

Optional fields are filled down to a depth that keeps the message small: in types that refer to each other in many ways a
message with everything in it would have no end.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from typing import Any

from lgsp.contract.model import Codec
from lgsp.contract.sampling import Sampler
from lgsp.contract.shape import (
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
)
from lgsp.contract.text import reader
from lgsp.errors import InvalidMessage
from lgsp.model import Data

_DEPTHS = (7, 5, 4, 3, 2, 1, 0)
_VALUES = 1_500
"""A specimen is for looking at, and is proved several times."""
_ROUNDS = 40
_BRANCHES = 4
"""Alternatives of an object that are tried, where the first are refused."""
_ENDLESS = 40
"""Levels of required content after which a type is taken for one that has no finite message."""


_ANYTHING = '<m:mau xmlns:m="urn:mau">MAU</m:mau>'


class _TooWide(Exception):
    """This depth makes more values than wanted."""


def specimen(codec: Codec, *, like: Data | None = None) -> Data:
    """Valid and visibly invented, the same every time; `like` is an example to begin with. Raises `InvalidMessage`.

    Where a facet or a rule between fields refuses a value, it goes, and what cannot stand without it goes with it.
    """
    if not codec.root:
        return {}
    if like is not None and _refusal(codec, like) is None:
        return like
    element: Element = getattr(codec, "element")  # noqa: B009  the codecs of this package have both
    refused = InvalidMessage()
    for branch, bare, depth in product(range(_BRANCHES), (False, True), _DEPTHS):
        maker = _Maker(getattr(codec, "table"), depth, bare=bare, branch=branch)  # noqa: B009
        try:
            value = maker.root(element)
        except _TooWide:
            continue
        data: Data = value if isinstance(value, dict) else {TEXT_KEY: value}
        last = _mended(codec, data)
        if last is None:
            return data
        refused = last
    raise refused


def _mended(codec: Codec, data: Data) -> InvalidMessage | None:
    """Takes away what is refused until nothing is; the refusal where that does not help."""
    error: InvalidMessage | None = None
    for _ in range(_ROUNDS):
        error = _refusal(codec, data)
        if error is None or not [each for each in error.errors if _take_away(data, each.path)]:
            break
    return error


def _refusal(codec: Codec, data: Data) -> InvalidMessage | None:
    try:
        codec.check(data)
    except InvalidMessage as error:
        return error
    return None


def _take_away(data: Data, path: str) -> bool:
    """Removes the value at a JSON Pointer, or the nearest one above it that is there; never the whole message."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    while steps:
        holder, key = _at(data, steps[:-1]), steps[-1]
        if isinstance(holder, dict) and key in holder:
            del holder[key]
            return True
        if isinstance(holder, list) and key.isdigit() and int(key) < len(holder):
            del holder[int(key)]
            return True
        steps.pop()
    return False


def _at(data: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


class _Maker:
    """One message. Optional fields stand above `depth`; a type inside itself is left out where it may be. `bare`: no example
    of the document is taken for good. `branch`: which of the alternatives of an object is made."""

    def __init__(self, table: Table, depth: int, *, bare: bool, branch: int) -> None:
        self._table, self._depth, self._left, self._bare, self._branch = table, depth, _VALUES, bare, branch
        self._scalars = Sampler(table)
        self._open: list[str] = []

    def root(self, element: Element) -> Any:
        if isinstance(element.shape, Raw):
            return self._scalars.raw(element)
        return self.value(element.shape, element.name, 0)

    def value(self, shape: Shape, name: str, level: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _TooWide
        match shape:
            case Json():
                return deepcopy(shape.bare if self._bare else shape.sample)  # what is refused is taken out of it
            case Scalar() | Items() | Raw():
                return self._scalars.value(shape, name)
            case Named(key=key):
                self._open.append(key)
                try:
                    return self._record(self._table[key], name, level)
                finally:
                    self._open.pop()
            case Record():
                return self._record(shape, name, level)
            case Listing(item=item):
                return [self._one(item, level + 1) for _ in range(max(1, item.least))]

    def _record(self, record: Record, name: str, level: int) -> dict[str, Any]:
        if level > _ENDLESS:
            return {}
        if record.abstract and record.subtypes:
            said, (key, _) = min(record.subtypes.items(), key=lambda each: each[1][0] in self._open)
            return {TYPE_KEY: said, **self.value(Named(key), name, level)}
        data = {each.name: self._attribute(each) for each in record.attributes}
        if record.text is not None:
            data[TEXT_KEY] = self.value(record.text, name, level)
        elif record.content is not None:
            self._particle(record.content, data, level, needed=True)
        if record.branches:
            chosen = record.branches[min(self._branch, len(record.branches) - 1)]
            data = {key: value for key, value in data.items() if key in chosen}
        return data

    def _attribute(self, attribute: Attribute) -> Any:
        if attribute.fixed is not None:
            return reader(attribute.shape)(attribute.fixed)
        return self._scalars.value(attribute.shape, attribute.name.lstrip("@"))

    def _particle(self, part: Particle, data: dict[str, Any], level: int, *, needed: bool) -> None:
        needed = needed and part.least > 0
        if not needed and (level >= self._depth or self._closed(part)):
            return
        match part:
            case Wild():
                if needed:
                    data[part.name] = [part.specimen or _ANYTHING] * part.least
            case Element():
                if part.repeated:
                    data[part.name] = [self._one(part, level + 1) for _ in range(max(1, part.least))]
                else:
                    data[part.name] = self._one(part, level + 1)
            case Group(name=None):
                for each in self._chosen(part):
                    self._particle(each, data, level, needed=needed)
            case Group():
                item: dict[str, Any] = {}
                for each in self._chosen(part):
                    self._particle(each, item, level, needed=True)
                if item or needed:
                    data[str(part.name)] = [item for _ in range(max(1, part.least))]

    def _chosen(self, group: Group) -> tuple[Particle, ...]:
        """Of a choice the first branch that ends: a plain value before a type, a type before one that is under way."""
        if group.kind != "choice":
            return group.parts
        return (min(group.parts, key=lambda part: (self._closed(part), not self._plain(part), isinstance(part, Wild))),)

    def _plain(self, part: Particle) -> bool:
        return isinstance(part, Element) and isinstance(part.shape, Scalar | Items)

    def _closed(self, part: Particle) -> bool:
        if isinstance(part, Element):
            return isinstance(part.shape, Named) and part.shape.key in self._open
        return isinstance(part, Group) and any(self._closed(each) for each in part.parts)

    def _one(self, element: Element, level: int) -> Any:
        if element.fixed is not None and isinstance(element.shape, Scalar):
            return reader(element.shape)(element.fixed)
        if element.nillable and (self._closed(element) or level > self._depth + 3):
            return None
        if isinstance(element.shape, Raw):
            return self._scalars.raw(element)
        return self.value(element.shape, element.name, level)
