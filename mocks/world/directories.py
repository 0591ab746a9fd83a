"""The shared catalogues: what the ministries have agreed to call places, agencies, groups, ranks. Records are views of the world.

Two things move on purpose: every quarter one job title changes its code, and one unit is closed (DOMAIN.md §9).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lgsp_mocks.world.model import Agency, Place
from lgsp_mocks.world.postal import Ground
from lgsp_mocks.world.world import World

Record = dict[str, str | None]
FIRST_YEAR = 2022
"""Codes drift from here on."""
DRIFTING = "machucdanh"
SINCE = "01/07/2004"
THREE_TIERS = "2022-2024"
"""The era with districts and 63 provinces."""
_KINDS = {
    "tinh": "Tỉnh",
    "thanh_pho": "Thành phố",
    "thi_xa": "Thị xã",
    "huyen": "Huyện",
    "phuong": "Phường",
    "xa": "Xã",
    "thi_tran": "Thị trấn",
}


@dataclass(frozen=True, slots=True)
class Property:
    code: str
    name: str
    type: str
    """"String" or "DateTime"; a DateTime is written dd/MM/yyyy all the same."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One catalogue."""

    code: str
    title: str
    properties: tuple[Property, ...]
    """The first one is the key."""
    rows: tuple[tuple[str, ...], ...]
    """Empty where the records are a view of the world."""

    @property
    def key(self) -> str:
        return self.properties[0].code


@cache
def _read() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "directories.toml").read_text("utf-8"))


@cache
def directories() -> Mapping[str, Directory]:
    """All 36, by code, in the order of the guide. Read once; immutable."""
    found = _read()["directory"]
    return MappingProxyType({
        each["code"]: Directory(
            each["code"],
            each["title"],
            tuple(Property(code, name, *(kind or ["String"])) for code, name, *kind in each["properties"]),
            tuple(map(tuple, each.get("rows", ()))),
        )
        for each in found
    })  # fmt: skip


def records(world: World, code: str, now: datetime) -> list[Record]:
    """Every record of a catalogue; `KeyError` for one that does not exist."""
    directory = directories()[code]
    view = _VIEWS.get(code)
    rows: Iterable[Iterable[str | None]] = view(world) if view else directory.rows
    names = [each.code for each in directory.properties]
    made = [{name: value or None for name, value in zip(names, row, strict=True)} for row in rows]
    return _drifted(made, directory.key, now) if code == DRIFTING else made


