"""What stands in a scenario's file, held against what it is read into: a mistake is said before anything is told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any, TypeVar, get_type_hints

import msgspec

from lgsp.runtime import HANOI

T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario that cannot be told; the text says what is wrong and what there is."""


def read(cls: type[T], row: Any, where: str, rename: Mapping[str, str] | None = None, **given: Any) -> T:
    """A table as a dataclass; `rename`: field by the key of the file, `given`: fields that come from elsewhere."""
    if not isinstance(row, Mapping):
        raise ScenarioError(f"{where} is a table, not {row!r}")
    renamed = {key: key for key in (each.name for each in fields(cls)) if key not in given}  # type: ignore[arg-type]  # a dataclass
    for key, name in (rename or {}).items():
        renamed.pop(name, None)
        renamed[key] = name
    for key in row:
        if key not in renamed:
            raise ScenarioError(f"{where} has no key {key!r}{nearest(key, renamed)}")
    needed = {each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING}  # type: ignore[arg-type]
    if missing := [key for key, name in renamed.items() if name in needed and key not in row]:
        raise ScenarioError(f"{where} lacks {', '.join(missing)}")
    hints = get_type_hints(cls)
    return cls(
        **{renamed[key]: value(each, hints[renamed[key]], f"{where}: {key}") for key, each in row.items()}, **given
    )


def value(found: Any, kind: Any, where: str) -> Any:
    """The same, where it is of this type; a day stands for its first moment."""
    if kind is datetime:
        if not isinstance(found, date):
            raise ScenarioError(f"{where} is {found!r}, neither a day nor a moment such as 2022-11-14T09:00:00")
        return moment(found)
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{where} is {found!r}: {str(error)[:1].lower()}{str(error)[1:]}") from None


def moment(found: datetime | date) -> datetime:
    if isinstance(found, datetime):
        return found.replace(tzinfo=HANOI)
    return datetime(found.year, found.month, found.day, tzinfo=HANOI)


def within(found: float, least: float, most: float, where: str) -> None:
    if not least <= found <= most:
        bounds = f"{least:g} or more" if most == float("inf") else f"from {least:g} to {most:g}"
        raise ScenarioError(f"{where} is {found:g}, not {bounds}")


def nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else f"; there are {', '.join(sorted(known))}"
