"""One message, compiled: the `Codec` of both births. Compiled at its first use, because most messages are seldom sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from lxml import etree

from lgsp.contract.accepting import Accept, compile_accept
from lgsp.contract.diagnose import pointer
from lgsp.contract.encoding import Proved, compile_proved
from lgsp.contract.jsontext import strict_json
from lgsp.contract.locating import located_errors
from lgsp.contract.message import Message, Schema
from lgsp.contract.references import reached
from lgsp.contract.shape import Element, Record, Table
from lgsp.contract.text import Mismatch
from lgsp.contract.validating import JsonValidator, violations, without_blobs
from lgsp.errors import InvalidMessage
from lgsp.model import Data, FieldError
from lgsp.xml import MIB, parse_xml

_DATA_LIMIT = 256 * MIB
"""Our own text read back to be validated: the caller's bytes were bounded before they became data."""


def _never(_: Any) -> bool:
    return False


def _none(_: Any) -> None:
    """Nothing is written."""


class JsonBorn:
    """The codec of a message that an OpenAPI document describes: its validator is the JSON Schema."""

    def __init__(
        self, element: Element, table: Table, schema: Callable[[], Schema], components: Schema, *, lenient: bool
    ) -> None:
        self._message = Message(element, table, schema, proved=False, lenient=lenient)
        self.components = components
        self.root = element.tag
        self._warm = False

    @property
    def element(self) -> Element:
        """The root element with its shape: what generators walk."""
        return self._message.element

    @property
    def table(self) -> Table:
        return self._message.table

    @cached_property
    def _validator(self) -> JsonValidator:
        schema = self._message.schema
        return JsonValidator({**schema, "components": {"schemas": reached(schema, self.components)}})

    def _validate(self, data: Data) -> None:
        if errors := self._validator.errors(data):
            raise InvalidMessage(errors=errors)

    def read_json(self, raw: bytes) -> Data:
        data = self._message.object(strict_json(raw))
        self._validate(data)
        return data

    def read_data(self, data: Data) -> Data:
        data = self._message.incoming_data(data)
        self._validate(data)
        return data

    def write_json(self, data: Data) -> bytes:
        return self._message.json(data)

    def read_xml(self, element: etree._Element) -> Data:
        try:
            data: Data = self._message.read(element)
        except Mismatch as error:
            errors = tuple(located_errors(self._message.element, self._message.table, element))
            raise InvalidMessage(errors=errors or (FieldError("", "invalid"),)) from error
        self._validate(data)
        return data

    def write_xml(self, data: Data) -> bytes:
        return self._message.xml(data).encode()

    def write_proved_xml(self, data: Data) -> bytes:
        self.check(data)
        return self.write_xml(data)

    def check(self, data: Data) -> None:
        try:
            self._message.strict(data)
        except Mismatch as error:
            raise self._message.mismatch(data, xml=False) from error
        self._validate(data)

    @property
    def cold(self) -> bool:
        return not self._warm and self._message.large

    def warm(self) -> None:
        self._message.warm()
        _ = self._validator
        self._warm = True

    def json_schema(self) -> Schema:
        return self._message.schema


