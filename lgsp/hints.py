"""What does not fit together in a request, said and never refused: a personal number beside a sex or a birth year that it denies.

A personal number carries sex and year of birth (`identifiers.py`), and forms ask for both again. A corrected birth date is
lawful, so a contradiction is a hint for the officer at the counter and no fault: it travels in the answer's header
`X-LGSP-Warnings`, as a pointer into the caller's own message and the name of the rule. No value is ever in it.

Which fields belong together is a reconstruction from the guides' habit: they stand in one object and share a prefix
(`nksSoDDCN`, `nksGioiTinh`, `nksNgaySinh`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lgsp.identifiers import disagreements, parse_personal_number
from lgsp.model import Data

HEADER = "X-LGSP-Warnings"
_MOST = 20
_NUMBER = re.compile(
    r"(.*?)(?:so)?(?:ddcn|dinhdanh|dinhdanhcanhan|cccd|cancuoc|giaytotuythan|giayto|cmnd|giaychungthuc|ddcanhan)(?:canhan)?"
)
_GENDER = ("gioitinh",)
_BIRTH = ("ngaysinh", "namsinh", "ngaythangnamsinh", "ngaysinhtext")
_DENIES = re.compile("|".join((*_GENDER, *_BIRTH)))
_YEAR = re.compile(r"(?:.*[^0-9])?((?:19|20)[0-9]{2})(?:[^0-9].*)?|((?:19|20)[0-9]{2})[0-9]{4}")
_SEX = {"1": "1", "nam": "1", "male": "1", "2": "2", "nữ": "2", "nu": "2", "female": "2"}


def warnings(data: Data | None) -> tuple[str, ...]:
    """`/pointer gender` and `/pointer birth-year`, at most 20, the pointer being that of the personal number."""
    found: list[str] = []
    for each in _walk(data or {}, ""):
        found.append(each)
        if len(found) == _MOST:
            break
    return tuple(found)


def _walk(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _walk(item, f"{path}/{place}")
    elif isinstance(value, dict):
        yield from _object(value, path)
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _walk(inner, f"{path}/{_escaped(name)}")


def _object(value: Data, path: str) -> Iterator[str]:
    lower: Data | None = None
    for name, said in value.items():
        if said.__class__ is not str or len(said) != 12 or not said.isdecimal():
            continue
        lower = lower or {name.lower(): inner for name, inner in value.items()}
        if not _DENIES.search(" ".join(lower)):
            return  # nothing here that a number could contradict: so is nearly every question
        shape, number = _NUMBER.fullmatch(name.lower()), parse_personal_number(said)
        if shape is None or number is None:
            continue
        gender = _first(lower, shape[1], _GENDER)
        birth = _first(lower, shape[1], _BIRTH)
        wrong = disagreements(number, gender=_SEX.get(gender.strip().lower()), birth_year=_year(birth))
        for rule in wrong:
            yield f"{path}/{_escaped(name)} {'birth-year' if rule == 'year' else rule}"


def _first(lower: Data, prefix: str, names: tuple[str, ...]) -> str:
    """The field of that prefix; a person's own object has none."""
    for name in names:
        found = lower.get(prefix + name)
        if isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
    return ""


def _year(text: str) -> int | None:
    found = _YEAR.fullmatch(text.strip())
    return int(found[1] or found[2]) if found else None


def _escaped(name: str) -> str:
    """RFC 6901; what is no plain name of a field stays out of a header."""
    return re.sub(r"[^A-Za-z0-9_~.-]", "?", name.replace("~", "~0").replace("/", "~1"))
