"""Civil servants by arithmetic: servant n of an agency is a pure function of (seed, agency, n); numbers are CB99nnnn."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from lgsp_mocks.world.model import Agency, Person
from lgsp_mocks.world.people import mix
from lgsp_mocks.world.world import World

STAFF = {1: 60, 2: 45, 3: 22}
"""Servants of an agency by its level."""
_NUMBER = re.compile("CB99([0-9]{4})")
_RANKS = (("01.002", "Chuyên viên chính", 4.40), ("01.003", "Chuyên viên", 2.34), ("01.004", "Cán sự", 1.86))
_STEP = {"01.002": 0.34, "01.003": 0.33, "01.004": 0.20}


@dataclass(frozen=True, slots=True)
class Servant:
    """One invented civil servant."""

    number: str
    agency: Agency
    person: Person
    joined: int
    """Year of recruitment."""
    rank: str
    post: str
    step: int
    coefficient: float
    """Of salary."""


def number_of(n: int) -> str:
    """The number of servant n (from 1) within an agency."""
    return f"CB99{n:04d}"


def servant(world: World, code: str, number: str) -> Servant | None:
    """By agency code (either order) and number; None for an agency of the centre, and for a number that nobody has."""
    agency, found = world.agency(code), _NUMBER.fullmatch(number)
    if agency is None or found is None or not agency.code.startswith(world.province.agency):
        return None
    n = int(found[1])
    if not 1 <= n <= STAFF[agency.level]:
        return None
    bits = mix(world.seed, zlib.crc32(agency.code.encode()), n, 41)
    person = _of_working_age(world, bits)
    rank, post, base = _RANKS[(bits >> 40) % len(_RANKS)]
    joined = person.birth.year + 23 + (bits >> 48) % 4
    step = 1 + min(8, max(0, (2022 - joined) // 3))
    return Servant(number, agency, person, joined, rank, post, step, round(base + _STEP[rank] * (step - 1), 2))


def _of_working_age(world: World, bits: int) -> Person:
    """Somebody between 27 and 59 in 2022; the last one looked at where a tiny world has nobody."""
    person = world.nth(bits % world.size)
    for n in range(1, 200):
        if 1963 <= person.birth.year <= 1995 and person.died is None:
            break
        person = world.nth((bits + n * 7) % world.size)
    return person
