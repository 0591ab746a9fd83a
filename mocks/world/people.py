"""People by arithmetic: person n is a pure function of (seed, n), and a number leads back to n without any index.

Four neighbours in the numbering are one block, and a block is a family. Block b has the age class a = b mod 48 (the year
in which its first person was born) and the rank k = b div 48. Which family it is and how old the others are depends on
(seed, k) alone, never on a, so a CCCD is undone by arithmetic: its serial `99xxxx` holds 4k + slot, its year gives a.
Serials from 999600 on belong to the named cast and to newborns. Capacity: 2,400 ranks, 460,800 people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from lgsp_mocks.world.model import Address, Person, Place

AGES = 48
FIRST_YEAR = 1936
RANKS = 2_400
CAPACITY = RANKS * AGES * 4
CAST_SERIAL = 9_600

Precision = Literal["day", "month", "year"]

_MASK = (1 << 64) - 1
_MARKS = ("Mẫu", "Thử", "Giả Định")
_HO = {
    "01": ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đỗ"),
    "02": ("Nông", "Hoàng", "Lương", "Ma"),
    "03": ("Lò", "Quàng", "Cà", "Tòng", "Lường", "Hà"),
    "05": ("Lò", "Quàng", "Moong"),
    "06": ("Bùi", "Đinh", "Quách", "Hà", "Xa", "Bạch"),
    "08": ("Giàng", "Vàng", "Sùng", "Thào", "Mùa", "Lý"),
    "09": ("Triệu", "Bàn", "Đặng", "Phùng"),
}
_TEN: Mapping[str, Sequence[str]] = {
    "1": (
        "An",
        "Bình",
        "Cường",
        "Dũng",
        "Đức",
        "Hải",
        "Hùng",
        "Khánh",
        "Lâm",
        "Long",
        "Minh",
        "Nam",
        "Phong",
        "Quân",
        "Sơn",
        "Tùng",
    ),
    "2": (
        "Anh",
        "Chi",
        "Dung",
        "Hà",
        "Hạnh",
        "Hoa",
        "Hương",
        "Lan",
        "Linh",
        "Mai",
        "Ngọc",
        "Nhung",
        "Thảo",
        "Thu",
        "Trang",
        "Yến",
    ),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a family: the offset of the birth year from the first person's, and the numbers of the relatives."""

    gender: Literal["1", "2"]
    years: int
    relation: str
    household: int
    """0 or 1: a block may be two households."""
    father: int | None = None
    mother: int | None = None
    spouse: int | None = None


_FAMILIES: tuple[tuple[Slot, ...], ...] = (
    (
        Slot("1", 0, "Chủ hộ", 0, spouse=1),
        Slot("2", 2, "Vợ", 0, spouse=0),
        Slot("2", 25, "Con", 0, father=0, mother=1),
        Slot("1", 29, "Con", 0, father=0, mother=1),
    ),
    (
        Slot("1", 0, "Chủ hộ", 0, spouse=1),
        Slot("2", 1, "Vợ", 0, spouse=0),
        Slot("1", 27, "Con", 0, father=0, mother=1),
        Slot("2", -20, "Mẹ", 0),
    ),
    (
        Slot("2", 0, "Chủ hộ", 0),
        Slot("2", 24, "Con", 0, mother=0),
        Slot("1", 3, "Chủ hộ", 1, spouse=3),
        Slot("2", 4, "Vợ", 1, spouse=2),
    ),
    (
        Slot("2", 0, "Chủ hộ", 0, spouse=1),
        Slot("1", -1, "Chồng", 0, spouse=0),
        Slot("1", 23, "Con", 0, father=1, mother=0),
        Slot("1", 12, "Chủ hộ", 1),
    ),
    (
        Slot("1", 0, "Chủ hộ", 0, spouse=1),
        Slot("2", 5, "Vợ", 0, spouse=0),
        Slot("2", 31, "Con", 0, father=0, mother=1),
        Slot("2", 34, "Con", 0, father=0, mother=1),
    ),
)


