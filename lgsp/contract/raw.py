"""XML that a contract leaves open (any, anyType, mixed content): text in the data, parsed by the one door before it goes on."""

from __future__ import annotations

from typing import Any

from lxml import etree

from lgsp.contract.shape import NIL_KEY, RAW_KEY, TYPE_KEY, XSI, split
from lgsp.contract.text import Mismatch, escaped, quoted
from lgsp.errors import InvalidMessage, TooLarge
from lgsp.model import FieldError
from lgsp.xml import MIB, parse_xml

_NIL = f"{{{XSI}}}nil"


def outer(element: etree._Element) -> str:
    """The element as canonical text that stands alone: the prefixes it uses are declared in it, those in values too.

    Raises `InvalidMessage` for what has no canonical form (a relative namespace address).
    """
    used = _prefixes_in_values(element)
    try:
        # canonical XML of an element never has its tail
        text: bytes = etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=used or None
        )
    except etree.C14NError:
        raise InvalidMessage(errors=(FieldError("", "xml:namespace"),)) from None
    return text.decode()


def _prefixes_in_values(element: etree._Element) -> list[str]:
    """Prefixes that only values mention (xsi:type="p:T", qualified names): exclusive canonical XML would lose them."""
    declared = [prefix for prefix in element.nsmap if prefix]
    if not declared:
        return []
    values = [
        str(value) for node in element.iter() for value in (*node.attrib.values(), node.text or "") if ":" in str(value)
    ]
    return [prefix for prefix in declared if any(f"{prefix}:" in value for value in values)]


def read(element: etree._Element) -> Any:
    """A string where only text stands, null for nil, else `{"#xml": …}`."""
    if len(element) == 0 and not element.attrib:
        return element.text or ""
    if len(element) == 0 and element.attrib.keys() == [_NIL] and element.get(_NIL) in ("true", "1"):
        return None
    return {RAW_KEY: outer(element)}


def spliced(text: Any) -> str:
    """Raw XML of the data made safe to stand inside another document. Raises `Mismatch` for anything that is not one element."""
    if not isinstance(text, str):
        raise Mismatch
    try:
        return outer(parse_xml(text.encode("utf-8", "strict"), limit=16 * MIB))
    except (InvalidMessage, TooLarge, UnicodeEncodeError) as error:
        raise Mismatch from error


def written(value: Any, start: str, end: str, tag: str) -> str:
    """An element of raw content. `start` and `end` are its tags without and with brackets, `tag` its Clark name."""
    if value is None:
        return f'{start} xsi:nil="true"/>'
    if isinstance(value, str):
        return f"{start}>{escaped(value)}{end}"
    if not isinstance(value, dict) or value.keys() != {RAW_KEY}:
        raise Mismatch
    text = spliced(value[RAW_KEY])
    if parse_xml(text.encode(), limit=16 * MIB).tag != tag:
        raise Mismatch
    return text


def qualified(value: Any, start: str, end: str) -> str:
    if not isinstance(value, str):
        raise Mismatch
    namespace, local = split(value)
    if namespace:
        return f"{start} xmlns:q={quoted(namespace)}>q:{escaped(local)}{end}"
    return f"{start}>{escaped(local)}{end}"


def named(value: Any, number: int) -> tuple[str, str]:
    """A qualified name of a start tag or of the text behind it: the declaration that it needs, and its text, not escaped."""
    if not isinstance(value, str):
        raise Mismatch
    namespace, local = split(value)
    if not namespace:
        return "", local
    return f" xmlns:q{number}={quoted(namespace)}", f"q{number}:{local}"


def attributes(data: dict[str, Any], known: frozenset[str]) -> tuple[str, int]:
    """Attributes that anyAttribute lets in: `@{namespace}name` or `@name` in the data."""
    out: list[str] = []
    for key, value in data.items():
        if not key.startswith("@") or key in known or key in (NIL_KEY, TYPE_KEY):
            continue
        namespace, local = split(key[1:])
        if not isinstance(value, str) or not local.replace("-", "").replace(".", "").replace("_", "").isalnum():
            raise Mismatch
        if namespace == "http://www.w3.org/XML/1998/namespace":
            out.append(f" xml:{local}={quoted(value)}")
        elif namespace:
            prefix = f"w{len(out)}"
            out.append(f" xmlns:{prefix}={quoted(namespace)} {prefix}:{local}={quoted(value)}")
        else:
            out.append(f" {local}={quoted(value)}")
    return "".join(out), len(out)
