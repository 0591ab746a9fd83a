"""What a merger leaves behind: communes that were, the one that is, and the offices that close with them.

A merger is kept as plain data (`{"codes", "into", "name", "day"}`), so a restart keeps it; nothing about people changes but the
code of the place they live in. The ministries' own numbers of the new commune are nobody's yet: that is where errors come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from lgsp_mocks.world.model import Agency, Place

_KINDS = {"Phường": "phuong", "Thị trấn": "thi_tran"}


@dataclass(frozen=True, slots=True)
class Ordered:
    """The province's places after its mergers."""

    places: Mapping[str, Place]
    """By the code of today."""
    plots: tuple[Place | None, ...]
    """Today's commune for each commune of the folder, in its order; None where it went into another one's plot."""
    today: Mapping[str, str]
    """Code of the folder -> code of today, where they differ."""
    heirs: Mapping[str, str]
    """Code of today -> code of the folder whose office and plot it has."""
    closed: tuple[tuple[Place, date], ...]
    """Communes that are no more, and since when."""


def ordered(places: Mapping[str, Place], mergers: Iterable[Mapping[str, Any]]) -> Ordered:
    """Raises `KeyError` for a commune that there is not (any more)."""
    found, today, closed = dict(places), {code: code for code in places}, []
    heirs: dict[str, str] = {}
    plots: list[Place | None] = [place for place in places.values() if place.level == "commune"]
    for merger in mergers:
        gone = [found[code] for code in merger["codes"]]
        kind = next((kind for word, kind in _KINDS.items() if merger["name"].startswith(word)), "xa")
        new = Place(merger["into"], merger["name"], "commune", kind, gone[0].parent)
        plots = [new if place is gone[0] else None if place in gone else place for place in plots]
        found = {
            (new.code if code == gone[0].code else code): (new if code == gone[0].code else place)
            for code, place in found.items()
            if place not in gone[1:]
        }
        heirs[new.code] = heirs.get(gone[0].code, gone[0].code)
        today = {old: new.code if code in merger["codes"] else code for old, code in today.items()}
        closed += [(place, date.fromisoformat(merger["day"])) for place in gone]
    changed = {old: code for old, code in today.items() if old != code}
    return Ordered(found, tuple(plots), changed, heirs, tuple(closed))


def reordered(agencies: Mapping[str, Agency], order: Ordered) -> dict[str, Agency]:
    """The first commune's office serves the new one under its old code; the others are closed."""
    found = {}
    for key, agency in agencies.items():
        new = order.today.get(agency.place)
        if new is None:
            found[key] = agency
        elif order.heirs[new] == agency.place:
            found[key] = replace(agency, place=new, name=f"UBND {order.places[new].name}")
        else:
            found[key] = replace(agency, active=False)
    return found
