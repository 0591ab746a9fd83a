"""The nouns of the province: places, people, households, businesses, agencies. Plain values, all of them invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


def birth_text(birth: date, precision: str) -> str:
    """ISO, as precise as it is known: "1987", "1987-02" or "1987-02-03"."""
    return birth.isoformat()[: {"year": 4, "month": 7, "day": 10}[precision]]


@dataclass(frozen=True, slots=True)
class Place:
    """A province, district or commune under its GSO code (QĐ 124/2004/QĐ-TTg)."""

    code: str
    name: str
    """With its kind, e.g. "Phường Thái Bình"."""
    level: Literal["province", "district", "commune"]
    kind: str
    """tinh, thanh_pho, thi_xa, huyen, phuong, xa, thi_tran."""
    parent: str
    """GSO code one level up, "" for the province."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The same place in ministries' own schemes (`moj`, `moj-unit`, `lltp`, ...): invented, see the folder `codes`."""


@dataclass(frozen=True, slots=True)
class Address:
    """GSO codes and a line for the house; `text` is the whole in words."""

    province: str
    district: str
    commune: str
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """One invented citizen. Codes as DOMAIN.md §3.7 has them."""

    n: int
    """Number in the world; negative for the named cast and for people added while the simulator runs."""
    cccd: str
    cmnd: str | None
    """The old nine digits, where the person still has them."""
    ho: str
    chu_dem: str
    """May be ""."""
    ten: str
    full_name: str
    """As written in the register, e.g. "Bùi Thị Mẫu Hoa"; in one awkward case in NFD."""
    birth: date
    birth_precision: Literal["day", "month", "year"]
    gender: Literal["1", "2"]
    """1 Nam, 2 Nữ."""
    ethnicity: str
    religion: str
    nationality: str
    marital: str
    """1 chưa kết hôn, 2 có vợ/chồng, 3 ly hôn, 4 goá."""
    blood: str
    household: str
    """maHo, ten digits."""
    relation: str
    """To the head: "Chủ hộ", "Vợ", "Con", "Mẹ", ..."""
    residence: Address
    birth_place: Address
    home_town: Address
    father: str | None
    mother: str | None
    spouse: str | None
    """CCCD, or None where unknown or none."""
    insurance_no: str
    health_card: str
    phone: str
    died: date | None = None

    @property
    def birth_text(self) -> str:
        """ISO, as precise as it is known: "1987", "1987-02" or "1987-02-03"."""
        return birth_text(self.birth, self.birth_precision)


@dataclass(frozen=True, slots=True)
class Household:
    id: str
    head: str
    members: tuple[str, ...]
    """CCCD, head first."""
    address: Address


@dataclass(frozen=True, slots=True)
class Business:
    """One invented enterprise; `mst` is tax code and enterprise code in one."""

    mst: str
    name: str
    short_name: str
    foreign_name: str
    kind: str
    """Công ty TNHH một thành viên, Công ty cổ phần, ..."""
    status: Literal["active", "suspended", "closed"]
    founded: date
    address: Address
    owner: str
    """CCCD of the legal representative."""
    capital: int
    """VND."""
    industry: str
    """VSIC code."""
    industry_name: str
    phone: str
    email: str
    branches: tuple[str, ...] = ()
    """MST-NNN."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency of the province, or one that it deals with."""

    code: str
    """QĐ 20/2020 order: H28, H28.05, H28.148, H28.148.01; without districts H44.101."""
    old_code: str
    """QCVN 102:2016 order: 000.00.05.H28; "" for a commune below no district, for which that order has no room."""
    name: str
    level: int
    """1 province, 2 department or district, 3 commune."""
    parent: str
    place: str
    """GSO code of what it governs, "" for a department."""
    unit_code: str
    """The Ministry of Justice's own unit code (`maDonVi`), "" where it has none. Invented."""
    email: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class CastMember:
    """A person, family, company or dossier with a fixed part to play: an entry of the test people's book."""

    role: str
    """A name for tests, e.g. `mother-hoa`."""
    kind: Literal["person", "household", "business", "agency", "dossier"]
    id: str
    """CCCD, maHo, MST, agency code or dossier code."""
    note: Mapping[str, str]
    """`vi` and `en`: what is special."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """System -> what asking it gives."""