class XmlBorn:
    """The codec of a message that an XSD describes: its validator is lxml's `XMLSchema`, also for what came as JSON."""

    def __init__(
        self,
        element: Element,
        table: Table,
        validator: Callable[[], etree.XMLSchema],
        schema: Callable[[], Schema],
        components: Schema,
        *,
        lenient: bool,
        plain: bool,
    ) -> None:
        """`plain`: the schema has no rules between fields (keys, uniqueness), so that each value is judged by itself."""
        self._message = Message(element, table, schema, proved=True, lenient=lenient)
        self._validator_of, self._plain = validator, plain
        self.components = components
        self.root = element.tag
        self._warm = False

    @property
    def element(self) -> Element:
        return self._message.element

    @property
    def table(self) -> Table:
        return self._message.table

    @cached_property
    def _validator(self) -> etree.XMLSchema:
        return self._validator_of()

    @cached_property
    def accept(self) -> Accept:
        """Whether data is valid beyond doubt; where it is not, the schema has to say."""
        found = compile_accept(self._message.element, self._message.table) if self._plain else None
        return found or _never

    def read_json(self, raw: bytes) -> Data:
        data = strict_json(raw)
        if self.accept(data):
            accepted: Data = data
            return accepted
        return self._proved(self._message.object(data))

    def read_data(self, data: Data) -> Data:
        return data if self.accept(data) else self._proved(self._message.incoming_data(data))

    def write_json(self, data: Data) -> bytes:
        return self._message.json(data)

    def read_xml(self, element: etree._Element) -> Data:
        if found := violations(self._validator, element):
            raise InvalidMessage(
                errors=tuple(located_errors(self._message.element, self._message.table, element, found))
            )
        try:
            data: Data = self._message.read(element)
        except (Mismatch, KeyError, ValueError) as error:
            errors = tuple(located_errors(self._message.element, self._message.table, element))
            raise InvalidMessage(errors=errors or (FieldError("", "invalid"),)) from error
        return data

    def write_xml(self, data: Data) -> bytes:
        return self._message.xml(data).encode()

    @cached_property
    def _write_proved(self) -> Proved:
        """The text of data that is valid beyond doubt, checked while it is written."""
        found = compile_proved(self._message.element, self._message.table) if self._plain else None
        return found or _none

    def write_proved_xml(self, data: Data) -> bytes:
        if (written := self._write_proved(data)) is not None:
            return written.encode()
        text = self._message.xml(data).encode()
        if not self.accept(data):
            self._validated(text, set())
        return text

    def check(self, data: Data) -> None:
        if self.accept(data):
            return
        try:
            text = self._message.write(data)
        except (Mismatch, AttributeError, TypeError):
            self._check_with_blobs(data)
        else:
            self._validated(text.encode(), set())

    def _proved(self, data: Data) -> Data:
        """The data as the schema sees it (blanks collapsed), written and read back because the schema speaks XML only."""
        try:
            text = self._message.write(data)
        except (Mismatch, AttributeError, TypeError):
            self._check_with_blobs(data)
            return data
        seen: Data = self._message.read(self._validated(text.encode(), set()))
        return seen

    def _check_with_blobs(self, data: Data) -> None:
        """For what could not be written: raises with paths where that was not for a Blob."""
        blobs: set[str] = set()
        self._validated(self._message.xml(without_blobs(data, "", blobs)).encode(), blobs)

    def _validated(self, raw: bytes, blobs: set[str]) -> etree._Element:
        element = parse_xml(raw, limit=_DATA_LIMIT, max_elements=10_000_000, max_attributes=10_000_000, max_depth=250)
        if found := violations(self._validator, element):
            errors = located_errors(self._message.element, self._message.table, element, found)
            if left := tuple(error for error in errors if error.path not in blobs):
                raise InvalidMessage(errors=left)
        return element

    @property
    def cold(self) -> bool:
        return not self._warm and self._message.large

    def warm(self) -> None:
        self._message.warm()
        _ = self._validator, self.accept, self._write_proved
        self._warm = True

    def json_schema(self) -> Schema:
        return self._message.schema


class NoBody:
    """The codec of a message without parts: nothing stands in the Body, and an empty object in JSON."""

    root = ""

    def __init__(self, name: str, *, lenient: bool) -> None:
        self.element, self.table = Element("", name, Record()), dict[str, Record]()
        self.components: Schema = {}
        self._lenient = lenient

    def read_json(self, raw: bytes) -> Data:
        data = strict_json(raw)
        if not isinstance(data, dict):
            raise InvalidMessage(errors=(FieldError("", "type:object"),))
        return self.read_data(data)

    def read_data(self, data: Data) -> Data:
        if not self._lenient:
            self.check(data)
        return {}

    def write_json(self, data: Data) -> bytes:
        del data
        return b"{}"

    def read_xml(self, element: etree._Element) -> Data:
        del element  # nothing may stand there
        raise InvalidMessage(errors=(FieldError("", "unknown field"),))

    def write_xml(self, data: Data) -> bytes:
        self.check(data)
        return b""

    write_proved_xml = write_xml

    def check(self, data: Data) -> None:
        if data:
            raise InvalidMessage(errors=tuple(FieldError(pointer("", name), "unknown field") for name in data))

    cold = False

    def warm(self) -> None:
        """Nothing is compiled."""

    def json_schema(self) -> Schema:
        return {"type": "object", "properties": {}, "additionalProperties": self._lenient}
