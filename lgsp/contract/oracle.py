"""zeep as the second opinion on a contract: what a plain client sends and reads. For tests; nothing on the way of a message.

Imported by nobody at start-up: zeep costs 0.4 s and drops facets (docs/decisions/contract-reader.md).
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import zeep
import zeep.loader
from lxml import etree
from zeep.helpers import serialize_object
from zeep.transports import Transport
from zeep.xsd import Nil

from lgsp.contract.halves import wsdl, xsd
from lgsp.contract.model import Contract
from lgsp.contract.shape import (
    ANY_KEY,
    GROUP_KEY,
    TEXT_KEY,
    TYPE_KEY,
    Element,
    Group,
    Items,
    Listing,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    content_scope,
    resolve,
    split,
    walk,
)
from lgsp.model import Data

_ADDRESS = "http://oracle.invalid/soap"
_DATES = frozenset({"date", "dateTime", "time", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay", "duration"})


class _Offline(Transport):
    """Serves the contract's own documents, and knows no network."""

    def __init__(self, contract: Contract) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._contract = contract

    def load(self, url: str) -> bytes:
        parts = urlsplit(url)
        if url.endswith("/xml.xsd"):
            return xsd(self._contract, "catalogue/xml.xsd", _ADDRESS)
        if not url.startswith(_ADDRESS):
            raise OSError("the oracle is offline")
        named = parse_qs(parts.query).get("xsd")
        return xsd(self._contract, named[0], _ADDRESS) if named else wsdl(self._contract, _ADDRESS)


class Oracle:
    """zeep's client of one contract, knowing only the documents that the bus serves."""

    def __init__(self, contract: Contract) -> None:
        settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=False, strict=True)
        self.client = zeep.Client(f"{_ADDRESS}?wsdl", transport=_Offline(contract), settings=settings)
        self._schema = self.client.wsdl.types

    def write(self, codec: Any, data: Data) -> bytes:
        """The root element as zeep renders it for the same data."""
        kind = self._kind(codec.root)
        given = to_zeep(codec.element.shape, data, codec.table)
        scalar = isinstance(codec.element.shape, Record) and codec.element.shape.text is not None
        value = given["_value_1"] if scalar else kind(**given)
        parent = etree.Element("parent")
        kind.render(parent, value)
        return etree.tostring(parent[0])

    def read(self, codec: Any, element: etree._Element) -> Any:
        """What zeep's client code would get, nothing standing for nothing."""
        kind = self._kind(codec.root)
        return without_nothing(serialize_object(kind.parse(element, self._schema), dict))

    def element(self, root: str) -> Any:
        """zeep's own element for a root; raises `KeyError`."""
        return self._kind(root)

    def parse(self, kind: Any, element: etree._Element) -> Any:
        """What zeep itself makes of an element, not yet plain data."""
        return kind.parse(element, self._schema)

    def text(self, raw: bytes) -> Any:
        """A document as zeep's client reads it."""
        return zeep.loader.parse_xml(raw, self.client.transport, settings=self.client.settings)  # type: ignore[arg-type]  # it takes bytes

    def knows(self, root: str) -> bool:
        """False for the reply wrapper of rpc/literal, which zeep names wrongly."""
        try:
            return self._kind(root) is not None
        except KeyError:
            return False

    def _kind(self, root: str) -> Any:
        try:
            return self._schema.get_element(root)
        except (zeep.exceptions.LookupError, zeep.exceptions.NamespaceError):
            # the wrapper of an rpc operation stands in no schema
            for service in self.client.wsdl.services.values():
                for port in service.ports.values():
                    for operation in port.binding._operations.values():  # noqa: SLF001  zeep has no other way
                        for message in (operation.input, operation.output):
                            body = getattr(message, "body", None)
                            if (
                                body is not None
                                and getattr(body, "qname", None) is not None
                                and body.qname.text == root
                            ):
                                return body
        raise KeyError(root)


def beyond(shape: Shape, table: Table) -> str | None:
    """The first construct of a message that zeep itself does not carry faithfully, by name; None where it can be asked."""
    for each in walk(shape, table):
        actual = resolve(each, table)
        if isinstance(actual, Raw):
            return "raw content"
        if not isinstance(actual, Record):
            continue
        if actual.subtypes or actual.abstract:
            return "xsi:type"
        if actual.any_attribute:
            return "anyAttribute"
        for name, field in content_scope(actual).items():
            if isinstance(field, Group | Wild) or name.startswith((GROUP_KEY, ANY_KEY)) or "#" in name:
                return "repeated groups, wildcards and doubled names"
            if isinstance(field.shape, Scalar) and field.shape.members:
                return "unions"
    return None


