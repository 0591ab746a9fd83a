"""XML to data: a shape compiled to readers, records to generated loops. Checked before (XSD) or after (JSON Schema)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from lgsp.contract import raw
from lgsp.contract.jsontext import strict_json
from lgsp.contract.loops import Convert, Field, compiled
from lgsp.contract.matching import matcher
from lgsp.contract.shape import (
    NIL_KEY,
    QUALIFIED,
    TEXT_KEY,
    TYPE_KEY,
    XSI,
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
    flat,
    resolve,
    split,
)
from lgsp.contract.text import SPACE, Mismatch, proved_reader, qualified, reader
from lgsp.errors import InvalidMessage

Read = Callable[[etree._Element], Any]  # noqa: SLF001  lxml's name for an element
NIL = f"{{{XSI}}}nil"
TYPE = f"{{{XSI}}}type"


class Reader:
    """Compiles the readers of one contract. `proved` says that a schema has validated the element before it is read;
    else the reader itself refuses what the later validator could not see: unknown, doubled and misplaced elements."""

    def __init__(self, table: Table, *, proved: bool) -> None:
        self._table = table
        self._proved = proved
        self._made: dict[str, Read] = {}
        self._unbuilt: list[Callable[[], None]] = []

    def of(self, shape: Shape) -> Read:
        """A function from an element to its value; raises `Mismatch`."""
        if isinstance(shape, Named):
            return self._named(shape.key)
        if isinstance(shape, Record):
            return self._record(shape)
        if isinstance(shape, Listing):
            return self._listing(shape)
        if isinstance(shape, Raw):
            return raw.read
        if isinstance(shape, Json):
            return _json
        return self._leaf(shape)

    def _named(self, key: str) -> Read:
        if key not in self._made:
            self._made[key] = self._record(self._table[key])
        return self._made[key]

    def _leaf(self, shape: Scalar | Items) -> Read:
        if isinstance(shape, Scalar) and shape.base in QUALIFIED:
            return lambda element: qualified(element.text or "", element.nsmap)
        convert = reader(shape)
        empty = convert("")
        if self._proved:
            return lambda element: empty if (text := element.text) is None else convert(text)

        def leaf(element: etree._Element) -> Any:
            if len(element):
                raise Mismatch
            text = element.text
            return empty if text is None else convert(text)

        return leaf

    def value(self, element: Element) -> Read:
        """As `of`, with what the element itself says: nil and default."""
        read = self.of(element.shape)
        simple = isinstance(resolve(element.shape, self._table), Scalar | Items)
        default = element.fixed if element.fixed is not None else element.default
        if element.nillable:
            read = _nillable(read, simple=simple)
        if default is not None and simple:
            read = _defaulted(
                read, reader(element.shape)(default) if isinstance(element.shape, Scalar | Items) else default
            )
        return read

    def _listing(self, shape: Listing) -> Read:
        tag, read = shape.item.tag, self.value(shape.item)

        def listing(element: etree._Element) -> Any:
            if any(child.tag != tag for child in element):
                raise Mismatch
            return [read(child) for child in element]

        return listing

    def _record(self, record: Record) -> Read:
        content = self._content(record)
        attributes = self._attributes(record)
        text = self._leaf(record.text) if record.text is not None else None
        if attributes is None and text is None:
            plain = content
        else:

            def plain(element: etree._Element) -> Any:
                data: dict[str, Any] = {} if attributes is None else attributes(element)
                if text is not None:
                    data[TEXT_KEY] = text(element)
                else:
                    data.update(content(element))
                return data

        return self._polymorphic(record, plain) if record.subtypes else plain

    def _polymorphic(self, record: Record, plain: Read) -> Read:
        known: dict[tuple[str, str], tuple[str, Read | None, str]] = {
            split(clark): (name, None, key) for name, (key, clark) in record.subtypes.items()
        }

        def dispatch(element: etree._Element) -> Any:
            said = element.get(TYPE)
            if said is None:
                return plain(element)
            prefix, _, local = said.strip(SPACE).rpartition(":")
            name, read, key = known[element.nsmap.get(prefix or None, "") or "", local]
            if read is None:
                bare = _without_subtypes(self._table[key])
                read = plain if bare is None else self._record(bare)
                known[element.nsmap.get(prefix or None, "") or "", local] = name, read, key
            return {TYPE_KEY: name, **read(element)}

        return dispatch

    def _attributes(self, record: Record) -> Callable[[etree._Element], dict[str, Any]] | None:
        if not record.attributes and not record.any_attribute:
            return None
        known = {attribute.tag: (attribute.name, _attribute_reader(attribute)) for attribute in record.attributes}
        wild = record.any_attribute
        names = {attribute.name for attribute in record.attributes if _is_name(attribute)}

        def attributes(element: etree._Element) -> dict[str, Any]:
            data: dict[str, Any] = {}
            for tag, text in element.items():
                found = known.get(str(tag))
                if found is not None:
                    name, read = found
                    data[name] = qualified(str(text), element.nsmap) if name in names else read(str(text))
                elif wild and not str(tag).startswith(f"{{{XSI}}}"):
                    data[f"@{tag}"] = str(text)
            return data

        return attributes

    def _content(self, record: Record) -> Read:
        found = flat(record)
        if found is None:
            return self._matched(record)
        empty = tuple(element.name for element in found if element.empty_list)

        def fields() -> tuple[Field, ...]:
            return tuple(Field(e.tag, e.name, self._convert(e), self.value(e), e.repeated) for e in found)

        ordered = self._proved and _ordered(record)
        return self._later(lambda: compiled(fields(), empty, proved=self._proved, ordered=ordered))

    def _matched(self, record: Record) -> Read:
        content = record.content
        assert content is not None  # flat() gives () for a record without content
        return self._later(lambda: matcher(content, self.value))

    def _later(self, build: Callable[[], Read]) -> Read:
        """Built when the first element comes, or by `finish`: types may refer to each other in circles and a thousand deep."""
        made: Read | None = None

        def force() -> None:
            nonlocal made
            made = made or build()

        def content(element: etree._Element) -> Any:
            if made is None:
                force()
            return made(element)  # type: ignore[misc]  # force has made it

        self._unbuilt.append(force)
        return content

    def finish(self) -> None:
        """Builds whatever a message of the contract may need, derived types excepted: those are built when they come."""
        while self._unbuilt:
            self._unbuilt.pop()()

    def _convert(self, element: Element) -> Convert | None:
        """For a scalar the function from its text, so that the loop over a record needs no call of `read`."""
        if not isinstance(element.shape, Scalar) or element.shape.base in QUALIFIED:
            return None
        return proved_reader(element.shape) if self._proved else reader(element.shape)


def _ordered(record: Record) -> bool:
    """Whether a valid element with as many children as the record has fields has exactly one of each, in order."""
    return record.content is not None and _once_each(record.content)


def _once_each(part: Particle) -> bool:
    if isinstance(part, Group):
        return (
            (len(part.parts) == 1 or part.kind == "sequence") and part.name is None and all(map(_once_each, part.parts))
        )
    return isinstance(part, Element) and not part.repeated


def _nillable(read: Read, *, simple: bool) -> Read:
    def nillable(element: etree._Element) -> Any:
        if len(element) == 0 and element.text is None and element.get(NIL, "").strip(SPACE) in ("true", "1"):
            if simple or len(element.attrib) == 1:
                return None
            data = read(element)
            if not isinstance(data, dict):
                return None
            return {NIL_KEY: True, **{key: value for key, value in data.items() if key != TEXT_KEY}}
        return read(element)

    return nillable


def _defaulted(read: Read, default: Any) -> Read:
    def defaulted(element: etree._Element) -> Any:
        return default if element.text is None and len(element) == 0 and not element.get(NIL) else read(element)

    return defaulted


def _json(element: etree._Element) -> Any:
    if len(element):
        raise Mismatch
    try:
        return strict_json((element.text or "").encode())
    except InvalidMessage as error:
        raise Mismatch from error


def _is_name(attribute: Attribute) -> bool:
    return isinstance(attribute.shape, Scalar) and attribute.shape.base in QUALIFIED


def _attribute_reader(attribute: Attribute) -> Callable[[str], Any]:
    return reader(attribute.shape)


def _without_subtypes(record: Record) -> Record | None:
    return Record(
        record.content, record.attributes, record.text, record.any_attribute, {}, record.abstract, record.title
    )
