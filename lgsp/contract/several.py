"""Several elements in one Body: document parts beside each other, against WS-I. In the data an object with a field a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from lxml import etree

from lgsp.contract.codec import XmlBorn
from lgsp.contract.diagnose import pointer
from lgsp.contract.jsontext import strict_json
from lgsp.contract.shape import Element, Group, Record
from lgsp.errors import InvalidMessage
from lgsp.model import Data, FieldError


class SeveralParts:
    """A codec over the codecs of the parts, in the order in which they stand in the Body. `root` is the first one's."""

    def __init__(self, name: str, parts: Mapping[str, XmlBorn], *, lenient: bool) -> None:
        self.parts, self._lenient = parts, lenient
        first = next(iter(parts.values()))
        self.root, self.table, self.components = first.root, first.table, first.components
        inner = tuple(Element(part, part, codec.element.shape) for part, codec in parts.items())
        self.element = Element(self.root, name, Record(Group("sequence", inner)))

    def read_json(self, raw: bytes) -> Data:
        data = strict_json(raw)
        if not isinstance(data, dict):
            raise InvalidMessage(errors=(FieldError("", "type:object"),))
        return self.read_data(data)

    def read_data(self, data: Data) -> Data:
        unknown = data.keys() - self.parts.keys()
        if unknown and not self._lenient:
            raise InvalidMessage(
                errors=tuple(FieldError(pointer("", name), "unknown field") for name in sorted(unknown))
            )
        return self._each(data, lambda codec, value: codec.read_data(value))

    def write_json(self, data: Data) -> bytes:
        return msgspec.json.encode(
            {part: msgspec.Raw(codec.write_json(data[part])) for part, codec in self.parts.items()}
        )

    def read_xml(self, element: etree._Element) -> Data:
        """`element` is the Body's first; the others are its siblings."""
        found = [element, *element.itersiblings()]
        if [each.tag for each in found] != [codec.root for codec in self.parts.values()]:
            raise InvalidMessage(errors=(FieldError("", f"soap: {len(self.parts)} elements in the Body"),))
        return self._each(dict(zip(self.parts, found, strict=True)), lambda codec, value: codec.read_xml(value))

    def write_xml(self, data: Data) -> bytes:
        return b"".join(self._each(data, lambda codec, value: codec.write_xml(value)).values())

    def write_proved_xml(self, data: Data) -> bytes:
        return b"".join(self._each(data, lambda codec, value: codec.write_proved_xml(value)).values())

    def check(self, data: Data) -> None:
        self._each(data, lambda codec, value: codec.check(value))

    @property
    def cold(self) -> bool:
        return any(codec.cold for codec in self.parts.values())

    def warm(self) -> None:
        for codec in self.parts.values():
            codec.warm()

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {part: codec.json_schema() for part, codec in self.parts.items()},
            "required": list(self.parts),
            "additionalProperties": self._lenient,
        }

    def _each(self, data: Mapping[str, Any], work: Callable[[XmlBorn, Any], Any]) -> dict[str, Any]:
        missing = [FieldError(pointer("", part), "required") for part in self.parts if data.get(part) is None]
        if missing:
            raise InvalidMessage(errors=tuple(missing))
        found = {}
        for part, codec in self.parts.items():
            with _below(part):
                found[part] = work(codec, data[part])
        return found


@contextmanager
def _below(part: str) -> Iterator[None]:
    """Errors of a part point into the whole message."""
    try:
        yield
    except InvalidMessage as error:
        errors = tuple(FieldError(pointer("", part) + each.path, each.rule) for each in error.errors)
        raise InvalidMessage(errors=errors) from error
