"""Parcels by arithmetic: what lies on sheet s, number n of a commune is a pure function of (seed, commune, s, n)."""

from __future__ import annotations

from dataclasses import dataclass

from lgsp_mocks.world.model import Person
from lgsp_mocks.world.people import mix
from lgsp_mocks.world.world import World

SHEETS, NUMBERS = 60, 400
_USES = ("ODT", "ONT", "CLN", "LUC", "RSX", "NTS")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One invented parcel."""

    commune: str
    sheet: int
    number: int
    area: float
    """Square metres, one decimal."""
    use: str
    """Code of the purpose of use."""
    owners: tuple[Person, ...]
    """One, or a couple."""
    certificate: str
    """Serial of the certificate: XX 99nnnn, which no office issues."""


def parcel(world: World, commune: str, sheet: str, number: str) -> Parcel | None:
    """By commune code, sheet and number as they are written; None where there is none."""
    place = world.place(commune)
    if place is None or place.level != "commune" or not (sheet.isdecimal() and number.isdecimal()):
        return None
    s, n = int(sheet), int(number)
    if not (1 <= s <= SHEETS and 1 <= n <= NUMBERS):
        return None
    bits = mix(world.seed, int(commune), s, n, 51)
    first = world.nth(bits % world.size)
    spouse = world.person(first.spouse) if first.spouse else None
    return Parcel(
        commune=commune,
        sheet=s,
        number=n,
        area=(400 + (bits >> 20) % 20_000) / 10,
        use=_USES[(bits >> 40) % len(_USES)],
        owners=(first, spouse) if spouse else (first,),
        certificate=f"XX 99{(bits >> 44) % 10_000:04d}",
    )