def to_zeep(shape: Shape, data: Any, table: Table) -> Any:
    """Our data as the arguments that zeep takes."""
    actual = resolve(shape, table)
    match actual:
        case Scalar():
            return _scalar(actual, data)
        case Items(item=item):
            return [_scalar(item, each) for each in data]
        case Listing(item=item):
            return {split(item.tag)[1]: [_element(item, each, table) for each in data]}
        case Record():
            return _record(actual, data, table)
    return data


def _record(record: Record, data: Data, table: Table) -> dict[str, Any]:
    attributes = {attribute.name: attribute for attribute in record.attributes}
    fields = content_scope(record)
    out: dict[str, Any] = {}
    for key, value in data.items():
        if key in attributes:
            out[split(attributes[key].tag)[1]] = to_zeep(attributes[key].shape, value, table)
        elif key == TEXT_KEY and record.text is not None:
            out["_value_1"] = to_zeep(record.text, value, table)
        elif key != TYPE_KEY and isinstance(field := fields[key], Element):
            local = split(field.tag)[1]
            out[local] = (
                [_element(field, each, table) for each in value] if field.repeated else _element(field, value, table)
            )
    return out


def _element(element: Element, value: Any, table: Table) -> Any:
    return Nil if value is None else to_zeep(element.shape, value, table)


def _scalar(shape: Scalar, value: Any) -> Any:
    if shape.base == "base64Binary" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def comparable(shape: Shape, data: Any, table: Table) -> Any:
    """Our data as zeep reads it: dates, decimals and octets as its Python values, empty lists and nulls gone."""
    return without_nothing(_comparable(shape, data, table))


def _comparable(shape: Shape, data: Any, table: Table) -> Any:
    actual = resolve(shape, table)
    if data is None:
        return None
    match actual:
        case Scalar():
            return _python(actual, data)
        case Items(item=item):
            return [_python(item, each) for each in data]
        case Listing(item=item):
            return {split(item.tag)[1]: [_comparable(item.shape, each, table) for each in data]}
        case Record():
            return _comparable_record(actual, data, table)
    return data


def _comparable_record(record: Record, data: Data, table: Table) -> Any:
    attributes = {attribute.name: attribute for attribute in record.attributes}
    fields = content_scope(record)
    out: dict[str, Any] = {}
    for key, value in data.items():
        if key in attributes:
            out[split(attributes[key].tag)[1]] = _comparable(attributes[key].shape, value, table)
        elif key == TEXT_KEY and record.text is not None:
            out["_value_1"] = _comparable(record.text, value, table)
        elif isinstance(field := fields.get(key), Element):
            local = split(field.tag)[1]
            values = [_comparable(field.shape, each, table) for each in (value if field.repeated else [value])]
            out[local] = values if field.repeated else values[0]
    if set(out) == {"_value_1"} and not record.attributes:
        return out["_value_1"]
    return out


def _python(shape: Scalar, value: Any) -> Any:
    # zeep spells the partial dates as XSD does, the other types like classes
    builtin = getattr(zeep.xsd, shape.base[:1].upper() + shape.base[1:], None) or getattr(zeep.xsd, shape.base, None)
    if (
        shape.kind == "string"
        and builtin is not None
        and (shape.base in _DATES or shape.base in ("decimal", "base64Binary"))
    ):
        return builtin().pythonvalue(value)
    if shape.space != "preserve" and isinstance(value, str):
        return value.strip()  # zeep strips what Python calls a blank (U+00A0 too), XML knows four blanks
    return value


def without_nothing(value: Any) -> Any:
    """zeep shows an absent element as None and an absent list as [], an empty record as None: all of it is nothing."""
    if isinstance(value, dict):
        kept = {key: inner for key, each in value.items() if (inner := without_nothing(each)) is not None}
        return kept or None
    if isinstance(value, list):
        return [without_nothing(each) for each in value] or None
    return None if isinstance(value, str | bytes) and not value else value


__all__ = ["Oracle", "beyond", "comparable", "to_zeep", "without_nothing"]