def _drifted(made: list[Record], key: str, now: datetime) -> list[Record]:
    """One code a quarter, in turn: the record of quarter q carries its number from then on."""
    for quarter in range(max(0, (now.year - FIRST_YEAR) * 4 + (now.month - 1) // 3)):
        record = made[quarter % len(made)]
        record[key] = f"{str(record[key]).partition('/')[0]}/{FIRST_YEAR + quarter // 4}Q{quarter % 4 + 1}"
    return made


# Views of the world

Row = list[str | None]


def _first_level(world: World) -> Iterator[Row]:
    for agency in _agencies(world, 1):
        yield [agency.old_code, *_about(world, agency)]


def _second_level(world: World) -> Iterator[Row]:
    top = f"000.00.00.{world.province.agency}"
    for agency in _below(world):
        yield [agency.old_code or agency.code, top, *_about(world, agency)]


def _third_level(world: World) -> Iterator[Row]:
    """An office for each agency of the second level, the last one closed."""
    above = [each for each in _below(world) if each.old_code]
    for agency in above:
        office = f"000.01.{agency.old_code[7:]}"
        closed = "31/03/2022" if agency is above[-1] else None
        yield [office, agency.old_code, *_about(world, agency, f"Văn phòng {agency.name}"), closed]


def _fourth_level(world: World) -> Iterator[Row]:
    """Communes below a district: their codes fill the fourth group."""
    for agency in _agencies(world, 3):
        if agency.parent == world.province.agency:
            continue
        yield [agency.old_code, f"000.00.{agency.old_code[7:]}", *_about(world, agency)]


def _agencies(world: World, level: int) -> list[Agency]:
    return [each for key, each in world.agencies.items() if each.level == level and key == each.code]


def _below(world: World) -> list[Agency]:
    """Departments and districts; communes too where nothing stands between them and the province."""
    top = world.province.agency
    return [each for key, each in world.agencies.items() if each.parent == top and key == each.code]


def _about(world: World, agency: Agency, name: str = "") -> Row:
    place = world.place(agency.place)
    own = not agency.code.startswith("G")
    by = f"UBND tỉnh {world.province.title}" if own else "Văn phòng Chính phủ"
    address = place.name if place else None
    return [name or agency.name, address, agency.email, None, None, None, "01/QĐ-MẪU", "16/08/2018", by]


def _provinces(world: World) -> Iterator[Row]:
    """The country's in this era, those that closed in 2025, and this one where it is of one's own making."""
    known = directories()["donvihanhchinhcap1"].rows
    if world.province.era != THREE_TIERS:
        today = {row[0]: row for row in _read()["since_2025"]}
        known = (*((*row, "") for row in today.values()),
                 *((*row[:4], "30/06/2025") for row in known if row[0] not in today))  # fmt: skip
    for row in known:
        yield [*row]
    if world.province.code not in {row[0] for row in known}:
        yield [world.province.code, f"Tỉnh {world.province.title}", "Tỉnh", SINCE, None]


def _districts(world: World) -> Iterator[Row]:
    for place in _level(world, "district"):
        yield [place.code, place.name, world.province.code, _KINDS.get(place.kind, place.kind), SINCE, None]
    for code, name, province, day in world.closed_districts:
        yield [code, name, province, name.split(maxsplit=1)[0], SINCE, f"{day:%d/%m/%Y}"]


def _communes(world: World) -> Iterator[Row]:
    for place in _level(world, "commune"):
        district = place.parent if place.parent != world.province.code else None
        kind = _KINDS.get(place.kind, place.kind)
        since = f"{world.province.merged:%d/%m/%Y}" if world.province.merged else SINCE
        yield [place.code, place.name, district, world.province.code, kind, since, None, None]
    provinces = {each.place.code: each.province for each in world.province.former}
    for place, day in world.closed_places:
        if place.code in world.places:
            continue  # the code was given anew: only its first day tells that it means another commune
        province, kind = provinces.get(place.code, world.province.code), _KINDS.get(place.kind, place.kind)
        until, heir = f"{day:%d/%m/%Y}", world.successors.get(place.code)
        yield [place.code, place.name, place.parent, province, kind, SINCE, until, heir]


def _province_postcodes(world: World) -> Iterator[Row]:
    yield [Ground(world).postcodes[world.province.code], f"Tỉnh {world.province.title}"]


def _district_postcodes(world: World) -> Iterator[Row]:
    codes = Ground(world).postcodes
    for place in _level(world, "district"):
        yield [codes[place.code], place.name, codes[world.province.code]]


def _commune_postcodes(world: World) -> Iterator[Row]:
    codes = Ground(world).postcodes
    for place in _level(world, "commune"):
        yield [codes[place.code], place.name, codes[place.parent]]


def _level(world: World, level: str) -> Iterator[Place]:
    return (each for each in world.places.values() if each.level == level)


_VIEWS: Mapping[str, Callable[[World], Iterable[Row]]] = {
    "qlvanbandieuhanhcap1": _first_level,
    "qlvanbandieuhanhcap2": _second_level,
    "qlvanbandieuhanhcap3": _third_level,
    "qlvanbandieuhanhcap4": _fourth_level,
    "donvihanhchinhcap1": _provinces,
    "donvihanhchinhcap2": _districts,
    "donvihanhchinhcap3": _communes,
    "mabuuchinhcap1": _province_postcodes,
    "mabuuchinhcap2": _district_postcodes,
    "mabuuchinhcap3": _commune_postcodes,
}
