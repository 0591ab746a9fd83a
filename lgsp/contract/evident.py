"""Values that are valid beyond doubt, by the type and facets of a scalar. Stricter than XSD where XSD is hard to tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from lgsp.contract.shape import Facets, Scalar
from lgsp.contract.text import reader

Test = Callable[[Any], bool]

_RANGES = {
    "byte": (-(1 << 7), (1 << 7) - 1),
    "short": (-(1 << 15), (1 << 15) - 1),
    "int": (-(1 << 31), (1 << 31) - 1),
    "long": (-(1 << 63), (1 << 63) - 1),
    "unsignedByte": (0, (1 << 8) - 1),
    "unsignedShort": (0, (1 << 16) - 1),
    "unsignedInt": (0, (1 << 32) - 1),
    "unsignedLong": (0, (1 << 64) - 1),
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
}
_SPACED = ("string", "normalizedString", "token", "anySimpleType")
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?"
_TIME = re.compile(_CLOCK)
_DATE_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T" + _CLOCK)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_PLAIN = Facets()
UNDOUBTED = "({0}.__class__ is str and {0}.isprintable())"
"""A text without rules: an expression about the value that it is formatted with."""


def leaf(shape: Scalar, names: dict[str, Any], value: str) -> str | None:
    """An expression that is true where the value of that name is valid beyond doubt; what it calls goes into `names`."""
    if not shape.members and shape.facets == _PLAIN:
        if shape.kind == "boolean":
            return f"({value} is True or {value} is False)"
        if shape.base == "string" and shape.space == "preserve":
            return UNDOUBTED.format(value)
    test = test_of(shape)
    if test is None:
        return None
    name = f"t{len(names)}"
    names[name] = test
    return f"{name}({value})"


def test_of(shape: Scalar) -> Test | None:
    """A predicate of JSON values that never raises; None where nothing of the type is evident."""
    facets = shape.facets
    if shape.members:
        return None
    if facets.enum is not None:
        return _listed(shape)
    if shape.kind == "boolean":
        return _boolean if facets == _PLAIN else None
    if shape.kind == "integer":
        return _integer(shape)
    if shape.kind == "number":
        return _finite if facets == _PLAIN else None
    if shape.base in _SPACED:
        return _text(shape)
    if shape.base == "decimal":
        return _decimal(facets)
    if facets != _PLAIN:
        return None
    return {
        "date": _date,
        "dateTime": _date_time,
        "time": _matching(_TIME),
        "base64Binary": _matching(_BASE64),
        "hexBinary": _matching(_HEX),
    }.get(shape.base)


def _boolean(value: Any) -> bool:
    return value is True or value is False


def _finite(value: Any) -> bool:
    return value.__class__ is float and value - value == 0


def _matching(pattern: re.Pattern[str]) -> Test:
    full = pattern.fullmatch
    return lambda value: value.__class__ is str and full(value) is not None


def _date(value: Any) -> bool:
    return value.__class__ is str and _DATE.fullmatch(value) is not None and _is_day(value)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _date_time(value: Any) -> bool:
    if value.__class__ is not str:
        return False
    found = _DATE_TIME.fullmatch(value)
    return found is not None and _is_day(found[1])


def _listed(shape: Scalar) -> Test | None:
    """Only the listed values, and only where nothing else is asked."""
    if replace(shape.facets, enum=None) != _PLAIN or shape.kind not in ("string", "integer"):
        return None
    if shape.kind == "string" and shape.base not in _SPACED:
        return None
    read = reader(shape)
    values = frozenset(read(each) for each in shape.facets.enum or ())
    wanted = {"string": str, "integer": int}[shape.kind]
    return lambda value: value.__class__ is wanted and value in values


def _integer(shape: Scalar) -> Test | None:
    facets = shape.facets
    if shape.base not in _RANGES or replace(facets, minimum=None, maximum=None, above=None, below=None) != _PLAIN:
        return None
    low, high = _RANGES[shape.base]
    for said, step in ((facets.minimum, 0), (facets.above, 1)):
        if said is not None:
            if not re.fullmatch(r"-?[0-9]{1,30}", said):
                return None
            low = int(said) + step if low is None else max(low, int(said) + step)
    for said, step in ((facets.maximum, 0), (facets.below, -1)):
        if said is not None:
            if not re.fullmatch(r"-?[0-9]{1,30}", said):
                return None
            high = int(said) + step if high is None else min(high, int(said) + step)
    least, most = -(10**18) if low is None else low, 10**18 if high is None else high
    return lambda value: value.__class__ is int and least <= value <= most


def _decimal(facets: Facets) -> Test | None:
    if facets == _PLAIN:
        return _matching(_DECIMAL)
    limits = (facets.minimum, facets.maximum, facets.above, facets.below)
    if facets.patterns or any(each is not None and not _DECIMAL.fullmatch(each) for each in limits):
        return None
    minimum, maximum, above, below = (None if each is None else Decimal(each) for each in limits)
    total = facets.total_digits if facets.total_digits is not None else 500
    fraction = facets.fraction_digits if facets.fraction_digits is not None else 500

    def test(value: Any) -> bool:
        if value.__class__ is not str or _DECIMAL.fullmatch(value) is None:
            return False
        whole, _, part = value.lstrip("-").partition(".")
        if len(part) > fraction or len(whole) + len(part) > total:
            return False
        number = Decimal(value)
        return (
            (minimum is None or number >= minimum)
            and (maximum is None or number <= maximum)
            and (above is None or number > above)
            and (below is None or number < below)
        )

    return test


def _text(shape: Scalar) -> Test | None:
    facets = shape.facets
    if replace(facets, min_length=None, max_length=None, patterns=()) != _PLAIN:
        return None
    least, most = facets.min_length or 0, 1 << 40 if facets.max_length is None else facets.max_length
    patterns: list[re.Pattern[str]] = []
    for alternatives in facets.patterns:
        found = [_translated(each) for each in alternatives]
        if not all(each is not None for each in found):
            return None
        patterns.append(re.compile("|".join(f"(?:{each})" for each in found)))
    collapse = shape.space == "collapse"

    def test(value: Any) -> bool:
        # what is printable holds no tab, no line break and nothing that XML forbids; its only blank is the space
        if value.__class__ is not str or not value.isprintable() or not least <= len(value) <= most:
            return False
        if collapse and (value[:1] == " " or value[-1:] == " " or "  " in value):
            return False
        return not patterns or all(pattern.fullmatch(value) is not None for pattern in patterns)

    return test


_SIMPLE = re.compile(
    r"(?:[A-Za-z0-9 _:/@#%&=,;<>!~'\"-]|\\[d.\-()\[\]{}+*?|/\\]|\[(?:[A-Za-z0-9 _.:/@#%,;+*?()]-?|\\[d.\-/])+\]"
    r"|[()|.?]|[*+]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})*"
)
_ENDLESS = re.compile(r"(?<!\\)[*+]|,\}")


def _translated(pattern: str) -> str | None:
    r"""An expression of Python that admits nothing that the XSD one refuses; None for what is not simple. At most one endless
    repetition, and none of a group, so that no text takes long. `\d` is 0 to 9 only, the dot no line break."""
    if not _SIMPLE.fullmatch(pattern) or re.search(r"\)[*+{]", pattern) or len(_ENDLESS.findall(pattern)) > 1:
        return None
    if re.search(r"[*+?}][*+?{]|(?<!\\)\(\?|--", pattern):
        return None
    out, inside, position = "", False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
            escape = pattern[position]
            out += ("0-9" if inside else "[0-9]") if escape == "d" else "\\" + escape
        else:
            inside = (inside or char == "[") and char != "]"
            out += "[^\\n\\r]" if char == "." and not inside else char
        position += 1
    try:
        re.compile(out)
    except re.error:
        return None
    return out
