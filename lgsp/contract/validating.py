"""The written half's validator: JSON Schema for OpenAPI-born contracts, XSD for WSDL-born ones. Rules and paths, never values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import jsonschema_rs
from lxml import etree

from lgsp.contract.diagnose import pointer
from lgsp.model import Blob, Data, FieldError

T = TypeVar("T")

_PLACEHOLDER = "AAAA"
"""What a `Blob` counts as: legal text, legal base64. Rules broken at its place are not reported."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_LIMITS = {
    "minLength": "minLength",
    "maxLength": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusiveMinimum",
    "exclusiveMaximum": "exclusiveMaximum",
    "minItems": "minItems",
    "maxItems": "maxItems",
    "minProperties": "minProperties",
    "maxProperties": "maxProperties",
    "multipleOf": "multipleOf",
}
MAX_ERRORS = 50
"""That a caller is told of one message."""
_MASK = "…"
"""Stands in the validator's own messages where the value would: nobody reads them, and a value may have megabytes."""
_MOST_VALUES, _LONGEST_TEXT = 2_000, 1_000
"""What is looked at to say why a message is not valid. The validator tells of every breach at once, each with what it
stands in: a megabyte of zeros where objects should be would take it six seconds and half a gigabyte."""
_FURTHER_VALUES = 20_000
"""What is looked at next, for its first breach, where nothing is wrong with that much of it."""
_LONGEST_NAME = 100
_OF_WHOLES = (
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "contains",
    "minLength",
    "pattern",
)
"""Rules that an extract may break though the message keeps them, or the other way round."""
_PLAIN_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def _is_base64(text: str) -> bool:
    return len(text) % 4 == 0 and _BASE64.fullmatch(text) is not None


def _is_decimal(text: str) -> bool:
    return _DECIMAL.fullmatch(text) is not None


