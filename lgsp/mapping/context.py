"""What a mapping is handed and hands back, and the tables of codes and places."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lgsp.mapping.shapes import text_of
from lgsp.model import Data


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """GSO place codes and a ministry's own ids. The levels are told apart by the length of the GSO code (2, 3, 5).

    A level of which the table has no row at all passes unchanged, because most ministries use GSO codes below the
    province; a level that it does have must know the place, so a place that a merger has renumbered shows up as such.
    """

    theirs_by_gso: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> PlaceTable:
        """From a CSV with the columns `gso` and `code`; no file, no difference."""
        if not path.exists():
            return cls()
        with path.open(encoding="utf-8", newline="") as lines:
            return cls({row["gso"]: row["code"] for row in csv.DictReader(lines)})

    def theirs(self, gso: str) -> str | None:
        """The ministry's id of a place, None where its table lacks the place."""
        if gso in self.theirs_by_gso:
            return self.theirs_by_gso[gso]
        return None if any(len(known) == len(gso) for known in self.theirs_by_gso) else gso

    def ours(self, code: str, length: int = 2) -> str | None:
        """The GSO code of `length` digits for a ministry's id; ids that lost leading zeros are found too."""
        level = {theirs: gso for gso, theirs in self.theirs_by_gso.items() if len(gso) == length}
        if not level:
            return code.zfill(length)
        return level.get(code) or {theirs.lstrip("0"): gso for theirs, gso in level.items()}.get(code.lstrip("0"))


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a mapping may know beside the message."""

    now: datetime
    """Aware, UTC+7."""
    new_id: Callable[[], str]
    backend: str
    consumer: str = ""
    officer: str | None = None
    purpose: str | None = None
    case: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, str] = field(default_factory=dict)
    places: PlaceTable = field(default_factory=PlaceTable)
    request: Data = field(default_factory=dict, repr=False)
    """The public request; filled for `answer`."""
    era: str = ""
    version: str = "v1"
    """Major version of the public contract that `operation` and `data` are of."""


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound call understood: whom it concerns, what makes it the same call, what is handed on, what is replied."""

    consumer: str | None
    """None where the mapping cannot tell; the bus then looks for the consumer that submitted `key`."""
    key: str
    data: Data
    reply: Data


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Our codes and a ministry's, one to one. A code that the table lacks passes unchanged: drift is not our refusal."""

    theirs_by_ours: Mapping[str, str]

    def theirs(self, ours: str) -> str:
        return self.theirs_by_ours.get(ours, ours)

    def ours(self, theirs: object) -> str:
        """Also for a number that the ministry sends instead of a string ("01" that arrived as 1 needs its own row)."""
        code = text_of(theirs)
        return next((ours for ours, known in self.theirs_by_ours.items() if known == code), code)
