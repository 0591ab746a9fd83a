"""Postcodes and position codes of the province: arithmetic both ways, so nothing is kept for a hundred thousand people.

A Vpostcode is twelve characters: the five digits of the national postcode, then seven that name a cell of about three by
three metres (DOMAIN.md §3.8). Seven characters of twenty letters name 20^7 cells, a square of some 107 km; which of the
squares it is follows from the postcode, as with the short form of an open location code. The alphabet and the grid are our
reconstruction, and so is the ground: every commune is a square of three by three kilometres, and a household's number
decides its cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lgsp_mocks.world.model import Address, Household, Place
from lgsp_mocks.world.people import mix
from lgsp_mocks.world.world import World

ALPHABET = "23456789CFGHJMPQRVWX"
STEP = 0.000_027
"""Degrees of a cell: some three metres."""
SIDE = 35_777
"""Cells of the square that seven characters can name: the largest whose area is below 20^7."""
SOUTH, WEST, NORTH, EAST = 8.0, 102.0, 24.0, 110.0
"""A box around the mainland."""
COMMUNE_CELLS = 1_000
GAP = 1_111
"""Cells from one commune's corner to the next one's."""
_CORNERS = {"17": (20.48, 105.05), "11": (21.15, 102.75), "25": (20.95, 104.95)}
"""Where the provinces lie, roughly; a province of one's own is put somewhere by its code."""
_STIR, _SHIFT = 387_420_489, 271_828
"""One to one on the numbers below a million: neighbours in the register are not neighbours on the ground."""
_HOUSES = COMMUNE_CELLS * COMMUNE_CELLS


@dataclass(frozen=True, slots=True)
class Point:
    lat: float
    lng: float


class Ground:
    """Where everything of one world lies."""

    def __init__(self, world: World) -> None:
        self.world = world
        plots = world.plots
        self._columns = max(1, int(len(plots) ** 0.5))
        lat, lng = _CORNERS.get(world.province.code) or _somewhere(int(world.province.code))
        self._origin = round((lat - SOUTH) / STEP), round((lng - WEST) / STEP)
        self._plots = plots

    @cached_property
    def postcodes(self) -> dict[str, str]:
        """GSO code -> five digits, for the province, its districts and its communes: two for the province, two for the
        district (which takes as many as its communes need), one for the object."""
        prefix = self.world.province.post_prefix
        found = {self.world.province.code: f"{prefix}000"}
        pair = 1
        native = [each for each in self.world.province.places.values() if each.level == "commune"]
        for parent in dict.fromkeys(each.parent for each in native):
            communes = [now for each, now in zip(native, self._plots, strict=True) if each.parent == parent]
            found.setdefault(parent, f"{prefix}{pair:02d}0")
            for i, commune in enumerate(communes, 1):
                if commune:
                    found[commune.code] = f"{prefix}{pair + i // 10:02d}{i % 10}"
            pair += len(communes) // 10 + 1
        return found

    @cached_property
    def _by_postcode(self) -> dict[str, int]:
        return {self.postcodes[commune.code]: i for i, commune in enumerate(self._plots) if commune}

    # codes

    def code_of(self, maho: str) -> str | None:
        """The Vpostcode of a household; one in a hundred has none yet."""
        household = self.world.household(maho)
        return self.code_at(household.address, maho) if household else None

    def code_at(self, address: Address, maho: str) -> str | None:
        """The same for somebody who knows the address already."""
        number = int(maho[4:])
        if mix(self.world.seed, number, 29) % 100 == 0:
            return None
        row, column = divmod((number * _STIR + _SHIFT) % _HOUSES, COMMUNE_CELLS)
        return self._code(self._index(address.commune), row, column)

    def office_of(self, commune: str) -> str:
        """The Vpostcode of a commune's committee, in the last corner of its square."""
        return self._code(self._index(commune), COMMUNE_CELLS, COMMUNE_CELLS)

    def commune_of(self, code: str) -> Place | None:
        """By the postcode that a code begins with."""
        i = self._by_postcode.get(code[:5])
        return None if i is None else self._plots[i]

    def household_of(self, code: str) -> Household | None:
        """Who lives in the cell; None where nobody does."""
        commune = self.commune_of(code)
        if commune is None:
            return None
        south, west = self._corner(self._by_postcode[code[:5]])
        row, column = (at - low for at, low in zip(self._cell(code), (south, west), strict=True))
        if not (0 <= row < COMMUNE_CELLS and 0 <= column < COMMUNE_CELLS):
            return None
        number = (row * COMMUNE_CELLS + column - _SHIFT) * pow(_STIR, -1, _HOUSES) % _HOUSES
        household = self.world.household(f"{self.world.province.numbered}98{number:06d}")
        known = household and household.address.commune == commune.code and self.code_of(household.id) == code
        return household if known else None

    # points

    def point_of(self, code: str) -> Point:
        """The middle of the cell. Only for a code whose postcode is one of ours."""
        row, column = self._cell(code)
        return Point(round(SOUTH + (row + 0.5) * STEP, 6), round(WEST + (column + 0.5) * STEP, 6))

    def code_near(self, lat: float, lng: float) -> str | None:
        """The code of the cell at a point, by the nearest commune's postcode; None far away from this province."""
        row, column = int((lat - SOUTH) / STEP), int((lng - WEST) / STEP)
        half = COMMUNE_CELLS // 2
        corners = {i: self._corner(i) for i, commune in enumerate(self._plots) if commune}
        away = {i: max(abs(row - r - half), abs(column - c - half)) for i, (r, c) in corners.items()}
        i = min(away, key=away.__getitem__)
        return None if away[i] >= SIDE // 4 else self._code(i, row - corners[i][0], column - corners[i][1])

    def _index(self, commune: str) -> int:
        return self._by_postcode[self.postcodes[commune]]

    def _corner(self, i: int) -> tuple[int, int]:
        row, column = divmod(i, self._columns)
        return self._origin[0] + row * GAP, self._origin[1] + column * GAP

    def _code(self, i: int, row: int, column: int) -> str:
        south, west = self._corner(i)
        number = (south + row) % SIDE * SIDE + (west + column) % SIDE
        letters = ""
        for _ in range(7):
            number, rest = divmod(number, len(ALPHABET))
            letters = ALPHABET[rest] + letters
        commune = self._plots[i]
        assert commune is not None
        return self.postcodes[commune.code] + letters

    def _cell(self, code: str) -> tuple[int, int]:
        """The cell of this name that lies nearest to the commune."""
        number = 0
        for letter in code[5:]:
            number = number * len(ALPHABET) + ALPHABET.index(letter)
        half = SIDE // 2
        south, west = self._corner(self._by_postcode[code[:5]])
        row, column = (
            low - half + (at - (low - half)) % SIDE for at, low in zip(divmod(number, SIDE), (south, west), strict=True)
        )
        return row, column


def _somewhere(code: int) -> tuple[float, float]:
    return 11.0 + mix(code, 31) % 90 / 10, 105.0 + mix(code, 37) % 30 / 10