class JsonValidator:
    """One message by its JSON Schema 2020-12."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=True,
            formats={"decimal": _is_decimal, "byte": _is_base64, "binary": _anything},
            mask=_MASK,
        )

    def errors(self, data: Data) -> tuple[FieldError, ...]:
        """Empty where the data is valid."""
        try:
            if self._validator.is_valid(data):
                return ()
        except (ValueError, TypeError):
            pass  # a value that is not JSON: a Blob, which counts as a string
        extract = _Extract()
        found: dict[FieldError, None] = {}
        try:
            for error in self._validator.iter_errors(extract.of(data, "")):
                found |= dict.fromkeys(islice(extract.told(error), MAX_ERRORS))
                if len(found) >= MAX_ERRORS:
                    break
            if not found and extract.short:
                found = dict.fromkeys(self._further(data))
        except (ValueError, TypeError):
            return (FieldError("", "type:json"),)
        return tuple(found)

    def _further(self, data: Data) -> Iterator[FieldError]:
        extract = _Extract(_FURTHER_VALUES, len)
        seen = extract.of(data, "")
        try:
            self._validator.validate(seen)
        except jsonschema_rs.ValidationError as error:
            told = list(islice(extract.told(error), MAX_ERRORS))
        else:
            told = []
        if told or extract.short:
            yield from told or (FieldError("", "invalid"),)


def schema_problem(schema: dict[str, Any]) -> str | None:
    """Where a schema is no JSON Schema itself, and why; None where it is one."""
    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as error:
        return f"{'/'.join(map(str, error.instance_path))}: {error.kind.name}"
    return None


def _anything(_: str) -> bool:
    return True


@dataclass(slots=True)
class _Extract:
    """As much of a message as tells what is wrong with it. Where it was cut, its own rules say nothing."""

    left: int = _MOST_VALUES
    longest: Callable[[str], int] = lambda _: _LONGEST_TEXT
    """Of a text, how much of it is looked at."""
    short: bool = False
    cut: set[str] = field(default_factory=set)
    """Where a value was shortened."""
    blobs: set[str] = field(default_factory=set)

    def of(self, data: Any, path: str) -> Any:
        self.left -= 1
        match data:
            case Blob():
                self.blobs.add(path)
                return _PLACEHOLDER
            case str() if len(data) > (most := self.longest(data)):
                self._shorten(path)
                return data[:most]
            case dict():
                return {
                    self._name(key): self.of(value, pointer(path, key)) for key, value in self._some(data.items(), path)
                }
            case list():
                return [self.of(value, pointer(path, index)) for index, value in enumerate(self._some(data, path))]
        return data

    def told(self, error: jsonschema_rs.ValidationError) -> Iterator[FieldError]:
        return (each for each in _field_errors(error) if not self._doubtful(each))

    def _doubtful(self, error: FieldError) -> bool:
        """It may be of our making: said of a value that was shortened, or of a field that an object lost."""
        if error.path in self.blobs or (error.rule == "required" and error.path.rpartition("/")[0] in self.cut):
            return True
        kind, _, named = error.rule.partition(":")
        form = kind == "type" and not _PLAIN_TYPES.issuperset(named.split("|"))
        return error.path in self.cut and (form or error.rule.startswith(_OF_WHOLES))

    def _some(self, members: Collection[T], path: str) -> list[T]:
        if len(members) > max(self.left, 0):
            self._shorten(path)
        return list(islice(members, max(self.left, 0)))

    def _name(self, key: str) -> str:
        return key if len(key) <= _LONGEST_NAME else f"{key[:_LONGEST_NAME]}…"

    def _shorten(self, path: str) -> None:
        self.cut.add(path)
        self.short = True


def without_blobs(data: Any, path: str, found: set[str]) -> Any:
    """A copy in which each `Blob` is a placeholder; `found` gets their paths."""
    match data:
        case Blob():
            found.add(path)
            return _PLACEHOLDER
        case dict():
            return {key: without_blobs(value, pointer(path, key), found) for key, value in data.items()}
        case list():
            return [without_blobs(value, pointer(path, index), found) for index, value in enumerate(data)]
    return data


def _field_errors(error: jsonschema_rs.ValidationError) -> Iterator[FieldError]:
    path = ""
    for key in error.instance_path:
        path = pointer(path, key)
    kind: Any = error.kind
    name, value = kind.name, kind.value
    if name == "required":
        yield FieldError(pointer(path, value), "required")
    elif name in ("additionalProperties", "unevaluatedProperties"):
        for key in value:
            yield FieldError(pointer(path, key), "unknown field")
    elif name == "type":
        yield FieldError(path, "type:" + "|".join(value if isinstance(value, list) else [value]))
    elif name == "format":
        yield FieldError(path, f"type:{value}")
    elif name in _LIMITS:
        yield FieldError(path, f"{_LIMITS[name]} {value}")
    elif name in ("anyOf", "oneOf", "oneOfNotValid") and (deeper := _nearest(kind)):
        yield from deeper
    else:
        yield FieldError(path, {"enum": "enum", "const": "const", "pattern": "pattern"}.get(name, name))


def _nearest(kind: Any) -> tuple[FieldError, ...]:
    """Of a choice of schemas none of which fits: the errors of the branch that comes nearest, if that can be told."""
    found: list[list[FieldError]] = []
    for context in getattr(kind, "context", None) or ():
        branch = [each for error in context for each in _field_errors(error)]
        if branch and not any(each.rule == "type:null" for each in branch):
            found.append(branch)
    nearest = min(found, key=len, default=[])
    return tuple(nearest)


_RULES = (
    ("PATTERN", "pattern"),
    ("ENUMERATION", "enum"),
    ("MINLENGTH", "minLength"),
    ("MAXLENGTH", "maxLength"),
    ("LENGTH", "length"),
    ("MININCLUSIVE", "minimum"),
    ("MAXINCLUSIVE", "maximum"),
    ("MINEXCLUSIVE", "exclusiveMinimum"),
    ("MAXEXCLUSIVE", "exclusiveMaximum"),
    ("TOTALDIGITS", "totalDigits"),
    ("FRACTIONDIGITS", "fractionDigits"),
)
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)\.$", re.DOTALL)
_TYPE = re.compile(r"is not a valid value of the (?:atomic|list|union) type '([^']*)'")
_STEP = re.compile(r"/([^/\[]+)(?:\[([0-9]+)\])?")


@dataclass(frozen=True, slots=True)
class XmlViolation:
    """One error of libxml2: the element that it stands at, a rule, and the tags that were expected there."""

    element: etree._Element | None
    rule: str
    expected: tuple[str, ...] = ()
    missing: bool = False
    """The expected tags are children that the element lacks, not what should stand in its place."""
    attribute: str = ""


def violations(schema: etree.XMLSchema, element: etree._Element) -> list[XmlViolation]:
    """Empty where the element is valid by the schema."""
    if schema.validate(element):
        return []
    found = [
        _violation(entry.type_name, entry.message or "", located(element, entry.path or ""))
        for entry in list(schema.error_log)[:MAX_ERRORS]
    ]
    return found or [XmlViolation(None, "invalid")]


def _violation(kind: str, message: str, at: etree._Element | None) -> XmlViolation:
    attribute = ""
    if (named := re.search(r"attribute '([^']*)'", message)) is not None:
        attribute = named[1]
    if "ELEMENT_CONTENT" in kind or "CVC_COMPLEX_TYPE_2" in kind or kind.endswith("ELT_1"):
        expected = _EXPECTED.search(message)
        names = tuple(name.strip() for name in expected[1].split(",")) if expected else ()
        return XmlViolation(at, "required" if names else "unknown field", names, "Missing child" in message)
    if "COMPLEX_TYPE_4" in kind:
        return XmlViolation(at, "required", attribute=attribute)
    if "COMPLEX_TYPE_3" in kind:
        return XmlViolation(at, "unknown field", attribute=attribute)
    for word, rule in _RULES:
        if word in kind:
            return XmlViolation(at, rule, attribute=attribute)
    if "DATATYPE_VALID" in kind or "CVC_SIMPLE" in kind or "CVC_TYPE" in kind:
        said = _TYPE.search(message)
        local = (said[1] or "") if said else ""
        rule = "type:" + local.rpartition(":")[2] if local.startswith("xs:") else "type"
        return XmlViolation(at, rule, attribute=attribute)
    if "CVC_ELT_3" in kind:
        return XmlViolation(at, "null", attribute=attribute)
    return XmlViolation(at, "invalid", attribute=attribute)


def located(root: etree._Element, path: str) -> etree._Element | None:
    """The element at libxml2's path (`/*/p:a[2]`), whose first step is `root` itself."""
    here: etree._Element | None = root
    for number, (name, index) in enumerate(_STEP.findall(path)):
        if number == 0 or name.startswith("@") or here is None:
            continue
        children = [child for child in here if name == "*" or _named(child, name)]
        position = int(index or 1) - 1
        here = children[position] if position < len(children) else None
    return here


def _named(element: etree._Element, name: str) -> bool:
    prefix, _, local = name.rpartition(":")
    return etree.QName(element).localname == local and (element.prefix or "") == prefix