def mix(*parts: int) -> int:
    """64 well-stirred bits of the parts (splitmix64's finaliser over a running sum)."""
    value = 0x9E3779B97F4A7C15
    for part in parts:
        value = (value + part * 0xD1342543DE82EF95 + 0x9E3779B97F4A7C15) & _MASK
        value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
        value ^= value >> 31
    return value


def cccd_of(province: str, gender: str, year: int, serial: int) -> str:
    """PPP G YY 99xxxx: the random block that this house reserves for invented people."""
    return f"0{province}{(year // 100 - 19) * 2 + (gender == '2')}{year % 100:02d}99{serial:04d}"


class People:
    """Makes person n, and finds n behind a number. Knows nothing of the cast."""

    def __init__(
        self,
        province: str,
        seed: int,
        size: int,
        communes: Sequence[Place],
        ethnic_mix: Mapping[str, float],
        address: Callable[[str, str], Address],
    ) -> None:
        if size > CAPACITY:
            raise ValueError(f"a world holds at most {CAPACITY} people")
        self.province, self.seed, self.size = province, seed, size
        self._communes, self._address = communes, address
        self._mix = _cumulated(ethnic_mix)

    def make(self, n: int) -> Person:
        """Person n. Cheap (some 20 µs), so nothing is kept."""
        block, number = divmod(n, 4)
        family = self._family(block)
        slot = family[number]
        year, born, precision = self._birth(n, slot)
        bits = mix(self.seed, n, 3)
        ethnicity = self._ethnicity(block)
        ho, chu_dem, ten = self._name(n, slot, year, ethnicity)
        bits = self._shared(year, slot, bits) if bits % 100 == 0 else bits
        home = self._communes[mix(self.seed, block, 11, slot.household) % len(self._communes)]
        residence = self._address(home.code, f"Xóm Mẫu {mix(self.seed, block, slot.household) % 20 + 1}")
        origin = self._address(home.code if bits >> 24 & 7 else self._communes[bits >> 27 & 63].code, "")
        age = 2022 - year
        insurance = f"{self.province}99{n:06d}"
        return Person(
            n=n,
            cccd=self.cccd(n),
            cmnd=f"99{n:07d}" if age >= 20 and bits >> 40 & 3 == 0 else None,
            ho=ho,
            chu_dem=chu_dem,
            ten=ten,
            full_name=f"{ho} {chu_dem} {ten}",
            birth=born,
            birth_precision=precision,
            gender=slot.gender,
            ethnicity=ethnicity,
            religion="00",
            nationality="VN",
            marital="2" if slot.spouse is not None else ("1" if age < 60 else "4"),
            blood=("A", "B", "O", "AB", "")[bits >> 44 & 3 if bits >> 46 & 1 else 4],
            household=self.household_id(block, slot.household),
            relation=slot.relation,
            residence=residence,
            birth_place=origin,
            home_town=origin,
            father=self._relative(block, slot.father),
            mother=self._relative(block, slot.mother),
            spouse=self._relative(block, slot.spouse),
            insurance_no=insurance,
            health_card=f"{'TE1' if age < 6 else 'HS4' if age < 18 else 'GD4'}{self.province}{insurance}",
            phone=f"0000{n:06d}",
        )

    def name(self, n: int) -> tuple[str, str, str]:
        """The name of person n, without making the rest."""
        slot = self._family(n // 4)[n % 4]
        return self._name(n, slot, FIRST_YEAR + n // 4 % AGES + slot.years, self._ethnicity(n // 4))

    def _name(self, n: int, slot: Slot, year: int, ethnicity: str) -> tuple[str, str, str]:
        bits, lineage = mix(self.seed, n, 3), n // 4 * 4 + (slot.father if slot.father is not None else n % 4)
        if bits % 100 == 0:  # the one in a hundred who shares name and date with somebody else
            ho, bits = _HO["01"][0], self._shared(year, slot, bits)
        else:
            ho = _pick(_HO.get(ethnicity, _HO["01"]), mix(self.seed, lineage if slot.household == 0 else n, 5))
        chu_dem = f"{'Văn' if slot.gender == '1' else 'Thị'} {_pick(_MARKS, bits >> 8)}"
        return ho, chu_dem, _pick(_TEN[slot.gender], bits >> 16)

    def cccd(self, n: int) -> str:
        block, number = divmod(n, 4)
        slot = self._family(block)[number]
        year = FIRST_YEAR + block % AGES + slot.years
        return cccd_of(self.province, slot.gender, year, block // AGES * 4 + number)

    def by_cccd(self, cccd: str) -> int | None:
        """n behind a CCCD, or None where this world has no such person."""
        if len(cccd) != 12 or not cccd.isdigit() or cccd[:3] != f"0{self.province}" or cccd[6:8] != "99":
            return None
        rank, number = divmod(int(cccd[8:]), 4)
        year = (19 + int(cccd[3]) // 2) * 100 + int(cccd[4:6])
        age = year - FIRST_YEAR - self._kind(rank)[number].years
        n = (rank * AGES + age) * 4 + number
        return n if 0 <= age < AGES and n < self.size and self.cccd(n) == cccd else None

    def by_tail(self, number: str, prefix: str, digits: int) -> int | None:
        """n behind a number that is `prefix` and n in so many digits."""
        if not (number.startswith(prefix) and number.isdigit() and len(number) == len(prefix) + digits):
            return None
        n = int(number[len(prefix) :])
        return n if n < self.size else None

    def household_id(self, block: int, which: int) -> str:
        return f"{self.province}98{block * 2 + which:06d}"

    def household_members(self, maho: str) -> list[int]:
        """The numbers of a household's people, head first; empty where there is none."""
        if not (len(maho) == 10 and maho.isdigit() and maho.startswith(f"{self.province}98")):
            return []
        block, which = divmod(int(maho[4:]), 2)
        if block * 4 >= self.size:
            return []
        found = [block * 4 + i for i, slot in enumerate(self._family(block)) if slot.household == which]
        return [
            n for n in sorted(found, key=lambda n: self._family(block)[n % 4].relation != "Chủ hộ") if n < self.size
        ]

    def born_in(self, year: int) -> list[int]:
        """Everybody of a birth year, without making anybody."""
        ranks = -(-self.size // (AGES * 4))
        found = []
        for rank in range(ranks):
            for number, slot in enumerate(self._kind(rank)):
                age = year - FIRST_YEAR - slot.years
                if 0 <= age < AGES and (n := (rank * AGES + age) * 4 + number) < self.size:
                    found.append(n)
        return found

    def _family(self, block: int) -> tuple[Slot, ...]:
        return self._kind(block // AGES)

    def _kind(self, rank: int) -> tuple[Slot, ...]:
        return _FAMILIES[mix(self.seed, rank, 1) % len(_FAMILIES)]

    def birth(self, n: int) -> tuple[date, Precision]:
        """The birth of person n, without making the rest."""
        return self._birth(n, self._family(n // 4)[n % 4])[1:]

    def _birth(self, n: int, slot: Slot) -> tuple[int, date, Precision]:
        year = FIRST_YEAR + n // 4 % AGES + slot.years
        name = mix(self.seed, n, 3)
        if name % 100 == 0:
            return year, date(year, 1, 1) + timedelta(days=self._shared(year, slot, name) % 365), "day"
        bits = mix(self.seed, n, 2)
        if bits >> 32 & 31 == 0:  # about 3 in 100 know the year only
            return year, date(year, 1, 1), "year"
        return year, date(year, 1, 1) + timedelta(days=bits % 365), "day"

    def _shared(self, year: int, slot: Slot, bits: int) -> int:
        """Name and day of those who share them: four of each year and gender."""
        return mix(self.seed, year, int(slot.gender), bits >> 8 & 3, 7)

    def _ethnicity(self, block: int) -> str:
        share = mix(self.seed, block, 4) % 1_000 / 1_000
        return next((code for code, upto in self._mix if share < upto), self._mix[-1][0])

    def _relative(self, block: int, number: int | None) -> str | None:
        n = block * 4 + (number or 0)
        return None if number is None or n >= self.size else self.cccd(n)


def _cumulated(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    total, upto, found = sum(shares.values()), 0.0, []
    for code, share in shares.items():
        upto += share / total
        found.append((code, upto))
    return found


def _pick(names: Sequence[str], bits: int) -> str:
    return names[bits % len(names)]
