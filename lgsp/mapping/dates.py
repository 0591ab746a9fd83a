"""Date dialects. Public fields are ISO; each ministry's pattern is written as its guide prints it (DOMAIN.md §3.9).

`dd.MM.yyyy`, `dd/MM/yyyy`, `yyyyMMdd`, `yyyyMMddHHmmss`, `HH:mm` …; partial dates are `2022-11` and `2022` where the
contract allows them.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from lgsp.errors import InvalidMessage
from lgsp.mapping.shapes import text_of
from lgsp.model import FieldError
from lgsp.runtime import HANOI

_TOKENS = re.compile("yyyy|MM|dd|HH|mm|ss")
_PARTS = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_PATTERNS = 256
"""Patterns are written in mappings, so there are far fewer; each is compiled once."""
_ISO_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def write_date(iso: str, pattern: str) -> str:
    """An ISO date, month or year in the ministry's pattern: `2022-11-10` by `dd.MM.yyyy` is `10.11.2022`, `2022-11` is
    `11.2022`, `2022` is `2022`. Raises `InvalidMessage` for anything else."""
    found = _ISO_DATE.fullmatch(iso.partition("T")[0])
    if found is None or not _exists(found[1], found[2], found[3]):
        raise InvalidMessage(errors=(FieldError("", "date"),))
    values = {"yyyy": found[1], "MM": found[2], "dd": found[3]}
    if found[3] is None:
        pattern = _partial(pattern, with_month=found[2] is not None)
    return _TOKENS.sub(lambda token: values[token[0]] or "", pattern)


def read_date(text: object, *patterns: str) -> str | None:
    """The ISO form by the first pattern that fits, whole or partial; None for nothing and for what is no date."""
    value = text_of(text)
    if not value:
        return None
    for pattern in patterns:
        for shape in _shapes(pattern):
            found = shape.fullmatch(value)
            if found is None:
                continue
            parts = found.groupdict()
            if _exists(parts.get("year"), parts.get("month"), parts.get("day")):
                return "-".join([parts[name] for name in ("year", "month", "day") if name in parts])
    return None


def write_moment(moment: datetime | str, pattern: str) -> str:
    """A moment (ISO, or a datetime as it stands) in the ministry's pattern; ministries keep Viet Nam's time."""
    try:
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        at = at.replace(tzinfo=HANOI) if at.tzinfo is None else at.astimezone(HANOI)
    except (ValueError, OverflowError) as wrong:
        raise InvalidMessage(errors=(FieldError("", "date-time"),)) from wrong
    return _TOKENS.sub(lambda token: f"{getattr(at, _PARTS[token[0]]):0{len(token[0])}d}", pattern)


def read_moment(text: object, *patterns: str) -> str | None:
    """RFC 3339 with +07:00 by the first pattern that fits; None for nothing and for what is no moment."""
    for pattern in patterns:
        parts = _read(text_of(text), pattern)
        if parts is not None:
            day = {"month": 1, "day": 1} | {name: int(value) for name, value in parts.items()}
            try:
                return datetime(**day, tzinfo=HANOI).isoformat(timespec="seconds")
            except (TypeError, ValueError):
                continue
    return None


@lru_cache(_PATTERNS)
def _shapes(pattern: str) -> tuple[re.Pattern[str], ...]:
    """Of a whole date, of one without its day, of a year alone."""
    return tuple(
        map(_shape, (pattern, _partial(pattern, with_month=True), _partial(pattern, with_month=False))),
    )


@lru_cache(_PATTERNS)
def _partial(pattern: str, *, with_month: bool) -> str:
    """`dd.MM.yyyy` -> `MM.yyyy` -> `yyyy`: what is not known goes together with its separator."""
    separator = next((letter for letter in pattern if not letter.isalpha()), "")
    known = ("MM", "yyyy") if with_month else ("yyyy",)
    return separator.join(token for token in _TOKENS.findall(pattern) if token in known)


def _read(text: str, pattern: str) -> dict[str, str] | None:
    found = _shape(pattern).fullmatch(text)
    return found.groupdict() if found else None


@lru_cache(_PATTERNS)
def _shape(pattern: str) -> re.Pattern[str]:
    shape, last = "", 0
    for token in _TOKENS.finditer(pattern):
        shape += re.escape(pattern[last : token.start()]) + f"(?P<{_PARTS[token[0]]}>[0-9]{{{len(token[0])}}})"
        last = token.end()
    return re.compile(shape + re.escape(pattern[last:]))


def _exists(year: str | None, month: str | None, day: str | None) -> bool:
    try:
        date(int(year or 0), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return True
