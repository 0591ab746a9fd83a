"""Single values between data and XML text: escaping, the legal characters, numbers, lists, qualified names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lgsp.contract.shape import Items, Scalar

SPACE = " \t\r\n"
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML 1.0 document may hold, not even escaped."""
_SPECIAL_IN_ATTRIBUTE = re.compile('[&<>"\t\n\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_RUNS = re.compile("[ \t\r\n]+")
_INTEGER = re.compile(r"[ \t\r\n]*[+-]?[0-9]{1,4000}[ \t\r\n]*")
_NUMBER = re.compile(r"[ \t\r\n]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INFINITE = {"INF": "INF", "+INF": "INF", "-INF": "-INF", "NaN": "NaN"}


class Mismatch(Exception):
    """Data does not have the shape of its message; where and why is found out by `diagnose`, off the hot path."""


def escaped(value: Any) -> str:
    """Element text. Raises `Mismatch` for what is no string and for characters that XML cannot hold."""
    if not isinstance(value, str):
        raise Mismatch
    if not value.isprintable():  # what is printable is legal
        if ILLEGAL.search(value):
            raise Mismatch
        value = value.replace("\r", "\0")
    written: str = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return written.replace("\0", "&#13;")


def quoted(value: str) -> str:
    """Attribute text, with its quotes."""
    if ILLEGAL.search(value):
        raise Mismatch
    return '"' + _SPECIAL_IN_ATTRIBUTE.sub(_reference, value) + '"'


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES[found[0]]


def lexical(shape: Scalar | Items) -> Callable[[Any], str]:
    """A function from a value of the data to its text, not yet escaped; raises `Mismatch` for another kind of value."""
    if isinstance(shape, Items):
        return _list_writer(lexical(shape.item))
    return {"string": _string, "integer": _integer, "number": _number, "boolean": _boolean}[shape.kind]


def _list_writer(write: Callable[[Any], str]) -> Callable[[Any], str]:
    def several(value: Any) -> str:
        if not isinstance(value, list):
            raise Mismatch
        return " ".join(map(write, value))

    return several


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Mismatch
    return value


def _integer(value: Any) -> str:
    if value.__class__ is not int:
        raise Mismatch
    return str(value)


def _number(value: Any) -> str:
    if value.__class__ is float or value.__class__ is int:
        return repr(value)
    if value in _INFINITE.values():
        return str(value)
    raise Mismatch


def _boolean(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise Mismatch


def reader(shape: Scalar | Items) -> Callable[[str], Any]:
    """A function from text to a value. Total: text that does not fit stays a string, so that the validator names the rule."""
    if isinstance(shape, Items):
        read = reader(shape.item)
        return lambda text: [read(item) for item in text.split()]
    if shape.kind == "integer":
        return lambda text: int(text) if _INTEGER.fullmatch(text) else text
    if shape.kind == "number":
        return read_number
    if shape.kind == "boolean":
        return lambda text: _BOOLEANS.get(text.strip(SPACE), text)
    if shape.base in ("base64Binary", "hexBinary"):
        return lambda text: "".join(text.split())
    if shape.base in ("string", "normalizedString", "token", "anyURI", "anySimpleType") or shape.space != "collapse":
        by_space: dict[str, Callable[[str], str]] = {"preserve": str, "replace": _replaced, "collapse": collapsed}
        return by_space[shape.space]
    return lambda text: text.strip(SPACE)


def proved_reader(shape: Scalar) -> Callable[[str], Any]:
    """As `reader`, for text that a schema has proved: then Python's own conversions, which admit more, are exact."""
    if shape.kind == "integer":
        return int
    if shape.kind == "boolean":
        return lambda text: True if text == "true" else False if text == "false" else _BOOLEANS[text.strip(SPACE)]
    if shape.kind == "string" and shape.space == "preserve":
        return str
    return reader(shape)


def qualified(text: str, prefixes: Mapping[str | None, str]) -> str:
    """A qualified name as a Clark name, so that no prefix is left in the data."""
    prefix, _, local = text.strip(SPACE).rpartition(":")
    namespace = prefixes.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


def read_number(text: str) -> Any:
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if value - value == 0 else text.strip(SPACE)  # beyond a double's range
    return _INFINITE.get(text.strip(SPACE), text)


def collapsed(text: str) -> str:
    """As whiteSpace="collapse" of XSD: only the four blanks of XML."""
    return _RUNS.sub(" ", text).strip(" ")


def _replaced(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
